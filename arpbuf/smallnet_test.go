// SPDX-License-Identifier: Apache-2.0

package arpbuf_test

import (
	"net/netip"
	"testing"

	"github.com/parkway-gw/parkway/arpbuf"
	"github.com/parkway-gw/parkway/forwarder"
	"github.com/parkway-gw/parkway/internal/wire"
)

// Next hops of networks with two addresses, and those that only a route's output_port
// says how to reach, are asked for by an address of that port, and their answers count.
func TestResolvesInSmallNetworks(t *testing.T) {
	for _, c := range []struct {
		name, network, nexthop, prefix, dst string
	}{
		{"/31, upper end", "10.9.0.0/31", "10.9.0.1", "192.0.2.0/24", "192.0.2.7"},
		{"/31, lower end", "10.9.0.1/31", "10.9.0.0", "192.0.2.0/24", "192.0.2.7"},
		{"/31, the neighbor itself", "10.9.0.1/31", "10.9.0.0", "192.0.2.0/24", "10.9.0.0"},
		{"/32", "10.9.0.1/32", "172.16.5.5", "192.0.2.0/24", "192.0.2.7"},
		{"off the subnet", "10.9.0.1/24", "172.16.5.5", "192.0.2.0/24", "192.0.2.7"},
		{"/127, lower end", "2001:db8:f::1/127", "2001:db8:f::", "2001:db8:e::/48", "2001:db8:e::7"},
		{"/127, the neighbor itself", "2001:db8:f::/127", "2001:db8:f::1", "2001:db8:e::/48", "2001:db8:f::1"},
		{"/128", "2001:db8:f::1/128", "2001:db8:c::5", "2001:db8:e::/48", "2001:db8:e::7"},
	} {
		t.Run(c.name, func(t *testing.T) {
			nexthop, dst, own := addr(c.nexthop), addr(c.dst), netip.MustParsePrefix(c.network)
			g := start(t, func(f *forwarder.Config, _ *arpbuf.Config) {
				r := &f.Topology.Routers[0]
				r.Ports[1].Networks = []netip.Prefix{own}
				r.StaticRoutes = []forwarder.StaticRoute{{Prefix: netip.MustParsePrefix(c.prefix), Nexthop: nexthop, OutputPort: "lrp-b"}}
			})
			g.inject(0, udps(t, dst, 0, 3)...)
			g.rest()
			frames := g.take(1)
			if len(frames) != 1 {
				t.Fatalf("%d frames, want one question", len(frames))
			}
			answer := arpReply
			if own.Addr().Is4() {
				a, err := wire.DecodeARP(frames[0])
				if err != nil || a.Op != wire.ARPRequest || a.TargetIP != nexthop || a.SenderIP != own.Addr() {
					t.Errorf("asked %+v, %v", a, err)
				}
				answer = func(ip netip.Addr, mac forwarder.MAC) []byte { return wire.AppendARPReply(nil, a, mac) }
			} else {
				ns, err := wire.DecodeND(frames[0])
				if err != nil || ns.Type != wire.NeighborSolicitation || ns.Target != nexthop {
					t.Errorf("asked %+v, %v", ns, err)
				}
				answer = advertisement
			}
			g.inject(1, answer(nexthop, macB))
			g.rest()
			inOrder(t, flow(t, g.take(1), dst, macB), 0, 3)
			if n := g.state(nexthop); n.State != "REACHABLE" {
				t.Errorf("the next hop is %+v", n)
			}
		})
	}
}
