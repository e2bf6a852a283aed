// SPDX-License-Identifier: Apache-2.0

package parking

import (
	"fmt"
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/parkway-gw/parkway/arpbuf"
	"github.com/parkway-gw/parkway/dpdk/traffic"
	"github.com/parkway-gw/parkway/forwarder"
)

const goodFlows = 16

// resolve makes the good next hops REACHABLE.
func (g *gateway) resolve(port int, dst netip.Addr, first, flows int) {
	g.t.Helper()
	g.run(port, 0, uint64(flows), group(port, dst, first, flows))
	g.made(port)
	wait(g.t, "the good next hops", func() bool { return g.delivered(first, flows) == uint64(flows) })
}

// delivered and sent are packets of flows first..first+flows.
func (g *gateway) delivered(first, flows int) (n uint64) {
	for i := range flows {
		n += g.sink[portB].Flow(first + i).Received
	}
	return n
}

func (g *gateway) sent(port, first, flows int) (n uint64) {
	for i := range flows {
		n += g.src[port].Sent(first + i)
	}
	return n
}

// What good flows lose while a share of all packets goes to next hops that never
// answer: no packet. Of their rate they lose the time that the worker spends on the
// dead ones, which the report gives per packet, in three states: many next hops that
// are asked for, so that each dead packet evicts an old one out of 4,096; one next hop
// that is asked for; and many that have FAILED.
func TestCase7DeadShare(t *testing.T) {
	for _, c := range []struct {
		name   string
		dead   int
		failed bool
	}{{"64 asked for", 64, false}, {"1 asked for", 1, false}, {"64 failed", 64, true}} {
		t.Run(c.name, func(t *testing.T) { deadShare(t, c.dead, c.failed) })
	}
}

func deadShare(t *testing.T, dead int, failed bool) {
	d := sized(60*time.Millisecond, time.Second)
	rounds := sized(1, 5)
	shares := []int{0, 10, 50, 90}
	g := start(t, func(_ *forwarder.Config, ac *arpbuf.Config) {
		ac.RetransTime = d * 4 / 3 // three probes end after the run and its warm-up
		ac.MaxAge = 0              // what waits says by its failing that the next hop has
	})
	g.answering(onlyGood)
	g.resolve(portA, good4, 0, goodFlows)
	next := cold4 // every run has dead next hops of its own
	rates := map[int][]float64{}
	var had []float64
	for range rounds {
		for _, share := range shares {
			good, bad := group(portA, good4, 0, goodFlows), group(portA, next, goodFlows, dead)
			good.Weight, bad.Weight = 100-share, share
			groups := []traffic.Group{good, bad}[:min(2, 1+share)]
			for range dead {
				next = next.Next()
			}
			if failed && share > 0 {
				g.run(portA, 0, uint64(dead), bad)
				g.made(portA)
				g.settle()
			}
			g.run(portA, 0, 0, groups...)
			time.Sleep(d / 4)
			n, watch := g.delivered(0, goodFlows), g.watch()
			watch.until(d/2, 3*d)
			mpps, part := watch.rate(g.delivered(0, goodFlows) - n)
			rates[share], had = append(rates[share], mpps), append(had, part)
			g.settle()
			if sent, got := g.sent(portA, 0, goodFlows), g.delivered(0, goodFlows); sent != got {
				t.Fatalf("%d %% dead: of %d good packets %d arrived; %s", share, sent, got, g.reasons())
			}
		}
	}
	s := g.sink[portB].Stats()
	sent := g.sent(portA, 0, goodFlows)
	if s.Reordered+s.Duplicates+s.Gaps != 0 || s.Received != sent {
		t.Errorf("%d good packets sent, %+v", sent, s)
	}
	text, alone := "", median(rates[0])
	for _, share := range shares {
		m := median(rates[share])
		text += fmt.Sprintf("%d %% dead: %.2f Mpps good (%.2f to %.2f), %.3f of alone", share, m,
			slices.Min(rates[share]), slices.Max(rates[share]), m/alone)
		if share > 0 {
			// alone/m is the time for one good packet with its dead ones, in good ones.
			part := float64(share) / 100
			text += fmt.Sprintf(", a dead packet costs %.1f good ones", ((1-part)*alone/m-(1-part))/part)
		}
		text += "; "
	}
	report(t, "%smedians of %d rounds, per second of the worker's CPU time, of which it had %.0f %%; good sent %d, lost %d; %s",
		text, rounds, 100*median(had), sent, sent-g.delivered(0, goodFlows), g.reasons())
}

func median(v []float64) float64 {
	v = slices.Sorted(slices.Values(v))
	return v[len(v)/2]
}
