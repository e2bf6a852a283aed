// SPDX-License-Identifier: Apache-2.0

package forwarder

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"slices"
)

// randomTopology draws routers, their ports with a switch each, routes and bindings. Names
// and addresses come from few, so that two draws have much in common.
func randomTopology(r *rand.Rand) (t Topology) {
	some := func(n int) int { return r.IntN(n) }
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
				sw.Ports = append(sw.Ports, sp)
			}
			t.Switches = append(t.Switches, sw)
			if some(3) == 0 {
				t.StaticMACBindings = append(t.StaticMACBindings, StaticMACBinding{LogicalPort: lrp.Name,
					IP: netip.AddrFrom4([4]byte{10, byte(i), byte(k), byte(100 + some(2))}), MAC: MAC{6, 0, 0, byte(i), byte(k), byte(some(2))}})
			}
		}
		for range some(60) {
			out := &lr.Ports[some(len(lr.Ports))]
			n := out.Networks[some(len(out.Networks))]
			s := StaticRoute{OutputPort: out.Name, Discard: some(8) == 0}
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
			if s.Discard {
				s.Nexthop, s.OutputPort = netip.Addr{}, ""
			}
			same := func(o StaticRoute) bool {
				return o.Prefix == s.Prefix && (o.Discard || s.Discard || o.Nexthop == s.Nexthop)
			}
			if !slices.ContainsFunc(lr.StaticRoutes, same) {
				lr.StaticRoutes = append(lr.StaticRoutes, s)
			}
		}
		t.Routers = append(t.Routers, lr)
	}
	return t
}
