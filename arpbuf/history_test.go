// SPDX-License-Identifier: Apache-2.0

package arpbuf_test

import (
	"testing"
	"time"

	"github.com/parkway-gw/parkway/arpbuf"
	"github.com/parkway-gw/parkway/forwarder"
)

// last returns the wait that ended last, which is to be the nth.
func (g *gateway) last(n int) arpbuf.Resolution {
	g.t.Helper()
	var h []arpbuf.Resolution
	g.wait("the end of a wait", func() bool { h = g.r.History(); return len(h) >= n })
	if len(h) != n {
		g.t.Fatalf("%d waits have ended, want %d: %+v", len(h), n, h)
	}
	return h[0]
}

func TestHistoryResolved(t *testing.T) {
	eachFamily(t, func(t *testing.T, f family) {
		g := start(t, nil)
		begin := time.Now()
		g.inject(0, udps(t, f.host, 0, 40)...)
		g.rest()
		g.pass(1100 * time.Millisecond) // of the timers' clock; packets have their own
		var rows []arpbuf.ParkedNextHop
		g.wait("some age", func() bool {
			rows = g.r.Parked().NextHops
			return len(rows) == 1 && rows[0].Oldest > 20*time.Millisecond
		})
		if rows[0].Age < rows[0].Oldest || rows[0].Age > time.Since(begin) {
			t.Errorf("parked: %+v", rows)
		}
		if h := g.r.History(); len(h) != 0 {
			t.Errorf("a wait has ended: %+v", h)
		}
		g.inject(1, f.reply(f.host, macB))
		g.rest()
		res := g.last(1)
		took := time.Since(begin)
		if res.Result != arpbuf.WaitResolved || res.Packets != 40 || res.Probes != 2 || res.MAC != macB ||
			res.IP != f.host || res.RouterPort != "lrp-b" || res.Port != "" || res.At.IsZero() {
			t.Errorf("%+v", res)
		}
		if res.Wait < res.Answer || res.Answer < 10*time.Millisecond || res.Wait < res.Drain || res.Drain <= 0 || res.Wait > took {
			t.Errorf("wait %v, answer %v, drain %v; all took %v", res.Wait, res.Answer, res.Drain, took)
		}
		g.inject(0, udps(t, f.host, 40, 5)...) // no wait at all
		g.rest()
		g.last(1)
	})
}

// Overflow: what gave way before the answer is not among the packets.
func TestHistoryOfAFullRing(t *testing.T) {
	g := start(t, nil)
	g.inject(0, udps(t, b4, 0, 200)...)
	g.rest()
	g.inject(1, arpReply(b4, macB))
	g.rest()
	if res := g.last(1); res.Packets != 64 || res.Probes != 1 {
		t.Errorf("%+v", res)
	}
}

func TestHistoryFailed(t *testing.T) {
	g := start(t, func(_ *forwarder.Config, c *arpbuf.Config) { c.MaxAge = 0 })
	g.inject(0, udps(t, b4, 0, 8)...)
	g.rest()
	g.pass(3100 * time.Millisecond)
	res := g.last(1)
	if res.Result != arpbuf.WaitFailed || res.Packets != 8 || res.Probes != 3 || res.Answer != 0 || res.Drain != 0 || !res.MAC.IsZero() {
		t.Errorf("%+v", res)
	}
	g.inject(0, udps(t, b4, 8, 8)...) // held off: nothing waits
	g.rest()
	g.pass(100 * time.Millisecond)
	g.last(1)
}

// A wait ends when its last packet comes of age; a packet that finds the ring still
// open begins another.
func TestHistoryExpired(t *testing.T) {
	g := start(t, func(_ *forwarder.Config, c *arpbuf.Config) { c.MaxAge = 0 })
	g.inject(0, udps(t, b4, 0, 5)...)
	g.rest()
	g.r.SetMaxAge(1)
	g.pass(100 * time.Millisecond)
	g.r.SetMaxAge(0)
	if res := g.last(1); res.Result != arpbuf.WaitExpired || res.Packets != 5 || res.Probes != 1 {
		t.Errorf("%+v", res)
	}
	g.inject(0, udps(t, b4, 5, 3)...)
	g.inject(1, arpReply(b4, macB))
	g.rest()
	if res := g.last(2); res.Result != arpbuf.WaitResolved || res.Packets != 3 {
		t.Errorf("%+v", res)
	}
}

func TestHistoryDiscarded(t *testing.T) {
	g := start(t, nil)
	g.inject(0, udps(t, b6, 0, 5)...)
	g.rest()
	g.link("p-b", false)
	if res := g.last(1); res.Result != arpbuf.WaitDiscarded || res.Packets != 5 || res.IP != b6 {
		t.Errorf("%+v", res)
	}
}

// The last 256 waits, the newest first, and counts of all.
func TestHistoryIsBounded(t *testing.T) {
	const rounds = 300
	g := start(t, nil)
	for i := range rounds {
		g.inject(0, udps(t, b4, 0, uint32(1+i%7))...)
		g.rest()
		g.inject(1, arpReply(b4, macB))
		g.wait("its end", func() bool { return g.r.Stats().Resolutions[arpbuf.WaitResolved] == uint64(i+1) })
		if g.flush(arpbuf.Filter{IP: b4}) != 1 {
			t.Fatal("not resolved")
		}
	}
	h := g.r.History()
	if len(h) != 256 {
		t.Fatalf("%d waits, want 256", len(h))
	}
	for i, res := range h {
		if want := 1 + (rounds-1-i)%7; res.Packets != want {
			t.Fatalf("wait %d: %d packets, want %d", i, res.Packets, want)
		}
	}
	if n := g.r.Stats().Resolutions[arpbuf.WaitResolved]; n != rounds {
		t.Errorf("%d resolutions counted, want %d", n, rounds)
	}
}
