// SPDX-License-Identifier: Apache-2.0

package arpbuf

import (
	"context"
	"reflect"
	"slices"

	"github.com/parkway-gw/parkway/arpbuf/neighbor"
	"github.com/parkway-gw/parkway/cgo"
	"github.com/parkway-gw/parkway/internal/topology"
)

// Reconfigure has change give the plane another topology and follows, all in one turn of
// control: no packet of a worker's comes in between. An error of change is returned, and
// nothing follows then. Router ports keep their numbers as long as they are there.
//
// Neighbors behind router ports that stay are kept with state and MAC, and what waits for
// them waits on. What waits for somebody who is no next hop any more, because his port,
// network or route is gone, is freed as park_discarded. New own addresses are announced.
// ctx ends the waiting for change only before it has begun. Any goroutine.
func (r *Resolver) Reconfigure(ctx context.Context, change func() error) error {
	_, err := inTurn(ctx, r, func() (struct{}, error) {
		if err := ctx.Err(); err != nil {
			return struct{}{}, err
		}
		err := change()
		if err == nil {
			r.reconfigure()
		}
		return struct{}{}, err
	})
	return err
}

func (r *Resolver) reconfigure() {
	next := newLRPs(r.plane.RouterPorts())
	ages, err := newAges(next.ports)
	if err != nil { // the topology was validated
		r.log.Error("ages of neighbors stay as they were", "err", err)
		ages = r.ages
	}
	named := r.namedNow()
	r.letGoOfRemoved(&next, named)

	former := r.ports
	r.ports, r.ages = next, ages
	r.resizePerPort(&former)
	r.regate()
	r.enterNamed(named)
	r.readvertise()
	r.announceNew(&former)
	switchPorts := r.plane.SwitchPortNumbers()
	for sp := range r.down {
		if !slices.Contains(switchPorts, sp) {
			delete(r.down, sp)
		}
	}
	r.drains()
}

// named is whom the topology names.
type named struct {
	gateways map[neighbor.Key]struct{}
	pinned   map[neighbor.Key]topology.MAC
}

func (r *Resolver) namedNow() named {
	n := named{map[neighbor.Key]struct{}{}, map[neighbor.Key]topology.MAC{}}
	for _, g := range r.plane.Gateways() {
		n.gateways[neighbor.Key{RouterPort: g.RouterPort, IP: g.IP}] = struct{}{}
	}
	for _, p := range r.plane.Pinned() {
		n.pinned[neighbor.Key{RouterPort: p.RouterPort, IP: p.IP}] = p.MAC
	}
	return n
}

// letGoOfRemoved ends what the topology says no more. The ports in force are still those
// of before, for who goes is logged and counted by them.
func (r *Resolver) letGoOfRemoved(next *lrps, named named) {
	for _, e := range r.choose(&Filter{}) {
		n, ok := e.User.(*nexthop)
		if !ok {
			continue
		}
		key, p := e.Key(), next.get(e.Key().RouterPort)
		_, gateway := named.gateways[key]
		_, pinned := named.pinned[key]
		unpinned, unkept := e.Pinned() && !pinned, e.Kept() && !gateway
		removed := p == nil || next.routerOwns(p, key.IP) ||
			!gateway && !pinned && (!p.onLink(key.IP) || p.isBroadcast(key.IP)) ||
			unpinned && n.gate.closed() // what waited, waited for that port
		if unpinned {
			r.perform(r.table.Unpin(r.turnAt, e))
		}
		if unkept {
			removed = removed || !e.State().Usable()
			r.perform(r.table.Unkeep(r.turnAt, e))
			if !e.Confirmed() {
				r.flag(n, n.flags&^cgo.AdjKnown)
			}
		}
		if removed && e.User == n {
			r.withdrawOne(n)
		}
	}
}

// withdrawOne forgets a neighbor that can be one no more and frees what waits for it.
func (r *Resolver) withdrawOne(n *nexthop) (packets int) {
	packets = r.discardParked(n)
	r.perform(r.table.Withdraw(r.turnAt, n.entry))
	r.letGo(n)
	return packets
}

// resizePerPort makes what is kept by router port follow.
func (r *Resolver) resizePerPort(former *lrps) {
	r.relimit(former)
	for i := range r.ports.ports {
		if i >= len(r.announcer.ports) {
			r.announcer.add()
		}
		if old, p := former.get(uint16(i)), r.ports.get(uint16(i)); old != nil && p != nil && old.name() == p.name() {
			p.conflicts = old.conflicts
		}
	}
	for key := range r.announcer.defended {
		if p := r.ports.get(key.RouterPort); p == nil || !p.owns(key.IP) {
			delete(r.announcer.defended, key)
		}
	}
	r.detector.keepOnly(func(key neighbor.Key) bool { p := r.ports.get(key.RouterPort); return p != nil && p.owns(key.IP) })
}

// relimit gives every port the limits that it has now. One that was there goes on with
// what its buckets hold.
func (r *Resolver) relimit(former *lrps) {
	limits, vain := newProbeLimits(r.ports.ports, r.cfg.ProbeRate), newVainLimits(r.ports.ports, r.cfg.UnreachableBurst)
	for i := range limits {
		port := i / 2
		old, p := former.get(uint16(port)), r.ports.get(uint16(port))
		stays := old != nil && p != nil && old.name() == p.name()
		if stays {
			limits[i].bucket.inherit(&r.limits[i].bucket)
			vain[port][i%2].inherit(&r.vain[port][i%2])
		}
		if i < len(r.limits) {
			limits[i].waiting = r.limits[i].waiting
		}
	}
	r.limits, r.vain = limits, vain
}

// regate makes the gates those of the plane. One that was there stays open or closed.
func (r *Resolver) regate() {
	former := r.gates
	r.gates = newGates(r.plane.Gates(), r.turnAt)
	for _, g := range r.gates.list {
		if old := former.byPort[g.SwitchPort]; old != nil {
			g.open, g.since = old.open, old.since
		} else {
			r.plane.ArmGate(g.SwitchPort)
		}
	}
	for _, e := range r.choose(&Filter{}) {
		n, ok := e.User.(*nexthop)
		if !ok || n.gate == nil && r.gates.byNeighbor[e.Key()] == nil {
			continue
		}
		was, flags := n.gate, n.flags&^cgo.AdjGated
		if n.gate = r.gates.byNeighbor[e.Key()]; n.gate != nil {
			n.gate.behind = append(n.gate.behind, n)
			flags = cgo.AdjKnown | cgo.AdjGated
		}
		r.flag(n, flags)
		_, waits := former.waiting[n]
		switch {
		case was.closed() && n.gate.closed():
			if waits {
				r.gates.waiting[n] = struct{}{}
				r.gates.lookAt = r.turnAt
			}
		case was.closed():
			r.publish(n, e.MAC(), e.State())
		case n.gate.closed():
			r.unpublish(n, neighbor.Incomplete)
		}
	}
}

// enterNamed enters whom the topology names now.
func (r *Resolver) enterNamed(named named) {
	attach := func(e *neighbor.Entry) *nexthop {
		n, err := r.attach(e)
		if err != nil { // the plane has made room for all that it names
			r.log.Error("a configured next hop", "err", err)
		}
		return n
	}
	for key := range named.gateways {
		if e := r.table.Get(key); e == nil || !e.Kept() {
			r.manageDue(key.RouterPort)
		}
		if n := attach(r.table.Gateway(r.turnAt, key)); n != nil {
			r.flag(n, n.flags|cgo.AdjKnown)
		}
	}
	for key, mac := range named.pinned {
		if e := r.table.Get(key); e != nil && e.Pinned() && e.MAC() == mac {
			continue
		}
		e, acts := r.table.Pin(r.turnAt, key, mac)
		attach(e)
		r.perform(acts)
	}
}

// announceNew announces the addresses that are new, or that have another MAC.
func (r *Resolver) announceNew(former *lrps) {
	for i := range r.ports.ports {
		p, old := r.ports.get(uint16(i)), former.get(uint16(i))
		switch {
		case p == nil:
			r.announcer.ports[i].move(nil)
		case old == nil || old.mac() != p.mac() || !slices.Equal(old.own, p.own):
			r.announcer.ports[i].move(nil)
			r.announcePort(uint16(i))
		}
	}
}

// readvertise makes the advertisers those of the ports now. One whose words are the same
// goes on; on a port that stays, hosts hear that one is no router any more.
func (r *Resolver) readvertise() {
	former := r.advertisers
	r.advertisers = newAdvertisers(&r.ports)
	for i, a := range r.advertisers.list {
		old := former.by[a.p.ID]
		delete(former.by, a.p.ID)
		if old != nil && old.periodic == a.periodic && old.highest == a.highest && old.lowest == a.lowest && reflect.DeepEqual(old.ra, a.ra) {
			old.p = a.p
			r.advertisers.list[i], r.advertisers.by[a.p.ID] = old, old
			continue
		}
		if old != nil {
			a.last = old.last
		}
		r.advertise(a.p.ID)
	}
	for id, old := range former.by {
		if p := r.ports.get(id); p != nil && p.LinkLocal.IsValid() {
			old.p = p
			r.ceaseOne(old)
		}
	}
	r.advertisers.look = r.turnAt // what is planned is found there
}
