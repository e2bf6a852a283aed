// SPDX-License-Identifier: Apache-2.0

package arpbuf_test

import (
	"net/netip"
	"testing"

	"github.com/google/gopacket/layers"

	"github.com/parkway-gw/parkway/arpbuf"
	"github.com/parkway-gw/parkway/forwarder"
	"github.com/parkway-gw/parkway/internal/wire"
)

// I5: a port that has only a link-local address reports from another port's: no other
// router would let the report pass otherwise. With no address at all on the router, the
// station that sent the packet hears of it.
func TestErrorOfAPortWithoutAddress(t *testing.T) {
	far, hop := addr("2001:db8:3::7"), wire.LinkLocalFromMAC(macA)
	for _, c := range []struct {
		name     string
		networks string // of the other port
		want     netip.Addr
	}{
		{"another port has one", "2001:db8:2::1/64", lb6},
		{"none has", "10.0.9.1/24", wire.LinkLocalFromMAC(macLA)},
	} {
		t.Run(c.name, func(t *testing.T) {
			g := start(t, func(fc *forwarder.Config, _ *arpbuf.Config) {
				r := &fc.Topology.Routers[0]
				r.Ports[0].Networks = r.Ports[0].Networks[:1]
				r.Ports[1].Networks = []netip.Prefix{r.Ports[1].Networks[0], netip.MustParsePrefix(c.networks)}
				r.StaticRoutes = append(r.StaticRoutes, forwarder.StaticRoute{
					Prefix: netip.MustParsePrefix("2001:db8:3::/48"), Nexthop: hop, OutputPort: "lrp-a"})
				fc.Topology.StaticMACBindings = append(fc.Topology.StaticMACBindings,
					forwarder.StaticMACBinding{LogicalPort: "lrp-a", IP: hop, MAC: macA})
			})
			ip, typ := ipLayer(far, b6, 1, layers.IPProtocolNoNextHeader)
			g.inject(0, serialize(t, ether(macA, macLA, typ), ip))
			g.rest()
			p, _, _ := g.icmp(0)
			if p.Src != c.want || p.Dst != far || p.EthDst != macA {
				t.Errorf("from %s to %s by %s, want from %s", p.Src, p.Dst, p.EthDst, c.want)
			}
		})
	}
}
