// SPDX-License-Identifier: Apache-2.0

package arpbuf_test

import (
	"context"
	"encoding/binary"
	"testing"

	"github.com/parkway-gw/parkway/arpbuf"
	"github.com/parkway-gw/parkway/cgo"
	"github.com/parkway-gw/parkway/dpdk"
	"github.com/parkway-gw/parkway/dpdk/dpdktest"
	"github.com/parkway-gw/parkway/forwarder"
	"github.com/parkway-gw/parkway/internal/wire"
)

// One flow per worker that never pauses, while its gate opens, by frames and by
// command, and closes again and again: nothing is overtaken, and what is lost is
// counted, to the packet.
func TestOrderAcrossGates(t *testing.T) {
	const rounds, bursts, size = 80, 20, 32
	g := start(t, func(fc *forwarder.Config, ac *arpbuf.Config) {
		gated(fc, ac)
		ac.Clock = systemClock{}
		cpus, _ := dpdk.AllowedCPUs()
		last := cpus.List()[cpus.Len()-1]
		fc.Workers = []int{last, last}
	})
	g.run()
	rings := []*dpdk.Ring{g.in[0], g.second}
	template := udp(t, b4, 0, 64, 0)
	const at = 14 + 20 + 8   // where the number stands
	var next, seen [2]uint32 // seen: one more than the last number that arrived
	arrived := 0

	look := func() {
		g.collect()
		for _, frame := range g.take(1) {
			if forwarder.MAC(frame[:6]) != macB || frame[12] != 8 || frame[13] != 0 || frame[23] != wire.ProtoUDP {
				continue
			}
			word := binary.BigEndian.Uint32(frame[at:])
			q, seq := word>>31, word&^(1<<31)
			if seq < seen[q] {
				t.Fatalf("queue %d: packet %d came after %d", q, seq, seen[q]-1)
			}
			seen[q] = seq + 1
			arrived++
		}
	}
	tell := func(what string, f func(context.Context) error) {
		done := make(chan error, 1)
		go func() { done <- f(context.Background()) }()
		g.wait(what, func() bool { look(); return len(done) > 0 })
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
	link := func(up bool) func(context.Context) error {
		return func(ctx context.Context) error { return g.r.PortLink(ctx, "p-b", up) }
	}
	release := func(ctx context.Context) error { _, err := g.r.Release(ctx, "b"); return err }
	for round := range rounds {
		for range bursts {
			for q, ring := range rings {
				var burst []*dpdk.Mbuf
				for range size {
					m := dpdktest.Packet(t, g.f.Pool(), template)
					binary.BigEndian.PutUint32(m.Bytes()[at:], next[q]|uint32(q)<<31) // UDP checksum is not looked at
					next[q]++
					burst = append(burst, m)
				}
				g.push(ring, burst)
			}
			look()
			g.wait("room", func() bool { look(); return rings[0].Len()+rings[1].Len() < ringSize/4 })
		}
		switch round % 4 {
		case 0:
			g.inject(1, rarp(macB))
		case 1, 3:
			tell("link down", link(false))
			tell("link up", link(true))
		case 2:
			tell("release", release)
		}
	}
	tell("release", release)
	g.wait("rest", func() bool {
		look()
		c := g.f.Counters()
		return c.Rx == g.injected && c.Balance() == 0 && c.ParkedNow() == 0
	})
	look()
	c := g.f.Counters()
	sent := next[0] + next[1]
	lost, drops := int(sent)-arrived, uint64(0)
	for _, reason := range []string{"park_gate_evicted", "park_gate_full", "tx_full"} {
		drops += g.drops(reason)
	}
	t.Logf("%d sent, %d arrived, %d parked, %d drained (%d by control), drops %d", sent, arrived, c.Parked, c.Drained,
		g.r.Stats().Drained, drops)
	if lost != int(drops) {
		t.Errorf("%d lost, %d counted; %s", lost, drops, g.counters())
	}
	if c.GateParked != c.Parked || c.DrainedOf(cgo.ParkGated) == 0 || c.Parked == uint64(sent) {
		t.Error("too little was parked, or all: the test tests nothing")
	}
}
