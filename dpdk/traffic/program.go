// SPDX-License-Identifier: Apache-2.0

package traffic

/*
#include <rte_malloc.h>
#include "source.h"
*/
import "C"

import (
	"encoding/binary"
	"fmt"
	"net/netip"
	"unsafe"
)

const (
	maxGroups   = C.PWT_GROUPS
	maxSchedule = C.PWT_SCHEDULE
)

// Group is packets of one kind.
type Group struct {
	// Weight is the group's share of the packets, in parts of all weights; 0 is 1. All
	// weights together are at most 256. Groups take turns as evenly as that allows.
	Weight int

	// Flow i of Flows (0 is 1) has the id First+i and the destination Dst+i. Ids are
	// below SourceConfig.Flows; their numbers go on from one program to the next.
	First, Flows int
	Dst          netip.Addr

	// Scan, instead of Dst, sends every packet to another address of a prefix, all as
	// flow First: each address once, in a fixed order without visible pattern, before
	// any comes again. An IPv6 prefix has at least 64 bits.
	Scan netip.Prefix

	// Burst packets go to a flow before the next flow has its turn; 0 is 1.
	Burst int

	Src            netip.Addr
	SrcMAC, DstMAC [6]byte
	Size           int // octets of the frame without FCS; 0 is MinSize4 or MinSize6
}

// Program says what a Source makes.
type Program struct {
	Groups []Group
	Rate   uint64 // packets per second; 0: as many as the queue is polled for
	Limit  uint64 // packets; 0: no limit

	// Due has the stamps of a program with a Rate say when a packet was due by that rate,
	// not when the queue was polled for it: what a packet waits in the queue of a busy
	// poller is part of its wait then. And Limit is of packets due, those that are skipped
	// among them.
	Due bool
}

// compile makes the C form, in DPDK memory.
func (p *Program) compile(flows int) (*C.struct_pwt_program, error) {
	if len(p.Groups) == 0 || len(p.Groups) > maxGroups {
		return nil, fmt.Errorf("traffic: %d groups; 1 to %d are possible", len(p.Groups), maxGroups)
	}
	schedule, err := p.schedule()
	if err != nil {
		return nil, err
	}
	c := C.pwt_program_new()
	if c == nil {
		return nil, fmt.Errorf("traffic: no DPDK memory for a program of %d octets", C.sizeof_struct_pwt_program)
	}
	c.limit = C.uint64_t(p.Limit)
	if p.Due {
		c.due = 1
	}
	c.n_groups = C.uint32_t(len(p.Groups))
	c.n_schedule = C.uint32_t(len(schedule))
	for i, g := range schedule {
		c.schedule[i] = C.uint8_t(g)
	}
	for i := range p.Groups {
		if err := p.Groups[i].compile(&c.group[i], flows); err != nil {
			C.rte_free(unsafe.Pointer(c))
			return nil, err
		}
	}
	return c, nil
}

// schedule spreads the groups over a round by smooth weighted round robin.
func (p *Program) schedule() (turns []int, err error) {
	credit := make([]int, len(p.Groups))
	total := 0
	for i := range p.Groups {
		if p.Groups[i].Weight < 0 {
			return nil, fmt.Errorf("traffic: group %d has the weight %d", i, p.Groups[i].Weight)
		}
		total += max(1, p.Groups[i].Weight)
	}
	if total > maxSchedule {
		return nil, fmt.Errorf("traffic: all weights together are %d; %d are possible", total, maxSchedule)
	}
	for range total {
		best := 0
		for i := range p.Groups {
			credit[i] += max(1, p.Groups[i].Weight)
			if credit[i] > credit[best] {
				best = i
			}
		}
		credit[best] -= total
		turns = append(turns, best)
	}
	return turns, nil
}

func (g *Group) compile(c *C.struct_pwt_group, flows int) error {
	count, burst := max(1, g.Flows), max(1, g.Burst)
	switch {
	case g.First < 0 || g.Flows < 0 || g.First+count > flows:
		return fmt.Errorf("traffic: flows %d to %d; the source has %d", g.First, g.First+count-1, flows)
	case g.Scan.IsValid() == g.Dst.IsValid():
		return fmt.Errorf("traffic: give a group either Dst or Scan")
	case g.Scan.IsValid() && (count > 1 || g.Scan.Addr().Is6() && g.Scan.Bits() < 64 || g.Scan.IsSingleIP()):
		return fmt.Errorf("traffic: scan of %s with %d flows; one flow, and an IPv6 prefix of 64 to 127 bits", g.Scan, count)
	}
	frame, sum, err := g.template()
	if err != nil {
		return err
	}
	dst := g.Dst
	c.scan_bits = 0
	if g.Scan.IsValid() {
		dst = g.Scan.Masked().Addr()
		c.scan_bits = C.uint8_t(dst.BitLen() - g.Scan.Bits())
	}
	c.family, c.dst = 4, 0
	if dst.Is4() {
		a := dst.As4()
		c.dst = C.uint64_t(binary.BigEndian.Uint32(a[:]))
	} else {
		a := dst.As16()
		c.family, c.dst = 6, C.uint64_t(binary.BigEndian.Uint64(a[8:]))
	}
	c.len, c.sum = C.uint16_t(len(frame)), C.uint32_t(sum)
	c.first, c.flows, c.run, c.left = C.uint32_t(g.First), C.uint32_t(count), C.uint32_t(burst), C.uint32_t(burst)
	copy(unsafe.Slice((*byte)(unsafe.Pointer(&c.frame[0])), len(c.frame)), frame)
	return nil
}
