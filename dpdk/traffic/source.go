// SPDX-License-Identifier: Apache-2.0

package traffic

/*
#include "source.h"
*/
import "C"

import (
	"fmt"
	"math/bits"
	"sync"
	"syscall"
	"unsafe"

	"github.com/parkway-gw/parkway/dpdk"
)

// MaxInject is the longest frame that Inject takes, and how much of a frame the Sink
// copies, in octets.
const MaxInject = C.PWT_SNAP

// SourceConfig says where a Source is and how large.
type SourceConfig struct {
	Port  dpdk.PortID
	Queue uint16
	Pool  *dpdk.Mempool // of the packets; borrowed until the port is closed

	Flows  int // ids are below this; 0 is 1
	Inject int // frames that wait in the inject ring, a power of two; 0 is 1024

	// Backlog is how many packets may be due when the queue is polled late; what is
	// due beyond is never made and counted as Skipped. 0 is 1024, a NIC's ring.
	Backlog int
}

// Source makes packets where a receive queue is polled. Any goroutine may call its
// methods, except that nothing may follow Close.
type Source struct {
	mu sync.Mutex // Run, Inject
	c  *C.struct_pwt_source
	n  int
}

// SourceStats are counts since NewSource.
type SourceStats struct {
	Generated uint64 // packets made
	Injected  uint64 // frames of Inject that were received
	InjectTSC uint64 // when the last of them was, by the time stamp counter
	Skipped   uint64 // packets due that were never made, because the poller came late
	NoMbuf    uint64 // polls that made nothing because the pool was empty
	Done      bool   // the program's Limit is reached
	Idle      bool   // the poller has seen the last Run or Stop: after a Stop, no packet will follow
	Attached  bool   // the port has not been closed
}

// NewSource attaches a Source to a receive queue (rte_eth_add_rx_callback). The port is
// configured and not started yet, so that nobody polls.
func NewSource(cfg SourceConfig) (*Source, error) {
	cfg.Flows, cfg.Inject = max(1, cfg.Flows), nonzero(cfg.Inject, 1024)
	if cfg.Pool == nil || bits.OnesCount(uint(cfg.Inject)) != 1 {
		return nil, fmt.Errorf("traffic: source on %s: it needs a pool, and an inject ring of a power of two, not %d", cfg.Port, cfg.Inject)
	}
	if err := mustExist(cfg.Port); err != nil {
		return nil, fmt.Errorf("traffic: source: %w", err)
	}
	var ret [1]C.int
	c := C.pwt_source_new(C.uint16_t(cfg.Port), C.uint16_t(cfg.Queue), (*C.struct_rte_mempool)(cfg.Pool.Ptr()),
		C.uint32_t(cfg.Flows), C.uint32_t(cfg.Inject), &ret[0])
	if c == nil {
		return nil, fmt.Errorf("traffic: source on %s, rx queue %d: %w", cfg.Port, cfg.Queue, syscall.Errno(-ret[0]))
	}
	C.pwt_source_backlog(c, C.uint32_t(nonzero(cfg.Backlog, 1024)))
	return &Source{c: c, n: cfg.Flows}, nil
}

// mustExist keeps calls on ports that are not there, or without EAL, out of C.
func mustExist(p dpdk.PortID) error {
	_, err := p.Info()
	return err
}

func nonzero(n, otherwise int) int {
	if n == 0 {
		return otherwise
	}
	return n
}

// Run replaces the program, at once: the poller takes it up with its next poll. Numbers
// in a flow go on.
func (s *Source) Run(p Program) error {
	c, err := p.compile(s.n)
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	C.pwt_source_rate(s.c, C.uint64_t(p.Rate))
	C.pwt_source_run(s.c, c)
	return nil
}

// Stop ends the program. Up to one burst may follow until Stats().Idle.
func (s *Source) Stop() {
	s.mu.Lock()
	defer s.mu.Unlock()
	C.pwt_source_run(s.c, nil)
}

// SetRate changes the rate of the running program, in packets per second; 0 is as fast
// as the queue is polled.
func (s *Source) SetRate(pps uint64) { C.pwt_source_rate(s.c, C.uint64_t(pps)) }

// Inject has a frame received, ahead of generated packets; a copy is taken. EMSGSIZE: it
// is longer than MaxInject. ENOBUFS: the ring is full.
func (s *Source) Inject(frame []byte) error {
	if len(frame) == 0 || len(frame) > MaxInject {
		return fmt.Errorf("traffic: a frame of %d octets, 1 to %d are possible: %w", len(frame), MaxInject, syscall.EMSGSIZE)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if !C.pwt_source_inject(s.c, unsafe.Pointer(&frame[0]), C.uint16_t(len(frame))) {
		return fmt.Errorf("traffic: the inject ring is full: %w", syscall.ENOBUFS)
	}
	return nil
}

// Stats returns the counters.
func (s *Source) Stats() SourceStats {
	var c C.struct_pwt_source_stats
	C.pwt_source_stats(s.c, &c)
	return SourceStats{
		Generated: uint64(c.generated), Injected: uint64(c.injected), InjectTSC: uint64(c.inject_tsc),
		Skipped: uint64(c.skipped), NoMbuf: uint64(c.no_mbuf),
		Done: c.done != 0, Idle: c.idle != 0, Attached: c.attached != 0,
	}
}

// Sent returns how many packets of a flow were made.
func (s *Source) Sent(flow int) uint64 { return uint64(C.pwt_source_sent(s.c, C.uint32_t(flow))) }

// Close frees the Source. The port is closed, or stopped: then the callback is taken off.
func (s *Source) Close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.c != nil {
		C.pwt_source_free(s.c)
		s.c = nil
	}
}
