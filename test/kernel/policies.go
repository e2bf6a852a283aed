// SPDX-License-Identifier: Apache-2.0

package kernel

import (
	"fmt"
	"net/netip"
	"strings"

	"github.com/parkway-gw/parkway/forwarder"
)

// policy is a router's policy, in a form that both sides' languages can be made of. What
// is not valid, empty or negative is not asked for.
type policy struct {
	v4           bool
	in           string // router port
	src, dst     netip.Prefix
	proto        int
	sport, dport [2]int // first and last
	action       forwarder.PolicyAction
	members      []forwarder.StaticRoute // reroute
}

// flow is what routes and policies look at.
type flow struct {
	src, dst     netip.Addr
	proto        int
	sport, dport int  // negative: there are none
	own          bool // the router's: policies are not asked
	rulesFirst   bool // Linux: policies before routes
}

var anyPort = [2]int{-1, -1}

// makePolicies gives a router policies. The first lets the markers pass.
func (s *scenario) makePolicies(i int) {
	r := &s.routers[i]
	list := []policy{{v4: true, dst: markerNetworks, proto: -1, sport: anyPort, dport: anyPort}}
	for range 1 + s.rand.IntN(6) {
		list = append(list, s.makePolicy(i))
	}
	for n, p := range list {
		to := forwarder.Policy{Priority: 1000 - n, Match: p.match(), Action: p.action}
		for _, m := range p.members {
			to.Nexthops, to.OutputPort = append(to.Nexthops, m.Nexthop), m.OutputPort
		}
		r.Policies = append(r.Policies, to)
	}
	s.policies[i] = list
}

func (s *scenario) makePolicy(i int) policy {
	r := &s.routers[i]
	p := policy{v4: s.oneIn(2), proto: -1, sport: anyPort, dport: anyPort, action: pick(s, forwarder.PolicyAllow, forwarder.PolicyDrop, forwarder.PolicyReroute)}
	if s.oneIn(3) {
		p.in = pick(s, r.Ports...).Name
	}
	if s.oneIn(3) {
		p.src = s.routePrefix(r, p.v4)
	}
	if s.oneIn(2) {
		p.dst = s.routePrefix(r, p.v4)
	}
	icmp := icmp6
	if p.v4 {
		icmp = icmp4
	}
	if s.oneIn(2) {
		p.proto = pick(s, udp, tcp, udp, tcp, icmp, gre, 132, experiment)
	}
	if p.proto == udp || p.proto == tcp {
		at := pick(s, 9, 22, 53, 80, 179, 443, 33434)
		switch s.rand.IntN(4) {
		case 0:
			p.dport = [2]int{at, at}
		case 1:
			p.dport = [2]int{at, at + 500}
		case 2:
			p.sport = [2]int{1024 + s.rand.IntN(200), 1300}
		}
	}
	if p.action != forwarder.PolicyReroute {
		return p
	}
	for range pick(s, 1, 1, 3) {
		hop, ok := s.nextHop(i, p.v4 && !s.oneIn(6))
		if !ok || len(p.members) > 0 && (hop.OutputPort != "" || p.members[0].OutputPort != "" || hop.Nexthop == p.members[0].Nexthop ||
			hop.Nexthop == p.members[len(p.members)-1].Nexthop || hop.Nexthop.Is4() != p.members[0].Nexthop.Is4()) {
			continue
		}
		p.members = append(p.members, hop)
	}
	if len(p.members) == 0 {
		p.action = forwarder.PolicyAllow
	}
	return p
}

// match is the policy in OVN's words.
func (p *policy) match() string {
	family := "ip6"
	if p.v4 {
		family = "ip4"
	}
	terms := []string{family}
	say := func(format string, args ...any) { terms = append(terms, fmt.Sprintf(format, args...)) }
	if p.in != "" {
		say("inport == %q", p.in)
	}
	if p.src.IsValid() {
		say("%s.src == %s", family, p.src)
	}
	if p.dst.IsValid() {
		say("%s.dst == %s", family, p.dst.Masked())
	}
	if p.proto >= 0 {
		say("ip.proto == %d", p.proto)
	}
	layer := map[int]string{tcp: "tcp", udp: "udp"}[p.proto]
	if p.sport != anyPort {
		say("%d <= %s.src <= %d", p.sport[0], layer, p.sport[1])
	}
	if p.dport != anyPort {
		say("%d <= %s.dst <= %d", p.dport[0], layer, p.dport[1])
	}
	return strings.Join(terms, " && ")
}

// selector is the policy in words of ip rule.
func (p *policy) selector() string {
	text := ""
	say := func(format string, args ...any) { text += fmt.Sprintf(format, args...) }
	if p.src.IsValid() {
		say(" from %s", p.src)
	}
	if p.dst.IsValid() {
		say(" to %s", p.dst.Masked())
	}
	if p.proto >= 0 {
		say(" ipproto %d", p.proto)
	}
	if p.sport != anyPort {
		say(" sport %d-%d", p.sport[0], p.sport[1])
	}
	if p.dport != anyPort {
		say(" dport %d-%d", p.dport[0], p.dport[1])
	}
	return text
}

// matches: the slow way, as lookup.
func (p *policy) matches(in *forwarder.RouterPort, f flow) bool {
	within := func(r [2]int, port int) bool { return r == anyPort || r[0] <= port && port <= r[1] }
	return f.dst.Is4() == p.v4 && (p.in == "" || p.in == in.Name) && (!p.src.IsValid() || p.src.Contains(f.src)) &&
		(!p.dst.IsValid() || p.dst.Contains(f.dst)) && (p.proto < 0 || p.proto == f.proto) && within(p.sport, f.sport) && within(p.dport, f.dport)
}
