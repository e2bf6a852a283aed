// SPDX-License-Identifier: Apache-2.0

package gateway_test

import (
	"net/netip"
	"testing"

	"github.com/parkway-gw/parkway/internal/lab"
	"github.com/parkway-gw/parkway/internal/topology"
)

// TestRouteThroughGateway: what goes to an address behind a next-hop router makes
// the gateway ask for that router and for nothing else.
func TestRouteThroughGateway(t *testing.T) {
	nextHops := []netip.Addr{netip.MustParseAddr("192.168.123.1"), netip.MustParseAddr("2001:db8:f0f0::12:3456")}
	group := netip.MustParseAddr("ff02::1:ff12:3456") // RFC 4291 §2.7.1
	far := []netip.Addr{netip.MustParseAddr("203.0.113.7"), netip.MustParseAddr("2001:db8:fa::7")}
	router := mustMAC("02:0a:7f:00:01:01")
	g, nb := startScripted(t, lab.NeighborConfig{MAC: router, Echo: true, IPs: map[netip.Addr]lab.Script{
		nextHops[0]: lab.AtOnce, nextHops[1]: lab.AtOnce, far[0]: lab.Never, far[1]: lab.Never,
	}}, "- "+defaultRoute, "- "+defaultRoute+"\n      - {ip_prefix: \"::/0\", nexthop: \"2001:db8:f0f0::12:3456\", output_port: lr0-ext}")

	for i, family := range families {
		nb.Forget()
		g.ping(pc1, far[i], 3).wantTTL(g, 63)
		asks := nb.Seen(func(r lab.Recorded) bool { _, ok := r.Asks(); return ok })
		if len(asks) != 1 {
			t.Errorf("%s: %d questions, want 1: %v", family, len(asks), asks)
			continue
		}
		ask := asks[0].Packet
		if ip, _ := ask.Asks(); ip != nextHops[i] {
			t.Errorf("%s: asks for %s, want the next hop %s", family, ip, nextHops[i])
		}
		if ask.Src != extMAC {
			t.Errorf("%s: %s asks, want %s", family, ask.Src, extMAC)
		}
		if ask.EtherType == lab.EtherARP {
			if ask.Dst != (topology.MAC{0xff, 0xff, 0xff, 0xff, 0xff, 0xff}) || ask.SHA != extMAC || ask.SPA != extIPs[0] || !ask.THA.IsZero() {
				t.Errorf("the ARP request is %+v", ask)
			}
		} else {
			if ask.DstIP != group || ask.Dst != (topology.MAC{0x33, 0x33, 0xff, 0x12, 0x34, 0x56}) {
				t.Errorf("the solicitation goes to %s (%s), want the solicited-node group %s", ask.DstIP, ask.Dst, group)
			}
			if ask.SrcIP != extLink {
				t.Errorf("the solicitation comes from %s, want the link-local address %s", ask.SrcIP, extLink)
			}
			if ask.TTL != 255 || ask.LLA != extMAC {
				t.Errorf("the solicitation has hop limit %d and source link-layer address %s, want 255 and %s", ask.TTL, ask.LLA, extMAC)
			}
		}
		requests := nb.Seen(func(r lab.Recorded) bool { return r.IsEchoRequest() })
		if len(requests) != 3 {
			t.Errorf("%s: %d echo requests, want 3", family, len(requests))
		}
		for _, r := range requests {
			if r.Dst != router || r.Src != extMAC || r.DstIP != far[i] || r.SrcIP != pc1.ip(i) || r.TTL != 63 {
				t.Errorf("%s: forwards %v", family, r.Packet)
			}
		}
	}
}
