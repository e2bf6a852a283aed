// SPDX-License-Identifier: Apache-2.0

package forwarder

import (
	"fmt"
	"net/netip"
	"slices"
	"sort"
)

// merge makes new lists of routes out of the former ones and a routeUpdate. It goes once
// through the prefixes that change, sorted, and copies what lies between them.
type merge struct {
	b      *routeBuilder
	former []Route // all of the plan
	at     int     // place in former up to which routes has it
	end    int     // of the router's main table in former
	routes []Route
	halves [2]mergeHalf // IPv4, IPv6
}

// mergeHalf is a family's part.
type mergeHalf struct {
	former, entries []fibEntry
	changes         []fibChange
}

// routeOp is one of a routeUpdate.
type routeOp struct {
	*StaticRoute
	prefix netip.Prefix
	add    bool
	n      int // place among all, deletions first
}

func newMerge(b *routeBuilder, old *plan) *merge {
	m := &merge{b: b, former: old.routes}
	main := func(r *Route) bool { return r.Router == b.router.Name && r.Table == "" && !r.SourceIP }
	for m.at < len(old.routes) && !main(&old.routes[m.at]) {
		m.at++
	}
	m.end = m.at + sort.Search(len(old.routes)-m.at, func(i int) bool { return !main(&old.routes[m.at+i]) })
	r := &old.routers[b.index]
	m.halves[0].former, m.halves[1].former = r.fib4, r.fib6
	return m
}

// all goes through the whole update.
func (m *merge) all(u *routeUpdate) error {
	ops := make([]routeOp, 0, len(u.del)+len(u.add))
	for i := range u.del {
		if s := &u.del[i]; s.RouteTable != "" || s.SourceIP {
			return errWhole
		}
		ops = append(ops, routeOp{&u.del[i], u.del[i].Prefix.Masked(), false, len(ops)})
	}
	for i := range u.add {
		ops = append(ops, routeOp{&u.add[i], u.add[i].Prefix, true, len(ops)})
	}
	slices.SortFunc(ops, func(x, y routeOp) int {
		if c := comparePrefixes(x.prefix, y.prefix); c != 0 {
			return c
		}
		return x.n - y.n
	})
	m.routes = append(make([]Route, 0, len(m.former)+len(u.add)), m.former[:m.at]...)
	for h := range m.halves {
		m.halves[h].entries = make([]fibEntry, 0, len(m.halves[h].former)+len(u.add))
	}
	for len(ops) > 0 {
		n := 1
		for n < len(ops) && ops[n].prefix == ops[0].prefix {
			n++
		}
		if err := m.prefix(ops[:n]); err != nil {
			return err
		}
		ops = ops[n:]
	}
	m.routes = append(m.routes, m.former[m.at:]...)
	for h := range m.halves {
		m.halves[h].entries = append(m.halves[h].entries, m.halves[h].former...)
	}
	return nil
}

// prefix does what is to be done with one prefix, the deletions first.
func (m *merge) prefix(ops []routeOp) error {
	p := ops[0].prefix
	if _, hidden := m.b.networks[p]; hidden || !p.IsValid() || !m.b.speaks(p, ops[len(ops)-1].StaticRoute) {
		return errWhole
	}
	left := m.former[m.at:m.end]
	i, known := near(len(left), func(i int) int { return comparePrefixes(left[i].Prefix, p) })
	m.routes = append(m.routes, left[:i]...)
	m.at += i
	var members []StaticRoute
	if known {
		members = left[i].members()
		m.at++
	}
	for _, op := range ops {
		var err error
		if members, err = m.b.change(members, op); err != nil {
			return err
		}
	}
	var row uint32
	if len(members) > 0 {
		list := make([]*StaticRoute, len(members))
		for i := range members {
			list[i] = &members[i]
		}
		r, err := m.b.group(groupKey{prefix: p}, list)
		if err != nil {
			return err
		}
		if r.kind == RouteStatic {
			row = m.b.rows.gateways(r.gateways, 0)
		} else {
			row = m.b.rows.row(r.nextHop)
		}
		m.routes = append(m.routes, m.b.shown("", false, p, &r))
	}
	h := 0
	if p.Addr().Is6() {
		h = 1
	}
	m.halves[h].entry(fibEntry{p, row}, len(members) > 0)
	return nil
}

// near finds the first of n places where at is not negative, and whether it is 0 there. It
// looks close to the beginning first: the next prefix of many is not far.
func near(n int, at func(i int) int) (int, bool) {
	low, step := 0, 1
	for low+step < n && at(low+step) < 0 {
		low += step
		step *= 2
	}
	i := low + sort.Search(min(step, n-low), func(i int) bool { return at(low+i) >= 0 })
	return i, i < n && at(i) == 0
}

// entry has one prefix lead to a row, or away with it.
func (m *mergeHalf) entry(e fibEntry, stays bool) {
	i, known := near(len(m.former), func(i int) int { return comparePrefixes(m.former[i].prefix, e.prefix) })
	m.entries = append(m.entries, m.former[:i]...)
	was := e.row
	if known {
		was = m.former[i].row
		i++
	}
	m.former = m.former[i:]
	if stays {
		m.entries = append(m.entries, e)
	}
	if known != stays || was != e.row && known {
		m.changes = append(m.changes, fibChange{e, !stays})
	}
}

// members are the static routes that a route was made of, as far as routing goes.
func (r *Route) members() (out []StaticRoute) {
	s := StaticRoute{Prefix: r.Prefix, Reason: r.Reason}
	switch r.Kind {
	case RouteStatic:
		for _, nh := range r.NextHops {
			s.Nexthop, s.OutputPort, s.Weight = nh.IP, nh.RouterPort, nh.Weight
			out = append(out, s)
		}
		return out
	case RouteUnreachable, RouteProhibit:
		s.Reject = rejects[r.Kind]
	default:
		s.Discard = true
	}
	return []StaticRoute{s}
}

// change adds a member of a route, or takes one out.
func (b *routeBuilder) change(members []StaticRoute, op routeOp) ([]StaticRoute, error) {
	key := b.member(op.StaticRoute)
	i := slices.IndexFunc(members, func(s StaticRoute) bool { return b.member(&s) == key })
	switch {
	case op.add && i >= 0:
		return nil, fmt.Errorf("router %q: route %s is there already, with the same next hop", b.router.Name, op.prefix)
	case op.add && len(members) > 0 && members[0].Blackhole() != op.Blackhole():
		return nil, fmt.Errorf("router %q: route %s both discards and forwards", b.router.Name, op.prefix)
	case op.add:
		return append(members, *op.StaticRoute), nil
	case i < 0:
		return nil, fmt.Errorf("router %q: route %s to be deleted is not there", b.router.Name, op.prefix)
	}
	return slices.Delete(members, i, i+1), nil
}
