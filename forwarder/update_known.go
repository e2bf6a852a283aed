// SPDX-License-Identifier: Apache-2.0

package forwarder

import (
	"errors"
	"net/netip"
	"slices"
	"sync/atomic"

	"github.com/parkway-gw/parkway/cgo"
)

// Most updates lead prefixes to where others lead already. Then nothing is numbered:
// neighbors, next hops and groups are those of the plan in force, however many there are.

// errNumbers says that an update takes new numbers, or leaves some without use.
var errNumbers = errors.New("numbers change")

// compilations counts them, so that a plan knows which one it comes of.
var compilations atomic.Uint64

// knownWays finds the shapes of routes with one next hop, or none, by what a StaticRoute
// says.
type knownWays struct {
	compilation uint64 // of the plans that the numbers are of
	shapes      int    // how many of theirs are in at
	at          map[knownWay]uint32
}

type knownWay struct {
	kind   RouteKind
	reason string
	ip     netip.Addr
	port   string // never empty, but for routes that lead nowhere
	weight int
}

// learn brings the ways up to date with the plan in force.
func (k *knownWays) learn(p *plan) {
	if k.compilation != p.compilation {
		*k = knownWays{compilation: p.compilation, at: map[knownWay]uint32{}}
	}
	for ; k.shapes < len(p.shapes); k.shapes++ {
		k.note(&p.shapes[k.shapes], uint32(k.shapes))
	}
}

// note says that a shape has a number, the last one if it has had several. It may have been
// given in vain: find looks.
func (k *knownWays) note(s *builtRoute, shape uint32) {
	if way, ok := s.way(); ok {
		k.at[way] = shape
	}
}

// way is what a StaticRoute says of such a route, if it has one next hop at most.
func (r *builtRoute) way() (way knownWay, ok bool) {
	switch {
	case !r.static() || len(r.gateways) > 1:
		return way, false
	case len(r.gateways) == 0:
		return knownWay{kind: r.kind, reason: r.reason}, true
	}
	g := &r.gateways[0]
	return knownWay{r.kind, r.reason, g.ip, g.port, g.weight}, true
}

// find returns shape and row of a route that is led as others of the router are.
func (k *knownWays) find(p *plan, b *routeBuilder, s *StaticRoute) (shape, row uint32, known bool) {
	way := knownWay{reason: s.Reason}
	if s.Blackhole() {
		way.kind = blackhole(s).kind
	} else {
		out := b.outputPort(s.Nexthop, s.OutputPort)
		if out == nil || s.Nexthop.Is4() && s.Prefix.Addr().Is6() {
			return 0, 0, false
		}
		way.kind, way.ip, way.port, way.weight = RouteStatic, s.Nexthop, out.Name, max(s.Weight, 1)
	}
	shape, known = k.at[way]
	if !known || int(shape) >= len(p.shapes) || p.shapeRows[shape] == 0 {
		return 0, 0, false
	}
	if is, _ := p.shapes[shape].way(); is != way {
		return 0, 0, false
	}
	// What had the shape may have gone since, and its row and neighbor be another's.
	row = p.shapeRows[shape] - 1
	if int(row) >= min(len(p.uses), len(p.nextHops)) || p.uses[row] == 0 {
		return 0, 0, false
	}
	nh := p.shapes[shape].nextHop
	if way.kind == RouteStatic {
		g := &p.shapes[shape].gateways[0]
		if int(g.adjacency) >= p.gateways {
			return 0, 0, false
		}
		if n := &p.adjacencies[g.adjacency]; n.RouterPort != g.lrp || n.IP != g.ip {
			return 0, 0, false
		}
		nh = cgo.NextHop{Kind: cgo.NextHopGateway, RouterPort: g.lrp, Adjacency: g.adjacency}
	}
	return shape, row, p.nextHops[row] == nh
}

// prepareKnown is prepareUpdate for updates that number nothing; errNumbers for others,
// among them those with something wrong.
func (p *Pending) prepareKnown(router *Router, index uint16) error {
	f, u, old := p.f, p.update, p.f.shown.Load()
	f.changes.known.learn(old)
	for i := range u.add {
		s := &u.add[i]
		if s.RouteTable != "" || s.SourceIP || !s.Prefix.IsValid() || s.Prefix != s.Prefix.Masked() || s.Weight < 0 || s.Blackhole() && (s.Weight != 0 || s.OutputPort != "" || s.Nexthop.IsValid()) ||
			s.Discard && s.Reject != 0 {
			return errNumbers
		}
	}
	b := &routeBuilder{c: &compiler{}, index: index, router: router, shapes: &shapes{list: old.shapes}}
	b.lookAround()
	m := newMerge(b, old)
	m.known = &f.changes.known
	if err := m.all(u); err != nil {
		return errNumbers
	}
	for _, row := range m.left {
		if m.uses[row] == 0 {
			return errNumbers
		}
	}
	next := old.copy()
	r := &next.routers[index]
	r.fib4, r.fib6 = m.halves[0].entries, m.halves[1].entries
	next.uses, next.adjs, next.sameNeighbors = m.uses, old.adjs, true
	return p.prepareMerged(next, m)
}

// copy is a plan to be changed by an update.
func (p *plan) copy() *plan {
	next := *p
	next.routers, next.routerPorts, next.warnings = slices.Clone(p.routers), slices.Clone(p.routerPorts), nil
	next.adjs, next.sameNeighbors = nil, false
	for i := range next.routers {
		next.routers[i].policies = slices.Clone(p.routers[i].policies)
	}
	return &next
}
