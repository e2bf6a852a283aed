// SPDX-License-Identifier: Apache-2.0

package topology

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"
)

// routeWay is all of a route but its prefix, of which it has the family. A million routes
// go few ways, and what is fine with one is fine with all that go the same.
type routeWay struct {
	route StaticRoute // without Prefix
	ip4   bool
}

// routesValidator checks one router's static routes.
type routesValidator struct {
	*validator
	router int
	r      *Router
	reach  reach
	tables map[string]bool     // that a port looks into
	unused map[string]bool     // that none does, and it was said
	fine   map[routeWay]string // the port that such routes leave by
	order  []RouteOrder        // of the routes that may clash with others
	ports  []string            // by place in the router's list: the port
	found  []foundAt
}

// foundAt is a finding about the route at a place in the router's list.
type foundAt struct {
	at int
	Finding
}

func (v *routesValidator) at(j int, steps ...any) Path {
	return append(At("logical_routers", v.router, "static_routes", j), steps...)
}

// all goes through the list, then through routes of the same prefix.
func (v *routesValidator) all() {
	routes, before := v.r.StaticRoutes, len(v.out)
	v.order, v.ports = make([]RouteOrder, 0, len(routes)), make([]string, len(routes))
	for j := range routes {
		s := &routes[j]
		way := routeWay{*s, s.Prefix.Addr().Is4()}
		way.route.Prefix = netip.Prefix{}
		port, ok := v.fine[way]
		if !ok || !s.Prefix.IsValid() || s.Prefix.Masked() != s.Prefix {
			found := len(v.out)
			if port, ok = v.route(j); ok && len(v.out) == found {
				v.fine[way] = port
			}
			for _, f := range v.out[found:] {
				v.found = append(v.found, foundAt{j, f})
			}
		}
		if ok {
			v.ports[j] = port
			v.order = append(v.order, OrderOf(s.Prefix.Masked(), j))
		}
	}
	SortRoutes(v.order)
	for order := v.order; len(order) > 0; {
		n := 1
		for n < len(order) && order[n].SamePrefix(order[0]) {
			n++
		}
		if n > 1 {
			v.members(order[:n])
		}
		order = order[n:]
	}
	slices.SortStableFunc(v.found, func(a, b foundAt) int { return cmp.Compare(a.at, b.at) })
	v.out = v.out[:before]
	for i := range v.found {
		v.out = append(v.out, v.found[i].Finding)
	}
}

// route checks one route by itself and returns the port that it leaves by.
func (v *routesValidator) route(j int) (port string, ok bool) {
	s, r := &v.r.StaticRoutes[j], v.r
	at := func(steps ...any) Path { return v.at(j, steps...) }
	if !s.Prefix.IsValid() {
		v.errorf(at("ip_prefix"), "write a network such as 10.0.0.0/8", "a static route of router %q has no ip_prefix", r.Name)
		return "", false
	}
	what := whatRoute(s)
	if m := s.Prefix.Masked(); m != s.Prefix {
		v.errorf(at("ip_prefix"), fmt.Sprintf("write %s, or %s/%d for the one host", m, s.Prefix.Addr(), s.Prefix.Addr().BitLen()), "%s has bits set beyond its prefix length", what)
	}
	v.routeAttributes(s, at, what)
	if s.RouteTable != "" && !v.tables[s.RouteTable] && !v.unused[s.RouteTable] {
		v.unused[s.RouteTable] = true
		v.warnf(at("route_table"), fmt.Sprintf("give a port of router %q the option route_table: %s", r.Name, s.RouteTable), "%s is in route table %q, which no port of router %q looks into", what, s.RouteTable, r.Name)
	}
	port = s.OutputPort
	switch {
	case !v.outputPort(port, at("output_port"), what, &v.reach):
		return "", false
	case s.Blackhole() && port != "":
		v.errorf(at("output_port"), "remove output_port", "%s %s, so it leaves by no port", what, leadsNowhere(s))
		return "", false
	case !s.Blackhole():
		return v.nexthop(s.Nexthop, s.OutputPort, s.Prefix.Addr().Is4(), at("nexthop"), what, &v.reach)
	}
	return port, true
}

func whatRoute(s *StaticRoute) string { return fmt.Sprintf("route %s", s.Prefix) }

// group is what ECMP members have in common, beside their prefix.
type group struct {
	table  string
	source bool
}

type routeKey struct {
	group
	nexthop netip.Addr
	port    string
}

// groupSeen is the first route of a group, and how many there are.
type groupSeen struct {
	blackhole bool
	path      Path
	members   int
}

// members checks routes of one prefix against each other.
func (v *routesValidator) members(order []RouteOrder) {
	seen := map[routeKey]Path{}
	groups := map[group]*groupSeen{}
	for _, o := range order {
		j := int(o.At)
		s := &v.r.StaticRoutes[j]
		clash := func(p, other Path, hint, format string) {
			v.found = append(v.found, foundAt{j, Finding{Severity: Error, Path: p, Other: other, Message: whatRoute(s) + format, Hint: hint}})
		}
		g := group{s.RouteTable, s.SourceIP}
		key := routeKey{g, s.Nexthop, v.ports[j]}
		if first, dup := seen[key]; dup {
			clash(v.at(j), first, "remove one; members of an ECMP route have different next hops", " is listed twice with the same next hop")
			continue
		}
		seen[key] = v.at(j)
		known := groups[g]
		if known == nil {
			known = &groupSeen{blackhole: s.Blackhole(), path: v.at(j)}
			groups[g] = known
		} else if known.blackhole != s.Blackhole() {
			clash(v.at(j, "nexthop"), known.path, "keep either the next hops or the discard", " both discards and forwards")
		}
		if known.members++; known.members == MaxECMP+1 {
			clash(v.at(j), known.path, "remove some", fmt.Sprintf(" has more than %d next hops", MaxECMP))
		}
	}
}
