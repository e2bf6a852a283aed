// SPDX-License-Identifier: Apache-2.0

package kernel

import (
	"maps"
	"net/netip"
	"slices"
	"strings"

	"github.com/parkway-gw/parkway/forwarder"
)

// difference is a way in which Parkway is meant to differ from Linux. The list is told
// in docs/kernel-differences.md, which a test holds against it.
type difference struct {
	name string
	// explains reports that the whole difference of a case is this one.
	explains func(*verdict) bool
	// level is for details that occur together with others: it takes this difference
	// out of both results, in place, and reports whether there was one.
	level func(*verdict) bool
}

// differences are tried in this order. Each asks for what is special about the packet
// and for what each side did with it: a predicate that asks for the first alone would
// hide every other fault that such packets meet.
var differences = slices.Concat(details, differences4, differences6, []difference{
	{name: "member of an ECMP group", explains: anyMember, level: memberMTU},
	{name: "own address as source", explains: func(v *verdict) bool {
		// Parkway looks at the port's own addresses (OVN's rule), Linux at those of
		// all ports for IPv4 and at none for IPv6.
		if v.s.owns(v.src) && (v.reason == "ip_source_is_own" || !v.p.v6() && v.linux.silent()) {
			return true
		}
		// A router's answer that another sends back to it.
		return strings.Contains(v.reason, "ip_source_is_own") && v.parkway.silent() && len(v.linux.forwards) == 0 && len(v.linux.answers) > 0
	}},
	{name: "fragments for the router itself", explains: func(v *verdict) bool {
		return v.s.owns(v.dst) && strings.Contains(v.reason, "local_fragment") && len(v.linux.forwards) == 0
	}},
	{name: "policies behind routes", explains: func(v *verdict) bool {
		// Parkway has no policy for what has no TTL left or leads nowhere; Linux asks its
		// rules first.
		if v.reason == "ip_ttl_exceeded" && v.linux.silent() {
			return v.policyOnTheWay(func(p *policy) bool { return p.action == forwarder.PolicyDrop })
		}
		if !strings.Contains(v.reason, "ip_no_route") && !strings.Contains(v.reason, "ip_route_") {
			return false
		}
		return v.policyOnTheWay(func(p *policy) bool { return p.action != forwarder.PolicyAllow })
	}},
	{name: "what a first fragment carries", explains: func(v *verdict) bool {
		// Linux's rules see no ports of fragments, nor headers behind a fragment header.
		return v.about("first fragment", "atomic fragment") && slices.ContainsFunc(slices.Concat(v.s.policies...), func(p policy) bool {
			return p.v4 != v.p.v6() && (p.sport != anyPort || p.dport != anyPort || v.p.v6() && p.proto >= 0)
		})
	}},
	{name: "echo reply longer than the MTU", explains: func(v *verdict) bool {
		// The router sends no IPv6 fragments, and its reply has DF set where the request
		// has; Linux cuts either.
		return v.s.owns(v.dst) && strings.Contains(v.reason, "ip_too_big") && v.parkway.silent() &&
			len(v.linux.answers) > 0 && len(v.linux.forwards) == 0
	}},
	{name: "own address by a broadcast or multicast MAC", explains: func(v *verdict) bool {
		// RFC 1122 3.3.6 wants a packet for one host by such a MAC dropped.
		return v.s.owns(v.dst) && v.p.frame[0]&1 != 0 && v.reason == "l2_no_receiver" && len(v.linux.forwards) == 0
	}},
	{name: "routing loop between logical routers", explains: func(v *verdict) bool {
		return strings.Contains(v.reason, "lr_too_many_routers") && len(v.linux.forwards) == 0
	}},
})

// details are differences in how a thing is done that both do.
var details = []difference{
	{name: "TTL in the quotation of a packet that is too big", level: func(v *verdict) bool {
		a, b := v.errors()
		if a == nil || v.reason != "ip_too_big" || a.ttl != b.ttl-1 {
			return false
		}
		a.ttl = b.ttl // RFC 1812 4.3.2.3 leaves it to the router
		return true
	}},
	{name: "member of an ECMP group on the way back",
		explains: func(v *verdict) bool { return !v.anyRuled() && memberBack(v) },
		level:    func(v *verdict) bool { return !v.anyRuled() && wayBack(v) }},
	{name: "route table of an answer", // or a member of a group, where there are such tables
		explains: func(v *verdict) bool { return v.anyRuled() && memberBack(v) },
		level:    func(v *verdict) bool { return v.anyRuled() && wayBack(v) }},
	{name: "source address of an ICMPv6 error", level: func(v *verdict) bool {
		a, b := v.errors()
		if a == nil || !v.p.v6() || a.src == b.src {
			return false
		}
		// Parkway: the port that the packet came in by. Linux: the one that the error
		// leaves by, or what suits the destination. Both are the same router's.
		if r := v.s.routerOf(a.src); r < 0 || r != v.s.routerOf(b.src) {
			return false
		}
		a.src = b.src
		return true
	}},
	{name: "source address of an ICMP error among nested networks", level: func(v *verdict) bool {
		// Parkway: of the longest one that holds the sender. Linux: of the first.
		a, b := v.errors()
		if a == nil || v.p.v6() || a.src == b.src || !v.nested(a.src, a.dst) || !v.nested(b.src, b.dst) {
			return false
		}
		a.src = b.src
		return true
	}},
	{name: "options in later fragments", level: cutOptions},
	{name: "options repeated in an ICMP error", level: func(v *verdict) bool {
		// Linux answers with the options of the packet, and so quotes less of it.
		a, b := v.errors()
		options := int(v.p.frame[14]&0xf)*4 - 20
		if a == nil || v.p.v6() || a.quoted != 548 || b.quoted != a.quoted-options || options == 0 {
			return false
		}
		a.quoted = b.quoted
		return true
	}},
}

// ways are those that a router's answer may go on either side. Parkway looks into the
// table of the port that the packet came in by; Linux has its own packets look into the
// main one, and may choose another source, or choose it later.
func (v *verdict) ways(router int, a answer) (parkway, linux map[end]bool, choice bool) {
	f := v.p.back(a)
	parkway, choice = v.s.ends(router, v.s.arrival(v.p.wire, router), f)
	linux, more := v.s.ends(router, nil, f)
	choice = choice || more || !maps.Equal(parkway, linux)
	sources := map[netip.Addr]bool{{}: true}
	for i := range v.s.routers[router].Ports {
		maps.Copy(sources, ownOf(&v.s.routers[router].Ports[i]))
	}
	for f.src = range sources {
		other, _ := v.s.ends(router, nil, f)
		choice = choice || !maps.Equal(parkway, other)
		maps.Copy(linux, other)
	}
	return parkway, linux, choice
}

func among(a *answer, ends map[end]bool) bool {
	for e := range ends {
		if e.wire == a.wire && e.to == a.to && e.from == a.from {
			return true
		}
	}
	return false
}

// cutOptions: Linux fills the room of options that go into the first fragment alone with
// no operations, so that later headers are as long; Parkway leaves them out.
func cutOptions(v *verdict) bool {
	if v.p.v6() || len(v.parkway.forwards) != 1 || len(v.linux.forwards) != 1 {
		return false
	}
	a, b := v.parkway.forwards[0].fragments, v.linux.forwards[0].fragments
	options := int(v.p.frame[14]&0xf)*4 - 20
	if options == 0 || min(len(a), len(b)) < 2 || a[0] != b[0] || slices.Equal(a, b) {
		return false // that the data is the same is found when it is put together
	}
	v.parkway.forwards[0].fragments = b
	return true
}

// memberMTU: the members of a group that the packet may have taken have different MTUs.
func memberMTU(v *verdict) bool {
	a, b := v.errors()
	if _, choice := v.s.ends(v.ingress(), v.s.wires[v.p.wire].port, flowOf(v.p.frame)); a == nil || !choice || a.mtu == b.mtu || v.reason != "ip_too_big" {
		return false
	}
	a.mtu = b.mtu
	return true
}

// errors are the only thing that came of the packet on either side: one error each, of
// the same kind; nil otherwise.
func (v *verdict) errors() (parkway, linux *answer) {
	if len(v.parkway.forwards)+len(v.linux.forwards) > 0 || len(v.parkway.answers) != 1 || len(v.linux.answers) != 1 {
		return nil, nil
	}
	a, b := &v.parkway.answers[0], &v.linux.answers[0]
	if a.what != "error" || b.what != "error" || a.typ != b.typ || a.code != b.code {
		return nil, nil
	}
	return a, b
}

// silent: dropped without a word.
func (o outcome) silent() bool { return len(o.forwards)+len(o.answers) == 0 }

// says: one answer of a type and code, and nothing else.
func (o outcome) says(what string, typ uint8, codes ...uint8) bool {
	return len(o.forwards) == 0 && len(o.answers) == 1 && o.answers[0].what == what && o.answers[0].typ == typ &&
		slices.Contains(codes, o.answers[0].code)
}

// kindOf is what the router that the packet came to has for an address.
func (v *verdict) kindOf(router int) routeKind {
	kind, _ := lookup(&v.s.routers[router], v.dst)
	return kind
}

func (v *verdict) ingress() int { return v.s.wires[v.p.wire].router }

// anyMember: there was a choice on the way, and what went on left as a member says. On
// one side it may have met a smaller MTU, or another router that had no route.
func anyMember(v *verdict) bool {
	f := flowOf(v.p.frame)
	ends, choice := v.s.ends(v.ingress(), v.s.wires[v.p.wire].port, f)
	f.rulesFirst = true
	ruled, more := v.s.ends(v.ingress(), v.s.wires[v.p.wire].port, f)
	maps.Copy(ends, ruled)
	choice = choice || more
	if !choice || len(v.parkway.forwards)+len(v.linux.forwards) == 0 && len(v.s.routers) == 1 {
		return false
	}
	for _, o := range []outcome{v.parkway, v.linux} {
		for _, f := range o.forwards {
			if !ends[end{f.wire, f.to, f.from, int(v.ttl()) - int(f.ttl)}] || f.changed != "" {
				return false
			}
		}
		if o.silent() && len(v.s.routers) == 1 && !v.tooBig() {
			return false
		}
	}
	return v.reason == "" || strings.Contains(v.reason, "ip_too_big") || len(v.s.routers) > 1
}

// tooBig: the packet is longer than some port's MTU.
func (v *verdict) tooBig() bool {
	return slices.ContainsFunc(v.s.wires, func(w wire) bool { return len(v.p.frame)-14 > int(w.port.GatewayMTU) })
}

// wayBack: both sides' answers go one of their ways.
func wayBack(v *verdict) bool {
	if len(v.parkway.answers) != 1 || len(v.linux.answers) != 1 {
		return false
	}
	a, b := &v.parkway.answers[0], &v.linux.answers[0]
	router := v.s.routerOf(b.src)
	if router < 0 || a.wire == b.wire && a.to == b.to {
		return false
	}
	if parkway, linux, choice := v.ways(router, *b); !choice || !among(a, parkway) || !among(b, linux) {
		return false
	}
	a.wire, a.to, a.from = b.wire, b.to, b.from
	return true
}

// memberBack: answers had a choice on their way back. On one side that way may be
// another router's, who loses them, or have a smaller MTU.
func memberBack(v *verdict) bool {
	answers := slices.Concat(v.parkway.answers, v.linux.answers)
	if len(answers) == 0 || len(v.parkway.forwards)+len(v.linux.forwards) > 0 {
		return false
	}
	for _, a := range answers {
		same := a.typ == answers[0].typ && a.code == answers[0].code || a.what == cutAnswer || answers[0].what == cutAnswer
		if !same || a.src != answers[0].src {
			return false
		}
	}
	router := v.s.routerOf(answers[0].src)
	if router < 0 || len(answers) == 1 && len(v.s.routers) == 1 && !v.s.ruled(router) {
		return false
	}
	_, _, choice := v.ways(router, answers[0])
	return choice
}

// policyOnTheWay: some router's policy that is like this may concern the packet.
func (v *verdict) policyOnTheWay(like func(*policy) bool) bool {
	f := flowOf(v.p.frame)
	for i := range v.s.routers {
		for j := range v.s.routers[i].Ports {
			for k := range v.s.policies[i] {
				if p := &v.s.policies[i][k]; p.matches(&v.s.routers[i].Ports[j], f) && like(p) {
					return true
				}
			}
		}
	}
	return false
}

func (v *verdict) ttl() uint8 {
	if v.p.v6() {
		return v.p.frame[14+7]
	}
	return v.p.frame[14+8]
}

// nested: own is the address of a network of the packet's port that holds the peer.
func (v *verdict) nested(own, peer netip.Addr) bool {
	return slices.ContainsFunc(v.s.wires[v.p.wire].port.Networks, func(n netip.Prefix) bool {
		return n.Addr() == own && n.Contains(peer)
	})
}
