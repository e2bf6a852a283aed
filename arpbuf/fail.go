// SPDX-License-Identifier: Apache-2.0

package arpbuf

import (
	"slices"
	"time"

	"github.com/parkway-gw/parkway/cgo"
	"github.com/parkway-gw/parkway/dpdk"
)

// failParked: nobody answered for n. Senders hear of it as the standards ask, and
// what waited is freed (checklist A6, N4).
func (r *Resolver) failParked(n *nexthop) {
	// The oldest packet first: it is IPv4's one chance of a report.
	slices.SortFunc(n.slots, func(a, b slot) int {
		_, ta := r.ctl.Depth(a.Slot)
		_, tb := r.ctl.Depth(b.Slot)
		switch {
		case ta < tb:
			return -1
		case ta > tb:
			return 1
		}
		return 0
	})
	// By the packets' family, not the next hop's: IPv4 may wait for IPv6 (RFC 5549).
	reports := map[bool]int{true: 1, false: -1} // IPv4: one; IPv6: as many as the bucket allows
	if r.cfg.OnFailure == Silent {
		clear(reports)
	}
	failed := 0
	r.standing(n)
	for i := range n.slots {
		if r.ctl.Class(n.slots[i].Slot) == cgo.ParkGated {
			continue // waits for a port, whatever probes say
		}
		failed += r.take(&n.slots[i], func(m *dpdk.Mbuf) {
			v4 := isIPv4(m)
			if reports[v4] != 0 && r.report(m, hostUnreachable, fault{limit: r.vain.of(m, v4)}) {
				reports[v4]--
			}
			r.ctl.Drop(m, cgo.DropParkFailed)
		})
	}
	r.waited(n, WaitFailed, failed)
	r.closeSlots(n)
}

// discardParked frees what waits for n without a word and returns the packets.
func (r *Resolver) discardParked(n *nexthop) (packets int) {
	r.standing(n)
	for i := range n.slots {
		packets += r.take(&n.slots[i], func(m *dpdk.Mbuf) { r.ctl.Drop(m, cgo.DropParkDiscarded) })
	}
	r.waited(n, WaitDiscarded, packets)
	r.closeSlots(n)
	return packets
}

// refuseSlot frees what waits in a slot that serves no next hop of ours.
func (r *Resolver) refuseSlot(s cgo.Slot, reason cgo.DropReason) {
	r.take(&slot{Slot: s}, func(m *dpdk.Mbuf) { r.ctl.Drop(m, reason) })
}

// take claims a slot, unless a drain has it in hand already, gives every packet in it
// to f, who takes it, hands the slot back and returns the packets. What a worker parks
// behind meanwhile is taken too, up to one more ring's worth: a worker at line rate
// must not keep us here. What a drain has popped and not sent ends as tx_full.
func (r *Resolver) take(s *slot, f func(*dpdk.Mbuf)) (packets int) {
	if s.again.IsZero() && !r.ctl.Claim(s.Slot) {
		return 0 // the worker has it, or it is closed
	}
	var batch [cgo.Burst / 2]*dpdk.Mbuf
	first, _ := r.ctl.Depth(s.Slot)
	for most := first + r.ctl.RingSize(s.Slot); packets < most; {
		got := r.ctl.Take(s.Slot, batch[:min(most-packets, len(batch))])
		if got == 0 {
			break
		}
		for _, m := range batch[:got] {
			f(m)
		}
		packets += got
	}
	if s.again.IsZero() {
		r.ctl.Handback(s.Slot)
	} else {
		s.again = time.Time{}
		r.ctl.Abandon(s.Slot)
	}
	return packets
}

// closeSlots forgets the slots that are closed. If it was their worker who closed the
// last one, to give it to somebody else, the wait is over without a result.
func (r *Resolver) closeSlots(n *nexthop) {
	n.slots = slices.DeleteFunc(n.slots, func(s slot) bool { return !r.ctl.Open(s.Slot) })
	if len(n.slots) == 0 {
		delete(r.waiting, n)
		n.wait = wait{}
	}
}
