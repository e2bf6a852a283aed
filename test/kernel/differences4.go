// SPDX-License-Identifier: Apache-2.0

package kernel

import (
	"net/netip"
	"slices"
	"strings"
)

var limitedBroadcast = netip.AddrFrom4([4]byte{255, 255, 255, 255})

// differences4 are those of IPv4.
var differences4 = []difference{
	{name: "class E", explains: func(v *verdict) bool {
		e := func(a netip.Addr) bool { return a.Is4() && a.As4()[0] >= 240 && a != limitedBroadcast }
		return e(v.src) && v.reason == "ip_martian_source" || e(v.dst) && v.reason == "ip_martian_destination"
	}},
	{name: "0.0.0.0/8", explains: func(v *verdict) bool {
		zero := func(a netip.Addr) bool { return a.Is4() && a.As4()[0] == 0 && !a.IsUnspecified() }
		return zero(v.src) && v.reason == "ip_martian_source" || zero(v.dst) && v.reason == "ip_martian_destination"
	}},
	{name: "network address", explains: func(v *verdict) bool {
		return v.dst.Is4() && v.reason == "ip_subnet_broadcast" && v.anyRouter(network, v.dst)
	}},
	{name: "answer to a network or broadcast address", explains: func(v *verdict) bool {
		// The source was one. Linux answers it; Parkway's answer, if it makes one at
		// all, is dropped as a directed broadcast.
		return v.src.Is4() && v.parkway.silent() && len(v.linux.forwards) == 0 &&
			(v.anyRouter(broadcast, v.src) || v.anyRouter(network, v.src))
	}},
	{name: "IPv4 options that routers fill in", level: func(v *verdict) bool {
		return v.changedOptions("record route", "timestamp")
	}},
	{name: "IPv4 options that are malformed", explains: func(v *verdict) bool {
		return v.about("option of length 0", "option beyond the header", "record route without room for an address") &&
			(v.linux.says("error", 12, 0) || v.linux.silent())
	}},
	{name: "timestamp requests", explains: func(v *verdict) bool {
		return v.s.owns(v.dst) && v.about("ICMP type 13") && v.reason == "local_unsupported" && v.linux.says("timestamp reply", 14, 0)
	}},
	{name: "errors about ICMP messages of other types", explains: func(v *verdict) bool {
		// Linux reports nothing about ICMP types that it does not know, and counts
		// router advertisements and solicitations among errors.
		if v.p.v6() || v.p.frame[23] != icmp4 || len(v.parkway.answers) != 1 || v.parkway.answers[0].what != "error" {
			return false
		}
		_, b := upper(v.p.frame)
		return v.linux.silent() && len(v.parkway.forwards) == 0 && len(b) > 0 && slices.Contains([]uint8{9, 10, 40, 42, 255}, b[0])
	}},
	{name: "Linux's limit of unreachables", explains: func(v *verdict) bool {
		// net.ipv4.route.error_burst is the whole machine's: five at once for a source.
		return !v.p.v6() && v.parkway.says("error", 3, 0, 1, 13) && v.linux.silent() && v.unreachables >= 5
	}},
	{name: "broadcast address as source", explains: func(v *verdict) bool {
		// Linux looks for it as soon as there are rules.
		return v.src.Is4() && v.anyRouter(broadcast, v.src) && v.linux.silent() && v.anyRuled()
	}},
}

// about: the packet was made with one of these.
func (v *verdict) about(list ...string) bool {
	return slices.ContainsFunc(list, func(what string) bool { return strings.Contains(v.p.about, what) })
}

// changedOptions takes a change that Linux made to the options off its result.
func (v *verdict) changedOptions(list ...string) (found bool) {
	for i := range v.linux.forwards {
		f := &v.linux.forwards[i]
		if strings.HasPrefix(f.changed, "options ") && !strings.Contains(f.changed, ",") && v.about(list...) {
			f.changed, found = "", true
		}
	}
	return found
}

func (v *verdict) anyRuled() bool {
	for i := range v.s.routers {
		if v.s.ruled(i) {
			return true
		}
	}
	return false
}

// mayBeUnreachable: a router may say that there is no way for the packet.
func (v *verdict) mayBeUnreachable() bool {
	f := flowOf(v.p.frame)
	for i := range v.s.routers {
		r := &v.s.routers[i]
		for j := range r.Ports {
			kind, _ := routeOf(r, &r.Ports[j], f)
			if !v.p.v6() && slices.Contains([]routeKind{noRoute, unreachable, prohibit}, kind) {
				return true
			}
		}
	}
	return false
}

// anyRouter: for one of the routers the address is of that kind.
func (v *verdict) anyRouter(kind routeKind, a netip.Addr) bool {
	for i := range v.s.routers {
		if k, _ := lookup(&v.s.routers[i], a); k == kind {
			return true
		}
	}
	return false
}
