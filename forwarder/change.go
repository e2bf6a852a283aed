// SPDX-License-Identifier: Apache-2.0

package forwarder

import (
	"fmt"
	"reflect"

	"github.com/parkway-gw/parkway/internal/topology"
)

// maxLines bounds Change.Lines.
const maxLines = 200

// manyLines is from how many routes on nobody wants to read each.
const manyLines = 10 * maxLines

func (c *Change) linef(format string, args ...any) {
	if len(c.Lines) == maxLines {
		c.More++
		return
	}
	c.Lines = append(c.Lines, fmt.Sprintf(format, args...))
}

// describe says in words what makes to of from.
func (c *Change) describe(from, to *Topology) {
	index(c, "switch", from.Switches, to.Switches, func(s *Switch) string { return s.Name },
		func(a, b *Switch) {
			if a.Name != "" && a.FDBAgeThreshold != b.FDBAgeThreshold {
				c.linef("switch %s: fdb_age_threshold changed", b.Name)
			}
			index(c, "switch port", a.Ports, b.Ports, func(p *SwitchPort) string { return p.Name }, nil)
		})
	index(c, "router", from.Routers, to.Routers, func(r *Router) string { return r.Name }, func(a, b *Router) {
		if a.Name != "" && !reflect.DeepEqual(a.Options, b.Options) {
			c.linef("router %s: options changed", b.Name)
		}
		if a.Name != "" && a.CoPP != b.CoPP {
			c.linef("router %s: copp changed", b.Name)
		}
		index(c, "router port", a.Ports, b.Ports, func(p *RouterPort) string { return p.Name }, nil)
		c.routes(a, b)
		index(c, "policy", a.Policies, b.Policies,
			func(p *Policy) string { return fmt.Sprintf("%d %q of router %s", p.Priority, p.Match, b.Name) }, nil)
	})
	index(c, "address set", from.AddressSets, to.AddressSets, func(s *topology.AddressSet) string { return s.Name }, nil)
	index(c, "static MAC binding", from.StaticMACBindings, to.StaticMACBindings,
		func(b *StaticMACBinding) string { return b.IP.String() + " of router port " + b.LogicalPort }, nil)
	index(c, "meter", from.Meters, to.Meters, func(m *topology.Meter) string { return m.Name }, nil)
	index(c, "copp", from.CoPP, to.CoPP, func(p *topology.CoPP) string { return p.Name }, nil)
}

// index compares two lists of things with names. Those in both are said to have changed,
// unless inside tells more of them.
func index[T any, K comparable](c *Change, what string, from, to []T, name func(*T) K, inside func(a, b *T)) {
	at := make(map[K]*T, len(from))
	for i := range from {
		at[name(&from[i])] = &from[i]
	}
	for i := range to {
		key := name(&to[i])
		old, known := at[key]
		delete(at, key)
		switch {
		case !known:
			c.linef("%s %v added", what, key)
			if inside != nil {
				inside(new(T), &to[i])
			}
		case inside != nil:
			inside(old, &to[i])
		case !reflect.DeepEqual(old, &to[i]):
			c.linef("%s %v changed", what, key)
		}
	}
	for i := range from {
		if key := name(&from[i]); at[key] != nil {
			c.linef("%s %v removed", what, key)
			delete(at, key)
		}
	}
}

// routes compares static routes by what they match, whose members are one route.
func (c *Change) routes(a, b *Router) {
	// Most routes of many stay: only what lies between the first and the last difference
	// is looked at.
	x, y := between(a.StaticRoutes, b.StaticRoutes)
	if len(x)+len(y) > manyLines {
		added, removed := differences(x, y)
		c.linef("static routes of router %s: %d added, %d removed, %d in all", b.Name, added, removed, len(b.StaticRoutes))
		return
	}
	touched := make(map[groupKey]bool, len(x)+len(y))
	for _, part := range [][]StaticRoute{x, y} {
		for i := range part {
			touched[keyOfRoute(&part[i])] = true
		}
	}
	group := func(r *Router) map[groupKey][]StaticRoute {
		out := make(map[groupKey][]StaticRoute, len(touched))
		for i := range r.StaticRoutes {
			if s := &r.StaticRoutes[i]; touched[keyOfRoute(s)] {
				out[keyOfRoute(s)] = append(out[keyOfRoute(s)], *s)
			}
		}
		return out
	}
	was, is := group(a), group(b)
	for i := range y {
		p := keyOfRoute(&y[i])
		old, known := was[p]
		now, first := is[p]
		if !first {
			continue // another member, which was said
		}
		delete(is, p)
		delete(was, p)
		switch {
		case !known:
			c.linef("route %s of router %s added", p, b.Name)
		case !reflect.DeepEqual(old, now):
			c.linef("route %s of router %s changed", p, b.Name)
		}
	}
	for i := range x {
		if p := keyOfRoute(&x[i]); was[p] != nil {
			c.linef("route %s of router %s removed", p, b.Name)
			delete(was, p)
		}
	}
}

// differences counts the routes that b has and a has not, and the other way round.
func differences(a, b []StaticRoute) (added, removed int) {
	x, y := sortedRoutes(a), sortedRoutes(b)
	for len(x) > 0 || len(y) > 0 {
		i, k := samePrefix(x), samePrefix(y)
		switch {
		case len(y) == 0 || len(x) > 0 && x[0].Compare(y[0]) < 0 && !x[0].SamePrefix(y[0]):
			k = 0
			removed += i
		case len(x) == 0 || !x[0].SamePrefix(y[0]):
			i = 0
			added += k
		case i > 1 || k > 1 || a[x[0].At] != b[y[0].At]:
			more, less := memberDifferences(a, b, x[:i], y[:k])
			added, removed = added+more, removed+less
		}
		x, y = x[i:], y[k:]
	}
	return added, removed
}

func sortedRoutes(list []StaticRoute) []topology.RouteOrder {
	out := make([]topology.RouteOrder, len(list))
	for i := range list {
		out[i] = topology.OrderOf(list[i].Prefix.Masked(), i)
	}
	topology.SortRoutes(out)
	return out
}

// samePrefix is how many at the beginning have one prefix.
func samePrefix(list []topology.RouteOrder) (n int) {
	for n < len(list) && list[n].SamePrefix(list[0]) {
		n++
	}
	return n
}

// memberDifferences is differences for routes of one prefix.
func memberDifferences(a, b []StaticRoute, x, y []topology.RouteOrder) (added, removed int) {
	had := make(map[StaticRoute]int, len(x))
	for _, o := range x {
		had[a[o.At]]++
	}
	for _, o := range y {
		if r := b[o.At]; had[r] > 0 {
			had[r]--
		} else {
			added++
		}
	}
	for _, n := range had {
		removed += n
	}
	return added, removed
}

// between returns what is left of two lists without their common beginning and end.
func between(a, b []StaticRoute) (x, y []StaticRoute) {
	for len(a) > 0 && len(b) > 0 && reflect.DeepEqual(&a[0], &b[0]) {
		a, b = a[1:], b[1:]
	}
	for len(a) > 0 && len(b) > 0 && reflect.DeepEqual(&a[len(a)-1], &b[len(b)-1]) {
		a, b = a[:len(a)-1], b[:len(b)-1]
	}
	return a, b
}
