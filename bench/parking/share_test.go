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
// answer: no packet, and of their rate no more than that share. The dead ones are new
// in every run and are asked for throughout it, so each of their packets meets a park
// ring, which is the dearest that can happen to it.
func TestCase7DeadShare(t *testing.T) {
	const dead = 64 // times 64 packets: all that a worker parks
	d := sized(100*time.Millisecond, time.Second)
	rounds := sized(2, 9)
	shares := []int{0, 10, 50, 90}
	g := start(t, func(_ *forwarder.Config, ac *arpbuf.Config) {
		ac.RetransTime = d * 2 / 3 // three probes end after the run and its warm-up
	})
	g.answering(onlyGood)
	g.resolve(portA, good4, 0, goodFlows)
	next := cold4
	rates := map[int][]float64{}
	var had []float64
	for range rounds {
		for _, share := range shares {
			good := group(portA, good4, 0, goodFlows)
			good.Weight = 100 - share
			groups := []traffic.Group{good}
			if share > 0 {
				bad := group(portA, next, goodFlows, dead)
				bad.Weight = share
				groups = append(groups, bad)
				for range dead {
					next = next.Next()
				}
			}
			g.run(portA, 0, 0, groups...)
			time.Sleep(d / 4)
			n, watch := g.delivered(0, goodFlows), g.watch()
			time.Sleep(d)
			mpps, part := watch.rate(g.delivered(0, goodFlows) - n)
			rates[share], had = append(rates[share], mpps), append(had, part)
			g.settle()
			if sent, got := g.sent(portA, 0, goodFlows), g.delivered(0, goodFlows); sent != got {
				t.Fatalf("%d %% dead: of %d good packets %d arrived; %s", share, sent, got, g.reasons())
			}
		}
	}
	s := g.sink[portB].Stats()
	if s.Reordered+s.Duplicates+s.Gaps != 0 || s.Received != g.sent(portA, 0, goodFlows) {
		t.Errorf("%+v", s)
	}
	text := ""
	base := median(rates[0])
	for _, share := range shares {
		m := median(rates[share])
		text += fmt.Sprintf("%d %% dead: %.2f Mpps good, %.3f of it alone (its share is %.2f), %s; ", share, m, m/base, 1-float64(share)/100, span(rates[share]))
	}
	report(t, "%s%d rounds, per second of the worker's CPU time, of which it had %.0f %%; good sent %d, lost %d; %s", text, rounds, 100*median(had), g.sent(portA, 0, goodFlows),
		g.sent(portA, 0, goodFlows)-g.delivered(0, goodFlows), g.reasons())
}

func median(v []float64) float64 {
	v = slices.Sorted(slices.Values(v))
	return v[len(v)/2]
}

func span(v []float64) string { return fmt.Sprintf("%.2f to %.2f", slices.Min(v), slices.Max(v)) }
