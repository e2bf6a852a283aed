// SPDX-License-Identifier: Apache-2.0

package forwarder

import (
	"fmt"
	"maps"
	"net/netip"
	"slices"
)

// ofTable lifts the ranks of a port's own table and of connected networks in it over those
// of the main table: whatever matches there wins.
const ofTable = 512

// finish makes the route tables as workers look them up. A packet that enters by a port
// with a route table of its own looks there and among the connected networks first, and
// into the main table only if nothing matches. Workers need not look twice: such a table
// holds, beside its own routes, those of the main table that none of its own covers.
func (b *routeBuilder) finish() error {
	main := b.tables[0]
	networks := b.networks.sorted(b.shapes)
	for _, t := range b.tables {
		if t == main {
			if err := b.lay(b.index, "", overlaid(main.byDest, networks), main.bySource); err != nil {
				return err
			}
			continue
		}
		if !b.looksInto(t.name) {
			continue // nobody does
		}
		row, err := b.c.routers.number(tableName(b.router.Name, t.name, false))
		if err != nil {
			return err
		}
		b.enter(t.name, row)
		dest, source := finalSet{}, finalSet{}
		dest.add(t.byDest, ofTable)
		dest.add(networks, ofTable)
		source.add(t.bySource, ofTable)
		dest.addUncovered(main.byDest)
		source.addUncovered(main.bySource)
		if err := b.lay(row, t.name, dest.sorted(), source.sorted()); err != nil {
			return err
		}
	}
	b.list()
	return nil
}

// list adds what the main table's entries don't show: other tables, and routes by source.
// What stands beside a route of the router's networks is not in force.
func (b *routeBuilder) list() {
	r := &b.c.plan.routers[b.index]
	b.c.plan.shownRouters = append(b.c.plan.shownRouters, b.index)
	for _, t := range b.tables {
		if t != b.tables[0] {
			for _, s := range t.byDest {
				if _, hidden := b.networks[s.prefix]; !hidden {
					r.more = append(r.more, b.shapes.list[s.shape].shown(b.router.Name, t.name, false, s.prefix))
				}
			}
		}
		for _, s := range t.bySource {
			r.more = append(r.more, b.shapes.list[s.shape].shown(b.router.Name, t.name, true, s.prefix))
		}
	}
}

// tableName is by what a table that is no main one keeps its number.
func tableName(router, table string, source bool) string {
	return fmt.Sprintf("%s\x00%s\x00%t", router, table, source)
}

// lay numbers what a table leads to and puts it at its row, what is looked up by source at
// one of its own. Ranks are for tables that have such; without, rows are shared.
func (b *routeBuilder) lay(row uint16, table string, dest, source []shapedRoute) error {
	name := b.router.Name
	if table != "" {
		name += " table " + table
	}
	r := planRouter{name: name}
	r.fib4, r.fib6 = b.entries(dest, len(source) > 0, 1)
	if len(source) > 0 {
		s := planRouter{name: name + " by source"}
		s.fib4, s.fib6 = b.entries(source, true, 0)
		var err error
		if r.source, err = b.c.routers.number(tableName(b.router.Name, table, true)); err != nil {
			return err
		}
		b.c.plan.routers = put(b.c.plan.routers, r.source, s, planRouter{})
	}
	b.c.plan.routers = put(b.c.plan.routers, row, r, planRouter{})
	return nil
}

// entries are a set's, with the rows that they lead to. Of two matches that of the longer
// prefix ranks higher, and of equal ones that by destination, as in OVN; tie is 1 for that.
func (b *routeBuilder) entries(set []shapedRoute, ranked bool, tie uint16) (fib4, fib6 entryList) {
	list := make([]fibEntry, len(set))
	plain := make([]uint32, len(b.shapes.list)) // by shape: its row and one more, where there are no ranks
	four := 0
	for i, s := range set {
		if s.prefix.Addr().Is4() {
			four++ // they come first
		}
		var row uint32
		switch {
		case ranked:
			row = b.row(s.shape, 1+2*uint16(s.prefix.Bits())+tie+s.lift)
		case plain[s.shape] == 0:
			row = b.row(s.shape, 0)
			plain[s.shape] = row + 1
		default:
			row = plain[s.shape] - 1
		}
		list[i] = fibEntry{s.prefix, row, s.shape}
	}
	return listOf(list[:four:four]), listOf(list[four:])
}

// row is where routes of a shape lead.
func (b *routeBuilder) row(shape uint32, rank uint16) (row uint32) {
	r := &b.shapes.list[shape]
	if r.kind == RouteStatic {
		row = b.rows.gateways(r.gateways, rank)
	} else {
		nh := r.nextHop
		nh.Rank = rank
		row = b.rows.row(nh)
	}
	if rank == 0 {
		b.shapes.rows[shape] = row + 1
	}
	return row
}

func (b *routeBuilder) looksInto(table string) bool {
	for i := range b.router.Ports {
		if b.router.Ports[i].RouteTable == table {
			return true
		}
	}
	return false
}

// enter has the ports of a route table look into row.
func (b *routeBuilder) enter(table string, row uint16) {
	for i := range b.router.Ports {
		if p := &b.router.Ports[i]; p.RouteTable == table {
			b.c.plan.routerPorts[b.c.lrps[p.Name]].table.Table = row
		}
	}
}

// sorted are the routes by address, then length.
func (s routeSet) sorted(n *shapes) []shapedRoute {
	out := make([]shapedRoute, 0, len(s))
	for p, r := range s {
		out = append(out, shapedRoute{prefix: p, shape: n.number(r)})
	}
	slices.SortFunc(out, compareShaped)
	return out
}

func compareShaped(x, y shapedRoute) int { return comparePrefixes(x.prefix, y.prefix) }

// overlaid are routes with others, few as a rule, over them.
func overlaid(routes, over []shapedRoute) []shapedRoute {
	out := make([]shapedRoute, 0, len(routes)+len(over))
	for _, o := range over {
		n, there := slices.BinarySearchFunc(routes, o, compareShaped)
		out = append(append(out, routes[:n]...), o)
		if routes = routes[n:]; there {
			routes = routes[1:]
		}
	}
	return append(out, routes...)
}

// finalSet is what one lookup goes through. What is added later replaces what is there.
type finalSet map[netip.Prefix]shapedRoute

func (s finalSet) add(routes []shapedRoute, lift uint16) {
	for _, r := range routes {
		r.lift = lift
		s[r.prefix] = r
	}
}

func (s finalSet) sorted() []shapedRoute {
	return slices.SortedFunc(maps.Values(s), compareShaped)
}

// addUncovered adds the routes that no prefix in s holds.
func (s finalSet) addUncovered(routes []shapedRoute) {
	var lengths [2][129]bool // by family
	for p := range s {
		lengths[p.Addr().BitLen()/128][p.Bits()] = true
	}
	var fresh []shapedRoute
	for _, r := range routes {
		covered := false
		for bits := r.prefix.Bits(); bits >= 0 && !covered; bits-- {
			if lengths[r.prefix.Addr().BitLen()/128][bits] {
				_, covered = s[netip.PrefixFrom(r.prefix.Addr(), bits).Masked()]
			}
		}
		if !covered {
			fresh = append(fresh, r)
		}
	}
	s.add(fresh, 0)
}
