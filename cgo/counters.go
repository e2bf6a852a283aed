// SPDX-License-Identifier: Apache-2.0

package cgo

/*
#include "control.h"
#include "worker.h"
*/
import "C"

import (
	"sync/atomic"
	"unsafe"
)

// Counters are packets, ever. At rest the conservation law holds:
//
//	Rx + Originated = Tx + Consumed + ParkedNow() + sum of Drops
type Counters struct {
	Rx         uint64 // received from ports
	Originated uint64 // made here
	Tx         uint64 // accepted by transmit queues
	Consumed   uint64 // ended at control, which had use for them
	Parked     uint64 // entered a park ring
	Drained    uint64 // left a park ring to be sent
	Drops      [DropCount]uint64

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
	left := c.Drained + c.Drops[DropParkEvicted] + c.Drops[DropParkExpired] + c.Drops[DropParkFailed] +
		c.Drops[DropParkDiscarded]
	return int64(c.Parked - left)
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
	for i, n := range o.Drops {
		c.Drops[i] += n
	}
	for i, n := range o.PortTxDropped {
		c.PortTxDropped[i] += n
	}
}

// load copies a block that its writer may be writing; every counter by itself is whole.
func load(block *C.struct_pw_counters) Counters {
	const words = int(unsafe.Sizeof(Counters{}) / 8)
	var out Counters
	src := unsafe.Slice((*uint64)(unsafe.Pointer(block)), words)
	dst := unsafe.Slice((*uint64)(unsafe.Pointer(&out)), words)
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
