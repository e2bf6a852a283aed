// SPDX-License-Identifier: Apache-2.0

package parking

import (
	"fmt"
	"net/netip"
	"testing"
	"time"

	"github.com/parkway-gw/parkway/arpbuf"
	"github.com/parkway-gw/parkway/cgo"
	"github.com/parkway-gw/parkway/forwarder"
)

const late = 300 * time.Millisecond

// A burst to one cold next hop, which answers after 300 ms: every packet arrives, in
// order, as long as the ring holds them.
func TestCase1Burst(t *testing.T) {
	for _, c := range []struct {
		packets uint64
		ring    int
	}{{64, 0}, {1000, 1024}} {
		for _, dst := range []netip.Addr{cold4, cold6} {
			t.Run(fmt.Sprintf("%d_%s", c.packets, family(dst)), func(t *testing.T) {
				g := start(t, func(fc *forwarder.Config, _ *arpbuf.Config) {
					if c.ring != 0 {
						fc.Park.PacketsPerNextHop = c.ring
					}
				})
				g.answering(always(late))
				g.run(portA, 0, c.packets, group(portA, dst, 0, 1))
				g.made(portA)
				wait(t, "the burst", func() bool { return g.sink[portB].Flow(0).Received == c.packets })
				g.settle()
				g.whole(0, 0, c.packets)
				if n := g.f.Counters(); n.Parked != c.packets || n.Drained != c.packets {
					t.Errorf("%d parked, %d drained, want all", n.Parked, n.Drained)
				}
				f := g.sink[portB].Flow(0)
				answered := g.src[portB].Stats().InjectTSC
				report(t, "ring %d: sent %d, delivered %d, reordered %d, evicted %d; answer to first sent %v, to last sent %v",
					g.park.PacketsPerNextHop, c.packets, f.Received, f.Reordered, g.drops(cgo.DropParkEvicted),
					g.since(answered, f.FirstTSC), g.since(answered, f.LastTSC))
			})
		}
	}
}

func family(ip netip.Addr) string {
	if ip.Is4() {
		return "IPv4"
	}
	return "IPv6"
}

// 1,000 cold next hops with 4 packets each, answers after 300 ms.
func TestCase2ManyNextHops(t *testing.T) {
	const hops, each = 1000, 4
	for _, dst := range []netip.Addr{cold4, cold6} {
		t.Run(family(dst), func(t *testing.T) {
			g := start(t, nil)
			g.answering(always(late))
			g.run(portA, 0, hops*each, group(portA, dst, 0, hops))
			g.made(portA)
			wait(t, "all packets", func() bool { return g.sink[portB].Stats().Received+dropped(g) >= hops*each })
			g.settle()
			for flow := range hops {
				g.whole(flow, 0, each)
			}
			s := g.sink[portB].Stats()
			report(t, "sent %d, delivered %d, reordered %d; %d requests; %s", hops*each, s.Received, s.Reordered, s.ARP+s.ND, g.reasons())
		})
	}
}

// dropped is all that the gateway has dropped.
func dropped(g *gateway) (n uint64) {
	c := g.f.Counters()
	for _, d := range c.Drops {
		n += d
	}
	return n
}

// 2,000 packets to one next hop, ring 64: the newest 64 arrive, the others are counted
// as evicted.
func TestCase3Eviction(t *testing.T) {
	const packets, ring = 2000, 64
	g := start(t, nil)
	g.answering(always(late))
	g.run(portA, 0, packets, group(portA, cold4, 0, 1))
	g.made(portA)
	wait(t, "the newest", func() bool { return g.sink[portB].Flow(0).Received == ring })
	g.settle()
	g.whole(0, packets-ring, packets)
	evicted := g.drops(cgo.DropParkEvicted)
	if evicted != packets-ring {
		t.Errorf("%d evicted, want %d; %s", evicted, packets-ring, g.reasons())
	}
	f := g.sink[portB].Flow(0)
	report(t, "sent %d, delivered %d (numbers %d to %d), reordered %d, evicted %d", packets, f.Received, f.First, f.Last, f.Reordered, evicted)
}
