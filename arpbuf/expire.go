// SPDX-License-Identifier: Apache-2.0

package arpbuf

import (
	"time"

	"github.com/parkway-gw/parkway/cgo"
)

// expireEvery is how often parked packets are looked at for their age.
const expireEvery = 100 * time.Millisecond

// failsSoon: the last probe is out and its time ends before the next look. By default
// that is when the packet that made us ask comes of age, and then the sender hears why
// it was lost (checklist A6, N4), whichever is seen first.
func (r *Resolver) failsSoon(n *nexthop) bool {
	return r.table.LastTry(n.entry) && n.entry.Deadline().Sub(r.turnAt) <= expireEvery
}

// before is the TSC that packets of the given age arrived at; 0 when there are none
// so old, or age has no limit.
func (r *Resolver) before(age time.Duration) uint64 {
	cycles, now := uint64(age.Seconds()*r.tscHz), cgo.TSC()
	if age <= 0 || cycles >= now {
		return 0
	}
	return now - cycles
}

// expire frees packets older than MaxAge, or GatedMaxAge.
func (r *Resolver) expire() {
	if r.turnAt.Before(r.expireAt) {
		return
	}
	r.expireAt = r.turnAt.Add(expireEvery)
	before := [cgo.ParkClasses]uint64{cgo.ParkNextHop: r.before(r.cfg.MaxAge), cgo.ParkGated: r.before(r.cfg.GatedMaxAge)}
	for n := range r.waiting {
		if n.phase != draining {
			r.expireNextHop(n, &before)
		}
	}
}

func (r *Resolver) expireNextHop(n *nexthop, before *[cgo.ParkClasses]uint64) {
	r.standing(n) // a wait that nobody asked for begins before it may end
	spared, expired := r.failsSoon(n), 0
	for i := range n.slots {
		s := n.slots[i].Slot
		if b := before[r.ctl.Class(s)]; b > 0 && !spared {
			expired += r.ctl.Expire(s, b, r.cfg.RearmAge && r.ctl.Class(s) == cgo.ParkNextHop)
		}
	}
	n.wait.lost += expired
	left := r.standing(n)
	if expired > 0 && left == 0 {
		r.waited(n, WaitExpired, n.wait.lost)
	}
	r.closeSlots(n)
	switch {
	case left == 0 && n.entry.Deferred() && n.entry.Probes() == 0:
		// Its packets are gone before anybody was asked: others need the probe and the
		// slots more.
		r.perform(r.table.Unneeded(r.turnAt, n.entry))
		r.giveBack(n)
		n.slots = n.slots[:0]
		delete(r.waiting, n)
	case len(n.slots) > 0: // whoever has slots open must be asking, or be told why not
		r.perform(r.table.Needed(r.turnAt, n.entry))
	}
}
