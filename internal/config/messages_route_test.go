// SPDX-License-Identifier: Apache-2.0

package config

import (
	"fmt"
	"strings"
	"testing"
)

// TestRouteMessages is TestMessages for routes and policies.
func TestRouteMessages(t *testing.T) { messages(t, routeMistakes(), "testdata/route_messages.txt") }

// routed adds keys to the seed's static route.
func routed(more string) []edit {
	return swap("output_port: lr0-ext}", "output_port: lr0-ext, "+more+"}")
}

// policy gives the seed's router a policy, and address sets to name.
func policy(text string) []edit {
	return []edit{
		{"    static_routes:\n", "    policies:\n      - " + text + "\n    static_routes:\n"},
		{bindings, bindings + "\naddress_sets:\n  - {name: web, addresses: [10.0.0.80]}\n  - {name: mixed, addresses: [10.0.0.1, \"2001:db8::1\"]}"},
	}
}

func matching(expr string) []edit { return policy("{priority: 9, match: " + expr + ", action: allow}") }

func many(n int, format string) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, format, i)
	}
	return b.String()
}

func routeMistakes() []mistake {
	nowhere := swap("nexthop: 192.168.123.1, output_port: lr0-ext", "nexthop: prohibit, output_port: lr0-ext")
	return []mistake{
		{"policy unknown", routed("policy: src")},
		{"policy a list", routed("policy: [src-ip]")},
		{"weight zero", routed("weight: 0")},
		{"weight too high", routed("weight: 257")},
		{"weight a text", routed("weight: many")},
		{"weight of a route that leads nowhere", swap("192.168.123.1, output_port: lr0-ext", "discard, weight: 2")},
		{"reason of a route that leads somewhere", routed("reason: because")},
		{"reason too long", swap("192.168.123.1, output_port: lr0-ext", "discard, reason: "+strings.Repeat("x", 201))},
		{"route table that no port looks into", routed("route_table: blue")},
		{"route table with a space", routed("route_table: \"a b\"")},
		{"route table twice", routed("route_table: blue, options: {route_table: blue}")},
		{"route table of a port with a space", swap(lrp1nets, lrp1nets+", options: {route_table: \"a b\"}")},
		{"option of a route that only OVN has", routed("options: {ecmp_symmetric_reply: true}")},
		{"prohibit with port", nowhere},
		{"reject misspelled", swap("nexthop: 192.168.123.1", "nexthop: prohibited")},
		{"both prohibits and forwards", swap("- "+route, "- "+route+"\n      - {ip_prefix: 0.0.0.0/0, nexthop: unreachable}")},
		{"too many next hops", swap("- "+route, "- "+route+many(64, "\n      - {ip_prefix: 0.0.0.0/0, nexthop: 192.168.123.1%02d}"))},
		{"next hop that is the port itself", swap("192.168.123.1, output_port", "\"fe80::a:7fff:fe00:129\", output_port")},
		{"next hops that nobody asks for", append(swap("- "+route, "- "+route+"\n      - {ip_prefix: 0.0.0.0/0, nexthop: 192.168.123.2}"),
			swap("neighbors:\n", "neighbors:\n  manage_routes: false\n")...)},
		{"IPv6 over IPv4", swap("0.0.0.0/0", "\"::/0\"")},

		{"policy without priority", policy("{match: ip4, action: drop}")},
		{"policy without match", policy("{priority: 9, action: drop}")},
		{"policy without action", policy("{priority: 9, match: ip4}")},
		{"policy with a high priority", policy("{priority: 32768, match: ip4, action: drop}")},
		{"policy that jumps", policy("{priority: 9, match: ip4, action: jump}")},
		{"policy action unknown", policy("{priority: 9, match: ip4, action: deny}")},
		{"policy key that only OVN has", policy("{priority: 9, match: ip4, action: drop, chain: c}")},
		{"policy twice", policy("{priority: 9, match: ip4, action: drop}\n      - {priority: 9, match: ip4, action: allow}")},
		{"reroute without next hop", policy("{priority: 9, match: ip4, action: reroute}")},
		{"reroute next hop off every network", policy("{priority: 9, match: ip4, action: reroute, nexthops: [172.16.0.1]}")},
		{"reroute next hop is no address", policy("{priority: 9, match: ip4, action: reroute, nexthops: [gw]}")},
		{"reroute next hops of both families", policy("{priority: 9, match: ip4, action: reroute, nexthops: [192.168.123.1, \"2001:db8:f0f0::9\"]}")},
		{"reroute next hop twice", policy("{priority: 9, match: ip4, action: reroute, nexthops: [192.168.123.1, 192.168.123.1]}")},
		{"reroute by a port that is not there", policy("{priority: 9, match: ip4, action: reroute, nexthops: [192.168.123.1], output_port: lr0-ex}")},
		{"nexthop and nexthops", policy("{priority: 9, match: ip4, action: reroute, nexthop: 192.168.123.1, nexthops: [192.168.123.2]}")},
		{"allow with next hop", policy("{priority: 9, match: ip4, action: allow, nexthops: [192.168.123.1]}")},
		{"drop with port", policy("{priority: 9, match: ip4, action: drop, output_port: lrp1}")},
		{"drop with mark", policy("{priority: 9, match: ip4, action: drop, options: {pkt_mark: \"7\"}}")},
		{"mark too large", policy("{priority: 9, match: ip4, action: allow, options: {pkt_mark: \"4294967296\"}}")},
		{"match, plain", matching("ip4 && tcp.dts == 80")},
		{"match in single quotes", matching("'ip4.src == {10.0.0.1, 10.0.0.300}'")},
		{"match in double quotes", matching("\"ip4 && inport == lrp1\"")},
		{"match in double quotes with escapes", matching("\"inport == \\\"lrp1\\\" && ip7\"")},
		{"match of an inport that is not there", matching("'inport == \"lpr1\"'")},
		{"match of an address set that is not there", matching("ip4.src == $wep")},
		{"match of an address set of both families", matching("ip4.src == $mixed")},
		{"match that never matches", matching("tcp && udp")},
		{"match too large", matching("'tcp.src == {" + many(40, "%d ") + "} && tcp.dst == {" + many(40, "%d ") + "}'")},
		{"match that mixes", matching("ip4 && tcp || udp")},
		{"address set name", swap(bindings, bindings+"\naddress_sets:\n  - {name: \"1st\", addresses: []}")},
		{"address set twice", swap(bindings, bindings+"\naddress_sets:\n  - {name: a, addresses: []}\n  - {name: a, addresses: []}")},
		{"address set with a name for an address", swap(bindings, bindings+"\naddress_sets:\n  - {name: a, addresses: [web]}")},
		{"address set with host bits", swap(bindings, bindings+"\naddress_sets:\n  - {name: a, addresses: [10.0.0.1/8]}")},
		{"address set without addresses", swap(bindings, bindings+"\naddress_sets:\n  - {name: a}")},
	}
}
