// SPDX-License-Identifier: Apache-2.0

package cgo

/*
#include "datapath.h"
*/
import "C"

import (
	"net/netip"
	"sync/atomic"
	"unsafe"
)

// AdjState is what workers do with an adjacency. From AdjReachable on they forward.
type AdjState uint8

const (
	AdjIncomplete AdjState = C.PW_ADJ_INCOMPLETE // park
	AdjDraining   AdjState = C.PW_ADJ_DRAINING   // MAC known, parked packets go first
	AdjFailed     AdjState = C.PW_ADJ_FAILED     // drop
	AdjReachable  AdjState = C.PW_ADJ_REACHABLE
	AdjStale      AdjState = C.PW_ADJ_STALE
	AdjDelay      AdjState = C.PW_ADJ_DELAY
	AdjProbe      AdjState = C.PW_ADJ_PROBE
	AdjPermanent  AdjState = C.PW_ADJ_PERMANENT
)

// AdjFlags is what control says of a next hop besides its state.
type AdjFlags uint8

const (
	// AdjKnown: a route names it, or it has answered before. Slot policy prefers it.
	AdjKnown AdjFlags = C.PW_ADJ_KNOWN
	// AdjGated: it lives behind a switch port that packets may wait for.
	AdjGated AdjFlags = C.PW_ADJ_GATED
)

// Adjacency mirrors struct pw_adj, one cache line of DPDK memory.
type adjacency struct {
	word   uint64 // written by control alone, atomically
	srcMAC [6]byte
	used   uint8 // workers set it; see AdjacencyUsed
	family uint8
	lrp    uint32
	listed uint32 // 1 from InitAdjacency to UnlistAdjacency; atomically
	ip     [16]byte
	flags  uint8 // AdjFlags; written by control
	_      [23]byte
}

const (
	_ = uint(unsafe.Sizeof(adjacency{}) - C.sizeof_struct_pw_adj)
	_ = uint(C.sizeof_struct_pw_adj - unsafe.Sizeof(adjacency{}))
)

func (d *Datapath) adjacency(i uint32) *adjacency {
	return &unsafe.Slice((*adjacency)(unsafe.Pointer(d.c.adjs)), int(d.c.n_adjs))[i]
}

// InitAdjacency gives a free adjacency its fixed part and state INCOMPLETE. No
// worker may know the index yet: it goes into a hash or a next hop only after. Every
// adjacency must then also be in the neighbor hash under its next hop.
// Control lcore only.
func (d *Datapath) InitAdjacency(i uint32, routerPort uint16, ip netip.Addr, srcMAC [6]byte) {
	a := d.adjacency(i)
	*a = adjacency{srcMAC: srcMAC, lrp: uint32(routerPort), family: 6}
	if ip.Is4() {
		a.family = 4
	}
	copy(a.ip[:], ip.AsSlice())
	atomic.StoreUint32(&a.listed, 1) // last: a worker may remember the index from before
}

// UnlistAdjacency has workers forget that the neighbor hash leads to the adjacency. Call it
// when it is out of the hash, before the grace period after which the index is used again.
// Control lcore only.
func (d *Datapath) UnlistAdjacency(i uint32) {
	atomic.StoreUint32(&d.adjacency(i).listed, 0)
}

// SetAdjacencySource changes our own MAC in frames that leave by the adjacency, in one
// store. It counts as used then. Control lcore only.
func (d *Datapath) SetAdjacencySource(i uint32, srcMAC [6]byte) {
	a := d.adjacency(i)
	var word uint64
	for k := 5; k >= 0; k-- {
		word = word<<8 | uint64(srcMAC[k])
	}
	// Workers store nothing here but a used of 1.
	word |= 1<<48 | uint64(a.family)<<56
	atomic.StoreUint64((*uint64)(unsafe.Pointer(&a.srcMAC)), word)
}

// StoreAdjacency publishes MAC, switch port (or OutSwitch) and state in one store, so
// that no worker sees half of it. Control lcore only.
func (d *Datapath) StoreAdjacency(i uint32, mac [6]byte, switchPort uint16, state AdjState) {
	var word uint64
	for k := 5; k >= 0; k-- {
		word = word<<8 | uint64(mac[k])
	}
	word |= uint64(switchPort&0xfff)<<48 | uint64(state)<<60
	// Sequentially consistent: control reads the workers' asks after this store.
	atomic.StoreUint64(&d.adjacency(i).word, word)
}

// FlagAdjacency sets the flags. Control lcore only.
func (d *Datapath) FlagAdjacency(i uint32, flags AdjFlags) {
	// Readers want a byte of any moment; nothing hangs on its order.
	d.adjacency(i).flags = uint8(flags)
}

// AdjacencyUsed reports whether a worker has forwarded through the adjacency, or
// found it FAILED, since the last call, and starts the next sample. Control lcore only.
func (d *Datapath) AdjacencyUsed(i uint32) bool {
	a := d.adjacency(i)
	used := a.used != 0
	a.used = 0
	return used
}
