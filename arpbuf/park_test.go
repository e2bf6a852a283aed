// SPDX-License-Identifier: Apache-2.0

package arpbuf_test

import (
	"net/netip"
	"testing"
	"time"

	"github.com/parkway-gw/parkway/arpbuf"
	"github.com/parkway-gw/parkway/forwarder"
	"github.com/parkway-gw/parkway/internal/wire"
)

// family is what differs between ARP and ND in a test.
type family struct {
	name  string
	host  netip.Addr
	probe func([]byte, netip.Addr) bool
	reply func(netip.Addr, forwarder.MAC) []byte
}

var families = []family{
	{"arp", b4, isARPRequest, arpReply},
	{"nd", b6, isNS, advertisement},
}

func (f family) probes(frames [][]byte) int {
	return count(frames, func(b []byte) bool { return f.probe(b, f.host) })
}

func eachFamily(t *testing.T, test func(t *testing.T, f family)) {
	for _, f := range families {
		t.Run(f.name, func(t *testing.T) { test(t, f) })
	}
}

// checkTotals demands parked = drained + … + in ring, and that nothing is parked.
func (g *gateway) checkTotals(want arpbuf.ParkedTotals) {
	g.t.Helper()
	info := g.r.Parked()
	if info.Totals != want {
		g.t.Errorf("totals %+v, want %+v", info.Totals, want)
	}
	if t := info.Totals; t.Parked != t.Drained+t.Evicted+t.Expired+t.Failed+t.Discarded+uint64(t.InRing) {
		g.t.Errorf("parked packets do not add up: %+v", t)
	}
}

// The promise: a burst of 64 to a cold next hop, the answer after 300 ms, 64 of 64
// in order, and one request on the wire.
func TestColdBurst(t *testing.T) {
	eachFamily(t, func(t *testing.T, f family) {
		g := start(t, nil)
		g.inject(0, udps(t, f.host, 0, 64)...)
		g.rest()
		info := g.r.Parked()
		if len(info.NextHops) != 1 || info.NextHops[0].Packets != 64 || info.NextHops[0].WaitingFor != f.name ||
			info.NextHops[0].Probes != 1 || info.NextHops[0].RouterPort != "lrp-b" {
			t.Fatalf("parked: %+v", info.NextHops)
		}
		g.pass(300 * time.Millisecond)
		frames := g.take(1)
		if n := f.probes(frames); n != 1 || len(frames) != 1 {
			t.Fatalf("%d probes among %d frames, want 1", n, len(frames))
		}
		g.inject(1, f.reply(f.host, macB))
		g.rest()
		inOrder(t, flow(t, g.take(1), f.host, macB), 0, 64)

		g.inject(0, udps(t, f.host, 64, 10)...)
		g.rest()
		frames = g.take(1)
		inOrder(t, flow(t, frames, f.host, macB), 64, 10)
		if len(frames) != 10 {
			t.Errorf("%d frames, want 10", len(frames))
		}
		g.checkTotals(arpbuf.ParkedTotals{Parked: 64, Drained: 64})
		if n := g.state(f.host); n.State != "REACHABLE" || n.MAC != macB || n.Origin != f.name || n.Router != "lr0" {
			t.Errorf("neighbor %+v", n)
		}
	})
}

func (g *gateway) state(ip netip.Addr) arpbuf.NeighborInfo {
	for _, n := range g.r.Neighbors() {
		if n.IP == ip {
			return n
		}
	}
	return arpbuf.NeighborInfo{State: "none"}
}

// A gateway is asked for, not the destination.
func TestGatewayIsAskedFor(t *testing.T) {
	g := start(t, nil)
	g.inject(0, udps(t, addr("192.0.2.77"), 0, 3)...)
	g.rest()
	frames := g.take(1)
	if len(frames) != 1 || !isARPRequest(frames[0], gw4) {
		t.Fatalf("frames %x", frames)
	}
	g.inject(1, arpReply(gw4, macB))
	g.rest()
	inOrder(t, flow(t, g.take(1), addr("192.0.2.77"), macB), 0, 3)
}

// Of 2,000 packets to one next hop the newest 64 stay.
func TestOverflowKeepsNewest(t *testing.T) {
	eachFamily(t, func(t *testing.T, f family) {
		g := start(t, nil)
		g.inject(0, udps(t, f.host, 0, 2000)...)
		g.rest()
		g.inject(1, f.reply(f.host, macB))
		g.rest()
		inOrder(t, flow(t, g.take(1), f.host, macB), 1936, 64)
		g.checkTotals(arpbuf.ParkedTotals{Parked: 2000, Drained: 64, Evicted: 1936})
	})
}

// Nobody answers: three probes in three seconds, then the senders hear of it.
func TestNeverAnswered(t *testing.T) {
	eachFamily(t, func(t *testing.T, f family) {
		g := start(t, func(_ *forwarder.Config, c *arpbuf.Config) { c.MaxAge = 0 })
		g.inject(0, udps(t, f.host, 0, 8)...)
		g.rest()
		g.pass(2900 * time.Millisecond)
		if n := f.probes(g.take(1)); n != 3 {
			t.Errorf("%d probes, want 3", n)
		}
		if got := g.take(0); len(got) != 0 {
			t.Errorf("%d frames before the last probe timed out", len(got))
		}
		g.pass(200 * time.Millisecond)
		want := 1 // checklist A6; N4 for each
		if f.host.Is6() {
			want = 8
		}
		got := g.take(0)
		if len(got) != want {
			t.Fatalf("%d frames to the sender, want %d", len(got), want)
		}
		for _, frame := range got {
			p, err := wire.DecodeIP(frame)
			if err != nil {
				t.Fatal(err)
			}
			typ, code, _ := p.ICMPType()
			if f.host.Is4() && (typ != 3 || code != 1 || p.Src != la4) || f.host.Is6() && (typ != 1 || code != 3 || p.Src != la6) {
				t.Errorf("type %d code %d from %s", typ, code, p.Src)
			}
		}
		g.checkTotals(arpbuf.ParkedTotals{Parked: 8, Failed: 8})

		// Held off: dropped, no probe. After five seconds the next packet asks again.
		g.inject(0, udps(t, f.host, 8, 4)...)
		g.rest()
		if got := g.take(1); len(got) != 0 || g.state(f.host).State != "FAILED" {
			t.Errorf("%d frames while %s", len(got), g.state(f.host).State)
		}
		g.pass(5 * time.Second)
		g.inject(0, udps(t, f.host, 12, 1)...)
		g.rest()
		if n := f.probes(g.take(1)); n != 1 {
			t.Errorf("%d probes after the hold-off, want 1", n)
		}
		// The host comes back.
		g.inject(1, f.reply(f.host, macB))
		g.rest()
		inOrder(t, flow(t, g.take(1), f.host, macB), 12, 1)
	})
}

// FAILED is left at once when the host speaks.
func TestFailedHostSpeaks(t *testing.T) {
	g := start(t, nil)
	g.inject(0, udps(t, b4, 0, 1)...)
	g.rest()
	g.pass(3100 * time.Millisecond)
	g.take(1)
	g.inject(1, wire.AppendARPAnnouncement(nil, macB, b4))
	g.rest()
	g.inject(0, udps(t, b4, 1, 2)...)
	g.rest()
	inOrder(t, flow(t, g.take(1), b4, macB), 1, 2)
}

func TestSilent(t *testing.T) {
	g := start(t, func(_ *forwarder.Config, c *arpbuf.Config) { c.OnFailure = arpbuf.Silent })
	g.inject(0, udps(t, b6, 0, 8)...)
	g.rest()
	g.pass(3100 * time.Millisecond)
	if got := g.take(0); len(got) != 0 {
		t.Errorf("%d frames to the sender, want none", len(got))
	}
}

// MaxAge is absolute: what came too long ago goes, what came after stays.
func TestMaxAge(t *testing.T) {
	g := start(t, func(_ *forwarder.Config, c *arpbuf.Config) { c.MaxAge = time.Nanosecond })
	g.inject(0, udps(t, b4, 0, 5)...)
	g.rest()
	g.pass(200 * time.Millisecond)
	g.checkTotals(arpbuf.ParkedTotals{Parked: 5, Expired: 5})
	g.inject(0, udps(t, b4, 5, 2)...)
	g.inject(1, arpReply(b4, macB))
	g.rest()
	inOrder(t, flow(t, g.take(1), b4, macB), 5, 2)
}

// The packet that made us ask comes of age when the last probe runs out; its sender
// hears of it all the same.
func TestMaxAgeAtTheLastProbe(t *testing.T) {
	const age = time.Second // by the real clock, which the probes' does not follow
	g := start(t, func(_ *forwarder.Config, c *arpbuf.Config) {
		c.MaxAge, c.RetransTime = age, 1020*time.Millisecond // looks at ages and timers come apart
	})
	g.inject(0, udps(t, b4, 0, 5)...)
	g.inject(0, udps(t, b6, 0, 5)...)
	g.rest()
	parked := time.Now()
	g.pass(150 * time.Millisecond)
	g.pass(2900 * time.Millisecond)
	if since := time.Since(parked); since > age {
		t.Skipf("the machine took %v for what takes milliseconds", since)
	}
	time.Sleep(age + 50*time.Millisecond)
	g.pass(100 * time.Millisecond) // a look, 20 ms before the last probe runs out
	g.checkTotals(arpbuf.ParkedTotals{Parked: 10, InRing: 10})
	g.take(0)
	g.pass(100 * time.Millisecond)
	if got := g.take(0); len(got) != 1+5 {
		t.Errorf("%d frames to the sender, want 1 for IPv4 and 5 for IPv6", len(got))
	}
	g.checkTotals(arpbuf.ParkedTotals{Parked: 10, Failed: 10})
}
