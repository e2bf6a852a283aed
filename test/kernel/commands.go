// SPDX-License-Identifier: Apache-2.0

package kernel

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/parkway-gw/parkway/forwarder"
)

// sysctls of a router's namespace, and why. What is not here has Linux's default.
var sysctls = []struct{ key, value, why string }{
	{"net/ipv4/ip_forward", "1", "a router"},
	{"net/ipv6/conf/all/forwarding", "1", "a router"},
	{"net/ipv4/conf/all/rp_filter", "0", "sources are not checked against routes: neither is that OVN's, nor is it fit for asymmetric paths"},
	{"net/ipv4/conf/default/rp_filter", "0", "the same"},
	{"net/ipv4/conf/all/send_redirects", "0", "N15: Parkway sends none"},
	{"net/ipv4/conf/default/send_redirects", "0", "the same; the two are or-ed"},
	{"net/ipv4/icmp_errors_use_inbound_ifaddr", "1", "I5: the address of the port that the packet came in by"},
	{"net/ipv4/icmp_ratemask", "0", "every error is compared; a limit of 0 would empty the bucket of unreachables too"},
	{"net/ipv4/icmp_msgs_per_sec", "2000000000", "the same"},
	{"net/ipv4/icmp_msgs_burst", "2000000000", "the same"},
	{"net/ipv6/icmp/ratelimit", "0", "the same"},
	{"net/ipv4/fib_multipath_hash_policy", "1", "by ports too; members are compared as a set"},
}

// commands is the script that makes a router's namespace what the scenario says, for
// ip -batch. Interfaces are there already; their MACs and MTUs are not set.
func (s *scenario) commands(router int, bindings []forwarder.StaticMACBinding) string {
	var b strings.Builder
	r := &s.routers[router]
	say := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	for i := range r.Ports {
		p := &r.Ports[i]
		say("link set dev %s address %s mtu %d", p.Name, p.MAC, p.GatewayMTU)
		for _, n := range p.Networks {
			if n.Addr().Is4() {
				say("addr add %s dev %s", n, p.Name)
			} else {
				say("addr add %s dev %s nodad", n, p.Name)
			}
		}
		say("link set dev %s up", p.Name)
	}
	if s.ruled(router) {
		tables, _, _ := s.rules(router)
		b.WriteString(tables)
	} else {
		done := map[netip.Prefix]bool{}
		for i, o := range r.StaticRoutes {
			if !done[o.Prefix] {
				done[o.Prefix] = true
				members := slices.DeleteFunc(slices.Clone(r.StaticRoutes[i:]), func(m forwarder.StaticRoute) bool { return m.Prefix != o.Prefix })
				say("route append %s", routeText(r, members, o.Prefix, false)) // behind a network of the same prefix
			}
		}
	}
	for _, n := range bindings {
		for i := range r.Ports {
			if r.Ports[i].Name == n.LogicalPort {
				say("neigh replace %s lladdr %s dev %s nud permanent", n.IP, n.MAC, n.LogicalPort)
			}
		}
	}
	for _, l := range s.links {
		for _, ends := range [][2]wire{{l.a, l.b}, {l.b, l.a}} {
			if ends[0].router == router {
				for ip := range ownOf(ends[1].port) {
					say("neigh replace %s lladdr %s dev %s nud permanent", ip, ends[1].port.MAC, ends[0].port.Name)
				}
			}
		}
	}
	return b.String()
}
