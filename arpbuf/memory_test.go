// SPDX-License-Identifier: Apache-2.0

package arpbuf_test

import (
	"net/netip"
	"testing"
	"time"

	"github.com/parkway-gw/parkway/arpbuf"
	"github.com/parkway-gw/parkway/forwarder"
)

// few gives workers four park rings.
func few(f *forwarder.Config, c *arpbuf.Config) { f.Park.NextHops, c.MaxAge = 4, 0 }

// preferred fills every park ring by a scan of the same sender's and reports whether a
// packet to the host finds room all the same.
func (g *gateway) preferred(f family) bool {
	g.t.Helper()
	for _, h := range strangers(8) {
		if f.host.Is6() {
			ip := f.host.As16()
			ip[14] = h.As4()[3]
			h = netip.AddrFrom16(ip)
		}
		g.cold(h)
	}
	before := g.f.Counters().Parked
	g.inject(0, udp(g.t, f.host, 0, 64, 0))
	g.rest()
	return g.f.Counters().Parked > before
}

// Whoever answered once comes before strangers when park rings are short, also after
// he was flushed, after the link was down, and after he fell silent.
func TestMemoryOfAnswers(t *testing.T) {
	forgotten := map[string]func(*gateway, family){
		"flush": func(g *gateway, f family) { g.flush(arpbuf.Filter{IP: f.host}) },
		"link down": func(g *gateway, f family) {
			g.link("p-b", false)
		},
		"silence": func(g *gateway, f family) {
			g.pass(46 * time.Second) // STALE
			g.cold(f.host)
			g.pass(30 * time.Second) // noticed, DELAY, three probes
		},
	}
	for how, forget := range forgotten {
		t.Run(how, func(t *testing.T) {
			eachFamily(t, func(t *testing.T, f family) {
				g := start(t, few)
				g.resolve(f)
				forget(g, f)
				if s := g.state(f.host).State; s != "none" {
					t.Fatalf("%s is listed as %s", f.host, s)
				}
				if !g.preferred(f) {
					t.Error("a host that has answered found no room in a scan")
				}
				if s := g.state(f.host).State; s != "INCOMPLETE" {
					t.Errorf("%s is listed as %s while packets wait", f.host, s)
				}
			})
		})
	}
	t.Run("stranger", func(t *testing.T) {
		eachFamily(t, func(t *testing.T, f family) {
			if start(t, few).preferred(f) {
				t.Error("a stranger found room: this test tests nothing")
			}
		})
	})
}

// After Config.Remember without a packet the memory is gone.
func TestMemoryEnds(t *testing.T) {
	g := start(t, func(f *forwarder.Config, c *arpbuf.Config) { few(f, c); c.Remember = 2 * time.Second })
	g.resolve(families[0])
	g.flush(arpbuf.Filter{})
	g.pass(2100 * time.Millisecond)
	if g.preferred(families[0]) {
		t.Error("still remembered")
	}
}

// What the plane has said of a next hop stays when its first answer comes.
func TestFlagsAddUp(t *testing.T) {
	s := &spy{}
	g := startOn(t, ringSize, nil, func(f *forwarder.Forwarder) arpbuf.Plane { s.Forwarder = f; return s })
	g.inject(0, udp(t, addr("192.0.2.7"), 0, 64, 0))
	g.rest()
	g.inject(1, arpReply(gw4, macB))
	g.rest()
	if s.flagged != 0 {
		t.Error("a gateway, which is known already, was flagged anew")
	}
	g.resolve(families[0])
	g.flush(arpbuf.Filter{IP: b4})
	g.resolve(families[0])
	if s.flagged != 1 {
		t.Errorf("flagged %d times, want once, at the first answer", s.flagged)
	}
}
