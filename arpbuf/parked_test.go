// SPDX-License-Identifier: Apache-2.0

package arpbuf_test

import (
	"context"
	"fmt"
	"net/netip"
	"testing"
	"time"

	"github.com/parkway-gw/parkway/arpbuf"
	"github.com/parkway-gw/parkway/cgo"
	"github.com/parkway-gw/parkway/forwarder"
)

// withGate gives switch sw-b a gated port that nothing is plugged into, so that there
// are park rings of that class.
func withGate(f *forwarder.Config, c *arpbuf.Config) {
	f.Topology.Switches[1].Ports = append(f.Topology.Switches[1].Ports, forwarder.SwitchPort{
		Name: "pod", ParkUntilUp: true,
		Addresses: []forwarder.PortAddress{{MAC: mac("02:00:00:00:0b:50"), IPs: []netip.Addr{addr("10.0.2.50")}}},
	})
	c.MaxAge, c.GatedMaxAge = 0, 0
}

// gated makes workers park packets to ip as for a switch port.
func (g *gateway) gated(ip netip.Addr) {
	g.t.Helper()
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = g.r.Do(context.Background(), func() {
			adj, err := g.f.Adjacency(1, ip)
			if err != nil {
				g.t.Error(err)
			}
			g.f.FlagAdjacency(adj, cgo.AdjGated)
		})
	}()
	g.wait("a flag", func() bool {
		select {
		case <-done:
			return true
		default:
			return false
		}
	})
}

// checkGated demands the share of what waits for switch ports, and its own law.
func (g *gateway) checkGated(want arpbuf.ParkedTotals) {
	g.t.Helper()
	got := g.r.Parked().Gated
	if got != want {
		g.t.Errorf("gated %+v, want %+v", got, want)
	}
	if got.Parked != got.Drained+got.Evicted+got.Expired+got.Failed+got.Discarded+uint64(got.InRing) {
		g.t.Errorf("gated packets do not add up: %+v", got)
	}
}

// Unanswered probes end no wait for a switch port; GatedMaxAge does.
func TestGatedWaitsDoNotFail(t *testing.T) {
	g := start(t, func(f *forwarder.Config, c *arpbuf.Config) {
		withGate(f, c)
		f.Park.Gated.PacketsPerNextHop = 8
		c.GatedMaxAge = 1 // of any age, at the next look
	})
	g.gated(b4)
	g.inject(0, udps(t, b4, 0, 10)...)
	g.inject(0, udps(t, b6, 0, 4)...)
	g.rest()
	g.checkTotals(arpbuf.ParkedTotals{Parked: 14, Evicted: 2, InRing: 12})
	g.checkGated(arpbuf.ParkedTotals{Parked: 10, Evicted: 2, InRing: 8})
	g.pass(100 * time.Millisecond)
	g.checkTotals(arpbuf.ParkedTotals{Parked: 14, Evicted: 2, Expired: 8, InRing: 4})
	g.checkGated(arpbuf.ParkedTotals{Parked: 10, Evicted: 2, Expired: 8})
	if res := g.last(1); res.Result != arpbuf.WaitExpired || res.Packets != 8 {
		t.Errorf("%+v", res)
	}
}

func TestGatedWaitsOutlastProbes(t *testing.T) {
	g := start(t, withGate)
	g.gated(b4)
	g.inject(0, udps(t, b4, 0, 10)...)
	g.rest()
	g.pass(10 * time.Second)
	g.checkGated(arpbuf.ParkedTotals{Parked: 10, InRing: 10})
	g.inject(0, udps(t, b4, 10, 2)...)
	g.inject(1, arpReply(b4, macB))
	g.rest()
	inOrder(t, flow(t, g.take(1), b4, macB), 0, 12)
	g.checkGated(arpbuf.ParkedTotals{Parked: 12, Drained: 12})
	w := g.r.Parked().Waits
	if w[cgo.ParkGated].Count != 12 || w[cgo.ParkNextHop].Count != 0 {
		t.Errorf("waits: %+v", w)
	}
}

// Waiting times add up and buckets are cumulative.
func TestWaits(t *testing.T) {
	g := start(t, nil)
	g.inject(0, udps(t, b4, 0, 30)...)
	g.rest()
	begin := time.Now()
	g.wait("some time", func() bool { return time.Since(begin) > 3*time.Millisecond })
	g.inject(1, arpReply(b4, macB))
	g.rest()
	w := g.r.Parked().Waits[cgo.ParkNextHop]
	if w.Count != 30 || w.Sum < 30*3*time.Millisecond || w.Sum > 30*20*time.Second {
		t.Errorf("%d packets waited %v", w.Count, w.Sum)
	}
	if len(w.Buckets) != cgo.WaitBuckets-1 {
		t.Fatalf("%d buckets", len(w.Buckets))
	}
	for i, b := range w.Buckets {
		if i > 0 && (b.Most <= w.Buckets[i-1].Most || b.Count < w.Buckets[i-1].Count) {
			t.Errorf("bucket %d: %+v after %+v", i, b, w.Buckets[i-1])
		}
		if b.Most <= 2*time.Millisecond && b.Count != 0 {
			t.Errorf("%d waited for less than %v", b.Count, b.Most)
		}
	}
	if last := w.Buckets[len(w.Buckets)-1]; last.Count != 30 {
		t.Errorf("the last bucket has %d", last.Count)
	}
}

// By default each packet has an age of its own; RearmAge counts from the newest.
func TestRearmAge(t *testing.T) {
	for rearm, want := range map[bool]uint64{false: 1, true: 0} {
		t.Run(fmt.Sprint(rearm), func(t *testing.T) {
			g := start(t, func(_ *forwarder.Config, c *arpbuf.Config) { c.MaxAge, c.RearmAge = 0, rearm })
			g.cold(b4)
			first := time.Now()
			g.wait("a difference in age", func() bool { return time.Since(first) > 200*time.Millisecond })
			g.cold(b4)
			g.r.SetMaxAge(time.Since(first) - 5*time.Millisecond) // the first is older, the second is not
			g.pass(100 * time.Millisecond)
			g.checkTotals(arpbuf.ParkedTotals{Parked: 2, Expired: want, InRing: int64(2 - want)})
			g.r.SetMaxAge(1)
			g.pass(100 * time.Millisecond)
			g.checkTotals(arpbuf.ParkedTotals{Parked: 2, Expired: 2})
		})
	}
}
