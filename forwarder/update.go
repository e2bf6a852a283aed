// SPDX-License-Identifier: Apache-2.0

package forwarder

import (
	"cmp"
	"errors"
	"fmt"
	"net/netip"
	"slices"

	"github.com/parkway-gw/parkway/cgo"
)

// errWhole says that a change of routes takes a compilation of the whole topology.
var errWhole = errors.New("the whole topology is compiled")

// UpdateRoutes is PrepareRoutes and Commit in one. Control lcore only.
func (f *Forwarder) UpdateRoutes(router string, add, del []StaticRoute) (Change, error) {
	p, err := f.PrepareRoutes(router, add, del)
	if err != nil {
		return Change{}, err
	}
	return p.Commit()
}

// PrepareRoutes is Prepare for a router's static routes alone: del go, then add come. A
// route of several next hops has one StaticRoute for each; to change one, delete and add
// it. A route in del is known by prefix, next hop and output port, one that leads nowhere
// by its prefix. It is an error, and nothing changes, if one of del is not there or one of
// add is.
//
// Cost: what the routes themselves take, and a tenth of a millisecond or so for each call,
// however many routes there are; more where routes name thousands of next hops. The whole
// topology is compiled, as by Prepare, for a router with route tables or src-ip routes, and
// for routes that one of the router's networks hides.
//
// A later Prepare replaces these routes by those of its topology. Threads and errors are
// those of Prepare.
func (f *Forwarder) PrepareRoutes(router string, add, del []StaticRoute) (*Pending, error) {
	f.changes.mu.Lock()
	if f.changes.ended {
		f.changes.mu.Unlock()
		return nil, errors.New("forwarder: it has been stopped")
	}
	u := &routeUpdate{router: router, add: slices.Clone(add), del: slices.Clone(del)}
	p := &Pending{f: f, update: u}
	err := f.changes.foldMany()
	if p.topo = f.changes.topo; err == nil {
		err = p.prepareUpdate()
	}
	if errors.Is(err, errWhole) {
		p = &Pending{f: f}
		if err = f.changes.fold(); err == nil {
			if p.topo, err = folded(f.changes.topo, []*routeUpdate{u}); err == nil {
				err = p.prepare()
			}
		}
	}
	if err != nil {
		p.Discard()
		return nil, err
	}
	return p, nil
}

// prepareUpdate makes p's plan of the one in force.
func (p *Pending) prepareUpdate() error {
	f, u, old, former := p.f, p.update, p.f.shown.Load(), &p.f.changes.numbers
	router := routerOf(p.topo, u.router)
	if router == nil {
		return fmt.Errorf("router %q: there is none", u.router)
	}
	index := former.routers.at[router.Name]
	if len(old.shapes) > 2*old.compiledShapes+manyShapes || old.routers[index].source != 0 || slices.ContainsFunc(router.Ports, func(rp RouterPort) bool { return rp.RouteTable != "" }) {
		return errWhole
	}
	if err := p.prepareKnown(router, index); !errors.Is(err, errNumbers) {
		return err
	}
	if err := u.check(p.topo); err != nil {
		return err
	}
	next := old.copy()
	next.numbers = *former
	c := &compiler{t: p.topo, plan: next, lrps: map[string]uint16{}, former: former, switchAt: map[uint16]int{}}
	for i := range next.routerPorts {
		if name := next.routerPorts[i].info.Port.Name; name != "" {
			c.lrps[name] = uint16(i)
		}
	}
	for i := range p.topo.Switches {
		c.switchAt[former.switches.at[p.topo.Switches[i].Name]] = i
	}
	b := &routeBuilder{c: c, index: index, router: router, rows: newNextHopRows(former), neighbors: newNeighbors(c),
		shapes: &shapes{list: old.shapes, rows: old.shapeRows}}
	if len(b.rows.rows) < len(former.rows) {
		return errWhole // the rows are numbered anew
	}
	b.lookAround()
	m := newMerge(b, old)
	m.numbered = &f.changes.known
	if err := m.all(u); err != nil {
		return err
	}
	r := &next.routers[index]
	r.fib4, r.fib6 = m.halves[0].entries, m.halves[1].entries
	next.uses, next.shapes, next.shapeRows = m.uses, b.shapes.list, b.shapes.rows
	next.sweep(b.rows, b.neighbors)
	if n := len(next.adjacencies); n > f.room.named {
		return fmt.Errorf("routes: with them, %d neighbors are named, and there is room for %d; %w", n, f.room.named, ErrNeedsRestart)
	}
	return p.prepareMerged(next, m)
}

// prepareMerged takes a plan that a merge has led to.
func (p *Pending) prepareMerged(next *plan, m *merge) error {
	p.plan = next
	p.change.linef("static routes of router %s: %d added, %d removed", p.update.router, len(p.update.add), len(p.update.del))
	return p.prepareHalves(m.b.index, &m.halves)
}

// prepareHalves writes the changes into the idle FIBs.
func (p *Pending) prepareHalves(index uint16, halves *[2]mergeHalf) error {
	f := p.f
	for h := range halves {
		half, key := &halves[h], tableKey{index, h == 1}
		if t := f.res.tables[key]; len(half.changes) > 0 && (t == nil || half.entries.len() == 0) {
			return errWhole // a table comes or goes
		}
	}
	for h := range halves {
		half, key := &halves[h], tableKey{index, h == 1}
		if len(half.changes) == 0 {
			continue
		}
		t := f.res.tables[key]
		if err := p.prepareTable(t, half.entries, half.changes); err != nil {
			return fmt.Errorf("router %q: %w", p.update.router, err)
		}
		p.changed = append(p.changed, changedTable{key, t, half.changes})
	}
	return nil
}

func routerOf(t *Topology, name string) *Router {
	for i := range t.Routers {
		if t.Routers[i].Name == name {
			return &t.Routers[i]
		}
	}
	return nil
}

// check finds what a validation of the topology would, at the cost of the different next
// hops: of routes that differ in nothing but their prefix it validates one.
func (u *routeUpdate) check(t *Topology) error {
	shapes := map[StaticRoute]bool{}
	var list []StaticRoute
	for _, s := range u.add {
		switch {
		case s.RouteTable != "" || s.SourceIP:
			return errWhole
		case !s.Prefix.IsValid() || s.Prefix != s.Prefix.Masked():
			return fmt.Errorf("router %q: route %s: it is no prefix, or has bits set beyond its length", u.router, s.Prefix)
		}
		number := uint32(len(list))
		one := netip.AddrFrom4([4]byte{byte(number >> 24), byte(number >> 16), byte(number >> 8), byte(number)})
		none := netip.AddrFrom4([4]byte{})
		if s.Prefix.Addr().Is6() {
			a, b := one.As16(), [16]byte{}
			a[10], a[11] = 0, 0 // not an IPv4 address
			one, none = netip.AddrFrom16(a), netip.AddrFrom16(b)
		}
		if s.Prefix = host(none); !shapes[s] {
			shapes[s] = true
			s.Prefix = host(one)
			list = append(list, s)
		}
	}
	sample := *t
	sample.Routers = slices.Clone(t.Routers)
	for i := range sample.Routers {
		if sample.Routers[i].StaticRoutes = nil; sample.Routers[i].Name == u.router {
			sample.Routers[i].StaticRoutes = list
		}
	}
	return checkTopology(&sample)
}

// sweep frees rows, groups and gateways that no route and no policy takes, as a
// compilation does, and puts what is left into p.
func (p *plan) sweep(rows *nextHopRows, n *neighbors) {
	clear(rows.taken)
	clear(rows.groupTaken)
	for row, uses := range p.uses {
		if uses == 0 {
			continue
		}
		rows.taken[row] = true
		if nh := &rows.rows[row]; nh.Kind == cgo.NextHopECMP {
			rows.takeGroup(int(nh.Group))
		}
	}
	clear(n.used)
	for i, nh := range rows.rows {
		if rows.taken[i] && nh.Kind == cgo.NextHopGateway {
			n.used[nh.Adjacency] = true
		}
	}
	for _, i := range p.unseen {
		n.used[i] = true
	}
	rows.finish()
	p.groups, p.nextHops = rows.groups, rows.rows
	p.gateways = n.endGateways()
	p.numbers.gateways = slices.Clone(n.list)
	p.numbers.rows, p.numbers.taken, p.numbers.groups = rows.rows, rows.taken, rows.groups
	n.addPinned()
	p.adjacencies = n.list
}

func comparePrefixes(a, b netip.Prefix) int {
	if c := a.Addr().Compare(b.Addr()); c != 0 {
		return c
	}
	return cmp.Compare(a.Bits(), b.Bits())
}
