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
	reports := -1 // as many as the bucket allows
	if n.entry.Key().IP.Is4() {
		reports = 1
	}
	if r.cfg.OnFailure == Silent {
		reports = 0
	}
	for i := range n.slots {
		r.take(n.slots[i].Slot, func(m *dpdk.Mbuf) {
			limited := r.icmp.buckets[unreachable].refused
			if reports != 0 && r.report(m, unreachable) {
				reports--
			} else if r.icmp.buckets[unreachable].refused != limited {
				reports = 0 // the bucket is empty; the rest goes without a word
			}
			r.ctl.Drop(m, cgo.DropParkFailed)
		})
	}
	r.closeSlots(n)
}

// discardParked frees what waits for n without a word.
func (r *Resolver) discardParked(n *nexthop) {
	for i := range n.slots {
		r.discardSlot(n.slots[i].Slot, cgo.DropParkDiscarded)
	}
	r.closeSlots(n)
}

func (r *Resolver) discardSlot(s cgo.Slot, reason cgo.DropReason) {
	r.take(s, func(m *dpdk.Mbuf) { r.ctl.Drop(m, reason) })
}

func (r *Resolver) discard(m *dpdk.Mbuf) { r.ctl.Drop(m, cgo.DropParkDiscarded) }

// take claims a slot, gives every packet in it to f, who takes it, and hands the
// slot back. What a busy worker parks behind is left to the worker.
func (r *Resolver) take(s cgo.Slot, f func(*dpdk.Mbuf)) {
	if !r.ctl.Claim(s) {
		return // the worker has it, or it is closed
	}
	r.empty(s, f)
	r.ctl.Handback(s)
}

// empty gives every packet in s to f, who takes it.
func (r *Resolver) empty(s cgo.Slot, f func(*dpdk.Mbuf)) {
	var batch [cgo.Burst / 2]*dpdk.Mbuf
	left, _ := r.ctl.Depth(s)
	for left > 0 {
		got := r.ctl.Take(s, batch[:min(left, len(batch))])
		if got == 0 {
			break
		}
		for _, m := range batch[:got] {
			f(m)
		}
		left -= got
	}
}

// closeSlots forgets the slots that are closed.
func (r *Resolver) closeSlots(n *nexthop) {
	n.slots = slices.DeleteFunc(n.slots, func(s slot) bool { return !r.ctl.Open(s.Slot) })
	if len(n.slots) == 0 {
		delete(r.waiting, n)
	}
}

// expireEvery is how often parked packets are looked at for their age.
const expireEvery = 100 * time.Millisecond

// failsSoon: the last probe is out and its time ends before the next look. By default
// that is when the packet that made us ask comes of age, and then the sender hears why
// it was lost (checklist A6, N4), whichever is seen first.
func (r *Resolver) failsSoon(n *nexthop) bool {
	e := n.entry
	return e.Asking() && e.Probes() >= r.cfg.McastSolicit && e.Deadline().Sub(r.turnAt) <= expireEvery
}

// expire frees packets older than MaxAge, or GatedMaxAge.
func (r *Resolver) expire() {
	if r.turnAt.Before(r.expireAt) {
		return
	}
	r.expireAt = r.turnAt.Add(expireEvery)
	before := [cgo.ParkClasses]uint64{cgo.ParkNextHop: r.ago(r.cfg.MaxAge), cgo.ParkGated: r.ago(r.cfg.GatedMaxAge)}
	for n := range r.waiting {
		if n.phase == draining {
			continue
		}
		for i := range n.slots {
			s := n.slots[i].Slot
			if b := before[r.ctl.Class(s)]; b > 0 && !r.failsSoon(n) {
				r.ctl.Expire(s, b, false)
			}
		}
		r.closeSlots(n)
		if len(n.slots) > 0 { // whoever has slots open must be asking, or be told why not
			r.perform(r.table.Needed(r.turnAt, n.entry))
		}
	}
}

// ago is the TSC of so long ago; 0 for an age that is unlimited, or longer than it counts.
func (r *Resolver) ago(age time.Duration) uint64 {
	if cycles, now := uint64(age.Seconds()*r.tscHz), cgo.TSC(); age > 0 && cycles < now {
		return now - cycles
	}
	return 0
}
