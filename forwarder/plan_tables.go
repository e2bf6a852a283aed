// SPDX-License-Identifier: Apache-2.0

package forwarder

import (
	"net/netip"
)

// ofTable lifts the ranks of a port's own table and of connected networks in it over those
// of the main table: whatever matches there wins.
const ofTable = 512

// finish makes the route tables as workers look them up. A packet that enters by a port
// with a route table of its own looks there and among the connected networks first, and
// into the main table only if nothing matches. Workers need not look twice: such a table
// holds, beside its own routes, those of the main table that none of its own covers.
func (b *routeBuilder) finish() {
	b.list()
	main := b.tables[0]
	for _, t := range b.tables {
		row := b.index
		if t != main {
			if !b.looksInto(t.name) {
				continue // nobody does
			}
			row = len(b.c.plan.routers)
			b.c.plan.routers = append(b.c.plan.routers, planRouter{})
			b.enter(t.name, row)
		}
		dest, source := finalSet{}, finalSet{}
		if t == main {
			dest.add(main.byDest, 0)
			source.add(main.bySource, 0)
			dest.add(b.networks, 0)
		} else {
			dest.add(t.byDest, ofTable)
			dest.add(b.networks, ofTable)
			source.add(t.bySource, ofTable)
			dest.addUncovered(main.byDest)
			source.addUncovered(main.bySource)
		}
		b.lay(row, t.name, dest, source)
	}
}

// lay numbers what a table leads to and puts it at its row, what is looked up by source at
// one behind all the others. Ranks are for tables that have such; without, rows are shared.
func (b *routeBuilder) lay(row int, table string, dest, source finalSet) {
	name := b.router.Name
	if table != "" {
		name += " table " + table
	}
	r := &b.c.plan.routers[row]
	r.name = name
	r.fib4, r.fib6 = b.entries(dest, len(source) > 0, 1)
	if len(source) == 0 {
		return
	}
	s := planRouter{name: name + " by source"}
	s.fib4, s.fib6 = b.entries(source, true, 0)
	b.c.plan.routers[row].source = len(b.c.plan.routers)
	b.c.plan.routers = append(b.c.plan.routers, s)
}

// entries are a set's, with the rows that they lead to. Of two matches that of the longer
// prefix ranks higher, and of equal ones that by destination, as in OVN; tie is 1 for that.
func (b *routeBuilder) entries(set finalSet, ranked bool, tie uint16) (fib4, fib6 []fibEntry) {
	plain := routeSet{}
	for p, r := range set {
		plain[p] = r.builtRoute
	}
	for _, p := range plain.sorted() {
		r := set[p]
		var rank uint16
		if ranked {
			rank = 1 + 2*uint16(p.Bits()) + tie + r.lift
		}
		e := fibEntry{prefix: p}
		if r.kind == RouteStatic {
			e.row = b.rows.gateways(r.gateways, rank)
		} else {
			nh := r.nextHop
			nh.Rank = rank
			e.row = b.rows.row(nh)
		}
		if p.Addr().Is4() {
			fib4 = append(fib4, e)
		} else {
			fib6 = append(fib6, e)
		}
	}
	return fib4, fib6
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
func (b *routeBuilder) enter(table string, row int) {
	for i := range b.router.Ports {
		if p := &b.router.Ports[i]; p.RouteTable == table {
			b.c.plan.routerPorts[b.c.lrps[p.Name]].table.Table = uint16(row)
		}
	}
}

// finalSet is what one lookup goes through. What is added later replaces what is there.
type finalSet map[netip.Prefix]finalRoute

type finalRoute struct {
	builtRoute
	lift uint16
}

func (s finalSet) add(routes routeSet, lift uint16) {
	for p, r := range routes {
		s[p] = finalRoute{r, lift}
	}
}

// addUncovered adds the routes that no prefix in s holds.
func (s finalSet) addUncovered(routes routeSet) {
	var lengths [2][129]bool // by family
	for p := range s {
		lengths[p.Addr().BitLen()/128][p.Bits()] = true
	}
	var fresh []netip.Prefix
	for p := range routes {
		covered := false
		for bits := p.Bits(); bits >= 0 && !covered; bits-- {
			if lengths[p.Addr().BitLen()/128][bits] {
				_, covered = s[netip.PrefixFrom(p.Addr(), bits).Masked()]
			}
		}
		if !covered {
			fresh = append(fresh, p)
		}
	}
	for _, p := range fresh {
		s[p] = finalRoute{routes[p], 0}
	}
}
