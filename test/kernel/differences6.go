// SPDX-License-Identifier: Apache-2.0

package kernel

import (
	"net/netip"
	"slices"
)

// differences6 are those of IPv6.
var differences6 = []difference{
	{name: "link-local destination", explains: func(v *verdict) bool {
		// Parkway keeps it on its link (RFC 4291 2.5.6); Linux sends it back there, or
		// to another port's own address.
		return v.dst.Is6() && v.dst.IsLinkLocalUnicast() && v.reason == "ip_link_local"
	}},
	{name: "link-local source", explains: func(v *verdict) bool {
		// Linux forwards it where it stays on its link, and reports elsewhere.
		// It looks at TTL and policies before that.
		if v.reason != "ip_link_local" || !v.src.IsLinkLocalUnicast() {
			return false
		}
		if len(v.linux.forwards) == 0 {
			kind, _ := v.s.decide(v.ingress(), v.s.wires[v.p.wire].port, flowOf(v.p.frame))
			return v.linux.says("error", 3, 0) || v.linux.silent() && (kind == discard || v.parkway.silent())
		}
		for _, f := range v.linux.forwards {
			if f.wire != v.p.wire {
				return false
			}
		}
		return true
	}},
	{name: "link-local source outside fe80::/64", explains: func(v *verdict) bool {
		// Linux has no route to the rest of fe80::/10; Parkway answers the station.
		return v.src.Is6() && v.src.IsLinkLocalUnicast() && !netip.MustParsePrefix("fe80::/64").Contains(v.src) && len(v.linux.forwards) == 0 &&
			len(v.parkway.forwards) == 0
	}},
	{name: "Neighbor Discovery for others", explains: func(v *verdict) bool {
		return v.p.v6() && slices.Contains([]string{"ip_nd_not_forwarded", "control_not_for_us", "control_invalid"}, v.reason)
	}},
	{name: "subnet-router anycast address", explains: func(v *verdict) bool {
		// Linux is its owner (RFC 4291 2.6.1). Parkway has it not, and treats it as any
		// other host's, also as a source.
		dst := v.s.anycast(v.dst) && len(v.linux.forwards) == 0
		src := v.s.anycast(v.src) && (v.linux.silent() || len(v.linux.forwards) == 0 && len(v.parkway.forwards) == 0)
		return dst || src
	}},
	{name: "unspecified IPv6 address", explains: func(v *verdict) bool {
		return v.dst.Is6() && v.dst.IsUnspecified() && v.reason == "ip_martian_destination" ||
			v.src.Is6() && v.src.IsUnspecified() && v.reason == "ip_martian_source"
	}},
	{name: "IPv6 group", level: groupSource, explains: func(v *verdict) bool {
		// To the router's own MAC: Linux answers what a host in the group would; also to a
		// group's where it is more than a mere echo request. To the
		// group's: Parkway's answer follows its routes, Linux looks for the asker on the
		// port that it came in by.
		return v.dst.Is6() && v.dst.IsMulticast() && len(v.linux.forwards) == 0 &&
			(v.reason == "ip_multicast" || v.reason == "l2_no_receiver" && v.p.frame[0]&1 != 0 || v.linux.silent() && v.parkway.says("echo reply", 129, 0))
	}},
	{name: "hop-by-hop options", explains: func(v *verdict) bool {
		// A router looks at them only when it is told to (RFC 8200 4).
		return v.about("hop-by-hop option to discard") && v.linux.silent() ||
			v.about("hop-by-hop option to report") && (v.linux.says("error", 4, 2) || v.linux.silent())
	}},
	{name: "errors about headers out of order", explains: func(v *verdict) bool {
		// Hop-by-hop options that do not come first, two fragment headers: Parkway
		// can't say what such a packet carries, and so not that it is no error.
		return v.p.v6() && v.about("hop-by-hop", "fragment", "routing") && v.parkway.silent() &&
			len(v.linux.forwards) == 0 && slices.Contains([]string{"ip_ttl_exceeded", "ip_too_big", "ip_no_route", "ip_route_unreachable", "ip_route_prohibit", "ip_link_local"}, v.reason)
	}},
	{name: "errors about redirects", explains: func(v *verdict) bool {
		// None may be (RFC 4443 2.4 e.2).
		return v.p.v6() && v.about("ICMP type 137") && v.parkway.silent() && len(v.linux.forwards) == 0
	}},
	{name: "answers from a link-local address", explains: func(v *verdict) bool {
		// Parkway's go to the station that asked; Linux has a route for them or not.
		if !v.dst.IsLinkLocalUnicast() && !v.dst.IsMulticast() || len(v.parkway.forwards) > 0 || len(v.parkway.answers) != 1 {
			return false
		}
		a := v.parkway.answers[0]
		return a.src.IsLinkLocalUnicast() && a.wire == v.p.wire && string(a.to[:]) == string(v.p.frame[6:12]) && len(v.linux.forwards) == 0
	}},
	{name: "segment routing header", explains: func(v *verdict) bool {
		return v.s.owns(v.dst) && v.about("routing type 4") && v.linux.silent() && len(v.parkway.forwards) == 0
	}},
}

// groupSource: both answer a ping to a group, each from an address of its own choice, and
// Linux by the port that it came in by, whatever its routes say.
func groupSource(v *verdict) bool {
	if !v.dst.IsMulticast() || !v.parkway.says("echo reply", 129, 0) || !v.linux.says("echo reply", 129, 0) {
		return false
	}
	a, b := &v.parkway.answers[0], &v.linux.answers[0]
	if v.s.routerOf(a.src) != v.s.routerOf(b.src) || b.wire != v.p.wire {
		return false
	}
	*a = *b
	return true
}
