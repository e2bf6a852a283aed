// SPDX-License-Identifier: Apache-2.0

package arpbuf_test

import (
	"net/netip"
	"testing"

	"github.com/parkway-gw/parkway/arpbuf"
	"github.com/parkway-gw/parkway/forwarder"
	"github.com/parkway-gw/parkway/internal/wire"
)

var (
	proxied4, proxied6 = addr("169.254.1.1"), addr("fd00:1::7")
	inRange4, inRange6 = addr("10.0.2.77"), addr("2001:db8:2::77")
)

func proxying(fc *forwarder.Config, _ *arpbuf.Config) {
	ports := fc.Topology.Switches[1].Ports
	for i := range ports {
		if ports[i].RouterPort == "lrp-b" {
			for _, p := range []string{"169.254.1.1/32", "10.0.2.64/26", "fd00:1::7/128", "2001:db8:2::/112", "fe80::1/128"} {
				ports[i].ARPProxy = append(ports[i].ARPProxy, netip.MustParsePrefix(p))
			}
		}
	}
}

func TestProxyARP(t *testing.T) {
	g := start(t, proxying)
	for _, ip := range []netip.Addr{proxied4, inRange4} {
		g.inject(1, wire.AppendARPRequest(nil, wire.Broadcast, macB, b4, ip))
		g.rest()
		got := g.take(1)
		if len(got) != 1 {
			t.Fatalf("%d answers for %s", len(got), ip)
		}
		a, err := wire.DecodeARP(got[0])
		if err != nil || a.Op != wire.ARPReply || a.SenderMAC != macLB || a.SenderIP != ip || a.EthDst != macB || a.TargetIP != b4 {
			t.Errorf("answer %+v, %v", a, err)
		}
	}
	for name, frame := range map[string][]byte{
		"beyond the range":   wire.AppendARPRequest(nil, wire.Broadcast, macB, b4, addr("10.0.2.200")),
		"a probe":            wire.AppendARPRequest(nil, wire.Broadcast, macB, addr("0.0.0.0"), inRange4),
		"an announcement":    wire.AppendARPAnnouncement(nil, macC, inRange4),
		"somebody is there":  wire.AppendARPRequest(nil, wire.Broadcast, macB, b4, inRange4), // announced just now, below
		"another's question": wire.AppendARPReply(nil, wire.ARP{SenderMAC: macB, SenderIP: b4, TargetIP: inRange4}, macC),
	} {
		if name == "somebody is there" {
			g.inject(1, wire.AppendARPAnnouncement(nil, macC, inRange4))
		}
		g.inject(1, frame)
		g.rest()
		if got := g.take(1); len(got) != 0 {
			t.Errorf("%s is answered: % x", name, got[0])
		}
	}
	g.inject(0, wire.AppendARPRequest(nil, wire.Broadcast, macA, a4, proxied4)) // another router port
	g.rest()
	if got := g.take(0); len(got) != 0 {
		t.Error("lrp-a answers, too")
	}
	if s := g.r.Stats(); s.ProxyReplies != 2 {
		t.Errorf("%d counted", s.ProxyReplies)
	}
}

// N7: answers for others have O=0, so that the host's own counts, and come from an own
// address.
func TestN7_ProxyND(t *testing.T) {
	g := start(t, proxying)
	for ip, src := range map[netip.Addr]netip.Addr{proxied6: lb6, inRange6: lb6, addr("fe80::1"): wire.LinkLocalFromMAC(macLB)} {
		for _, unicast := range []bool{false, true} {
			frame := wire.AppendNeighborSolicitation(nil, macB, b6, ip)
			if unicast { // a neighbor that verifies what it has heard
				frame = wire.AppendNeighborProbe(nil, macLB, macB, b6, ip)
			}
			g.inject(1, frame)
			g.rest()
			got := g.take(1)
			if len(got) != 1 {
				t.Fatalf("%d answers for %s, unicast %v", len(got), ip, unicast)
			}
			na, err := wire.DecodeND(got[0])
			if err != nil || na.Target != ip || na.TLLA != macLB || na.Override || !na.Solicited || !na.Router ||
				na.EthDst != macB || na.Dst != b6 || na.Src != src {
				t.Errorf("answer %+v, %v", na, err)
			}
		}
	}
	g.inject(1, wire.AppendNeighborSolicitation(nil, macC, netip.IPv6Unspecified(), inRange6)) // he may have it
	g.inject(1, wire.AppendNeighborSolicitation(nil, macB, b6, addr("2001:db8:2::1:77")))      // beyond
	g.rest()
	if got := g.take(1); len(got) != 0 {
		t.Errorf("%d answers too many", len(got))
	}
	g.inject(1, wire.AppendNeighborSolicitation(nil, macC, inRange6, lb6)) // he has
	g.rest()
	g.take(1)
	g.inject(1, wire.AppendNeighborSolicitation(nil, macB, b6, inRange6))
	g.rest()
	if got := g.take(1); len(got) != 0 {
		t.Errorf("answered for a host that is there")
	}
	if s := g.r.Stats(); s.ProxyAdvertisements != 6 {
		t.Errorf("%d counted", s.ProxyAdvertisements)
	}
}
