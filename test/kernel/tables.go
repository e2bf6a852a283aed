// SPDX-License-Identifier: Apache-2.0

package kernel

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/parkway-gw/parkway/forwarder"
)

// mixTables turns some of a router's routes into routes by source and of route tables.
// Markers find their way in every table.
func (s *scenario) mixTables(i int) {
	r := &s.routers[i]
	names := []string{""}
	for n := range s.rand.IntN(3) {
		names = append(names, fmt.Sprintf("t%d", n))
	}
	for j := range r.Ports {
		r.Ports[j].RouteTable = pick(s, names...)
	}
	moved := map[netip.Prefix]forwarder.StaticRoute{}
	bySource := s.oneIn(2)
	var markers []forwarder.StaticRoute
	for j := range r.StaticRoutes {
		o := &r.StaticRoutes[j]
		if o.Prefix.Addr().Is4() && markerNetworks.Contains(o.Prefix.Addr()) && o.Prefix.Bits() == 30 {
			for _, name := range names[1:] {
				m := *o
				m.RouteTable = name
				markers = append(markers, m)
			}
			continue
		}
		as, ok := moved[o.Prefix]
		if !ok {
			as = forwarder.StaticRoute{RouteTable: pick(s, names...), SourceIP: bySource && o.Prefix.Bits() > 0 && s.oneIn(3)}
			moved[o.Prefix] = as
		}
		o.RouteTable, o.SourceIP = as.RouteTable, as.SourceIP
	}
	r.StaticRoutes = append(r.StaticRoutes, markers...)
}

// step is one of the rules that look up a route, one after the other until one has it.
type step struct {
	from   netip.Prefix // valid: only these sources
	routes []string     // of the table that it looks into
}

// steps say in Linux's words what a port with that route table sees of one family. Linux
// takes the first rule whose table has a route; Parkway takes the longest prefix, be it
// of a source or a destination. So a table holds the destinations whose prefixes are
// longer than those of the sources that come next.
func (s *scenario) steps(r *forwarder.Router, table string, v4 bool) (out []step) {
	var lengths []int
	sources := map[netip.Prefix]bool{}
	for _, o := range r.StaticRoutes {
		if o.RouteTable == table && o.SourceIP && o.Prefix.Addr().Is4() == v4 {
			sources[o.Prefix] = true
			lengths = append(lengths, o.Prefix.Bits())
		}
	}
	slices.Sort(lengths)
	lengths = append([]int{0}, slices.Compact(lengths)...)
	below := 129
	for _, length := range slices.Backward(lengths) {
		out = append(out, step{routes: s.band(r, table, v4, length, below)})
		below = length
		for p := range sources {
			if p.Bits() != length {
				continue
			}
			all := netip.PrefixFrom(first(netip.PrefixFrom(p.Addr(), 0)), 0)
			out = append(out, step{p, []string{s.routeTo(r, forwarder.StaticRoute{Prefix: p, RouteTable: table, SourceIP: true}, all)}})
		}
	}
	return out
}

// band is what there is for destinations with prefixes of at least low and less than high.
func (s *scenario) band(r *forwarder.Router, table string, v4 bool, low, high int) (out []string) {
	done := map[netip.Prefix]bool{}
	wanted := func(p netip.Prefix) bool {
		ok := p.Addr().Is4() == v4 && low <= p.Bits() && p.Bits() < high && !done[p]
		done[p] = done[p] || ok
		return ok
	}
	for i := range r.Ports {
		for _, n := range r.Ports[i].Networks {
			switch {
			case !wanted(n.Masked()):
			case v4:
				out = append(out, fmt.Sprintf("%s dev %s src %s", n.Masked(), r.Ports[i].Name, n.Addr()))
			default:
				out = append(out, fmt.Sprintf("%s dev %s", n.Masked(), r.Ports[i].Name))
			}
		}
	}
	for _, o := range r.StaticRoutes {
		if o.RouteTable == table && !o.SourceIP && wanted(o.Prefix) {
			out = append(out, s.routeTo(r, o, o.Prefix))
		}
	}
	return out
}

// routeTo is the route of which o is a member, for p.
func (s *scenario) routeTo(r *forwarder.Router, o forwarder.StaticRoute, p netip.Prefix) string {
	var members []forwarder.StaticRoute
	for _, m := range r.StaticRoutes {
		if m.Prefix == o.Prefix && m.RouteTable == o.RouteTable && m.SourceIP == o.SourceIP {
			members = append(members, m)
		}
	}
	return routeText(r, members, p, true)
}

// routeText is a route to p in Linux's words; members of a group share it.
func routeText(r *forwarder.Router, members []forwarder.StaticRoute, p netip.Prefix, ported bool) string {
	var hops []string
	for _, o := range members {
		if kind := kindOf(o); kind != gateway {
			return fmt.Sprintf("%s %s", map[routeKind]string{discard: "blackhole", unreachable: "unreachable", prohibit: "prohibit"}[kind], p)
		}
		family, weight := "", ""
		if p.Addr().Is4() && o.Nexthop.Is6() {
			family = "inet6 "
		}
		if o.Weight > 0 && len(members) > 1 {
			weight = fmt.Sprintf(" weight %d", o.Weight)
		}
		if ported || o.OutputPort != "" || o.Nexthop.Is6() {
			hops = append(hops, fmt.Sprintf("via %s%s dev %s onlink%s", family, o.Nexthop, outputPort(r, o).Name, weight))
		} else {
			hops = append(hops, fmt.Sprintf("via %s%s", o.Nexthop, weight)) // Linux finds the port itself
		}
	}
	if len(hops) == 1 {
		return fmt.Sprintf("%s %s", p, hops[0])
	}
	return fmt.Sprintf("%s nexthop %s", p, strings.Join(hops, " nexthop "))
}

// rules are the scripts of a router whose routes are not all in one table: one for the
// tables, and one of rules for ip -4 and ip -6. A chain of rules for every port, and one
// for the router's own packets: policies first, then steps.
func (s *scenario) rules(router int) (tables, four, six string) {
	r := &s.routers[router]
	var routes strings.Builder
	made := map[string]int{} // tables, by what is in them
	table := func(list ...string) int {
		content := strings.Join(list, "\n")
		n, ok := made[content]
		if !ok {
			n = 1000 + len(made)
			made[content] = n
			for _, line := range list {
				kind, rest := "", line
				for _, k := range []string{"blackhole ", "unreachable ", "prohibit "} {
					if strings.HasPrefix(line, k) {
						kind, rest = k, strings.TrimPrefix(line, k)
					}
				}
				to, how, _ := strings.Cut(rest, " ")
				fmt.Fprintf(&routes, "route append %s%s table %d %s\n", kind, to, n, how)
			}
		}
		return n
	}
	var text [2]strings.Builder
	for family, b := range []*strings.Builder{&text[0], &text[1]} {
		v4 := family == 0
		if !v4 {
			b.WriteString("rule add pref 1 to fe80::/64 lookup main\n")
		}
		for i := -1; i < len(r.Ports); i++ {
			in, from, name := (*forwarder.RouterPort)(nil), "lo", ""
			if i >= 0 {
				in, from, name = &r.Ports[i], r.Ports[i].Name, r.Ports[i].RouteTable
			}
			pref := 1000 * (i + 2)
			route, looks := pref+500, s.steps(r, name, v4)
			if name != "" {
				looks = append(looks, s.steps(r, "", v4)...)
			}
			for n, l := range looks {
				source := ""
				if l.from.IsValid() {
					source = fmt.Sprintf(" from %s", l.from)
				}
				fmt.Fprintf(b, "rule add pref %d iif %s%s lookup %d\n", route+n, from, source, table(l.routes...))
			}
			for n, p := range s.policies[router] {
				if in == nil || p.v4 != v4 || p.in != "" && p.in != from {
					continue
				}
				action := fmt.Sprintf("goto %d", route)
				switch p.action {
				case forwarder.PolicyDrop:
					action = "blackhole"
				case forwarder.PolicyReroute:
					all := netip.PrefixFrom(netip.IPv6Unspecified(), 0)
					if v4 {
						all = netip.PrefixFrom(netip.IPv4Unspecified(), 0)
					}
					action = fmt.Sprintf("lookup %d", table(routeText(r, p.members, all, true)))
				}
				fmt.Fprintf(b, "rule add pref %d iif %s%s %s\n", pref+n, from, p.selector(), action)
			}
		}
	}
	return routes.String(), text[0].String(), text[1].String()
}
