// SPDX-License-Identifier: Apache-2.0

package arpbuf_test

import (
	"context"
	"net/netip"
	"testing"
	"time"

	"github.com/parkway-gw/parkway/arpbuf"
	"github.com/parkway-gw/parkway/forwarder"
	"github.com/parkway-gw/parkway/internal/wire"
)

// oneSwitch has both ports in one switch, with one router port for all networks.
func oneSwitch(fc *forwarder.Config, _ *arpbuf.Config) {
	t := &fc.Topology
	a, b := t.Switches[0].Ports[0], t.Switches[1].Ports[0]
	lrp := forwarder.RouterPort{Name: "lrp", MAC: macLA}
	for _, p := range t.Routers[0].Ports {
		lrp.Networks = append(lrp.Networks, p.Networks...)
	}
	t.Routers[0].Ports = []forwarder.RouterPort{lrp}
	t.Switches = []forwarder.Switch{{Name: "sw", Ports: []forwarder.SwitchPort{a, b,
		{Name: "to-lrp", Type: forwarder.PortRouter, RouterPort: "lrp"}}}}
}

// A link that goes down takes along what was learned and what waits.
func TestLinkDown(t *testing.T) {
	g := start(t, nil)
	g.resolve(families[1])
	g.inject(0, udps(t, b4, 0, 5)...)
	g.rest()
	g.link("p-nobody", false)
	g.link("p-b", true)
	g.link("p-a", false)
	g.rest()
	g.checkTotals(arpbuf.ParkedTotals{Parked: 6, Drained: 1, InRing: 5})
	g.link("p-b", false)
	g.rest()
	g.checkTotals(arpbuf.ParkedTotals{Parked: 6, Drained: 1, Discarded: 5})
	if s := g.state(b6).State; s != "none" {
		t.Errorf("%s is %s", b6, s)
	}
	if s := g.state(a4).State; s != "PERMANENT" {
		t.Errorf("the configured neighbor is %s", s)
	}
	g.take(1)
	g.resolve(families[0]) // and up again
}

// FAILED does not outlive the link: with it back, the host is asked for at once.
func TestLinkDownEndsTheHoldOff(t *testing.T) {
	g := start(t, nil)
	g.inject(0, udps(t, b4, 0, 1)...)
	g.rest()
	g.pass(3100 * time.Millisecond)
	if s := g.state(b4).State; s != "FAILED" {
		t.Fatalf("%s is %s", b4, s)
	}
	g.link("p-b", false)
	g.link("p-b", true)
	g.take(1)
	g.inject(0, udps(t, b4, 1, 1)...)
	g.rest()
	if n := families[0].probes(g.take(1)); n != 1 {
		t.Errorf("%d probes, want 1", n)
	}
}

// With several ports in the switch, a link takes along what was learned behind it, and
// what waits for somebody who may be anywhere only when it is the last.
func TestLinkDownOfOneOfTwo(t *testing.T) {
	g := start(t, oneSwitch)
	c4 := addr("10.0.2.33")
	g.inject(1, wire.AppendARPAnnouncement(nil, macB, b4))
	g.inject(1, wire.AppendARPAnnouncement(nil, macC, addr("10.0.2.44"))) // learned, not used
	g.rest()
	g.inject(0, udps(t, c4, 0, 5)...)
	g.rest()
	g.link("p-a", false)
	if n := g.state(b4); n.State != "STALE" || n.MAC != macB {
		t.Errorf("behind the other port: %+v", n)
	}
	g.checkTotals(arpbuf.ParkedTotals{Parked: 5, InRing: 5})
	g.link("p-a", true)
	g.link("p-b", false)
	g.checkTotals(arpbuf.ParkedTotals{Parked: 5, InRing: 5})
	if s := g.state(b4).State; s != "none" {
		t.Errorf("behind the port: %s", s)
	}
	if s := g.state(c4).State; s != "INCOMPLETE" {
		t.Errorf("who may be anywhere is %s", s)
	}
	g.link("p-a", false)
	g.rest()
	g.checkTotals(arpbuf.ParkedTotals{Parked: 5, Discarded: 5})
	// A configured neighbor has its way to the port all the same.
	g.take(0)
	g.inject(1, func() []byte {
		ip, typ := ipLayer(b4, a4, 64, 17)
		return serialize(t, ether(macB, macLA, typ), ip)
	}())
	g.rest()
	if n := count(g.take(0), func(b []byte) bool { p, err := wire.DecodeIP(b); return err == nil && p.Dst == a4 }); n != 1 {
		t.Errorf("%d packets for the configured neighbor, want 1", n)
	}
}

// A port that is called down and yet has sent a frame counts as up: who may be anywhere
// may be there.
func TestLinkDownIsOldNews(t *testing.T) {
	g := start(t, func(fc *forwarder.Config, ac *arpbuf.Config) {
		oneSwitch(fc, ac)
		fc.Topology.Switches[0].Ports[1] = forwarder.SwitchPort{Name: "b", ParkUntilUp: true,
			Addresses: []forwarder.PortAddress{{MAC: macB, IPs: []netip.Addr{b4}}}}
	})
	g.link("p-b", false)
	g.inject(1, rarp(macB))
	g.inject(0, udps(t, addr("10.0.2.33"), 0, 5)...)
	g.rest()
	g.link("p-a", false)
	g.checkTotals(arpbuf.ParkedTotals{Parked: 5, InRing: 5})
	g.link("p-b", false)
	g.rest()
	g.checkTotals(arpbuf.ParkedTotals{Parked: 5, Discarded: 5})
}

// MACs that were learned behind the link are gone: what is for them is flooded.
func TestLinkDownForgetsMACs(t *testing.T) {
	g := start(t, func(fc *forwarder.Config, ac *arpbuf.Config) {
		oneSwitch(fc, ac)
		sw := &fc.Topology.Switches[0]
		sw.Ports[0].Unknown = true
	})
	ip, typ := ipLayer(b4, a4, 64, 17)
	toC := func() []byte { return serialize(t, ether(macB, macC, typ), ip) }
	seen := func(port int) int {
		return count(g.take(port), func(b []byte) bool { return forwarder.MAC(b[:6]) == macC })
	}
	g.inject(0, rarp(macC))
	g.wait("the MAC to be learned", func() bool { // known, so it is not flooded back to b's own port
		g.inject(1, toC())
		g.rest()
		return seen(0) == 1
	})
	g.inject(0, serialize(t, ether(macA, macC, typ), ip)) // it lives there: nowhere else
	g.rest()
	if n := seen(1); n != 0 {
		t.Errorf("%d frames for a learned MAC were flooded", n)
	}
	g.link("p-a", false)
	g.inject(0, serialize(t, ether(macA, macC, typ), ip))
	g.rest()
	if n := seen(1); n != 1 {
		t.Errorf("%d frames for a forgotten MAC were flooded, want 1", n)
	}
}

// What an unfinished drain has not sent is freed too, and nobody asks for it again.
func TestLinkDownWhileDraining(t *testing.T) {
	eachFamily(t, func(t *testing.T, f family) {
		g := startWith(t, 32, func(fc *forwarder.Config, _ *arpbuf.Config) { fc.Park.PacketsPerNextHop = 256 })
		g.inject(0, udps(t, f.host, 0, 200)...)
		g.rest()
		g.take(1)
		g.inject(1, f.reply(f.host, macB))
		for g.out[1].Len() < 32 {
			g.r.Turn()
		}
		done := make(chan error, 1)
		go func() { done <- g.r.PortLink(context.Background(), "p-b", false) }()
		for len(done) == 0 {
			g.r.Turn()
		}
		g.rest()
		g.pass(5 * time.Second)
		frames := g.take(1)
		inOrder(t, flow(t, frames, f.host, macB), 0, 32)
		if n := f.probes(frames); n != 0 {
			t.Errorf("%d probes after link down", n)
		}
		full, discarded := g.drops("tx_full"), g.drops("park_discarded")
		if discarded == 0 || 32+full+discarded != 200 {
			t.Errorf("32 sent, %d tx_full, %d discarded of 200", full, discarded)
		}
		if n := len(g.take(0)); n != 0 {
			t.Errorf("%d frames to the sender", n)
		}
	})
}
