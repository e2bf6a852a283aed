// SPDX-License-Identifier: Apache-2.0

package gateway_test

import (
	"net/netip"
	"testing"
)

// The router's own addresses: lrp1, lrp2 and lr0-ext.
var ownIPs = []netip.Addr{
	netip.MustParseAddr("1.1.254.254"), netip.MustParseAddr("1.2.254.254"), extIPs[0],
	netip.MustParseAddr("2001:db8:1::1"), netip.MustParseAddr("2001:db8:2::1"), extIPs[1],
}

// TestRouterAnswers: every host gets an answer from every address of the router,
// and from the link-local address of the router's port on its link.
func TestRouterAnswers(t *testing.T) {
	g := startArticle(t)
	links := map[string]netip.Addr{ // RFC 4291 appendix A, from the ports' MACs
		pc1.name: netip.MustParseAddr("fe80::200:1ff:feff:1"), pc2.name: netip.MustParseAddr("fe80::200:1ff:feff:1"),
		pc3.name: netip.MustParseAddr("fe80::200:2ff:feff:2"), pc4.name: netip.MustParseAddr("fe80::200:2ff:feff:2"),
		pcExt.name: extLink,
	}
	var work []func()
	for _, e := range article {
		work = append(work, func() {
			for _, ip := range append([]netip.Addr{links[e.name].WithZone(e.iface)}, ownIPs...) {
				p := g.ping(e, ip, 1)
				p.wantAll(g)
			}
		})
	}
	atOnce(work...)
	g.ping(pc1, ownIPs[0], 2, "-s", "1400").wantAll(g)
	g.ping(pc1, ownIPs[3], 2, "-s", "1400").wantAll(g)
}

// TestErrors: what the router can't forward, it reports from the address on the
// sender's link.
func TestErrors(t *testing.T) {
	// Without the default route, so that IPv4 has addresses without a route too.
	g := startArticle(t, "static_routes:\n      - "+defaultRoute, "static_routes: []")
	for _, e := range []struct {
		end
		gw4, gw6 string
	}{{pc1, "1.1.254.254", "2001:db8:1::1"}, {pc3, "1.2.254.254", "2001:db8:2::1"}, {pcExt, "192.168.123.254", "2001:db8:f0f0::1"}} {
		target := pc4
		if e.name == pc3.name {
			target = pc1
		}
		g.ping(e.end, target.ip(0), 1, "-t", "1").wantSaid(g, "From "+e.gw4+" icmp_seq=1 Time to live exceeded")
		g.ping(e.end, target.ip(1), 1, "-t", "1").wantSaid(g, "From "+e.gw6+" icmp_seq=1 Time exceeded: Hop limit")
		g.ping(e.end, target.ip(0), 1, "-t", "2").wantTTL(g, 63)
		g.ping(e.end, netip.MustParseAddr("203.0.113.9"), 1).wantSaid(g, "From "+e.gw4+" icmp_seq=1 Destination Net Unreachable")
		g.ping(e.end, netip.MustParseAddr("2001:db8:bad::9"), 1).wantSaid(g, "From "+e.gw6+" icmp_seq=1 Destination unreachable: No route")
	}
	// The router's own addresses are at their end with TTL 1.
	g.ping(pc1, ownIPs[0], 1, "-t", "1").wantAll(g)
	g.ping(pc1, ownIPs[3], 1, "-t", "1").wantAll(g)
}
