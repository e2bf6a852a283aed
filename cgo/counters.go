// SPDX-License-Identifier: Apache-2.0

package cgo

/*
#include "control.h"
#include "worker.h"
*/
import "C"

import (
	"sync/atomic"
	"time"
	"unsafe"
)

// ParkClass says what packets wait for.
type ParkClass uint8

const (
	ParkNextHop ParkClass = C.PW_PARK_NEXTHOP // a next hop's MAC
	ParkGated   ParkClass = C.PW_PARK_GATED   // a switch port that is not up yet
	ParkClasses           = C.PW_PARK_CLASSES

	// WaitBuckets is the number of classes of waiting time.
	WaitBuckets = C.PW_WAIT_BUCKETS
)

// WaitBucket is the time that bucket i of Counters.Waited ends before; 0 for the last,
// which has no end.
func WaitBucket(i int) time.Duration {
	if i == WaitBuckets-1 {
		return 0
	}
	return 16 * time.Microsecond << i
}

// Counters are packets, ever. At rest the conservation law holds:
//
//	Rx + Originated = Tx + Consumed + ParkedNow() + sum of Drops
type Counters struct {
	Rx         uint64 // received from ports
	Originated uint64 // made here
	Tx         uint64 // accepted by transmit queues
	Consumed   uint64 // ended here with effect: at control, which had use for them, or cut into fragments
	Parked     uint64 // entered a park ring
	Drained    uint64 // left a park ring to be sent

	Fragments uint64 // the share of Originated that packets were cut into

	// The gated share of Parked, and of those drops that don't say it by their reason.
	GateParked, GateDiscarded uint64

	Waited   [ParkClasses][WaitBuckets]uint64 // Drained by time parked; see WaitBucket
	WaitedUS [ParkClasses]uint64              // sum of those times, microseconds

	Drops [DropCount]uint64

	PortTxDropped [MaxPorts]uint64 // the share of tx_full by port
}

const (
	_ = uint(C.sizeof_struct_pw_counters - unsafe.Sizeof(Counters{}))
	_ = uint(unsafe.Offsetof(Counters{}.Drops) - C.offsetof_drops)
	_ = uint(C.offsetof_drops - unsafe.Offsetof(Counters{}.Drops))
	_ = uint(unsafe.Offsetof(Counters{}.PortTxDropped) - C.offsetof_port_tx_dropped)
	_ = uint(C.offsetof_port_tx_dropped - unsafe.Offsetof(Counters{}.PortTxDropped))
)

// ParkedNow is the number of packets in park rings.
func (c *Counters) ParkedNow() int64 {
	left := c.Drained + c.Drops[DropParkEvicted] + c.Drops[DropParkPreempted] + c.Drops[DropParkExpired] +
		c.Drops[DropParkFailed] + c.Drops[DropParkDiscarded] + c.Drops[DropParkNoNeighbor] + c.Drops[DropParkGateEvicted] + c.Drops[DropParkGateExpired]
	return int64(c.Parked - left)
}

// GateParkedNow is the share of ParkedNow that waits for a gated switch port.
func (c *Counters) GateParkedNow() int64 {
	left := c.DrainedOf(ParkGated) + c.Drops[DropParkGateEvicted] + c.Drops[DropParkGateExpired] + c.GateDiscarded
	return int64(c.GateParked - left)
}

// DrainedOf is the share of Drained that a class of park rings has.
func (c *Counters) DrainedOf(class ParkClass) (n uint64) {
	for _, bucket := range c.Waited[class] {
		n += bucket
	}
	return n
}

// Balance is what the conservation law misses: 0 at rest.
func (c *Counters) Balance() int64 {
	out := c.Tx + c.Consumed
	for _, n := range c.Drops {
		out += n
	}
	return int64(c.Rx+c.Originated-out) - c.ParkedNow()
}

// Add adds o to c.
func (c *Counters) Add(o *Counters) {
	c.Rx += o.Rx
	c.Originated += o.Originated
	c.Tx += o.Tx
	c.Consumed += o.Consumed
	c.Parked += o.Parked
	c.Drained += o.Drained
	c.Fragments += o.Fragments
	c.GateParked += o.GateParked
	c.GateDiscarded += o.GateDiscarded
	for class := range c.Waited {
		for i, n := range o.Waited[class] {
			c.Waited[class][i] += n
		}
		c.WaitedUS[class] += o.WaitedUS[class]
	}
	for i, n := range o.Drops {
		c.Drops[i] += n
	}
	for i, n := range o.PortTxDropped {
		c.PortTxDropped[i] += n
	}
}

// load copies a block that its writer may be writing; every counter by itself is whole.
func load(block *C.struct_pw_counters) Counters {
	return words((*Counters)(unsafe.Pointer(block)))
}

// words copies a structure of 64-bit words that its writer may be writing; every word by
// itself is whole.
func words[T any](block *T) (out T) {
	n := unsafe.Sizeof(out) / 8
	src := unsafe.Slice((*uint64)(unsafe.Pointer(block)), n)
	dst := unsafe.Slice((*uint64)(unsafe.Pointer(&out)), n)
	for i := range dst {
		dst[i] = atomic.LoadUint64(&src[i])
	}
	return out
}

// Counters returns the packets that worker w received or made, wherever they ended.
func (w *Worker) Counters() Counters {
	c := load(&w.c.counters)
	byControl := load(&w.c.dp.control.for_worker[w.c.cfg.index])
	c.Add(&byControl)
	return c
}

// Counters returns the sum over all workers and control.
func (d *Datapath) Counters() Counters {
	c := load(&d.c.control.own)
	for _, w := range d.workers {
		one := w.Counters()
		c.Add(&one)
	}
	return c
}

// ControlCounters returns the packets that control made on its own account.
func (d *Datapath) ControlCounters() Counters { return load(&d.c.control.own) }
