// SPDX-License-Identifier: Apache-2.0

package arpbuf_test

import (
	"testing"
	"time"

	"github.com/parkway-gw/parkway/arpbuf"
	"github.com/parkway-gw/parkway/forwarder"
)

// The hosts behind a closed gate are asked for: at once, three times after a second
// each, then every five, each at its own MAC, and no longer than packets wait.
func TestGateProbes(t *testing.T) {
	eachFamily(t, func(t *testing.T, f family) {
		g := start(t, gated)
		g.pass(10 * time.Second)
		if n := len(g.take(1)); n != 0 {
			t.Errorf("%d frames though nothing waits", n)
		}
		g.inject(0, udps(t, f.host, 0, 3)...)
		g.rest()
		var at []time.Duration
		for d := time.Duration(0); d <= 15*time.Second; d += 100 * time.Millisecond {
			for _, frame := range g.take(1) {
				if !f.probe(frame, f.host) || forwarder.MAC(frame[:6]) != macB {
					t.Fatalf("a frame after %v: %x", d, frame)
				}
				at = append(at, d)
			}
			g.pass(100 * time.Millisecond)
		}
		want := []time.Duration{0, 1, 2, 3, 8, 13}
		for i := range want {
			want[i] *= time.Second
		}
		if len(at) != len(want) {
			t.Fatalf("probes at %v, want %v", at, want)
		}
		for i := range at {
			if at[i] != want[i] {
				t.Errorf("probes at %v, want %v", at, want)
			}
		}
		if s := g.r.Stats(); s.Neighbors.Failures != 0 || s.ICMPErrors != 0 {
			t.Errorf("stats %+v", s)
		}
		// None while the link is down, and a new start with link up.
		g.link("p-b", false)
		g.pass(20 * time.Second)
		if n := len(g.take(1)); n != 0 {
			t.Errorf("%d frames while the link is down", n)
		}
		g.link("p-b", true)
		g.pass(3500 * time.Millisecond)
		if n := f.probes(g.take(1)); n != 4 {
			t.Errorf("%d probes in 3.5 s after link up, want 4", n)
		}
		g.inject(1, f.reply(f.host, macB))
		g.rest()
		inOrder(t, flow(t, g.take(1), f.host, macB), 0, 3)
		g.pass(20 * time.Second)
		if n := len(g.take(1)); n != 0 {
			t.Errorf("%d frames after the end of the wait", n)
		}
	})
}

// Nothing but its own age limit ends the wait at a gate, without a word to the sender.
// The ring is free for other next hops then, and the next packet begins a new wait.
func TestGatedMaxAge(t *testing.T) {
	g := start(t, func(fc *forwarder.Config, ac *arpbuf.Config) {
		gated(fc, ac)
		ac.MaxAge, ac.GatedMaxAge = time.Hour, time.Nanosecond
		fc.Park.Gated = forwarder.ParkLimits{NextHops: 1, PacketsPerNextHop: 8, MaxPackets: 8}
	})
	g.turn() // the first look at ages
	for round := range uint64(3) {
		for i, f := range families { // in turn: there is one ring for both
			g.inject(0, udps(t, f.host, 0, 8)...)
			g.rest()
			if n := f.probes(g.take(1)); n != 1 {
				t.Errorf("round %d: %d probes, want 1", round, n)
			}
			g.pass(1100 * time.Millisecond)
			if n := g.drops("park_gate_expired"); n != (2*round+uint64(i)+1)*8 {
				t.Errorf("round %d: %d packets of %d expired", round, n, (2*round+uint64(i)+1)*8)
			}
			g.wait("the ring to be given back", func() bool { return g.r.OpenSlots() == 0 })
			g.pass(10 * time.Second)
			if got := append(g.take(0), g.take(1)...); len(got) != 0 {
				t.Errorf("round %d: %d frames after the packets have gone", round, len(got))
			}
		}
	}
	if n := g.drops("park_gate_full"); n != 0 || g.gate().Packets != 0 {
		t.Errorf("%d found no ring; the gate is %+v", n, g.gate())
	}
}

// What waits at gates has bounds of its own, and takes no room from other next hops.
func TestGateBounds(t *testing.T) {
	limits := func(newest bool) func(fc *forwarder.Config, ac *arpbuf.Config) {
		return func(fc *forwarder.Config, ac *arpbuf.Config) {
			gated(fc, ac)
			fc.Park.NextHops, fc.Park.PacketsPerNextHop, fc.Park.MaxPackets = 1, 4, 4
			fc.Park.Gated = forwarder.ParkLimits{NextHops: 2, PacketsPerNextHop: 8, MaxPackets: 12, DropNewest: newest}
		}
	}
	for _, c := range []struct {
		name            string
		newest          bool
		from            uint32 // first that stays in the end of 20 for b4
		stay            uint32 // of them
		evicted, full   uint64 // of 20 for b4
		evicted6, full6 uint64 // and of 6 for b6
	}{{"oldest", false, 14, 6, 12, 0, 14, 0}, {"newest", true, 0, 8, 0, 12, 0, 14}} {
		t.Run(c.name, func(t *testing.T) {
			g := start(t, limits(c.newest))
			want := func(evicted, full uint64) {
				t.Helper()
				if e, f := g.drops("park_gate_evicted"), g.drops("park_gate_full"); e != evicted || f != full {
					t.Errorf("%d evicted, %d refused; want %d and %d", e, f, evicted, full)
				}
			}
			g.inject(0, udps(t, b4, 0, 20)...) // its ring has 8
			g.rest()
			want(c.evicted, c.full)
			g.inject(0, udps(t, b6, 0, 6)...) // 12 in all: the last two take room in the fuller ring, or go
			g.rest()
			want(c.evicted6, c.full6)
			g.inject(0, udps(t, lost4, 0, 1)...) // no third ring
			g.rest()
			want(c.evicted6, c.full6+1)
			g.inject(0, udps(t, addr("10.0.2.50"), 0, 4)...) // not gated
			g.rest()
			want(c.evicted6, c.full6+1)
			if n := g.f.Counters(); n.GateParkedNow() != 12 || n.ParkedNow() != 16 {
				t.Errorf("%d wait, %d of them at gates; want 16 and 12", n.ParkedNow(), n.GateParkedNow())
			}
			g.take(1)
			g.inject(1, rarp(macB))
			g.rest()
			frames := g.take(1)
			inOrder(t, flow(t, frames, b4, macB), c.from, c.stay)
			inOrder(t, flow(t, frames, b6, macB), 0, 12-c.stay)
		})
	}
}
