// SPDX-License-Identifier: Apache-2.0

package arpbuf_test

import (
	"testing"
	"time"

	"github.com/parkway-gw/parkway/arpbuf"
	"github.com/parkway-gw/parkway/dpdk"
)

// received waits, without turning control, until the worker has taken in all.
func (g *gateway) received() {
	g.t.Helper()
	for end := time.Now().Add(20 * time.Second); g.f.Counters().Rx != g.injected || g.in[0].Len() > 0; {
		if time.Now().After(end) {
			g.t.Fatal("the worker takes nothing in")
		}
	}
}

// room takes n frames out of a port's full way out.
func (g *gateway) room(port, n int) {
	g.t.Helper()
	burst := make([]*dpdk.Mbuf, n)
	if got := g.out[port].DequeueBurst(burst); got != n {
		g.t.Fatalf("%d frames are there, want %d", got, n)
	}
	for _, m := range burst {
		g.got[port] = append(g.got[port], m.AppendTo(nil))
	}
	dpdk.FreeBulk(burst)
}

// A drain that a full transmit queue interrupts: what comes meanwhile stays behind
// it, though there is room in the queue by then, and nothing is lost.
func TestInterruptedDrainKeepsOrder(t *testing.T) {
	eachFamily(t, func(t *testing.T, f family) {
		g := startWith(t, 32, nil)
		g.inject(0, udps(t, f.host, 0, 60)...)
		g.rest()
		g.take(1)
		g.inject(1, f.reply(f.host, macB))
		for g.out[1].Len() < 32 {
			g.r.Turn()
		}
		g.room(1, 20)
		g.inject(0, udps(t, f.host, 60, 10)...)
		g.received()
		if n := g.out[1].Len(); n != 12 {
			t.Errorf("%d frames are on their way out: some overtook the drain", n-12)
		}
		g.rest()
		g.inject(0, udps(t, f.host, 70, 10)...)
		g.rest()
		inOrder(t, flow(t, g.take(1), f.host, macB), 0, 80)
	})
}

// A transmit queue that stays full: after a second control lets go, and what it had
// in hand is counted as tx_full.
func TestDrainIsAbandoned(t *testing.T) {
	g := startWith(t, 32, nil)
	g.inject(0, udps(t, b4, 0, 60)...)
	g.rest()
	g.take(1)
	g.inject(1, arpReply(b4, macB))
	for g.out[1].Len() < 32 {
		g.r.Turn()
	}
	for range 12 {
		g.clock.advance(100 * time.Millisecond)
		g.r.Turn()
	}
	if n := g.r.Stats().Abandoned; n != 1 {
		t.Errorf("%d drains abandoned, want 1", n)
	}
	g.rest()
	inOrder(t, flow(t, g.take(1), b4, macB), 0, 32)
	if n := g.drops("tx_full"); n != 28 {
		t.Errorf("%d packets counted as tx_full, want 28", n)
	}
	g.inject(0, udps(t, b4, 60, 5)...)
	g.rest()
	inOrder(t, flow(t, g.take(1), b4, macB), 60, 5)
}

// Flushed in the middle of a drain: what control has in hand is counted, what is in
// the ring waits for the next answer, and order holds.
func TestFlushWhileDraining(t *testing.T) {
	g := startWith(t, 32, nil)
	g.inject(0, udps(t, b4, 0, 60)...)
	g.rest()
	g.take(1)
	g.inject(1, arpReply(b4, macB))
	for g.out[1].Len() < 32 {
		g.r.Turn()
	}
	g.inject(0, udps(t, b4, 60, 10)...)
	g.received()
	if n := g.flush(arpbuf.Filter{IP: b4}); n != 1 {
		t.Errorf("%d flushed, want 1", n)
	}
	g.rest()
	g.inject(1, arpReply(b4, macB))
	g.rest()
	seq := flow(t, g.take(1), b4, macB)
	for i := range seq[1:] {
		if seq[i+1] <= seq[i] {
			t.Errorf("%d came after %d", seq[i+1], seq[i])
		}
	}
	// A worker that finishes a ring meets the full queue too, and drops.
	if lost := 70 - len(seq); lost != int(g.drops("tx_full")) || len(seq) < 32 {
		t.Errorf("%d lost, %d counted", lost, g.drops("tx_full"))
	}
}

// A drain that a flush interrupts and a new answer begins again has a second of its own
// for a full transmit queue, and a place of its own in the history.
func TestDrainBegunAgain(t *testing.T) {
	g := startWith(t, 32, nil)
	g.inject(0, udps(t, b4, 0, 60)...)
	g.rest()
	g.take(1)
	g.inject(1, arpReply(b4, macB))
	for g.out[1].Len() < 32 {
		g.r.Turn()
	}
	g.inject(0, udps(t, b4, 60, 40)...)
	g.received()
	g.clock.advance(900 * time.Millisecond)
	g.r.Turn()
	done := make(chan struct{})
	go func() {
		defer close(done)
		_, _ = g.r.Flush(t.Context(), arpbuf.Filter{IP: b4})
	}()
	wait := func(cond func() bool) { // without taking frames out
		t.Helper()
		for end := time.Now().Add(20 * time.Second); !cond(); g.r.Turn() {
			if time.Now().After(end) {
				t.Fatalf("waited in vain; counters %s", g.counters())
			}
		}
	}
	wait(func() bool {
		select {
		case <-done:
			return true
		default:
			return false
		}
	})
	h := g.r.History()
	if len(h) != 1 || h[0].Result != arpbuf.WaitResolved || h[0].Packets != 32 {
		t.Fatalf("history: %+v", h)
	}
	wait(func() bool { return g.state(b4).State == "INCOMPLETE" }) // asked for anew
	left := g.r.Parked().Totals.InRing
	g.inject(1, arpReply(b4, macB))
	wait(func() bool { return g.state(b4).State == "REACHABLE" })
	for range 5 {
		g.clock.advance(100 * time.Millisecond)
		g.r.Turn()
	}
	if n := g.r.Stats().Abandoned; n != 0 {
		t.Error("abandoned after half a second")
	}
	g.rest()
	seq := flow(t, g.take(1), b4, macB)
	for i := range seq[1:] {
		if seq[i+1] <= seq[i] {
			t.Errorf("%d came after %d", seq[i+1], seq[i])
		}
	}
	if res := g.last(2); res.Result != arpbuf.WaitResolved || int64(res.Packets) != left || left < 30 {
		t.Errorf("%+v, want %d packets", res, left)
	}
}
