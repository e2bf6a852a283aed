// SPDX-License-Identifier: Apache-2.0

package arpbuf_test

import (
	"testing"
	"time"

	"github.com/parkway-gw/parkway/arpbuf"
	"github.com/parkway-gw/parkway/forwarder"
)

// mac_binding_age_threshold: behind lrp-b, IPv4 neighbors go after a minute without
// packets, one of them after ten, IPv6 ones never. Traffic keeps them.
func TestAgeThreshold(t *testing.T) {
	g := start(t, func(f *forwarder.Config, _ *arpbuf.Config) {
		f.Topology.Routers[0].Options.MACBindingAgeThreshold = "10.0.2.0/24:60;10.0.2.77/32:600;2001:db8::/32:0;5"
	})
	used, slow := families[0], families[0]
	used.host, slow.host = addr("10.0.2.55"), addr("10.0.2.77")
	for _, f := range []family{families[0], families[1], used, slow} {
		g.resolve(f)
	}
	for range 120 { // seconds
		g.inject(0, udp(t, used.host, 0, 64, 0))
		g.rest()
		for range 10 {
			g.clock.advance(100 * time.Millisecond)
			g.r.Turn()
		}
		if g.state(used.host).State == "PROBE" {
			g.inject(1, arpReply(used.host, macB))
			g.rest()
		}
	}
	g.rest()
	if s := g.state(families[0].host).State; s != "none" {
		t.Errorf("unused for two minutes, and %s", s)
	}
	for _, f := range []family{families[1], slow} {
		if s := g.state(f.host).State; s != "STALE" {
			t.Errorf("%s is %s, want STALE", f.host, s)
		}
	}
	if n := g.state(used.host); n.MAC != macB {
		t.Errorf("used all the time, and %s %s", n.State, n.MAC)
	}
	if s := g.state(a4).State; s != "PERMANENT" {
		t.Errorf("the configured neighbor is %s", s)
	}
	if n := g.r.Stats().Neighbors.Aged; n != 1 {
		t.Errorf("%d aged, want 1", n)
	}
}

// A packet in REACHABLE counts as use up to the end of that state.
func TestUseWhileReachableKeeps(t *testing.T) {
	g := start(t, func(f *forwarder.Config, _ *arpbuf.Config) {
		f.Topology.Routers[0].Options.MACBindingAgeThreshold = "5"
	})
	lives := func(packet bool) bool {
		g.resolve(families[0])
		if packet {
			g.inject(0, udp(t, b4, 1, 64, 0))
			g.rest()
		}
		g.pass(7 * time.Second)
		return g.state(b4).State == "STALE"
	}
	if !lives(true) {
		t.Error("gone 7 s after the answer, for all its packets")
	}
	g.pass(5 * time.Second)
	if lives(false) {
		t.Error("still there after 7 s without a packet")
	}
}
