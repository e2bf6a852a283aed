// SPDX-License-Identifier: Apache-2.0

package forwarder

import (
	"fmt"
	"net/netip"
)

// ofTable lifts the ranks of a port's own table and of connected networks in it over those
// of the main table: whatever matches there wins.
const ofTable = 512

// finish makes the route tables as workers look them up. A packet that enters by a port
// with a route table of its own looks there and among the connected networks first, and
// into the main table only if nothing matches. Workers need not look twice: such a table
// holds, beside its own routes, those of the main table that none of its own covers.
func (b *routeBuilder) finish() error {
	b.list()
	main := b.tables[0]
	for _, t := range b.tables {
		row := b.index
		if t != main {
			if !b.looksInto(t.name) {
				continue // nobody does
			}
			var err error
			if row, err = b.c.routers.number(tableName(b.router.Name, t.name, false)); err != nil {
				return err
			}
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
		if err := b.lay(row, t.name, dest, source); err != nil {
			return err
		}
	}
	return nil
}

// tableName is by what a table that is no main one keeps its number.
func tableName(router, table string, source bool) string {
	return fmt.Sprintf("%s\x00%s\x00%t", router, table, source)
}

// lay numbers what a table leads to and puts it at its row, what is looked up by source at
// one of its own. Ranks are for tables that have such; without, rows are shared.
func (b *routeBuilder) lay(row uint16, table string, dest, source finalSet) error {
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
func (b *routeBuilder) enter(table string, row uint16) {
	for i := range b.router.Ports {
		if p := &b.router.Ports[i]; p.RouteTable == table {
			b.c.plan.routerPorts[b.c.lrps[p.Name]].table.Table = row
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
