// SPDX-License-Identifier: Apache-2.0

package arpbuf_test

import (
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/parkway-gw/parkway/arpbuf"
	"github.com/parkway-gw/parkway/dpdk/dpdktest"
	"github.com/parkway-gw/parkway/forwarder"
)

// saved is a gateway that took over these neighbors.
func saved(t *testing.T, list []arpbuf.SavedNeighbor, tune ...func(*forwarder.Config, *arpbuf.Config)) *gateway {
	t.Helper()
	return start(t, func(f *forwarder.Config, c *arpbuf.Config) {
		for _, more := range tune {
			more(f, c)
		}
		c.Saved = list
	})
}

// What one life saves the next one takes over: the first packet leaves without a
// question, and its neighbor is verified, alone, when it is used.
func TestSavedNeighborsAreUsedAtOnce(t *testing.T) {
	eachFamily(t, func(t *testing.T, f family) {
		var list []arpbuf.SavedNeighbor
		t.Run("first life", func(t *testing.T) {
			g := start(t, nil)
			g.resolve(f)
			g.inject(0, udp(t, addr("192.0.2.7"), 0, 64, 0)) // by the gateway gw4
			g.rest()
			g.inject(1, arpReply(gw4, macB))
			g.rest()
			if err := g.add("lrp-b", addr("10.0.2.99"), macC); err != nil { // not learned
				t.Fatal(err)
			}
			g.pass(2 * time.Second)
			list = g.r.Save()
			want := []arpbuf.SavedNeighbor{
				{RouterPort: "lrp-b", IP: gw4, MAC: macB, Age: 2 * time.Second, Confirmed: true},
				{RouterPort: "lrp-b", IP: f.host, MAC: macB, Age: 2 * time.Second, Confirmed: true},
			}
			slices.SortFunc(want, func(a, b arpbuf.SavedNeighbor) int { return a.IP.Compare(b.IP) })
			if !slices.Equal(list, want) {
				t.Fatalf("saved %+v, want %+v", list, want)
			}
		})

		g := saved(t, list)
		if n := g.state(f.host); n.State != "STALE" || n.MAC != macB || n.Age != 2*time.Second {
			t.Errorf("%+v", n)
		}
		g.inject(0, udps(t, f.host, 0, 5)...)
		g.inject(0, udps(t, addr("192.0.2.7"), 0, 5)...)
		g.rest()
		frames := g.take(1)
		inOrder(t, flow(t, frames, f.host, macB), 0, 5)
		inOrder(t, flow(t, frames, addr("192.0.2.7"), macB), 0, 5)
		if len(frames) != 10 {
			t.Errorf("%d frames, want the 10 packets alone", len(frames))
		}
		if c := g.r.Parked().Totals; c.Parked != 0 {
			t.Errorf("%d packets were parked", c.Parked)
		}
		g.pass(1200 * time.Millisecond)
		if s := g.state(f.host).State; s != "DELAY" {
			t.Errorf("used, and %s", s)
		}
		g.pass(5 * time.Second)
		frames = g.take(1)
		if n := f.probes(frames); n != 1 || count(frames, func(b []byte) bool { return b[0]&1 != 0 }) != 0 {
			t.Errorf("%d probes among %d frames, want 1 to the neighbor alone", n, len(frames))
		}
	})
}

// Only what fits is taken over, the first of the list first, and one line says so.
func TestSavedNeighborsThatDoNotFit(t *testing.T) {
	var log dpdktest.Log
	good := arpbuf.SavedNeighbor{RouterPort: "lrp-b", IP: b4, MAC: macB}
	with := func(change func(*arpbuf.SavedNeighbor)) arpbuf.SavedNeighbor {
		s := good
		change(&s)
		return s
	}
	at := func(ip string) arpbuf.SavedNeighbor {
		return with(func(s *arpbuf.SavedNeighbor) { s.IP = addr(ip) })
	}
	g := saved(t, []arpbuf.SavedNeighbor{
		good,
		good, // twice
		with(func(s *arpbuf.SavedNeighbor) { s.RouterPort = "lrp-old" }),
		with(func(s *arpbuf.SavedNeighbor) { s.RouterPort, s.IP = "lrp-a", a4 }), // configured
		at("10.0.3.9"), at("10.0.2.1"), at("10.0.2.255"), at("ff02::1"), at("::"),
		with(func(s *arpbuf.SavedNeighbor) { s.IP = netip.Addr{} }),
		with(func(s *arpbuf.SavedNeighbor) { s.IP, s.MAC = addr("10.0.2.10"), forwarder.MAC{} }),
		with(func(s *arpbuf.SavedNeighbor) { s.IP, s.MAC = addr("10.0.2.10"), macLA }),
		with(func(s *arpbuf.SavedNeighbor) { s.IP, s.Age = addr("10.0.2.10"), -1 }),
		at("192.168.7.7"),
		with(func(s *arpbuf.SavedNeighbor) { s.IP = b6 }),
		at("10.0.2.11"), // no room
		with(func(s *arpbuf.SavedNeighbor) { s.IP = gw4 }), // needs none
	}, func(_ *forwarder.Config, c *arpbuf.Config) { c.MaxEntries, c.Logger = 2, log.Logger() })
	var have []netip.Addr
	for _, n := range g.r.Neighbors() {
		if n.State == "STALE" {
			have = append(have, n.IP)
		}
	}
	if !slices.Equal(have, []netip.Addr{b4, gw4, b6}) {
		t.Errorf("taken over: %v", have)
	}
	if n := g.state(a4); n.State != "PERMANENT" || n.MAC != macA {
		t.Errorf("the configured neighbor: %+v", n)
	}
	text := log.String()
	if strings.Count(text, "\n") != 1 || !strings.Contains(text, "neighbors=3 left_out=14") ||
		!strings.Contains(text, "1: the router port is gone") || !strings.Contains(text, "1: no room") || !strings.Contains(text, "1: configured now") ||
		!strings.Contains(text, "1: there twice") || !strings.Contains(text, "7: no neighbor of the router port any more") {
		t.Errorf("the log says\n%s", text)
	}
}

// A table full of saved neighbors, all in use, is verified at the probe rate.
func TestSavedNeighborsAreVerifiedInTurn(t *testing.T) {
	var list []arpbuf.SavedNeighbor
	for i := range 100 {
		list = append(list, arpbuf.SavedNeighbor{RouterPort: "lrp-b", IP: hostN(i), MAC: macB, Confirmed: true})
	}
	g := saved(t, list, probeRate(20))
	for i := range list {
		g.inject(0, udp(t, hostN(i), 0, 64, 0))
	}
	g.rest()
	g.take(1)
	g.pass(5900 * time.Millisecond) // 1 s to the first look, 5 s of DELAY
	if n := len(g.take(1)); n != 0 {
		t.Errorf("%d probes before DELAY is over", n)
	}
	g.pass(1100 * time.Millisecond)
	first := map[[4]byte]bool{}
	for _, frame := range g.take(1) {
		first[[4]byte(frame[38:42])] = true // ARP's target
	}
	if len(first) < 18 || len(first) > 24 {
		t.Errorf("%d neighbors were asked for in the first second, want about 20", len(first))
	}
}

// An age goes on growing, so that mac_binding_age_threshold holds across lives.
func TestSavedNeighborsAge(t *testing.T) {
	g := saved(t, []arpbuf.SavedNeighbor{
		{RouterPort: "lrp-b", IP: hostN(1), MAC: macB, Age: 400 * time.Second},
		{RouterPort: "lrp-b", IP: hostN(2), MAC: macB, Age: 200 * time.Second},
	}, func(f *forwarder.Config, _ *arpbuf.Config) {
		f.Topology.Routers[0].Options.MACBindingAgeThreshold = "300"
	})
	g.pass(2 * time.Second)
	if s := g.state(hostN(1)).State; s != "none" {
		t.Errorf("unused for 402 s: %s", s)
	}
	if s := g.state(hostN(2)).State; s != "STALE" {
		t.Errorf("unused for 202 s: %s", s)
	}
	g.pass(99 * time.Second)
	if s := g.state(hostN(2)).State; s != "none" {
		t.Errorf("unused for 301 s: %s", s)
	}
}
