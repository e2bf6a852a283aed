// SPDX-License-Identifier: Apache-2.0

package arpbuf_test

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"
	"runtime"
	"slices"
	"testing"
	"time"

	"github.com/parkway-gw/parkway/arpbuf"
	"github.com/parkway-gw/parkway/dpdk"
	"github.com/parkway-gw/parkway/dpdk/dpdktest"
	"github.com/parkway-gw/parkway/forwarder"
	"github.com/parkway-gw/parkway/internal/wire"
)

type systemClock struct{}

func (systemClock) Now() time.Time { return time.Now() }

// run starts the loop on an lcore of its own; the test waits without turning it.
func (g *gateway) run() {
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- g.r.Run(ctx) }()
	g.t.Cleanup(func() { // before stop, which was registered earlier
		begin := time.Now()
		cancel()
		if err := <-ended; err != nil {
			g.t.Error(err)
		}
		g.t.Logf("the loop ended after %v", time.Since(begin))
		if err := g.r.Do(context.Background(), func() {}); !errors.Is(err, arpbuf.ErrEnded) {
			g.t.Errorf("Do after the end: %v", err)
		}
	})
	select {
	case <-g.r.Ready():
	case err := <-ended:
		g.t.Fatal(err)
	}
	g.turn = runtime.Gosched
}

func real(_ *forwarder.Config, c *arpbuf.Config) { c.Clock = systemClock{} }

func TestRun(t *testing.T) {
	g := start(t, real)
	g.run()
	for round := range 20 {
		for _, f := range families {
			g.inject(0, udps(t, f.host, 0, 64)...)
			g.wait("a probe", func() bool { return f.probes(g.got[1]) == 1 })
			g.inject(1, f.reply(f.host, macB))
			g.wait(fmt.Sprintf("64 packets, round %d", round), func() bool { return len(g.got[1]) >= 65 })
			inOrder(t, flow(t, g.take(1), f.host, macB), 0, 64)
			if n := g.flush(arpbuf.Filter{IP: f.host}); n != 1 {
				t.Fatalf("%d flushed, want 1", n)
			}
		}
	}
	g.rest()
	if err := g.r.Run(context.Background()); err == nil {
		t.Error("a second Run runs")
	}
	if err := g.r.Do(canceled(), func() {}); !errors.Is(err, context.Canceled) && err != nil {
		t.Errorf("Do with an ended context: %v", err)
	}
}

func canceled() context.Context {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	return ctx
}

// Shutdown with packets parked and asked for leaves them to the forwarder.
func TestStopWhileParked(t *testing.T) {
	g := start(t, real)
	g.run()
	g.inject(0, udps(t, b4, 0, 200)...)
	g.inject(0, udps(t, b6, 0, 20)...)
	// Whatever is left in the test's own ring would not be the gateway's to give back.
	g.wait("parking", func() bool { c := g.f.Counters(); return c.Rx == g.injected && c.Parked > 0 })
}

// One flow per worker that never pauses, while its next hop is resolved and flushed
// again and again: nothing is overtaken, and what is lost is what the ring's bound
// says, to the packet.
func TestOrderAcrossResolutions(t *testing.T) {
	const rounds, bursts, size = 60, 20, 32
	g := start(t, func(fc *forwarder.Config, ac *arpbuf.Config) {
		real(fc, ac)
		cpus, _ := dpdk.AllowedCPUs()
		last := cpus.List()[cpus.Len()-1]
		fc.Workers = []int{last, last}
		fc.Park.PacketsPerNextHop = 256
		ac.RetransTime = 10 * time.Millisecond // a request may be flushed away with its answer
		ac.FailedHoldoff = time.Millisecond
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
			switch {
			case isARPRequest(frame, b4):
				g.inject(1, arpReply(b4, macB))
			case forwarder.MAC(frame[:6]) == macB && frame[23] == wire.ProtoUDP:
				word := binary.BigEndian.Uint32(frame[at:])
				q, seq := word>>31, word&^(1<<31)
				if seq < seen[q] {
					t.Fatalf("queue %d: packet %d came after %d", q, seq, seen[q]-1)
				}
				seen[q] = seq + 1
				arrived++
			}
		}
	}
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
		if round%2 == 0 {
			g.flushWith(look)
		}
	}
	g.wait("rest", func() bool {
		look()
		c := g.f.Counters()
		return c.Rx == g.injected && c.Balance() == 0 && c.ParkedNow() == 0
	})
	look()
	c := g.f.Counters()
	lost := int(next[0]+next[1]) - arrived
	drops := int(g.drops("park_evicted") + g.drops("park_failed") + g.drops("neighbor_failed") + g.drops("park_packets_full"))
	t.Logf("%d sent, %d arrived, %d parked, %d drained (%d by control), drops %d", next[0]+next[1], arrived, c.Parked, c.Drained,
		g.r.Stats().Drained, drops)
	if lost != drops {
		t.Errorf("%d lost, %d counted; %s", lost, drops, g.counters())
	}
	if c.Parked == 0 || c.Drained == 0 {
		t.Error("nothing was parked: the test tests nothing")
	}
}

// flushWith flushes b4 and goes on looking meanwhile.
func (g *gateway) flushWith(look func()) {
	done := make(chan struct{})
	go func() {
		_, _ = g.r.Flush(context.Background(), arpbuf.Filter{IP: b4})
		close(done)
	}()
	g.wait("flush", func() bool {
		look()
		select {
		case <-done:
			return true
		default:
			return false
		}
	})
}

// Many cold next hops, 4 packets each: all arrive, after one request each.
func TestManyNextHops(t *testing.T) {
	g := start(t, nil)
	const hosts = uint32(200)
	hostN := func(n uint32) netip.Addr { return netip.AddrFrom4([4]byte{10, 0, 2, byte(20 + n)}) }
	for n := range hosts {
		g.inject(0, udps(t, hostN(n), 0, 4)...)
	}
	g.wait("every ask", func() bool { return g.r.Stats().Asks == uint64(hosts) })
	var asked []uint32
	for _, frame := range g.take(1) {
		for n := range hosts {
			if isARPRequest(frame, hostN(n)) {
				asked = append(asked, n)
			}
		}
	}
	slices.Sort(asked)
	if len(asked) != int(hosts) || len(slices.Compact(asked)) != int(hosts) {
		t.Fatalf("%d requests for %d next hops", len(asked), hosts)
	}
	for n := range hosts {
		g.inject(1, arpReply(hostN(n), macB))
	}
	g.rest()
	frames := g.take(1)
	for n := range hosts {
		inOrder(t, flow(t, frames, hostN(n), macB), 0, 4)
	}
	g.checkTotals(arpbuf.ParkedTotals{Parked: 4 * uint64(hosts), Drained: 4 * uint64(hosts)})
}
