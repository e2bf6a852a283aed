// SPDX-License-Identifier: Apache-2.0

package arpbuf_test

import (
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/parkway-gw/parkway/arpbuf"
	"github.com/parkway-gw/parkway/forwarder"
	"github.com/parkway-gw/parkway/internal/wire"
)

// hostN is a stranger behind lrp-b.
func hostN(n int) netip.Addr { return netip.AddrFrom4([4]byte{10, 0, 2, byte(20 + n)}) }

// cold sends a packet to each host, one after another.
func (g *gateway) cold(hosts ...netip.Addr) {
	g.t.Helper()
	for _, h := range hosts {
		g.inject(0, udp(g.t, h, 0, 64, 0))
		g.rest()
	}
}

func strangers(n int) (out []netip.Addr) {
	for i := range n {
		out = append(out, hostN(i))
	}
	return out
}

// asked returns whom the router has asked everybody for since the last call, in order.
func (g *gateway) asked() (out []netip.Addr) {
	for _, frame := range g.take(1) {
		if a, err := wire.DecodeARP(frame); err == nil && a.Op == wire.ARPRequest && frame[0] == 0xff {
			out = append(out, a.TargetIP)
		}
	}
	return out
}

func probeRate(rate float64) func(*forwarder.Config, *arpbuf.Config) {
	return func(_ *forwarder.Config, c *arpbuf.Config) { c.ProbeRate, c.MaxAge = rate, 0 }
}

// A scan of 100 hosts at 10 probes/s: ten go out at once, and then one every 100 ms,
// first probes before repetitions. Nobody fails without having been asked for.
func TestProbeRate(t *testing.T) {
	g := start(t, probeRate(10))
	scan := strangers(100)
	g.cold(scan...)
	if got := g.asked(); !slices.Equal(got, scan[:10]) {
		t.Fatalf("asked at once: %v", got)
	}
	if n := g.r.Stats().ProbesDeferred; n != 90 {
		t.Errorf("%d probes deferred, want 90", n)
	}
	sent := 0
	for range 80 {
		g.pass(100 * time.Millisecond)
		got := g.asked()
		if len(got) > 1 {
			t.Fatalf("%d probes in 100 ms", len(got))
		}
		if len(got) == 1 && got[0] != scan[10+sent] {
			t.Fatalf("probe %d is for %s, want %s", sent, got[0], scan[10+sent])
		}
		sent += len(got)
	}
	if sent < 79 {
		t.Errorf("%d probes in 8 s, want 10 a second", sent)
	}
	failed := 0
	for i, h := range scan {
		if g.state(h).State == "FAILED" {
			failed++
			if i >= 10+sent {
				t.Errorf("%s failed and nobody has been asked for it", h)
			}
		}
	}
	if failed < 10 {
		t.Errorf("%d failed, want at least those that were asked for at once", failed)
	}
}

// Known next hops first, then first probes, then repetitions; within each in order of
// arrival.
func TestProbeOrder(t *testing.T) {
	g := start(t, func(f *forwarder.Config, c *arpbuf.Config) {
		probeRate(1)(f, c)
		c.RetransTime = 3 * time.Second
	})
	var got []netip.Addr
	second := func() {
		for range 20 {
			g.clock.advance(50 * time.Millisecond)
			g.turn()
		}
		g.rest()
		got = append(got, g.asked()...)
	}
	g.cold(strangers(4)...) // the first takes the token
	g.clock.advance(50 * time.Millisecond)
	second()
	second()
	second()
	// The first one's repetition has been due for 50 ms.
	g.cold(hostN(4))
	g.cold(addr("192.0.2.9")) // by the gateway, which a route names
	second()
	second()
	second()
	want := []netip.Addr{hostN(0), hostN(1), hostN(2), hostN(3), gw4, hostN(4), hostN(0)}
	if !slices.Equal(got, want) {
		t.Errorf("asked for %v\nwant %v", got, want)
	}
}

// A deferred probe whose answer came by itself never goes out.
func TestDeferredProbeIsRecalled(t *testing.T) {
	g := start(t, probeRate(1))
	g.cold(hostN(0), hostN(1))
	g.asked()
	g.inject(1, wire.AppendARPAnnouncement(nil, macB, hostN(1)))
	g.rest()
	inOrder(t, flow(t, g.take(1), hostN(1), macB), 0, 1)
	g.pass(10 * time.Second)
	if got := g.asked(); slices.Contains(got, hostN(1)) || len(got) == 0 {
		t.Errorf("asked: %v", got)
	}
}

// Nobody is FAILED without a probe, however long it takes; the packets' own age ends
// the wait, and then the probe and the park ring are free for others.
func TestDeferredForLong(t *testing.T) {
	g := start(t, func(f *forwarder.Config, c *arpbuf.Config) {
		c.ProbeRate, c.MaxAge = 1.0/3600, 0
		f.Park.NextHops = 2
	})
	g.cold(hostN(0), hostN(1))
	g.pass(5 * time.Second)
	if s := g.state(hostN(0)).State; s != "FAILED" {
		t.Errorf("%s is %s, want FAILED: it was asked for", hostN(0), s)
	}
	if s := g.state(hostN(1)).State; s != "INCOMPLETE" {
		t.Errorf("%s is %s, want INCOMPLETE", hostN(1), s)
	}
	g.checkTotals(arpbuf.ParkedTotals{Parked: 2, Failed: 1, InRing: 1})
	g.r.SetMaxAge(1)
	g.pass(200 * time.Millisecond)
	g.r.SetMaxAge(0)
	g.checkTotals(arpbuf.ParkedTotals{Parked: 2, Failed: 1, Expired: 1})
	g.pass(time.Hour)
	if got := g.asked(); len(got) != 1 {
		t.Errorf("asked for %v; want %s alone", got, hostN(0))
	}
	asks := g.r.Stats().Asks
	g.cold(hostN(2), hostN(3)) // both park rings are free
	g.checkTotals(arpbuf.ParkedTotals{Parked: 4, Failed: 1, Expired: 1, InRing: 2})
	if got := g.r.Stats().Asks; got != asks+2 {
		t.Errorf("%d asks, want 2", got-asks)
	}
}

// On the wall clock the loop wakes up for deferred probes.
func TestDeferredProbesGoOut(t *testing.T) {
	g := start(t, func(f *forwarder.Config, c *arpbuf.Config) { real(f, c); c.ProbeRate = 50 })
	g.run()
	scan := strangers(60)
	begin, got := time.Now(), 0
	for _, h := range scan {
		g.inject(0, udp(t, h, 0, 64, 0))
	}
	g.wait("a probe for each", func() bool { got += len(g.asked()); return got >= len(scan) })
	if took := time.Since(begin); took < 190*time.Millisecond { // the last is the tenth over the burst of 50, less what tokens round
		t.Errorf("%d probes within %v", got, took)
	}
}

// The loop does not sleep past the next token.
func TestWaitForAToken(t *testing.T) {
	g := start(t, func(f *forwarder.Config, c *arpbuf.Config) { probeRate(1)(f, c); c.RetransTime = time.Minute })
	g.cold(hostN(0), hostN(1))
	g.clock.advance(999 * time.Millisecond)
	var wait time.Duration
	g.wait("an idle turn", func() bool { wait = g.r.TurnWait(); return wait > 0 })
	if wait > 1100*time.Microsecond {
		t.Errorf("waits %v, the next token comes in 1 ms", wait)
	}
	g.asked()
	g.clock.advance(2 * time.Millisecond)
	g.r.Turn()
	if got := g.asked(); !slices.Equal(got, []netip.Addr{hostN(1)}) {
		t.Errorf("asked: %v", got)
	}
}
