// SPDX-License-Identifier: Apache-2.0

package arpbuf_test

import (
	"testing"
	"time"

	"github.com/parkway-gw/parkway/arpbuf"
	"github.com/parkway-gw/parkway/forwarder"
	"github.com/parkway-gw/parkway/internal/wire"
)

// unreachables counts the reports among frames.
func unreachables(frames [][]byte) int {
	return count(frames, func(b []byte) bool {
		p, err := wire.DecodeIP(b)
		if err != nil {
			return false
		}
		typ, code, ok := p.ICMPType()
		return ok && (p.Version == 4 && typ == 3 && code == 1 || p.Version == 6 && typ == 1 && code == 3)
	})
}

// RFC 4861 §7.2.2: each packet of a full ring is reported; then RFC 4443 §2.4(f)
// limits.
func TestFullRingIsReported(t *testing.T) {
	g := start(t, func(f *forwarder.Config, c *arpbuf.Config) { c.MaxAge = 0; meter(f, "icmp6-error", 1, 1) })
	g.inject(0, udps(t, b6, 0, 200)...)
	g.rest()
	g.pass(3100 * time.Millisecond)
	if n := unreachables(g.take(0)); n != 64 {
		t.Errorf("%d reports for a ring of 64", n)
	}
	g.pass(5 * time.Second)
	g.inject(0, udps(t, b6, 0, 50)...)
	g.rest()
	g.pass(3100 * time.Millisecond)
	if n := unreachables(g.take(0)); n < 7 || n > 9 {
		t.Errorf("%d reports though the bucket was empty 8 s ago and fills once a second", n)
	}
	_, held := g.r.ReportsHeldBack(0)
	if st := g.r.Stats(); held < 41 || st.RateLimited != held {
		t.Errorf("%d held back at the port, %d in all", held, st.RateLimited)
	}
	g.checkTotals(arpbuf.ParkedTotals{Parked: 250, Evicted: 136, Failed: 114})
}

// What a worker parks while control reports is reported too, up to one more ring's
// worth; what comes after that is dropped, and counted.
func TestReportsOfABusySender(t *testing.T) {
	s := &spy{}
	g := startOn(t, ringSize, func(f *forwarder.Config, c *arpbuf.Config) {
		c.MaxAge, c.UnreachableBurst = 0, 1000
		f.Park.PacketsPerNextHop = 16
	}, func(f *forwarder.Forwarder) arpbuf.Plane { s.Forwarder = f; return s })
	g.inject(0, udps(t, b6, 0, 16)...)
	g.rest()
	g.pass(2900 * time.Millisecond)
	more := uint32(0)
	s.alloc = func() { // a report is being made
		if more < 100 {
			more++
			g.inject(0, udp(t, b6, 15+more, 64, 0))
			g.received()
		}
	}
	g.pass(300 * time.Millisecond)
	s.alloc = nil
	g.rest()
	if n := unreachables(g.take(0)); n != 16+16 {
		t.Errorf("%d reports, want 32", n)
	}
	if totals := g.r.Parked().Totals; totals.InRing != 0 || totals.Failed < 32 || totals.Parked != totals.Failed+totals.Evicted {
		t.Errorf("%+v", totals)
	}
}
