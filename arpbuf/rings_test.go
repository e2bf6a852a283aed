// SPDX-License-Identifier: Apache-2.0

package arpbuf_test

import (
	"testing"

	"github.com/parkway-gw/parkway/arpbuf"
	"github.com/parkway-gw/parkway/forwarder"
	"github.com/parkway-gw/parkway/internal/wire"
)

// A flood that fills one of the rings to control keeps none of the others from
// working: what it brings too much is dropped and counted, and at the first turns the
// router learns, answers and asks as ever.
func TestRingsToControlAreApart(t *testing.T) {
	const full = "punt_arp_nd_full"
	floods := map[string]struct {
		reason string // of what is too much
		frame  func() []byte
	}{
		"arp": {full, func() []byte {
			return wire.AppendARPRequest(nil, wire.Broadcast, macB, b4, lb4)
		}},
		"nd": {full, func() []byte {
			return wire.AppendNeighborSolicitation(nil, macB, b6, lb6)
		}},
		"echo": {"punt_ip_full", func() []byte { return echo(t, b4, lb4, macB, macLB, 64) }},
		"ttl":  {"ip_ttl_exceeded", func() []byte { return udp(t, b4, 0, 1, 0) }},
	}
	const size = 64
	for name, flood := range floods {
		t.Run(name, func(t *testing.T) {
			g := start(t, func(f *forwarder.Config, c *arpbuf.Config) {
				f.RingSize = size
				meter(f, "icmp4-error", 1_000_000, 1000) // the ring is the bound here
			})
			port := 1
			if name == "ttl" {
				port = 0
			}
			for range 3 * size { // control does not turn meanwhile
				g.inject(port, flood.frame())
			}
			g.wait1("the flood", func() bool { return g.drops(flood.reason) == 3*size-(size-1) })
			// Everything else at once: a cold next hop, and what the other ring carries.
			g.inject(0, udps(t, hostN(1), 0, 4)...)
			if flood.reason != full {
				g.inject(1, wire.AppendARPAnnouncement(nil, macC, hostN(1)))
			} else {
				g.inject(0, echo(t, a4, la4, macA, macLA, 64))
			}
			g.received()
			g.wait1("the last frame", func() bool { return g.f.Counters().Parked == 4 })
			g.rest()
			if flood.reason != full {
				inOrder(t, flow(t, g.take(1), hostN(1), macC), 0, 4)
				return
			}
			if n := count(g.take(1), func(b []byte) bool { return isARPRequest(b, hostN(1)) }); n != 1 {
				t.Errorf("%d requests for a cold next hop, want 1", n)
			}
			if n := g.r.Stats().EchoReplies; n != 1 {
				t.Errorf("%d echo replies, want 1", n)
			}
		})
	}
	// (b): more cold next hops than there are park rings do not keep answers out.
	t.Run("asks", func(t *testing.T) {
		g := start(t, func(f *forwarder.Config, c *arpbuf.Config) { f.RingSize, f.Park.NextHops = size, 32 })
		for i := range 100 {
			g.inject(0, udp(t, hostN(i), 0, 64, 0))
		}
		g.wait1("the scan", func() bool { return g.f.Counters().Parked == 32 && g.drops("park_nexthops_full") == 68 })
		g.inject(1, wire.AppendARPRequest(nil, wire.Broadcast, macB, b4, lb4))
		g.inject(0, echo(t, a4, la4, macA, macLA, 64))
		g.received()
		g.rest()
		if s := g.r.Stats(); s.ARPReplies != 1 || s.EchoReplies != 1 || s.Asks != 32 {
			t.Errorf("%+v", s)
		}
		if s := g.state(b4).State; s != "STALE" {
			t.Errorf("%s is %s", b4, s)
		}
	})
}

// wait1 waits without turning control.
func (g *gateway) wait1(what string, cond func() bool) {
	g.t.Helper()
	turn := g.turn
	g.turn = func() {}
	g.wait(what, cond)
	g.turn = turn
}
