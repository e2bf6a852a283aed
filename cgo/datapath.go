// SPDX-License-Identifier: Apache-2.0

package cgo

/*
#cgo pkg-config: libdpdk
#cgo CFLAGS: -std=gnu11 -O3 -Wall -Wextra -Werror
#include "control.h"
#include "datapath.h"
#include "worker.h"
*/
import "C"

import (
	"fmt"

	"github.com/parkway-gw/parkway/dpdk"
)

// Bounds of the datapath; a configuration beyond them is refused.
const (
	MaxPorts       = C.PW_MAX_PORTS
	MaxWorkers     = C.PW_MAX_WORKERS
	MaxSwitchPorts = C.PW_MAX_LSPS
	MaxECMP        = C.PW_MAX_ECMP
	MaxOwnAddrs    = C.PW_OWN_ADDRS // addresses of a family that a router port's source check knows
	Burst          = C.PW_BURST

	// PrivSize is the mbuf private area in octets that the pool must provide.
	PrivSize = C.sizeof_struct_pw_meta

	// None marks an index field that names nothing.
	None = 0xffff

	// OutSwitch, in an adjacency, sends by whatever port of the egress switch
	// has the MAC.
	OutSwitch = C.PW_OUT_SWITCH
)

// Config names the DPDK objects that a datapath works on. They stay the caller's,
// who closes them after the datapath.
type Config struct {
	Pool *dpdk.Mempool // every mbuf of the datapath; private area PrivSize
	QSBR *dpdk.QSBR    // thread ids are worker indexes

	FDB    *dpdk.Hash // FDBKey -> switch port index
	Neigh4 *dpdk.Hash // Neigh4Key -> adjacency index
	Neigh6 *dpdk.Hash // Neigh6Key -> adjacency index

	MaxAdjacencies int
	ParkLimit      int // packets parked over all workers: their share of the pool
}

// Datapath is what workers and control share.
type Datapath struct {
	c       *C.struct_pw_datapath
	workers []*Worker
	control *Control
}

// New returns a datapath without workers and tables.
func New(cfg Config) (*Datapath, error) {
	c := C.pw_datapath_new(&C.struct_pw_datapath_config{
		fdb:             (*C.struct_rte_hash)(cfg.FDB.Ptr()),
		neigh4:          (*C.struct_rte_hash)(cfg.Neigh4.Ptr()),
		neigh6:          (*C.struct_rte_hash)(cfg.Neigh6.Ptr()),
		qsbr:            (*C.struct_rte_rcu_qsbr)(cfg.QSBR.Ptr()),
		pool:            (*C.struct_rte_mempool)(cfg.Pool.Ptr()),
		max_adjs:        C.uint32_t(cfg.MaxAdjacencies),
		pool_park_limit: C.int64_t(cfg.ParkLimit),
	})
	if c == nil {
		return nil, fmt.Errorf("datapath: no DPDK memory for %d adjacencies of %d octets; raise dpdk.memory.size",
			cfg.MaxAdjacencies, C.sizeof_struct_pw_adj)
	}
	return &Datapath{c: c, control: newControl(c)}, nil
}

// Close frees the datapath, its workers and its published tables. No worker may
// run and control must have ended.
func (d *Datapath) Close() {
	C.pw_datapath_free(d.c)
	d.c = nil
}

// Control returns control's side of the datapath.
func (d *Datapath) Control() *Control { return d.control }

// Workers returns the workers in order of their index.
func (d *Datapath) Workers() []*Worker { return d.workers }

// SetControlQueue gives control its own transmit queue on a port. Without one, what
// control sends there leaves through worker 0 and park rings drain by their workers.
// Before workers start.
func (d *Datapath) SetControlQueue(port dpdk.PortID, queue uint16) {
	d.c.control_txq[port] = C.uint16_t(queue)
}

// Purge frees every packet that still waits in a ring, as shutdown or
// park_discarded. Neither workers nor control may run.
func (d *Datapath) Purge() { C.pw_datapath_purge(d.c) }

// FDBKey is the key of a MAC in a switch.
func FDBKey(sw uint16, mac [6]byte) (key [8]byte) {
	copy(key[:], mac[:])
	key[6], key[7] = byte(sw), byte(sw>>8)
	return key
}

// Neigh4Key is the key of an IPv4 next hop behind a router port.
func Neigh4Key(routerPort uint16, ip [4]byte) (key [8]byte) {
	copy(key[:], ip[:])
	key[4], key[5] = byte(routerPort), byte(routerPort>>8)
	return key
}

// Neigh6Key is the key of an IPv6 next hop behind a router port.
func Neigh6Key(routerPort uint16, ip [16]byte) (key [24]byte) {
	copy(key[:], ip[:])
	key[16], key[17] = byte(routerPort), byte(routerPort>>8)
	return key
}

// The keys are written octet by octet above; these sizes are what C hashes.
const (
	_ = uint(C.sizeof_struct_pw_neigh6_key - 24)
	_ = uint(24 - C.sizeof_struct_pw_neigh6_key)
)
