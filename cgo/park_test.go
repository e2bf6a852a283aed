// SPDX-License-Identifier: Apache-2.0

package cgo_test

import (
	"net/netip"
	"slices"
	"testing"

	"github.com/parkway-gw/parkway/cgo"
	"github.com/parkway-gw/parkway/dpdk"
)

func upTo(from, to int) (out []int) {
	for i := from; i < to; i++ {
		out = append(out, i)
	}
	return out
}

func wantSeqs(t *testing.T, w wire, want []int) {
	t.Helper()
	if got := seqs(t, sent(w)); !slices.Equal(got, want) {
		t.Errorf("left: %v\nwant: %v", got, want)
	}
}

// ask takes the one ask that is due.
func (b *bench) ask() cgo.Ask {
	b.t.Helper()
	batch := b.poll()
	if len(batch.Asks) != 1 {
		b.t.Fatalf("%d asks, want 1", len(batch.Asks))
	}
	return batch.Asks[0]
}

func (b *bench) park(from, to int) {
	for i := from; i < to; i++ {
		b.send(b.in, udp4(b.t, addr("192.0.2.1"), i))
	}
}

// resolve publishes the gateway's MAC as control does: known, but drain first.
func (b *bench) resolve(state cgo.AdjState) {
	b.store(gatewayAdj, gatewayMAC, lspExternal, state)
}

func TestParkDrainHandBack(t *testing.T) {
	b := newBench(t, defaults())
	b.park(0, 10)
	ask := b.ask()
	if ask.Key.Addr() != gatewayIP || ask.Key.RouterPort != 1 {
		t.Fatalf("asked for %v behind router port %d", ask.Key.Addr(), ask.Key.RouterPort)
	}
	if n, oldest := b.dp.Control().Depth(ask.Slot()); n != 10 || oldest == 0 {
		t.Errorf("depth %d since %d", n, oldest)
	}
	b.park(10, 12) // one ask for a next hop is enough
	if batch := b.poll(); len(batch.Asks) != 0 {
		t.Errorf("asked again")
	}

	b.resolve(cgo.AdjDraining)
	b.park(12, 14) // arrive before the drain: they stay behind
	sentNow, status := b.dp.Control().Drain(ask.Slot(), gatewayAdj)
	if sentNow != 14 || status != cgo.DrainDone {
		t.Fatalf("drained %d, status %d", sentNow, status)
	}
	if !b.dp.Control().Open(ask.Slot()) {
		t.Fatal("the slot closed without its worker")
	}
	b.park(14, 16) // the worker closes the slot and sends directly
	if b.dp.Control().Open(ask.Slot()) {
		t.Fatal("the worker did not close the slot")
	}
	b.resolve(cgo.AdjReachable)
	b.park(16, 18)
	wantSeqs(t, b.out, upTo(0, 18))
	c := b.dp.Counters()
	if c.Parked != 14 || c.Drained != 14 || c.ParkedNow() != 0 {
		t.Errorf("%v", nonzero(c))
	}
}

func TestDrainedPacketsAreRewrittenAsForwardedOnes(t *testing.T) {
	b := newBench(t, defaults())
	b.park(0, 1)
	ask := b.ask()
	b.resolve(cgo.AdjDraining)
	b.dp.Control().Drain(ask.Slot(), gatewayAdj)
	b.w.Poll()
	parked := sent(b.out)
	b.resolve(cgo.AdjReachable)
	b.park(0, 1)
	direct := sent(b.out)
	if len(parked) != 1 || len(direct) != 1 || !slices.Equal(parked[0], direct[0]) {
		t.Errorf("parked and direct differ:\n%x\n%x", parked, direct)
	}
}

func TestOverflowKeepsTheNewest(t *testing.T) {
	b := newBench(t, defaults())
	b.park(0, 2000)
	ask := b.ask()
	c := b.dp.Counters()
	if c.Drops[cgo.DropParkEvicted] != 1936 || c.ParkedNow() != 64 {
		t.Fatalf("%v", nonzero(c))
	}
	b.resolve(cgo.AdjDraining)
	b.dp.Control().Drain(ask.Slot(), gatewayAdj)
	wantSeqs(t, b.out, upTo(1936, 2000))
}

func TestOverflowDropNewest(t *testing.T) {
	s := defaults()
	s.park.DropNewest = true
	s.park.PacketsPerNextHop = 5 // no power of two: the bound is exact
	b := newBench(t, s)
	b.park(0, 9)
	ask := b.ask()
	c := b.dp.Counters()
	if c.Drops[cgo.DropParkNewest] != 4 {
		t.Fatalf("%v", nonzero(c))
	}
	b.resolve(cgo.AdjDraining)
	b.dp.Control().Drain(ask.Slot(), gatewayAdj)
	wantSeqs(t, b.out, upTo(0, 5))
}

func TestEveryBoundHasItsReason(t *testing.T) {
	for _, c := range []struct {
		reason cgo.DropReason
		tune   func(*settings)
		drops  uint64
	}{
		{cgo.DropParkNextHops, func(s *settings) { s.park.NextHops = 3 }, 17},
		{cgo.DropParkPackets, func(s *settings) { s.park.MaxPackets = 6; s.park.NextHops = 64 }, 14},
		{cgo.DropParkPool, func(s *settings) { s.parkLimit = 7; s.park.NextHops = 64 }, 13},
	} {
		t.Run(c.reason.String(), func(t *testing.T) {
			s := defaults()
			c.tune(&s)
			b := newBench(t, s)
			for i := range 20 {
				b.send(b.in, udp4(t, nth(i), i))
			}
			got := b.dp.Counters()
			if got.Drops[c.reason] < c.drops {
				t.Errorf("%v", nonzero(got))
			}
			if slots := got.Parked - got.Drops[cgo.DropParkEvicted]; int64(slots) != got.ParkedNow() {
				t.Errorf("%v", nonzero(got))
			}
		})
	}
}

func TestNextHopsDoNotMix(t *testing.T) {
	b := newBench(t, defaults())
	for i := range 6 {
		b.send(b.in, udp4(t, nth(i%2), i))
		b.send(b.in, udp6(t, addr("2001:db8:2::7"), 100+i))
	}
	batch := b.poll()
	if len(batch.Asks) != 3 {
		t.Fatalf("%d asks, want 3", len(batch.Asks))
	}
	slots := map[string]cgo.Slot{}
	for i := range batch.Asks {
		slots[batch.Asks[i].Key.Addr().String()] = batch.Asks[i].Slot()
	}
	for i, who := range []string{nth(0).String(), nth(1).String(), "2001:db8:2::7"} {
		adj := b.adjacency(1, addr(who))
		b.store(adj, [6]byte{2, 0, 0, 0, 0, byte(i)}, lspExternal, cgo.AdjDraining)
		b.dp.Control().Drain(slots[who], adj)
		want := []int{i, i + 2, i + 4}
		if i == 2 {
			want = upTo(100, 106)
		}
		frames := sent(b.out)
		if got := seqs(t, frames); !slices.Equal(got, want) {
			t.Errorf("%s got %v, want %v", who, got, want)
		}
		for _, f := range frames {
			if f[5] != byte(i) {
				t.Errorf("%s left with MAC %x", who, f[:6])
			}
		}
	}
}

// nth is a connected destination that nobody has resolved.
func nth(i int) (ip netip.Addr) {
	ip = addr("10.0.2.100")
	for range i {
		ip = ip.Next()
	}
	return ip
}

// The resolution lands between a packet's lookup and its parking: the worker, which
// looks again after parking, sends it itself and no packet strands.
func TestResolvedWhileParking(t *testing.T) {
	b := newBench(t, defaults())
	b.park(0, 3)
	ask := b.ask()
	b.resolve(cgo.AdjReachable) // without draining: as if the slot had opened just after
	b.park(3, 4)                // direct: its adjacency is usable
	if _, status := b.dp.Control().Drain(ask.Slot(), gatewayAdj); status != cgo.DrainDone {
		t.Fatal("the slot is still there to drain")
	}
	b.w.Poll()
	if b.dp.Control().Open(ask.Slot()) {
		t.Error("the kick did not close the slot")
	}
}

func TestHandBackWithoutAControlQueue(t *testing.T) {
	s := defaults()
	s.controlQueue = false
	b := newBench(t, s)
	b.park(0, 20)
	ask := b.ask()
	b.resolve(cgo.AdjDraining)
	if n, status := b.dp.Control().Drain(ask.Slot(), gatewayAdj); n != 0 || status != cgo.DrainDone {
		t.Fatalf("control sent %d without a queue", n)
	}
	b.park(20, 25)
	wantSeqs(t, b.out, upTo(0, 25))
}

// Traffic goes on while control drains: control lets go after one ring's worth, the
// worker sends the rest before it goes direct.
func TestHandBackIsBounded(t *testing.T) {
	b := newBench(t, defaults())
	b.park(0, 64)
	ask := b.ask()
	ctl := b.dp.Control()
	b.resolve(cgo.AdjDraining)
	if !ctl.Claim(ask.Slot()) {
		t.Fatal("claim refused")
	}
	b.park(64, 100) // full: the oldest give way, control owns nothing yet
	n, status := ctl.Drain(ask.Slot(), gatewayAdj)
	if n != 64 || status != cgo.DrainDone {
		t.Fatalf("drained %d, status %d", n, status)
	}
	b.park(100, 110)
	wantSeqs(t, b.out, upTo(36, 110))
}

func TestPartialTransmitKeepsOrder(t *testing.T) {
	b := newBench(t, defaults())
	b.park(0, 64)
	ask := b.ask()
	b.resolve(cgo.AdjDraining)
	filler := b.fill(b.out, 40) // leaves room for 40
	n, status := b.dp.Control().Drain(ask.Slot(), gatewayAdj)
	if n != 40 || status != cgo.DrainAgain {
		t.Fatalf("sent %d, status %d", n, status)
	}
	b.park(64, 70)
	got := seqs(t, sent(b.out)[filler:])
	n, status = b.dp.Control().Drain(ask.Slot(), gatewayAdj)
	if n != 24 || status != cgo.DrainDone { // one ring's worth in all; the rest is the worker's
		t.Fatalf("then sent %d, status %d", n, status)
	}
	b.park(70, 72)
	got = append(got, seqs(t, sent(b.out))...)
	if !slices.Equal(got, upTo(0, 72)) {
		t.Errorf("left: %v", got)
	}
}

func TestAbandonedDrainFreesWhatItHeld(t *testing.T) {
	b := newBench(t, defaults())
	b.park(0, 10)
	ask := b.ask()
	b.resolve(cgo.AdjDraining)
	b.fill(b.out, 0)
	if _, status := b.dp.Control().Drain(ask.Slot(), gatewayAdj); status != cgo.DrainAgain {
		t.Fatal("a full queue took packets")
	}
	b.dp.Control().Abandon(ask.Slot())
	sent(b.out)
	b.park(10, 12)
	wantSeqs(t, b.out, upTo(10, 12))
	if c := b.dp.Counters(); c.Drops[cgo.DropTxFull] != 10 {
		t.Errorf("%v", nonzero(c))
	}
}

// A next hop that moves while control holds packets made for its old port: those
// can't leave any more and are counted, the rest is the worker's.
func TestMovedNextHopFreesWhatTheDrainHeld(t *testing.T) {
	for what, elsewhere := range map[string]uint16{"unknown port": cgo.OutSwitch, "other port": lspThird} {
		t.Run(what, func(t *testing.T) {
			b := newBench(t, defaults())
			b.park(0, 10)
			ask := b.ask()
			b.resolve(cgo.AdjDraining)
			b.fill(b.out, 4)
			if n, status := b.dp.Control().Drain(ask.Slot(), gatewayAdj); n != 4 || status != cgo.DrainAgain {
				t.Fatalf("sent %d, status %d", n, status)
			}
			b.store(gatewayAdj, gatewayMAC, elsewhere, cgo.AdjDraining)
			if n, status := b.dp.Control().Drain(ask.Slot(), gatewayAdj); n != 0 || status != cgo.DrainDone {
				t.Fatalf("then sent %d, status %d", n, status)
			}
			b.w.Poll()
			if b.dp.Control().Open(ask.Slot()) {
				t.Error("the slot is still open")
			}
			if c := b.dp.Counters(); c.Drops[cgo.DropTxFull] != 6 || c.ParkedNow() != 0 {
				t.Errorf("%v", nonzero(c))
			}
		})
	}
}

// One poll after the hand-back is enough, however many slots came back at once.
func TestKickClosesEverySlot(t *testing.T) {
	b := newBench(t, defaults())
	const hops = 7
	var adjs []uint32
	for i := range hops {
		adjs = append(adjs, b.adjacency(1, nth(i)))
		b.send(b.in, udp4(t, nth(i), i))
	}
	asks := slices.Clone(b.poll().Asks)
	if len(asks) != hops {
		t.Fatalf("%d asks", len(asks))
	}
	for i, a := range asks {
		b.store(adjs[i], gatewayMAC, lspExternal, cgo.AdjDraining)
		if _, status := b.dp.Control().Drain(a.Slot(), adjs[i]); status != cgo.DrainDone {
			t.Fatalf("status %d", status)
		}
	}
	b.w.Poll()
	for i, a := range asks {
		if b.dp.Control().Open(a.Slot()) {
			t.Errorf("slot %d of %d is still open", i, hops)
		}
	}
}

// fill leaves room for n frames in the port's transmit ring.
func (b *bench) fill(w wire, room int) (filled int) {
	b.t.Helper()
	for w.tx.Free() > room {
		m, err := b.pool.Alloc()
		if err != nil {
			b.t.Fatal(err)
		}
		if !w.tx.Enqueue(m) {
			b.t.Fatal("the ring is full")
		}
		filled++
	}
	return filled
}

func TestFailedNextHop(t *testing.T) {
	b := newBench(t, defaults())
	b.park(0, 5)
	ask := b.ask()
	ctl := b.dp.Control()
	b.store(gatewayAdj, [6]byte{}, 0, cgo.AdjFailed)
	if !ctl.Claim(ask.Slot()) {
		t.Fatal("claim refused")
	}
	var taken [8]*dpdk.Mbuf
	n := ctl.Take(ask.Slot(), taken[:3])
	if n != 3 || seqs(t, [][]byte{taken[0].Bytes()})[0] != 0 {
		t.Fatalf("took %d, not the oldest 3", n)
	}
	if meta := cgo.MetaOf(taken[0]); meta.RouterPort != 0 || meta.OutRouterPort != 1 || meta.SwitchPort != lspHost {
		t.Errorf("metadata %+v", meta)
	}
	for _, m := range taken[:n] {
		ctl.Drop(m, cgo.DropParkFailed)
	}
	ctl.Handback(ask.Slot())
	b.park(5, 6) // held off; the worker frees the two that were left
	c := b.dp.Counters()
	if c.Drops[cgo.DropParkFailed] != 5 || c.Drops[cgo.DropNeighborFailed] != 1 || c.ParkedNow() != 0 {
		t.Errorf("%v", nonzero(c))
	}
	b.store(gatewayAdj, [6]byte{}, 0, cgo.AdjIncomplete) // hold-off over: parks and asks anew
	b.park(6, 7)
	if again := b.ask(); again.Slot() == ask.Slot() {
		t.Error("a new life has the old reference")
	}
	if ctl.Claim(ask.Slot()) || ctl.Open(ask.Slot()) || ctl.Expire(ask.Slot(), ^uint64(0), false) != 0 {
		t.Error("a stale reference still works")
	}
}

func TestHandBackWhileStillUnresolvedAsksAgain(t *testing.T) {
	b := newBench(t, defaults())
	b.park(0, 3)
	ask := b.ask()
	ctl := b.dp.Control()
	if !ctl.Claim(ask.Slot()) {
		t.Fatal("claim refused")
	}
	ctl.Handback(ask.Slot())
	b.w.Poll()
	again := b.ask()
	if n, _ := ctl.Depth(again.Slot()); n != 3 {
		t.Errorf("%d packets wait, want 3", n)
	}
	b.resolve(cgo.AdjDraining)
	ctl.Drain(again.Slot(), gatewayAdj)
	wantSeqs(t, b.out, upTo(0, 3))
}

func TestExpireTakesTheOldOnly(t *testing.T) {
	b := newBench(t, defaults())
	b.park(0, 4)
	ask := b.ask()
	limit := cgo.TSC()
	b.park(4, 6)
	if n := b.dp.Control().Expire(ask.Slot(), limit, false); n != 4 {
		t.Fatalf("expired %d, want 4", n)
	}
	b.resolve(cgo.AdjDraining)
	b.dp.Control().Drain(ask.Slot(), gatewayAdj)
	wantSeqs(t, b.out, []int{4, 5})
	if c := b.dp.Counters(); c.Drops[cgo.DropParkExpired] != 4 {
		t.Errorf("%v", nonzero(c))
	}
}

// More next hops open and close than there are slots, in every order: the index
// finds each of them and no slot is lost.
func TestSlotsAreReused(t *testing.T) {
	b := newBench(t, defaults())
	ctl := b.dp.Control()
	for round := range 200 {
		open := map[string]cgo.Slot{}
		for i := range 1 + round%8 {
			b.send(b.in, udp4(t, nth((round*7+i*3)%40), i))
		}
		batch := b.poll()
		for i := range batch.Asks {
			open[batch.Asks[i].Key.Addr().String()] = batch.Asks[i].Slot()
		}
		if len(open) != 1+round%8 {
			t.Fatalf("round %d: %d slots opened, want %d", round, len(open), 1+round%8)
		}
		for _, s := range open { // map order: closes in every order
			if !ctl.Claim(s) {
				t.Fatal("claim refused")
			}
			var taken [4]*dpdk.Mbuf
			for _, m := range taken[:ctl.Take(s, taken[:])] {
				ctl.Drop(m, cgo.DropParkFailed)
			}
			ctl.Handback(s)
			b.w.Poll()
			if ctl.Open(s) {
				t.Fatal("an empty slot stayed open")
			}
		}
	}
}

// The host moves while a full transmit queue holds its drain up: what control has in
// hand goes to the new MAC, or is counted, but never lost from the books.
func TestDrainWhileTheHostMoves(t *testing.T) {
	moved := [6]byte{2, 0, 0, 0, 0, 0x10}
	for _, c := range []struct {
		name    string
		out     uint16
		arrives bool
	}{
		{"same port", lspExternal, true},
		{"another port", lspThird, false},
		{"unknown port", cgo.OutSwitch, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := newBench(t, defaults())
			b.park(0, 10)
			ask := b.ask()
			b.resolve(cgo.AdjDraining)
			b.fill(b.out, 0)
			if _, status := b.dp.Control().Drain(ask.Slot(), gatewayAdj); status != cgo.DrainAgain {
				t.Fatal("a full queue took packets")
			}
			sent(b.out)
			b.store(gatewayAdj, moved, c.out, cgo.AdjDraining)
			if _, status := b.dp.Control().Drain(ask.Slot(), gatewayAdj); status != cgo.DrainDone {
				t.Fatalf("status %d", status)
			}
			var left [][]byte
			for _, w := range []wire{b.out, b.third} {
				left = append(left, sent(w)...)
			}
			if c.arrives != (len(left) == 10) {
				t.Errorf("%d frames left", len(left))
			}
			for _, f := range left {
				if [6]byte(f[:6]) != moved {
					t.Errorf("a frame to %x", f[:6])
				}
			}
			counters := b.dp.Counters()
			if lost := counters.Drops[cgo.DropTxFull]; lost != uint64(10-len(left)) || counters.PortTxDropped[b.out.port] != lost {
				t.Errorf("%v, %d by port", nonzero(counters), counters.PortTxDropped[b.out.port])
			}
			b.park(10, 11) // the slot is used again: what it held must not be forgotten with it
			b.balanced()
		})
	}
}
