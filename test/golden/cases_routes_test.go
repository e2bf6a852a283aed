// SPDX-License-Identifier: Apache-2.0

package golden

import "github.com/google/gopacket/layers"

// routeChoices are packets that the routes and policies of testdata/routes tell apart.
func routeChoices() [][]byte {
	to := func(src, dst string, change ...func(*layers.IPv4)) []byte {
		return udp4(routerA, hostA, src, dst, change...)
	}
	dns := func(dst string, offset uint16) []byte {
		return frame(ether(routerA, hostA, ip4), v4(a4, dst, func(h *layers.IPv4) { h.FragOffset = offset }), udp(4000, 53), text(9))
	}
	return [][]byte{
		to(a4, "8.8.8.8"),               // the main table's default route
		to(a4, "198.51.100.7"),          // the port's own table
		to("10.0.1.70", "8.8.8.8"),      // by source
		to("10.0.1.70", "198.51.100.7"), // the port's own table comes before that
		to(a4, "203.0.113.7"),           // IPv4 over IPv6
		udp6(routerA, hostA, a6, world6),
		dns("198.51.100.53", 0),  // lr_policy_drop
		dns("198.51.100.53", 64), // a later fragment has no ports
		dns("198.51.100.52", 0),
		to(a4, "198.51.100.54"), // rerouted
		to(a4, "192.0.2.7"),     // ip_route_prohibit
		to(a4, "192.0.2.200"),   // ip_route_unreachable
		udp6(routerA, hostA, a6, "2001:db8:a::7"),
		udp6(routerA, hostA, a6, "2001:db8:b::7"),
	}
}
