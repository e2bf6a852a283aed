// SPDX-License-Identifier: Apache-2.0

package arpbuf

import (
	"net/netip"
	"time"

	"github.com/parkway-gw/parkway/arpbuf/neighbor"
	"github.com/parkway-gw/parkway/cgo"
	"github.com/parkway-gw/parkway/internal/topology"
)

// phase is where a next hop's adjacency stands between parking and forwarding.
type phase uint8

const (
	parking  phase = iota // workers park, or drop while FAILED
	draining              // published DRAINING: slots are emptied first
	sending               // workers send directly
)

// nexthop is what the resolver keeps for a neighbor.
type nexthop struct {
	entry *neighbor.Entry
	adj   uint32
	phase phase
	flags cgo.AdjFlags // that the plane has
	slots []slot
	wait  wait
	turn  turn       // its place among the deferred probes
	from  uint16     // switch port by which the packets came that asked for it; cgo.MaxSwitchPorts for the router's own, and for none
	src   netip.Addr // that solicitations come from, if it matters

	gate   *gate // the one that it is behind; nil for most
	atGate gateWait

	// While draining.
	mac      topology.MAC
	final    cgo.AdjState // what to publish at the end
	mark     cgo.AskMark  // the asks written before DRAINING was published
	progress time.Time    // the last time that something moved
}

// slot is a park slot that waits, or waited, for the next hop.
type slot struct {
	cgo.Slot
	again time.Time // since when a transmit queue is full, the slot in control's hands; zero when not
}

// adjState is the word that workers read for a state.
func adjState(s neighbor.State) cgo.AdjState {
	switch s {
	case neighbor.Reachable:
		return cgo.AdjReachable
	case neighbor.Stale:
		return cgo.AdjStale
	case neighbor.Delay:
		return cgo.AdjDelay
	case neighbor.Probe:
		return cgo.AdjProbe
	case neighbor.Permanent:
		return cgo.AdjPermanent
	case neighbor.Failed:
		return cgo.AdjFailed
	default:
		return cgo.AdjIncomplete
	}
}

// publish tells the workers about n. A next hop that becomes usable drains first; one
// behind a closed gate is not usable.
func (r *Resolver) publish(n *nexthop, mac topology.MAC, state neighbor.State) {
	if !state.Usable() {
		r.unpublish(n, state)
		return
	}
	if n.gate.closed() {
		r.unpublish(n, neighbor.Incomplete)
		return
	}
	if state == neighbor.Reachable || state == neighbor.Stale { // use is counted from here on
		if r.plane.AdjacencyUsed(n.adj) && state == neighbor.Stale {
			r.table.Touched(r.turnAt, n.entry)
		}
	}
	if n.entry.Confirmed() {
		r.flag(n, n.flags|cgo.AdjKnown)
	}
	n.mac, n.final = mac, adjState(state)
	switch n.phase {
	case parking:
		r.beginDrain(n)
	case draining:
		r.plane.SetAdjacency(n.adj, mac, cgo.AdjDraining)
	case sending:
		r.plane.SetAdjacency(n.adj, mac, n.final)
	}
}

// flag tells workers of n's flags.
func (r *Resolver) flag(n *nexthop, flags cgo.AdjFlags) {
	if n.flags != flags {
		n.flags = flags
		r.plane.FlagAdjacency(n.adj, flags)
	}
}

// unpublish makes workers park again, or drop. What a drain has not sent goes back
// to its workers, who park it and ask anew.
func (r *Resolver) unpublish(n *nexthop, state neighbor.State) {
	r.plane.SetAdjacency(n.adj, topology.MAC{}, adjState(state))
	if state == neighbor.Failed {
		r.plane.AdjacencyUsed(n.adj) // packets count from here on
	}
	if n.phase == draining {
		delete(r.draining, n)
		r.giveBack(n)
		r.interrupted(n)
	}
	n.phase = parking
}

// giveBack returns n's slots to their workers.
func (r *Resolver) giveBack(n *nexthop) {
	for i := range n.slots {
		s := n.slots[i].Slot
		n.slots[i].again = time.Time{}
		r.ctl.Abandon(s)
		if r.ctl.Claim(s) {
			r.ctl.Handback(s)
		}
	}
}

// release gives n's adjacency back; the entry is gone. Should packets wait all the
// same, their workers ask again.
func (r *Resolver) release(n *nexthop) {
	r.unpublish(n, neighbor.Incomplete)
	n.entry.User, n.wait = nil, wait{}
	delete(r.waiting, n)
	r.plane.ReleaseAdjacency(n.adj)
	r.giveBack(n)
}

// asked: a worker has packets for a next hop that it can't send to.
func (r *Resolver) asked(a *cgo.Ask) {
	r.stats.Asks++
	r.wait(neighbor.Key{RouterPort: uint16(a.Key.RouterPort), IP: a.Key.Addr()}, a.Slot(), a.SwitchPort)
}

// wait adds a slot to the next hop of key and sees to it that it ends. from is the switch
// port that its packets came by.
func (r *Resolver) wait(key neighbor.Key, s cgo.Slot, from uint16) {
	lrp := r.ports.get(key.RouterPort)
	if lrp == nil || lrp.owns(key.IP) || lrp.isBroadcast(key.IP) {
		r.refuseSlot(s, cgo.DropParkDiscarded) // nobody can answer for that
		return
	}
	n := r.neighbor(key)
	if n == nil {
		r.refuseSlot(s, cgo.DropParkNoNeighbor)
		return
	}
	n.from, n.src = from, r.solicitFrom(lrp, key.IP, from)
	fresh := n.add(s)
	r.waiting[n] = struct{}{}
	r.waits(n, s, fresh)
	r.perform(r.table.Needed(r.turnAt, n.entry))
	r.hurry(n)
	switch {
	case n.gate.closed():
		r.waitAtGate(n)
	case n.phase == draining:
		n.progress = r.turnAt
	case n.entry.State().Usable():
		// Resolved already, but this slot must empty before its worker sends past
		// it, so back to DRAINING it goes, before the slot is claimed.
		r.beginDrain(n)
	case n.entry.State() == neighbor.Failed && r.ctl.Class(s) != cgo.ParkGated:
		r.refuseSlot(s, cgo.DropParkFailed) // held off
		n.wait = wait{}
	}
}

// add notes s, in place of an earlier life of the same slot, whose transmit queue's
// patience is not its own; false when it is the same life.
func (n *nexthop) add(s cgo.Slot) (fresh bool) {
	for i := range n.slots {
		if old := &n.slots[i]; old.Worker == s.Worker && old.Index == s.Index {
			if old.SameLife(s) {
				return false
			}
			old.Slot, old.again = s, time.Time{}
			return true
		}
	}
	n.slots = append(n.slots, slot{Slot: s})
	return true
}
