// SPDX-License-Identifier: Apache-2.0

package traffic

/*
#include "sink.h"
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

// SinkConfig says where a Sink is and how large.
type SinkConfig struct {
	Port   dpdk.PortID
	Flows  int // ids are below this; 0 is 1
	Others int // unstamped frames kept per transmit queue, a power of two; 0 is 1024
}

// Sink looks at what leaves through a port. Each transmit queue counts for itself; a
// flow's highest number is shared by a compare-and-swap, so figures are right though
// several threads send, and no thread waits for another. Any goroutine may call its
// methods, except that nothing may follow Close; figures of different fields belong
// together only once traffic rests.
type Sink struct {
	mu sync.Mutex // Other
	c  *C.struct_pwt_sink
}

// FlowStats is a flow as the Sink, or one of its queues, saw it. Times are of the time
// stamp counter.
type FlowStats struct {
	Received          uint64
	First, Last       uint64 // the number that came first, and the highest
	Reordered         uint64 // came after a higher number
	Duplicates        uint64 // the highest number once more; other repetitions count as Reordered
	Gaps              uint64 // jumps over one number or more
	Missing           uint64 // numbers jumped over; a reordered packet may have come after all
	Run               uint64 // the number after the last gap: from it to Last none is missing
	FirstTSC, LastTSC uint64
	Octets            uint64
}

// SinkStats are counts over all flows and queues since NewSink.
type SinkStats struct {
	Received, Octets                     uint64 // stamped packets of known flows
	Reordered, Duplicates, Gaps, Missing uint64 // as in FlowStats
	Strangers                            uint64 // stamped, but with a flow id beyond SinkConfig.Flows
	Others                               uint64 // not stamped
	ARP, ND, ICMP                        uint64 // of Others; ICMP without ND, both families
	Overflow                             uint64 // Others that found no room to be read by Other

	// Cycles between the making of a packet (with Program.Due: its being due) and its
	// sending; BucketLow says from how many on a bucket counts.
	WaitMin, WaitMax, WaitSum uint64
	Wait                      [C.PWT_BUCKETS]uint64

	Attached bool // the port has not been closed
}

// Bucket is which of SinkStats.Wait counts so many cycles.
func Bucket(cycles uint64) int { return int(C.pwt_bucket(C.uint64_t(cycles))) }

// BucketLow is the fewest cycles that a bucket of SinkStats.Wait counts: the number itself
// below 8, then eight to each power of two.
func BucketLow(i int) uint64 {
	const sub = 1 << C.PWT_SUB
	if i < sub {
		return uint64(i)
	}
	return uint64(sub+i%sub) << (i/sub - 1)
}

// Frame is a copy of an unstamped frame.
type Frame struct {
	TSC   uint64 // when it was sent
	Queue uint16 // by which transmit queue
	Len   int    // of the frame; Data ends at MaxInject octets
	Data  []byte
}

// NewSink attaches a Sink to all transmit queues of a port
// (rte_eth_add_tx_callback). The port is configured and not started yet.
func NewSink(cfg SinkConfig) (*Sink, error) {
	cfg.Flows, cfg.Others = max(1, cfg.Flows), nonzero(cfg.Others, 1024)
	if bits.OnesCount(uint(cfg.Others)) != 1 {
		return nil, fmt.Errorf("traffic: sink on %s: room for %d frames is not a power of two", cfg.Port, cfg.Others)
	}
	if err := mustExist(cfg.Port); err != nil {
		return nil, fmt.Errorf("traffic: sink: %w", err)
	}
	var ret [1]C.int
	c := C.pwt_sink_new(C.uint16_t(cfg.Port), C.uint32_t(cfg.Flows), C.uint32_t(cfg.Others), &ret[0])
	if c == nil {
		return nil, fmt.Errorf("traffic: sink on %s: %w", cfg.Port, syscall.Errno(-ret[0]))
	}
	return &Sink{c: c}, nil
}

// Queues returns the number of transmit queues that the Sink is attached to.
func (s *Sink) Queues() int { return int(C.pwt_sink_queues(s.c)) }

// Stats returns the counters.
func (s *Sink) Stats() SinkStats {
	var c C.struct_pwt_sink_stats
	C.pwt_sink_stats(s.c, &c)
	out := SinkStats{
		Received: uint64(c.received), Octets: uint64(c.octets),
		Reordered: uint64(c.reordered), Duplicates: uint64(c.duplicates), Gaps: uint64(c.gaps), Missing: uint64(c.missing),
		Strangers: uint64(c.strangers), Others: uint64(c.others),
		ARP: uint64(c.arp), ND: uint64(c.nd), ICMP: uint64(c.icmp), Overflow: uint64(c.overflow),
		WaitMin: uint64(c.wait_min), WaitMax: uint64(c.wait_max), WaitSum: uint64(c.wait_sum),
		Attached: c.attached != 0,
	}
	for i, n := range c.wait {
		out.Wait[i] = uint64(n)
	}
	return out
}

// Flow returns a flow's figures over all queues; zero for an id beyond SinkConfig.Flows.
func (s *Sink) Flow(id int) FlowStats {
	var c C.struct_pwt_flow_stats
	C.pwt_sink_flow(s.c, C.uint32_t(id), &c)
	return flowStats(&c)
}

// FlowByQueue returns what one transmit queue saw of a flow: its First, Last and Run are
// those of the queue alone; Gaps, Missing, Reordered and Duplicates are what the flow as
// a whole suffered by packets of this queue.
func (s *Sink) FlowByQueue(id, queue int) FlowStats {
	var c C.struct_pwt_flow_stats
	C.pwt_sink_flow_queue(s.c, C.uint32_t(id), C.uint32_t(queue), &c)
	return flowStats(&c)
}

func flowStats(c *C.struct_pwt_flow_stats) FlowStats {
	return FlowStats{
		Received: uint64(c.received), First: uint64(c.first), Last: uint64(c.last),
		Reordered: uint64(c.reordered), Duplicates: uint64(c.duplicates), Gaps: uint64(c.gaps), Missing: uint64(c.missing),
		Run: uint64(c.run), FirstTSC: uint64(c.first_tsc), LastTSC: uint64(c.last_tsc), Octets: uint64(c.octets),
	}
}

// Other returns the next unstamped frame, in order per queue; false when there is none.
func (s *Sink) Other() (Frame, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var cell [1]C.struct_pwt_cell
	if !C.pwt_sink_other(s.c, &cell[0]) {
		return Frame{}, false
	}
	c := &cell[0]
	n := min(int(c.len), len(c.data))
	data := append([]byte(nil), unsafe.Slice((*byte)(unsafe.Pointer(&c.data[0])), n)...)
	return Frame{TSC: uint64(c.tsc), Queue: uint16(c.queue), Len: int(c.len), Data: data}, true
}

// Close frees the Sink. The port is closed, or stopped: then the callbacks are taken off.
func (s *Sink) Close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.c != nil {
		C.pwt_sink_free(s.c)
		s.c = nil
	}
}
