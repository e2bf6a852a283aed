// SPDX-License-Identifier: Apache-2.0

package cgo

/*
#include "control.h"
#include "worker.h"
*/
import "C"

import (
	"errors"
	"fmt"
	"sync/atomic"
	"syscall"
	"time"
	"unsafe"

	"github.com/parkway-gw/parkway/dpdk"
)

// RxQueue is one receive queue of a port.
type RxQueue struct {
	Port  dpdk.PortID
	Queue uint16
}

// ParkLimits bounds a class of a worker's park rings.
type ParkLimits struct {
	NextHops          int  // park rings, one per next hop
	PacketsPerNextHop int  // packets in a ring before the oldest gives way
	MaxPackets        int  // packets over all rings of the class
	DropNewest        bool // a full ring refuses the newcomer instead
}

func (l ParkLimits) c() C.struct_pw_park_limits {
	c := C.struct_pw_park_limits{slots: C.uint32_t(l.NextHops), ring: C.uint32_t(l.PacketsPerNextHop),
		max_packets: C.uint32_t(l.MaxPackets)}
	if l.DropNewest {
		c.drop_newest = 1
	}
	return c
}

// ParkConfig bounds a worker's parking: for next hops that are being resolved, and
// for those behind a gated switch port, of which there may be none.
type ParkConfig struct {
	NextHops          int  // park rings, one per unresolved next hop
	PacketsPerNextHop int  // packets in a ring before the oldest gives way
	MaxPackets        int  // packets over all of the worker's rings
	DropNewest        bool // a full ring refuses the newcomer instead

	Gated ParkLimits // zero when no switch port is gated

	// Refuse newcomers at NextHops and MaxPackets, instead of making room for them by
	// shares (ADR-0007).
	Refuse bool
}

// watchedSleep: those who watch heartbeats expect a hundred per second.
const watchedSleep = 10 * time.Millisecond

// WorkerConfig is what a worker needs to know before it runs.
type WorkerConfig struct {
	RxQueues []RxQueue
	TxQueue  uint16        // its transmit queue on every port
	Adaptive bool          // sleep when idle
	MaxSleep time.Duration // longest sleep where a receive queue can't end it
	// WatchedSleep is the longest sleep where every queue can (Watch); 0 is 10 ms. In a
	// sleep the worker's heartbeat stands still.
	WatchedSleep time.Duration
	RingSize     int // of each ring to and from control; a power of two
	Park         ParkConfig
	Socket       int // NUMA node, -1 for any

	// A measured poll that takes longer was interrupted, by the kernel or the hypervisor,
	// and is left out; 0 is 1 ms, more than any poll needs.
	LongestPoll time.Duration
}

// Worker is one poll-mode worker.
type Worker struct {
	c *C.struct_pw_worker
}

// AddWorker makes the next worker. Before any worker runs.
func (d *Datapath) AddWorker(cfg WorkerConfig) (*Worker, error) {
	index := len(d.workers)
	if index == MaxWorkers {
		return nil, fmt.Errorf("datapath: more than %d workers", MaxWorkers)
	}
	if len(cfg.RxQueues) > C.PW_MAX_RXQS {
		return nil, fmt.Errorf("worker %d: %d receive queues, %d at most; add workers", index, len(cfg.RxQueues), C.PW_MAX_RXQS)
	}
	if cfg.WatchedSleep == 0 {
		cfg.WatchedSleep = watchedSleep
	}
	if p := cfg.Park; p.NextHops < 1 || p.PacketsPerNextHop < 1 || p.MaxPackets < 1 {
		return nil, errors.New("worker: parking bounds below 1")
	}
	if g := cfg.Park.Gated; g.NextHops != 0 && (g.NextHops < 1 || g.PacketsPerNextHop < 1 || g.MaxPackets < 1) {
		return nil, errors.New("worker: bounds of gated parking below 1")
	}
	if cfg.LongestPoll == 0 {
		cfg.LongestPoll = time.Millisecond
	}
	c := C.struct_pw_worker_config{
		longest_poll: C.uint64_t(cfg.LongestPoll.Seconds() * float64(d.TSCHz())),
		index:        C.uint16_t(index),
		txq:          C.uint16_t(cfg.TxQueue),
		n_rxqs:       C.uint16_t(len(cfg.RxQueues)),
		adaptive:     C.bool(cfg.Adaptive),
		max_sleep_ns: C.uint32_t(cfg.MaxSleep),

		watched_sleep_ns: C.uint64_t(cfg.WatchedSleep),
		ring_size:        C.uint32_t(cfg.RingSize),
		socket:           C.int(cfg.Socket),
	}
	c.park.of[ParkNextHop] = ParkLimits{cfg.Park.NextHops, cfg.Park.PacketsPerNextHop, cfg.Park.MaxPackets, cfg.Park.DropNewest}.c()
	c.park.of[ParkGated] = cfg.Park.Gated.c()
	if cfg.Park.Refuse {
		c.park.refuse = 1
	}
	for i, q := range cfg.RxQueues {
		c.rxqs[i] = C.struct_pw_rxq{port: C.uint16_t(q.Port), queue: C.uint16_t(q.Queue)}
	}
	w := C.pw_worker_new(d.c, &c)
	if w == nil || C.pw_control_add_worker(d.c.control, w) != 0 {
		C.pw_worker_free(w)
		return nil, fmt.Errorf("worker %d: no DPDK memory for %d park rings of %d packets and %d of %d; raise dpdk.memory.size",
			index, cfg.Park.NextHops, cfg.Park.PacketsPerNextHop, cfg.Park.Gated.NextHops, cfg.Park.Gated.PacketsPerNextHop)
	}
	d.c.workers[index] = w
	d.c.n_workers = C.uint16_t(index + 1)
	d.workers = append(d.workers, &Worker{c: w})
	return d.workers[index], nil
}

// Watch has fd, which is readable while one of the worker's receive queues has packets,
// end an adaptive worker's sleep. Once per queue, before Run. Borrows fd, which stays open
// as long as the worker runs. An error means that the worker goes on sleeping by the clock.
func (w *Worker) Watch(fd int) error {
	if errno := C.pw_worker_watch(w.c, C.int(fd)); errno != 0 {
		return fmt.Errorf("worker %d: it can't be woken by a receive queue: %w", w.Index(), syscall.Errno(-errno))
	}
	return nil
}

// Run polls until Stop. The calling goroutine must hold a registered lcore
// (dpdk.EAL.RegisterLcore). It is one long call into C: neither the scheduler nor
// the garbage collector can hold it up.
func (w *Worker) Run() { C.pw_worker_run(w.c) }

// Stop makes Run return after its current poll, or after a few more when packets from
// control wait. Any goroutine.
func (w *Worker) Stop() { C.pw_worker_stop(w.c) }

// Poll is one turn of the loop, for tests and benchmarks that drive a worker
// themselves. It returns the packets handled.
func (w *Worker) Poll() int { return int(C.pw_worker_poll(w.c)) }

// Housekeeping does what the loop does every few polls: finish park slots that
// control has handed back.
func (w *Worker) Housekeeping() { C.pw_worker_housekeeping(w.c, w.c.park.n_slots) }

// Index is the worker's number, from 0.
func (w *Worker) Index() int { return int(w.c.cfg.index) }

// RxQueues returns the queues that the worker polls.
func (w *Worker) RxQueues() []RxQueue {
	out := make([]RxQueue, w.c.cfg.n_rxqs)
	for i := range out {
		q := w.c.cfg.rxqs[i]
		out[i] = RxQueue{Port: dpdk.PortID(q.port), Queue: uint16(q.queue)}
	}
	return out
}

// Stats is a worker's load since it started. Cycles are TSC cycles.
type Stats struct {
	Heartbeat  uint64 // polls of all queues
	Packets    uint64 // received
	BusyCycles uint64 // of polls that handled a packet
	IdleCycles uint64 // of those that did not, sleep included
	Bursts     uint64 // non-empty receive bursts
	Load
}

const (
	_ = uint(C.sizeof_struct_pw_worker_stats - unsafe.Sizeof(Stats{}))
	_ = uint(unsafe.Sizeof(Stats{}) - C.sizeof_struct_pw_worker_stats)
)

// Stats returns the worker's load. Any goroutine.
func (w *Worker) Stats() Stats {
	s := (*Stats)(unsafe.Pointer(&w.c.stats))
	return Stats{
		Heartbeat:  atomic.LoadUint64(&s.Heartbeat),
		Packets:    atomic.LoadUint64(&s.Packets),
		BusyCycles: atomic.LoadUint64(&s.BusyCycles),
		IdleCycles: atomic.LoadUint64(&s.IdleCycles),
		Bursts:     atomic.LoadUint64(&s.Bursts),
		Load:       words(&s.Load),
	}
}

// TSCHz is the frequency of the counter that all cycle figures use.
func (d *Datapath) TSCHz() uint64 { return uint64(d.c.tsc_hz) }

// TSC reads that counter.
func TSC() uint64 { return uint64(C.pw_tsc()) }
