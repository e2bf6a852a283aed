// SPDX-License-Identifier: Apache-2.0

package forwarder

import (
	"fmt"
	"net/netip"
	"slices"
)

// merge makes new lists of routes out of the former ones and a routeUpdate. It goes once
// through the prefixes that change, sorted.
type merge struct {
	b        *routeBuilder
	old      *plan
	known    *knownWays   // if nothing is to be numbered; or else
	numbered *knownWays   // who is told of it
	uses     []uint32     // of rows, as in plan
	left     []uint32     // rows that a route led to and leads to no more
	halves   [2]mergeHalf // IPv4, IPv6
}

// mergeHalf is a family's part.
type mergeHalf struct {
	former, entries entryList
	edits           []fibChange // of the list
	changes         []fibChange // of the FIB: some of them
}

// routeOp is one of a routeUpdate.
type routeOp struct {
	*StaticRoute
	prefix netip.Prefix
	add    bool
	n      int // place among all, deletions first
}

func newMerge(b *routeBuilder, old *plan) *merge {
	m := &merge{b: b, old: old, uses: slices.Clone(old.uses)}
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
	for h := range m.halves {
		m.halves[h].entries = m.halves[h].former.edit(m.halves[h].edits)
	}
	return nil
}

// prefix does what is to be done with one prefix, the deletions first.
func (m *merge) prefix(ops []routeOp) error {
	p := ops[0].prefix
	if _, hidden := m.b.networks[p]; hidden || !p.IsValid() || !m.b.speaks(p, ops[len(ops)-1].StaticRoute) {
		return errWhole
	}
	half := &m.halves[0]
	if p.Addr().Is6() {
		half = &m.halves[1]
	}
	var members []StaticRoute
	was := half.former.get(p)
	if was != nil {
		members = m.b.shapes.list[was.shape].members(p)
	}
	for _, op := range ops {
		var err error
		if members, err = m.b.change(members, op); err != nil {
			return err
		}
	}
	will := fibEntry{prefix: p}
	if len(members) > 0 {
		if err := m.lead(&will, members); err != nil {
			return err
		}
	}
	m.enter(half, was, will, len(members) > 0)
	return nil
}

// lead finds where a route with some members leads.
func (m *merge) lead(will *fibEntry, members []StaticRoute) error {
	if m.known != nil {
		shape, row, known := uint32(0), uint32(0), false
		if len(members) == 1 {
			shape, row, known = m.known.find(m.old, m.b, &members[0])
		}
		if !known {
			return errNumbers
		}
		will.shape, will.row = shape, row
		return nil
	}
	list := make([]*StaticRoute, len(members))
	for i := range members {
		list[i] = &members[i]
	}
	var err error
	if will.shape, err = m.b.shape(list...); err == nil {
		will.row = m.b.row(will.shape, 0)
		m.numbered.note(&m.b.shapes.list[will.shape], will.shape)
	}
	return err
}

// enter has a prefix lead elsewhere than it did, if it did, or away with it.
func (m *merge) enter(half *mergeHalf, was *fibEntry, will fibEntry, stays bool) {
	change := fibChange{will, !stays}
	if was != nil {
		m.uses[was.row]--
		m.left = append(m.left, was.row)
	}
	if stays {
		m.uses = pad(m.uses, int(will.row)+1, 0)
		m.uses[will.row]++
	}
	if was == nil && !stays {
		return
	}
	half.edits = append(half.edits, change)
	if was == nil || !stays || was.row != will.row {
		half.changes = append(half.changes, change)
	}
}

// members are the static routes that a route was made of, as far as routing goes.
func (r *builtRoute) members(p netip.Prefix) (out []StaticRoute) {
	s := StaticRoute{Prefix: p, Reason: r.reason}
	switch r.kind {
	case RouteStatic:
		for _, g := range r.gateways {
			s.Nexthop, s.OutputPort, s.Weight = g.ip, g.port, g.weight
			out = append(out, s)
		}
		return out
	case RouteUnreachable, RouteProhibit:
		s.Reject = rejects[r.kind]
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
