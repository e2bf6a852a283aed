// SPDX-License-Identifier: Apache-2.0

package forwarder

import (
	"fmt"
	"net/netip"
	"slices"

	"github.com/parkway-gw/parkway/internal/topology"
)

// foldAt is from how many routes on, beyond as many as the topology has, updates are
// folded into it: so each of them is looked at once more, on average, and their list has
// a bound.
const foldAt = 100_000

// routeUpdate is what UpdateRoutes changes. Both lists are its own.
type routeUpdate struct {
	router   string
	add, del []StaticRoute
}

var rejects = map[RouteKind]topology.Reject{RouteUnreachable: topology.RejectUnreachable, RouteProhibit: topology.RejectProhibit}

// memberKey is by what a static route is known among others.
type memberKey struct {
	groupKey
	blackhole bool
	nexthop   netip.Addr
	port      string
}

// member is the key of one of the router's routes.
func (b *routeBuilder) member(s *StaticRoute) memberKey {
	key := memberKey{groupKey: keyOfRoute(s), blackhole: s.Blackhole()}
	if key.blackhole {
		return key
	}
	key.nexthop, key.port = s.Nexthop, s.OutputPort
	if key.port == "" {
		if out := b.outputPort(s.Nexthop, ""); out != nil {
			key.port = out.Name
		}
	}
	return key
}

// follow notes what is in force now. An update is kept for whoever wants the topology.
func (c *changes) follow(p *Pending) {
	if p.update == nil {
		c.topo, c.updates, c.updated = p.topo, nil, 0
		return
	}
	c.updates = append(c.updates, p.update)
	c.updated += len(p.update.add) + len(p.update.del)
}

// foldMany keeps updates from growing without bound.
func (c *changes) foldMany() error {
	routes := foldAt
	for i := range c.topo.Routers {
		routes += len(c.topo.Routers[i].StaticRoutes)
	}
	if c.updated < routes {
		return nil
	}
	return c.fold()
}

// fold brings topo up to date.
func (c *changes) fold() error {
	if len(c.updates) == 0 {
		return nil
	}
	topo, err := folded(c.topo, c.updates)
	if err != nil {
		return err
	}
	c.topo, c.updates, c.updated = topo, nil, 0
	return nil
}

// folded is a topology after some updates. Its routes are its own.
func folded(t *Topology, updates []*routeUpdate) (*Topology, error) {
	out := *t
	out.Routers = slices.Clone(t.Routers)
	byRouter := map[string][]*routeUpdate{}
	for _, u := range updates {
		byRouter[u.router] = append(byRouter[u.router], u)
	}
	for name, list := range byRouter {
		r := routerOf(&out, name)
		if r == nil {
			return nil, fmt.Errorf("router %q: there is none", name)
		}
		routes, err := foldRoutes(r, list)
		if err != nil {
			return nil, err
		}
		r.StaticRoutes = routes
	}
	return &out, nil
}

// foldOp is a route that an update deletes or adds.
type foldOp struct {
	*StaticRoute
	add bool
}

// foldRoutes is a router's routes after some updates: those that stay in their order, then
// those that were added in theirs. It goes through all by prefix, sorted.
func foldRoutes(r *Router, updates []*routeUpdate) ([]StaticRoute, error) {
	f := folding{b: &routeBuilder{router: r}, gone: make([]bool, len(r.StaticRoutes))}
	for _, u := range updates {
		for i := range u.del {
			f.ops = append(f.ops, foldOp{&u.del[i], false})
		}
		for i := range u.add {
			f.ops = append(f.ops, foldOp{&u.add[i], true})
		}
	}
	f.stays = make([]bool, len(f.ops))
	ops := make([]topology.RouteOrder, len(f.ops))
	for i, op := range f.ops {
		ops[i] = topology.OrderOf(op.Prefix.Masked(), i)
	}
	topology.SortRoutes(ops)
	routes := sortedRoutes(r.StaticRoutes)
	for len(ops) > 0 {
		n, k := samePrefix(ops), 0
		for len(routes) > 0 && routes[0].Compare(ops[0]) < 0 && !routes[0].SamePrefix(ops[0]) {
			routes = routes[1:]
		}
		for k < len(routes) && routes[k].SamePrefix(ops[0]) {
			k++
		}
		if err := f.prefix(routes[:k], ops[:n]); err != nil {
			return nil, err
		}
		ops, routes = ops[n:], routes[k:]
	}
	var out []StaticRoute
	for i := range r.StaticRoutes {
		if !f.gone[i] {
			out = append(out, r.StaticRoutes[i])
		}
	}
	for i, stays := range f.stays {
		if stays {
			out = append(out, *f.ops[i].StaticRoute)
		}
	}
	return out, nil
}

// folding is foldRoutes under way.
type folding struct {
	b     *routeBuilder
	ops   []foldOp
	gone  []bool // by place in the router's list
	stays []bool // by place in ops: an addition that nobody took back
	live  []foldedRoute
}

// foldedRoute is a route that is there, by where it comes from.
type foldedRoute struct {
	key   memberKey
	at    uint32
	added bool
}

// prefix goes through what happens to one.
func (f *folding) prefix(routes, ops []topology.RouteOrder) error {
	f.live = f.live[:0]
	for _, o := range routes {
		f.live = append(f.live, foldedRoute{f.b.member(&f.b.router.StaticRoutes[o.At]), o.At, false})
	}
	for _, o := range ops {
		op := f.ops[o.At]
		key := f.b.member(op.StaticRoute)
		i := slices.IndexFunc(f.live, func(l foldedRoute) bool { return l.key == key })
		switch {
		case op.add && i >= 0:
			return fmt.Errorf("router %q: route %s is there already, with the same next hop", f.b.router.Name, op.Prefix)
		case op.add:
			f.live = append(f.live, foldedRoute{key, o.At, true})
			f.stays[o.At] = true
			continue
		case i < 0:
			return fmt.Errorf("router %q: route %s to be deleted is not there", f.b.router.Name, op.Prefix)
		case f.live[i].added:
			f.stays[f.live[i].at] = false
		default:
			f.gone[f.live[i].at] = true
		}
		f.live = slices.Delete(f.live, i, i+1)
	}
	return nil
}
