// SPDX-License-Identifier: Apache-2.0

package forwarder

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/parkway-gw/parkway/cgo"
	"github.com/parkway-gw/parkway/internal/topology"
)

// staticSet is the static routes of one table that look at the same address.
type staticSet struct {
	table  *builtTable
	source bool
	order  []topology.RouteOrder
}

// staticSets divides the static routes by what they are looked up by, and sorts each.
func (b *routeBuilder) staticSets() []*staticSet {
	var sets []*staticSet
	var last *staticSet
	for i := range b.router.StaticRoutes {
		s := &b.router.StaticRoutes[i]
		if last == nil || last.source != s.SourceIP || last.table.name != s.RouteTable {
			k := slices.IndexFunc(sets, func(x *staticSet) bool { return x.source == s.SourceIP && x.table.name == s.RouteTable })
			if k < 0 {
				k = len(sets)
				sets = append(sets, &staticSet{table: b.table(s.RouteTable), source: s.SourceIP})
			}
			if last = sets[k]; last.order == nil {
				last.order = make([]topology.RouteOrder, 0, len(b.router.StaticRoutes)-i)
			}
		}
		last.order = append(last.order, topology.OrderOf(s.Prefix.Masked(), i))
	}
	for _, set := range sets {
		topology.SortRoutes(set.order)
	}
	return sets
}

// staticBuilder makes the routes of one set after another.
type staticBuilder struct {
	*routeBuilder
	alone   []uint32 // by place in the router's list: the shape, if the route is the only one of its prefix
	unused  []unusedRoute
	members []*StaticRoute
}

// unusedRoute is a warning, to be sorted by where its route is.
type unusedRoute struct {
	at  uint32
	why string
}

// static sets the static routes; those of one prefix are members of one group.
func (b *routeBuilder) static() error {
	sb := &staticBuilder{routeBuilder: b}
	if err := sb.shapeAll(); err != nil {
		return err
	}
	for _, set := range b.staticSets() {
		if err := sb.set(set); err != nil {
			return err
		}
	}
	slices.SortFunc(sb.unused, func(x, y unusedRoute) int { return cmp.Compare(x.at, y.at) })
	for _, u := range sb.unused {
		b.c.warnf("router %q: the static route %s is not used; %s", b.router.Name, keyOfRoute(&b.router.StaticRoutes[u.at]).prefix, u.why)
	}
	return nil
}

func (b *staticBuilder) set(set *staticSet) error {
	routes := make([]shapedRoute, 0, len(set.order))
	for order := set.order; len(order) > 0; {
		n := 1
		for n < len(order) && order[n].SamePrefix(order[0]) {
			n++
		}
		// The route itself is only looked at where it must be: it may be anywhere in memory.
		p := order[0].Prefix()
		if !b.speaks(p, &b.router.StaticRoutes[order[0].At]) {
			b.unused = append(b.unused, unusedRoute{order[0].At, "the router has no address of that family"})
			order = order[n:]
			continue
		}
		shape, err := b.membersShape(order[:n])
		if err != nil {
			return err
		}
		hides, hidden := b.networks[p]
		if hidden || set.table.name != "" {
			for _, g := range b.shapes.list[shape].gateways {
				b.c.plan.unseen = append(b.c.plan.unseen, g.adjacency)
			}
		}
		if hidden && !set.source {
			b.unused = append(b.unused, unusedRoute{order[0].At, "the " + string(hides.kind) + " route wins"})
		}
		routes = append(routes, shapedRoute{prefix: p, shape: shape})
		order = order[n:]
	}
	if set.source {
		set.table.bySource = routes
	} else {
		set.table.byDest = routes
	}
	return nil
}

// shapeAll looks up once what leads the same way. It goes by the router's list, so that
// next hops are numbered in the order in which they are written.
func (b *staticBuilder) shapeAll() error {
	ways := map[way]uint32{}
	b.alone = make([]uint32, len(b.router.StaticRoutes))
	for i := range b.alone {
		s := &b.router.StaticRoutes[i]
		if !b.speaks(s.Prefix, s) {
			continue
		}
		shape, known := ways[wayOf(s)]
		if !known {
			var err error
			if shape, err = b.shape(s); err != nil {
				return err
			}
			ways[wayOf(s)] = shape
		}
		b.alone[i] = shape
	}
	return nil
}

// membersShape is that of a route with one member or several.
func (b *staticBuilder) membersShape(order []topology.RouteOrder) (uint32, error) {
	if len(order) == 1 {
		return b.alone[order[0].At], nil
	}
	b.members = b.members[:0]
	for i := range order {
		b.members = append(b.members, &b.router.StaticRoutes[order[i].At])
	}
	return b.shape(b.members...)
}

func (b *routeBuilder) shape(members ...*StaticRoute) (uint32, error) {
	r, err := b.group(keyOfRoute(members[0]), members)
	if err != nil {
		return 0, err
	}
	return b.shapes.number(r), nil
}

// group is a route with its next hops, or without.
func (b *routeBuilder) group(key groupKey, members []*StaticRoute) (r builtRoute, err error) {
	if len(members) > cgo.MaxECMP {
		return r, fmt.Errorf("router %q: route %s has %d next hops, %d at most", b.router.Name, key.prefix, len(members), cgo.MaxECMP)
	}
	r.kind = RouteStatic
	for _, s := range members {
		if s.Blackhole() {
			return blackhole(s), nil
		}
		g, err := b.gateway(s.Nexthop, s.OutputPort, s.Weight)
		if err != nil {
			return r, fmt.Errorf("router %q: route %s: %w", b.router.Name, key.prefix, err)
		}
		r.gateways = append(r.gateways, g)
	}
	return r, nil
}
