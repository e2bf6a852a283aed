// SPDX-License-Identifier: Apache-2.0

package arpbuf_test

import (
	"net/netip"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/parkway-gw/parkway/arpbuf"
	"github.com/parkway-gw/parkway/forwarder"
)

// parkModel is parking as a slow reader of DESIGN §5 would write it: a list of numbers
// per next hop. What state a next hop is in it takes from the resolver, whose state
// machine has a model of its own.
type parkModel struct {
	ring   int
	hosts  []*modelHost
	totals arpbuf.ParkedTotals
	ended  map[string]uint64 // waits by result
}

type modelHost struct {
	family
	next   uint32   // number of the next packet
	queue  []uint32 // parked
	expect []uint32 // must have come out since the last look
}

func (m *parkModel) send(h *modelHost, state string, n uint32) {
	for ; n > 0; n-- {
		seq := h.next
		h.next++
		switch state {
		case "REACHABLE", "STALE", "DELAY", "PROBE":
			h.expect = append(h.expect, seq)
		case "FAILED": // dropped
		default:
			m.totals.Parked++
			h.queue = append(h.queue, seq)
			if len(h.queue) > m.ring {
				h.queue = h.queue[1:]
				m.totals.Evicted++
			}
		}
	}
}

// end ends h's wait; count takes in what waited.
func (m *parkModel) end(h *modelHost, result string, count *uint64) (packets int) {
	packets = len(h.queue)
	if packets == 0 {
		return 0
	}
	if result == arpbuf.WaitResolved {
		h.expect = append(h.expect, h.queue...)
	}
	*count += uint64(packets)
	h.queue = nil
	m.ended[result]++
	return packets
}

func (m *parkModel) inRing() (n int64) {
	for _, h := range m.hosts {
		n += int64(len(h.queue))
	}
	return n
}

// The resolver and the datapath do what the model does, with random packets, answers,
// announcements, failures, expiries, flushes, links that go down and withdrawals, at a
// probe rate that some have to wait for: every packet comes out in order or is counted
// where it should be, and every wait ends as it should.
func TestAgainstModel(t *testing.T) {
	const ring = 8
	g := start(t, func(f *forwarder.Config, c *arpbuf.Config) {
		f.Park.PacketsPerNextHop = ring
		c.MaxAge, c.ProbeRate = 0, 3
	})
	ended := map[string]uint64{}
	rapid.Check(t, func(t *rapid.T) {
		g.withdraw(arpbuf.Filter{}) // whatever the last check left
		g.rest()
		g.take(1)
		m := &parkModel{ring: ring, totals: g.r.Parked().Totals, ended: ended}
		for name, n := range g.r.Stats().Resolutions {
			ended[name] = n
		}
		for i := range 3 {
			m.hosts = append(m.hosts, &modelHost{family: family{"arp", hostN(i), isARPRequest, arpReply}})
			ip := b6.As16()
			ip[14] = byte(1 + i)
			m.hosts = append(m.hosts, &modelHost{family: family{"nd", netip.AddrFrom16(ip), isNS, advertisement}})
		}
		for range rapid.IntRange(1, 40).Draw(t, "events") {
			h := m.hosts[rapid.IntRange(0, len(m.hosts)-1).Draw(t, "host")]
			event := rapid.SampledFrom([]string{"send", "send", "send", "answer", "answer", "pass", "pass", "expire",
				"flush", "link down", "withdraw", "withdraw all"}).Draw(t, "event")
			g.modelEvent(t, m, h, event)
			g.rest()
			g.compareModel(t, m, event)
		}
	})
}

func (g *gateway) modelEvent(t *rapid.T, m *parkModel, h *modelHost, event string) {
	switch event {
	case "send":
		n := uint32(rapid.IntRange(1, 20).Draw(t, "packets"))
		state := g.state(h.host).State
		g.inject(0, udps(g.t, h.host, h.next, n)...)
		m.send(h, state, n)
	case "answer":
		g.inject(1, h.reply(h.host, macB))
		m.end(h, arpbuf.WaitResolved, &m.totals.Drained)
	case "pass":
		g.pass(time.Duration(rapid.IntRange(1, 45).Draw(t, "time")) * 100 * time.Millisecond)
		for _, h := range m.hosts {
			if g.state(h.host).State == "FAILED" {
				m.end(h, arpbuf.WaitFailed, &m.totals.Failed)
			}
		}
	case "expire":
		g.modelExpire(t, m)
	case "flush":
		g.flush(arpbuf.Filter{IP: h.host})
	case "link down":
		g.link("p-b", false)
		g.link("p-b", true)
		for _, h := range m.hosts {
			m.end(h, arpbuf.WaitDiscarded, &m.totals.Discarded)
		}
	case "withdraw", "withdraw all":
		filter, chosen := arpbuf.Filter{IP: h.host}, []*modelHost{h}
		if event == "withdraw all" {
			filter, chosen = arpbuf.Filter{Router: "lr0"}, m.hosts
		}
		want := 0
		for _, h := range chosen {
			want += m.end(h, arpbuf.WaitDiscarded, &m.totals.Discarded)
		}
		if got := g.withdraw(filter); got != want {
			t.Fatalf("%d packets withdrawn, want %d", got, want)
		}
	}
}

// modelExpire lets everything come of age. Whose last probe is about to run out is
// spared for a moment, to fail.
func (g *gateway) modelExpire(t *rapid.T, m *parkModel) {
	g.r.SetMaxAge(1)
	defer g.r.SetMaxAge(0)
	for looks := 0; looks == 0 || m.inRing() > 0; looks++ {
		if looks == 5 {
			t.Fatalf("parked after five looks: %+v", g.r.Parked().NextHops)
		}
		g.clock.advance(100 * time.Millisecond)
		g.turn()
		parked := g.r.Parked().NextHops
		for _, h := range m.hosts {
			if g.state(h.host).State == "FAILED" {
				m.end(h, arpbuf.WaitFailed, &m.totals.Failed)
			} else if !slices.ContainsFunc(parked, func(p arpbuf.ParkedNextHop) bool { return p.IP == h.host }) {
				m.end(h, arpbuf.WaitExpired, &m.totals.Expired)
			}
		}
	}
}

func (g *gateway) compareModel(t *rapid.T, m *parkModel, event string) {
	// Workers send and close what was handed back to them in their own time.
	m.totals.InRing = m.inRing()
	var ended map[string]uint64
	settled := func() bool {
		ended = g.r.Stats().Resolutions
		for result, n := range m.ended {
			if ended[result] != n {
				return false
			}
		}
		return g.r.Parked().Totals.InRing == m.totals.InRing
	}
	for end := time.Now().Add(5 * time.Second); !settled(); g.turn() {
		if time.Now().After(end) {
			t.Fatalf("after %s: waits ended %v, model %v; totals %+v, model %+v", event,
				ended, m.ended, g.r.Parked().Totals, m.totals)
		}
	}
	g.rest()
	frames := g.take(1)
	for _, h := range m.hosts {
		if got := flow(g.t, frames, h.host, macB); !slices.Equal(got, h.expect) {
			t.Fatalf("after %s: %s got %v, want %v", event, h.host, got, h.expect)
		}
		h.expect = nil
	}
	got := g.r.Parked().Totals
	got.Rejected, m.totals.Rejected = 0, 0
	if got != m.totals {
		t.Fatalf("after %s: totals\n%+v, model\n%+v", event, got, m.totals)
	}
}
