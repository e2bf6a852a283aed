// SPDX-License-Identifier: Apache-2.0

package cgo

/*
#include "control.h"
*/
import "C"

import (
	"net/netip"
	"time"
	"unsafe"

	"github.com/parkway-gw/parkway/dpdk"
)

// Control is control's side of the datapath. All of it belongs to the control lcore,
// except where a method says otherwise.
type Control struct {
	c *C.struct_pw_control
}

func newControl(dp *C.struct_pw_datapath) *Control { return &Control{c: dp.control} }

// ParkKey is what a park ring waits for: a next hop behind a router port.
type ParkKey struct {
	RouterPort uint32
	Family     uint8 // 4 or 6
	_          [3]uint8
	IP         [16]byte // IPv4 in the first four octets
}

// Addr returns the next hop.
func (k ParkKey) Addr() netip.Addr {
	if k.Family == 4 {
		return netip.AddrFrom4([4]byte(k.IP[:4]))
	}
	return netip.AddrFrom16(k.IP)
}

// Ask is a worker's request: packets wait in Slot for Key.
type Ask struct {
	slotWorker uint16
	SwitchPort uint16 // by which those came who wait, or one of them; MaxSwitchPorts for the router itself
	slotIndex  uint32
	slotWord   uint64
	Key        ParkKey
}

// Slot refers to one life of a park slot. A reference outlives its slot harmlessly.
type Slot struct {
	Worker uint16
	Index  uint32
	Word   uint64
}

// Slot returns the slot that the ask is about.
func (a *Ask) Slot() Slot {
	return Slot{Worker: a.slotWorker, Index: a.slotIndex, Word: a.slotWord}
}

// SameLife reports whether both refer to the same life of the same slot.
func (s Slot) SameLife(o Slot) bool {
	return s.Worker == o.Worker && s.Index == o.Index && s.Word>>8 == o.Word>>8
}

// Learn is a source MAC that a worker saw on a switch port.
type Learn struct {
	mac        uint64
	Switch     uint16
	SwitchPort uint16
	_          uint32
}

// MAC returns the address.
func (l Learn) MAC() (mac [6]byte) {
	for i := range mac {
		mac[i] = byte(l.mac >> (8 * i))
	}
	return mac
}

const (
	_ = uint(unsafe.Sizeof(Ask{}) - C.sizeof_struct_pw_ask)
	_ = uint(C.sizeof_struct_pw_ask - unsafe.Sizeof(Ask{}))
	_ = uint(unsafe.Sizeof(Learn{}) - C.sizeof_struct_pw_learn)
	_ = uint(C.sizeof_struct_pw_learn - unsafe.Sizeof(Learn{}))
	_ = uint(unsafe.Sizeof(Meta{}) - C.sizeof_struct_pw_meta)
	_ = uint(C.sizeof_struct_pw_meta - unsafe.Sizeof(Meta{}))
)

// Batch is what one Poll brought. The slices lie in DPDK memory and are valid until
// the next Poll; the mbufs are the caller's, to Consume, Drop, or send.
type Batch struct {
	Asks   []Ask
	ARPND  []*dpdk.Mbuf
	IP     []*dpdk.Mbuf
	Learns []Learn

	Appeared []Learn // the first frame since ArmGate, of each port
}

// Empty reports that there is nothing in the batch.
func (b *Batch) Empty() bool {
	return len(b.Asks)+len(b.ARPND)+len(b.IP)+len(b.Learns)+len(b.Appeared) == 0
}

// Poll collects what the workers have for control. When there is nothing it waits up to
// wait and returns as soon as there is something: it spins for spin at least, then it
// sleeps, and a worker that runs wakes it. Who drives a worker by Worker.Poll waits in
// vain.
func (c *Control) Poll(wait, spin time.Duration) Batch {
	C.pw_control_poll(c.c, C.uint64_t(wait), C.uint64_t(spin))
	b := &c.c.batch
	return Batch{
		Asks:   unsafe.Slice((*Ask)(unsafe.Pointer(&b.asks[0])), int(b.n_asks)),
		ARPND:  unsafe.Slice((**dpdk.Mbuf)(unsafe.Pointer(&b.l2[0])), int(b.n_l2)),
		IP:     unsafe.Slice((**dpdk.Mbuf)(unsafe.Pointer(&b.ip[0])), int(b.n_ip)),
		Learns: unsafe.Slice((*Learn)(unsafe.Pointer(&b.learn[0])), int(b.n_learn)),

		Appeared: unsafe.Slice((*Learn)(unsafe.Pointer(&b.appeared[0])), int(b.n_appeared)),
	}
}

// PuntWhy says why a worker gave a packet to control.
type PuntWhy uint8

const (
	PuntARP     PuntWhy = C.PW_PUNT_ARP
	PuntND      PuntWhy = C.PW_PUNT_ND
	PuntLocal   PuntWhy = C.PW_PUNT_LOCAL
	PuntTTL     PuntWhy = C.PW_PUNT_TTL
	PuntNoRoute PuntWhy = C.PW_PUNT_NO_ROUTE
	PuntTooBig  PuntWhy = C.PW_PUNT_TOO_BIG

	PuntBeyondScope PuntWhy = C.PW_PUNT_BEYOND_SCOPE // a link-local source
	PuntOptions     PuntWhy = C.PW_PUNT_OPTIONS      // IPv4 options that make no sense
	PuntUnreachable PuntWhy = C.PW_PUNT_UNREACHABLE
	PuntProhibited  PuntWhy = C.PW_PUNT_PROHIBITED
)

// Meta travels with a packet that has left its burst; struct pw_meta.
type Meta struct {
	TSC           uint64 // arrival
	Worker        uint16 // that received it
	SwitchPort    uint16 // ingress
	RouterPort    uint16 // ingress
	OutRouterPort uint16 // egress, once routed
	Why           PuntWhy
	how           uint8
	parkClass     uint8
	_             uint8
	MTU           uint32 // PuntTooBig: the MTU that it exceeds
	Mark          uint32 // of a policy, 0 for none
	nat, conn     uint32
	_             [24]byte
}

// MetaOf returns the metadata of a punted or parked packet, in place.
func MetaOf(m *dpdk.Mbuf) *Meta { return (*Meta)(m.Priv()) }

// Consume frees a packet that control had use for. Takes m.
func (c *Control) Consume(m *dpdk.Mbuf) { c.Drop(m, DropCount) }

// Drop frees a packet that control was given and counts it. Takes m.
func (c *Control) Drop(m *dpdk.Mbuf, reason DropReason) {
	C.pw_control_free_as(c.c, (*C.struct_rte_mbuf)(m.Ptr()), C.uint(reason))
}

// Send sends a frame that control made from router port lrp into its switch: to the
// port that has the destination MAC, or flooded as the switch floods. Takes m.
func (c *Control) Send(m *dpdk.Mbuf, routerPort uint16) {
	C.pw_control_send(c.c, (*C.struct_rte_mbuf)(m.Ptr()), C.uint16_t(routerPort))
}

// Route has a worker route an IP packet that control made on behalf of the router of
// routerPort. m starts with an Ethernet header whose type is right and whose
// addresses do not matter. Takes m.
func (c *Control) Route(m *dpdk.Mbuf, routerPort uint16, worker uint16) {
	C.pw_control_route(c.c, (*C.struct_rte_mbuf)(m.Ptr()), C.uint16_t(routerPort), C.uint16_t(worker))
}

// Egress returns the router port by which the router of routerPort sends what is for ip,
// as packets that enter there are looked up, but for routes by source; the first of
// several. None when no route leads there.
func (c *Control) Egress(routerPort uint16, ip netip.Addr) uint16 {
	b, family := ip.As16(), C.uint8_t(6)
	if ip.Is4() {
		a := ip.As4()
		copy(b[:], a[:])
		family = 4
	}
	return uint16(C.pw_control_egress(c.c, C.uint16_t(routerPort), (*C.uint8_t)(&b[0]), family))
}

// DrainStatus says how far a drain has come.
type DrainStatus uint32

const (
	DrainDone  DrainStatus = C.PW_DRAIN_DONE  // handed back; the worker will close the slot
	DrainAgain DrainStatus = C.PW_DRAIN_AGAIN // a transmit queue is full: call again
	DrainGone  DrainStatus = C.PW_DRAIN_GONE  // nothing to do: the slot is closed, reused or the worker's
)

// Drain sends what waits in s through the adjacency, in order, one ring's worth at
// most, then hands the slot back to its worker. sent counts this call.
func (c *Control) Drain(s Slot, adj uint32) (sent int, status DrainStatus) {
	var n C.uint32_t
	st := C.pw_control_drain(c.c, C.uint16_t(s.Worker), C.uint32_t(s.Index), C.uint64_t(s.Word), C.uint32_t(adj), &n)
	return int(n), DrainStatus(st)
}

// Abandon gives up a drain whose transmit queue stays full.
func (c *Control) Abandon(s Slot) {
	C.pw_control_abandon(c.c, C.uint16_t(s.Worker), C.uint32_t(s.Index), C.uint64_t(s.Word))
}

// Claim takes a slot's packets away from being sent, to fail or discard them; false
// when the slot is no longer waiting. Handback ends it.
func (c *Control) Claim(s Slot) bool {
	return bool(C.pw_control_claim(c.c, C.uint16_t(s.Worker), C.uint32_t(s.Index), C.uint64_t(s.Word)))
}

// Take pops packets of a claimed slot, oldest first, into out and returns their
// number. They are the caller's, to Drop with a park reason.
func (c *Control) Take(s Slot, out []*dpdk.Mbuf) int {
	var buf [C.PW_CONTROL_BATCH]*C.struct_rte_mbuf
	n := min(len(out), len(buf))
	got := int(C.pw_control_take(c.c, C.uint16_t(s.Worker), C.uint32_t(s.Index), &buf[0], C.uint16_t(n)))
	for i := range got {
		out[i] = dpdk.MbufFromPtr(unsafe.Pointer(buf[i]))
	}
	return got
}

// Handback returns a claimed slot to its worker.
func (c *Control) Handback(s Slot) {
	C.pw_control_handback(c.c, C.uint16_t(s.Worker), C.uint32_t(s.Index))
}

// Expire drops the packets of s that arrived before tsc, as park_expired or
// park_gate_expired. With byNewest it drops none as long as one arrived later.
func (c *Control) Expire(s Slot, tsc uint64, byNewest bool) int {
	return int(C.pw_control_expire(c.c, C.uint16_t(s.Worker), C.uint32_t(s.Index), C.uint64_t(s.Word), C.uint64_t(tsc), C.bool(byNewest)))
}

// Class says what the packets in s wait for.
func (c *Control) Class(s Slot) ParkClass {
	return ParkClass(C.pw_control_slot_class(c.c, C.uint16_t(s.Worker), C.uint32_t(s.Index)))
}

// RingSize is how many packets s has room for.
func (c *Control) RingSize(s Slot) int {
	return int(c.c.dp.workers[s.Worker].park.cfg.of[c.Class(s)].ring)
}

// Open reports whether s still serves the next hop that it was asked for.
func (c *Control) Open(s Slot) bool {
	return bool(C.pw_control_slot_open(c.c, C.uint16_t(s.Worker), C.uint32_t(s.Index), C.uint64_t(s.Word)))
}

// OldestParked returns the arrival of the packet that has been parked longest, over all
// workers (TSC; 0 when none is). Control lcore only.
func (c *Control) OldestParked() (oldest uint64) {
	return uint64(C.pw_control_oldest_parked(c.c))
}

// Depth returns the packets in s and the arrival of the oldest (TSC; 0 when empty).
// Any goroutine; a moment's view.
func (c *Control) Depth(s Slot) (packets int, oldest uint64) {
	var t C.uint64_t
	n := C.pw_control_slot_depth(c.c, C.uint16_t(s.Worker), C.uint32_t(s.Index), &t)
	return int(n), uint64(t)
}
