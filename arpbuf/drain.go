// SPDX-License-Identifier: Apache-2.0

package arpbuf

import (
	"time"

	"github.com/parkway-gw/parkway/cgo"
)

// drainPatience is how long a full transmit queue may hold up a slot.
const drainPatience = time.Second

// beginDrain publishes n as DRAINING and notes the asks that were written before:
// a worker that asks later sees DRAINING and sends for itself.
func (r *Resolver) beginDrain(n *nexthop) {
	r.plane.SetAdjacency(n.adj, n.mac, cgo.AdjDraining)
	r.answered(n)
	r.ctl.MarkAsks(&n.mark)
	n.phase, n.progress = draining, r.turnAt
	r.draining[n] = struct{}{}
	r.drain(n)
}

// drains goes on with every next hop that drains.
func (r *Resolver) drains() {
	for n := range r.draining {
		r.drain(n)
	}
}

// drain empties n's slots as far as the transmit queues take it. Once all the asks
// of before are in and every slot is closed, workers may send directly.
func (r *Resolver) drain(n *nexthop) {
	for i := 0; i < len(n.slots); {
		s := &n.slots[i]
		if r.drainSlot(n, s) {
			n.slots[i] = n.slots[len(n.slots)-1]
			n.slots = n.slots[:len(n.slots)-1]
			n.progress = r.turnAt
			continue
		}
		i++
	}
	if len(n.slots) > 0 || !r.ctl.AsksRead(&n.mark) {
		return
	}
	r.plane.SetAdjacency(n.adj, n.mac, n.final)
	n.phase = sending
	r.resolved(n)
	delete(r.draining, n)
	delete(r.waiting, n)
}

// drainSlot sends from one slot; true when the slot is closed.
func (r *Resolver) drainSlot(n *nexthop, s *slot) (closed bool) {
	sent, status := r.ctl.Drain(s.Slot, n.adj)
	r.stats.Drained += uint64(sent)
	n.wait.sent += sent
	if sent > 0 {
		n.progress, s.again = r.turnAt, time.Time{}
	}
	switch status {
	case cgo.DrainAgain:
		switch {
		case s.again.IsZero():
			s.again = r.turnAt
		case r.turnAt.Sub(s.again) >= drainPatience:
			r.ctl.Abandon(s.Slot)
			s.again = time.Time{}
			r.stats.Abandoned++
			r.warn("drain abandoned", "a transmit queue stays full, parked packets dropped",
				"router_port", r.ports.get(n.entry.Key().RouterPort).name(), "next_hop", n.entry.Key().IP)
		}
		return false
	case cgo.DrainDone, cgo.DrainGone:
		s.again = time.Time{}
		return !r.ctl.Open(s.Slot)
	}
	return false
}
