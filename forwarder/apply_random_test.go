// SPDX-License-Identifier: Apache-2.0

package forwarder

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"slices"

	"github.com/parkway-gw/parkway/internal/topology"
)

// randomTopology draws routers, their ports with a switch each, routes and bindings. Names
// and addresses come from few, so that two draws have much in common.
func randomTopology(r *rand.Rand) (t Topology) {
	some := func(n int) int { return r.IntN(n) }
	tables, sources := []string{"", "", "red", "blue"}[:1+some(4)], some(3) == 0 // each table takes 32 MiB
	for i := range 2 {
		if some(4) == 0 {
			continue
		}
		lr := Router{Name: fmt.Sprintf("lr%d", i), Options: RouterOptions{AlwaysLearnFromARPRequest: some(2) == 0}}
		for k := range 3 {
			if k > 0 && some(3) == 0 {
				continue
			}
			lrp := RouterPort{Name: fmt.Sprintf("lrp%d%d", i, k), MAC: MAC{2, 0, byte(i), byte(k), 0, byte(some(2))},
				Networks: []netip.Prefix{netip.MustParsePrefix(fmt.Sprintf("10.%d.%d.%d/24", i, k, 1+some(2)))}}
			if i == 0 && some(2) == 0 {
				lrp.Networks = append(lrp.Networks, netip.MustParsePrefix(fmt.Sprintf("2001:db8:%d:%d::1/64", i, k)))
			}
			lrp.RouteTable = tables[some(len(tables))]
			if some(3) == 0 {
				lrp.GatewayMTU = uint16(1400 + some(3))
			}
			lr.Ports = append(lr.Ports, lrp)
			sw := Switch{Name: fmt.Sprintf("sw%d%d", i, k%2+some(2)*2), Ports: []SwitchPort{
				{Name: lrp.Name + "-peer", Type: PortRouter, RouterPort: lrp.Name}}}
			if slices.ContainsFunc(t.Switches, func(s Switch) bool { return s.Name == sw.Name }) {
				sw.Name = "own-" + lrp.Name
			}
			for v := range 3 {
				if some(2) == 0 {
					continue
				}
				sp := SwitchPort{Name: fmt.Sprintf("vm%d%d%d", i, k, v), Unknown: some(2) == 0}
				if some(2) == 0 {
					sp.Addresses = []PortAddress{{MAC: MAC{4, 0, byte(i), byte(k), byte(v), byte(some(2))},
						IPs: []netip.Addr{netip.AddrFrom4([4]byte{10, byte(i), byte(k), byte(10 + v)})}}}
				}
				randomLimits(r, &sp)
				sw.Ports = append(sw.Ports, sp)
			}
			sw.FDBAgeThreshold = uint32(100 * some(3))
			t.Switches = append(t.Switches, sw)
			if some(3) == 0 {
				t.StaticMACBindings = append(t.StaticMACBindings, StaticMACBinding{LogicalPort: lrp.Name,
					IP: netip.AddrFrom4([4]byte{10, byte(i), byte(k), byte(100 + some(2))}), MAC: MAC{6, 0, 0, byte(i), byte(k), byte(some(2))}})
			}
		}
		for k := range 3 * some(2) { // a group that many draws have in common
			s := StaticRoute{Prefix: netip.MustParsePrefix("22.0.0.0/8"), Weight: 1 + k, OutputPort: lr.Ports[0].Name}
			s.Nexthop = netip.AddrFrom4([4]byte{10, byte(i), 0, byte(100 + k)})
			lr.StaticRoutes = append(lr.StaticRoutes, s)
		}
		for range some(60) {
			out := &lr.Ports[some(len(lr.Ports))]
			n := out.Networks[some(len(out.Networks))]
			s := StaticRoute{OutputPort: out.Name, Discard: some(8) == 0, RouteTable: tables[some(len(tables))],
				SourceIP: sources && some(3) == 0, Weight: some(4)}
			if n.Addr().Is4() {
				a := n.Addr().As4()
				a[3] = byte(100 + some(4))
				s.Nexthop = netip.AddrFrom4(a)
				s.Prefix, _ = netip.AddrFrom4([4]byte{byte(20 + some(2)), byte(some(3)), byte(some(3)), byte(some(256))}).Prefix(8 + some(25))
			} else {
				a := n.Addr().As16()
				a[15] = byte(100 + some(4))
				s.Nexthop = netip.AddrFrom16(a)
				s.Prefix, _ = netip.AddrFrom16([16]byte{0x20, 1, 0xd, 0xb9, 0, byte(some(2)), 0, byte(some(3)), byte(some(2))}).Prefix(16 + some(60))
			}
			if !s.Discard && some(8) == 0 {
				s.Reject = 1 + topology.Reject(some(2))
			}
			if s.Blackhole() {
				s.Nexthop, s.OutputPort, s.Weight = netip.Addr{}, "", 0
			}
			same := func(o StaticRoute) bool {
				return keyOfRoute(&o) == keyOfRoute(&s) && (o.Blackhole() || s.Blackhole() || o.Nexthop == s.Nexthop)
			}
			for range 1 + some(2)*some(3) { // an ECMP group
				if !slices.ContainsFunc(lr.StaticRoutes, same) {
					lr.StaticRoutes = append(lr.StaticRoutes, s)
				}
				if !s.Blackhole() {
					a := s.Nexthop.AsSlice()
					a[len(a)-1] = byte(100 + some(4))
					s.Nexthop, _ = netip.AddrFromSlice(a)
					s.Weight = some(4)
				}
			}
		}
		randomPolicies(r, &lr)
		lr.CoPP = []string{"", "c"}[some(2)]
		t.Routers = append(t.Routers, lr)
	}
	t.AddressSets = []AddressSet{{Name: "some", Addresses: []netip.Prefix{netip.PrefixFrom(netip.AddrFrom4([4]byte{20, byte(some(3)), 0, 0}), 16)}}}
	t.Meters = []topology.Meter{{Name: "m", Rate: uint32(1 + some(3)), Burst: 7}}
	t.CoPP = []topology.CoPP{{Name: "c", Meters: []topology.CoPPMeter{{Protocol: []string{"arp", "icmp4-error"}[some(2)], Meter: "m"}}}}
	return t
}

// randomLimits draws what a switch port allows and bounds.
func randomLimits(r *rand.Rand, sp *SwitchPort) {
	if r.IntN(3) == 0 {
		s := topology.PortSecurity{MAC: MAC{4, 0, 0, 0, 0, byte(r.IntN(2))}}
		for range r.IntN(3) {
			s.Prefixes = append(s.Prefixes, netip.PrefixFrom(netip.AddrFrom4([4]byte{10, 0, 0, byte(r.IntN(3))}), 32))
		}
		sp.PortSecurity = []topology.PortSecurity{s}
	}
	if r.IntN(3) == 0 {
		sp.StormControl = topology.StormControl{Broadcast: uint32(r.IntN(3)), UnknownUnicast: uint32(100 + r.IntN(2))}
	}
	if sp.Unknown {
		sp.MACLimit = r.IntN(3)
	}
	sp.NoARPNDRsp = r.IntN(4) == 0
}

// randomPolicies draws a router's policies; some are the same as in another draw.
func randomPolicies(r *rand.Rand, lr *Router) {
	for range r.IntN(6) {
		p := Policy{Priority: r.IntN(3), Action: PolicyAction(r.IntN(3)), Match: []string{
			"ip4.dst == $some", "tcp && tcp.dst == 80", "ip4.src == 10.0.0.0/16 || udp",
			fmt.Sprintf("inport == %q", lr.Ports[r.IntN(len(lr.Ports))].Name)}[r.IntN(4)]}
		if p.Action != PolicyDrop {
			p.PktMark = uint32(r.IntN(2))
		}
		if p.Action == PolicyReroute {
			out := &lr.Ports[r.IntN(len(lr.Ports))]
			p.OutputPort = out.Name
			for k := range 1 + r.IntN(3) {
				a := out.Networks[0].Addr().As4()
				a[3] = byte(100 + k)
				p.Nexthops = append(p.Nexthops, netip.AddrFrom4(a))
			}
		}
		if !slices.ContainsFunc(lr.Policies, func(o Policy) bool { return o.Priority == p.Priority && o.Match == p.Match }) {
			lr.Policies = append(lr.Policies, p)
		}
	}
}
