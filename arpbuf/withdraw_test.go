// SPDX-License-Identifier: Apache-2.0

package arpbuf_test

import (
	"context"
	"testing"
	"time"

	"github.com/parkway-gw/parkway/arpbuf"
)

// withdraw runs Withdraw while the test turns the loop.
func (g *gateway) withdraw(f arpbuf.Filter) (packets int) {
	g.t.Helper()
	type result struct {
		packets int
		err     error
	}
	done := make(chan result, 1)
	go func() {
		n, err := g.r.Withdraw(context.Background(), f)
		done <- result{n, err}
	}()
	var res result
	g.wait("withdrawal", func() bool {
		select {
		case res = <-done:
			return true
		default:
			return false
		}
	})
	if res.err != nil {
		g.t.Error(res.err)
	}
	return res.packets
}

// gone demands that nothing is left of the host, and that a packet for it starts anew.
func (g *gateway) gone(f family, from uint32) {
	g.t.Helper()
	if s := g.state(f.host).State; s != "none" {
		g.t.Errorf("%s is %s", f.host, s)
	}
	if parked := g.r.Parked(); len(parked.NextHops) != 0 || parked.Totals.InRing != 0 {
		g.t.Errorf("still parked: %+v", parked)
	}
	g.take(1)
	g.inject(0, udps(g.t, f.host, from, 5)...)
	g.rest()
	if n := f.probes(g.take(1)); n != 1 {
		g.t.Errorf("%d probes, want 1", n)
	}
	g.inject(1, f.reply(f.host, macB))
	g.rest()
	inOrder(g.t, flow(g.t, g.take(1), f.host, macB), from, 5)
}

func TestWithdrawParking(t *testing.T) {
	eachFamily(t, func(t *testing.T, f family) {
		g := start(t, nil)
		g.inject(0, udps(t, f.host, 0, 20)...)
		g.rest()
		if n := g.withdraw(arpbuf.Filter{RouterPort: "lrp-a"}); n != 0 {
			t.Errorf("%d packets behind lrp-a, want 0", n)
		}
		if n := g.withdraw(arpbuf.Filter{RouterPort: "lrp-b"}); n != 20 {
			t.Errorf("%d packets, want 20", n)
		}
		g.rest()
		g.checkTotals(arpbuf.ParkedTotals{Parked: 20, Discarded: 20})
		if res := g.last(1); res.Result != arpbuf.WaitDiscarded || res.Packets != 20 {
			t.Errorf("%+v", res)
		}
		g.gone(f, 20)
	})
}

// In the middle of a drain: what is on the wire is on the wire, what control has in hand
// ends as tx_full, the rest is discarded.
func TestWithdrawDraining(t *testing.T) {
	eachFamily(t, func(t *testing.T, f family) {
		g := startWith(t, 32, nil)
		g.inject(0, udps(t, f.host, 0, 60)...)
		g.rest()
		g.take(1)
		g.inject(1, f.reply(f.host, macB))
		for g.out[1].Len() < 32 {
			g.r.Turn()
		}
		g.inject(0, udps(t, f.host, 60, 10)...)
		g.received()
		done := make(chan int, 1)
		go func() {
			n, _ := g.r.Withdraw(context.Background(), arpbuf.Filter{Router: "lr0"})
			done <- n
		}()
		for len(done) == 0 {
			g.r.Turn()
		}
		packets := <-done
		g.rest()
		inOrder(t, flow(t, g.take(1), f.host, macB), 0, 32)
		if lost := packets + int(g.drops("tx_full")); lost != 38 || packets < 10 {
			t.Errorf("%d discarded, %d tx_full; want 38 in all", packets, g.drops("tx_full"))
		}
		if n := g.drops("park_discarded"); n != uint64(packets) {
			t.Errorf("%d counted as discarded, %d returned", n, packets)
		}
		g.gone(f, 70)
	})
}

func TestWithdrawFailed(t *testing.T) {
	eachFamily(t, func(t *testing.T, f family) {
		g := start(t, nil)
		g.cold(f.host)
		g.pass(3100 * time.Millisecond)
		if s := g.state(f.host).State; s != "FAILED" {
			t.Fatalf("%s is %s", f.host, s)
		}
		if n := g.withdraw(arpbuf.Filter{IP: f.host}); n != 0 {
			t.Errorf("%d packets, want 0", n)
		}
		g.gone(f, 1)
	})
}

// What was learned goes, the memory of it too; what is configured stays.
func TestWithdrawReachable(t *testing.T) {
	eachFamily(t, func(t *testing.T, f family) {
		g := start(t, few)
		g.resolve(f)
		if n := g.withdraw(arpbuf.Filter{}); n != 0 {
			t.Errorf("%d packets, want 0", n)
		}
		if s := g.state(a4).State; s != "PERMANENT" {
			t.Errorf("the configured neighbor is %s", s)
		}
		if s := g.state(gw4).State; s != "INCOMPLETE" {
			t.Errorf("the gateway is %s", s)
		}
		g.gone(f, 1)
		g.withdraw(arpbuf.Filter{})
		if g.preferred(f) {
			t.Error("still remembered")
		}
	})
}

// A gateway that goes and comes: its entry stays, idle.
func TestWithdrawGateway(t *testing.T) {
	g := start(t, nil)
	dst := addr("192.0.2.7")
	for i := range uint32(3) {
		g.inject(0, udps(t, dst, 4*i, 2)...)
		g.rest()
		if n := g.withdraw(arpbuf.Filter{IP: gw4}); n != 2 {
			t.Errorf("%d packets, want 2", n)
		}
		g.pass(5 * time.Second)
		if n := count(g.take(1), func(b []byte) bool { return isARPRequest(b, gw4) }); n != 1 {
			t.Errorf("%d requests, want 1: nobody waits", n)
		}
		g.inject(0, udps(t, dst, 4*i+2, 2)...)
		g.rest()
		g.inject(1, arpReply(gw4, macB))
		g.rest()
		inOrder(t, flow(t, g.take(1), dst, macB), 4*i+2, 2)
		g.withdraw(arpbuf.Filter{})
	}
}
