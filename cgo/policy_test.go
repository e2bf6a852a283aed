// SPDX-License-Identifier: Apache-2.0

package cgo_test

import (
	"fmt"
	"net/netip"
	"slices"
	"testing"

	"github.com/parkway-gw/parkway/cgo"
)

// sender is the i-th host behind the port that the scanners of these tests use.
func sender(i int) netip.Addr { return netip.AddrFrom4([4]byte{10, 0, 1, byte(10 + i)}) }

// scan has one sender contact count next hops that nobody has resolved, from the
// from-th on.
func (b *bench) scan(src netip.Addr, from, count int) {
	b.t.Helper()
	for i := from; i < from+count; i++ {
		b.send(b.in, udp4From(b.t, src, nth(i), i))
	}
}

// fromThird sends a datagram from the other switch port.
func (b *bench) fromThird(dst netip.Addr, seq int) {
	b.t.Helper()
	f := udp4From(b.t, addr("10.0.1.200"), dst, seq)
	b.send(b.third, slices.Concat(f[:12], []byte{0x81, 0, 0, 7}, f[12:]))
}

// depths is what waits, by next hop.
func (b *bench) depths(asks map[netip.Addr]cgo.Slot) map[netip.Addr]int {
	out := map[netip.Addr]int{}
	for ip, s := range asks {
		if b.dp.Control().Open(s) {
			out[ip], _ = b.dp.Control().Depth(s)
		}
	}
	return out
}

// asks collects what the worker asks for, until it asks no more.
func (b *bench) asks(into map[netip.Addr]cgo.Slot) {
	for batch := b.poll(); len(batch.Asks) > 0; batch = b.poll() {
		for i := range batch.Asks {
			into[batch.Asks[i].Key.Addr()] = batch.Asks[i].Slot()
		}
	}
}

func (b *bench) wantDrops(want map[cgo.DropReason]uint64) {
	b.t.Helper()
	c := b.dp.Counters()
	for reason, n := range want {
		if c.Drops[reason] != n {
			b.t.Errorf("%s: %d, want %d (%v)", reason, c.Drops[reason], n, nonzero(c))
		}
	}
}

func TestScannerMakesRoomForAnotherPort(t *testing.T) {
	b := newBench(t, defaults()) // 8 slots
	b.scan(sender(0), 0, 50)
	b.wantDrops(map[cgo.DropReason]uint64{cgo.DropParkNextHops: 42, cgo.DropParkPreempted: 0})
	for i := range 4 {
		b.fromThird(nth(100+i), 1000+i)
	}
	b.wantDrops(map[cgo.DropReason]uint64{cgo.DropParkNextHops: 42, cgo.DropParkPreempted: 4})
	// Half each: from here on neither takes from the other.
	b.fromThird(nth(104), 1004)
	b.scan(sender(0), 50, 10)
	b.wantDrops(map[cgo.DropReason]uint64{cgo.DropParkNextHops: 53, cgo.DropParkPreempted: 4})

	asks := map[netip.Addr]cgo.Slot{}
	b.asks(asks)
	mine := 0
	for ip, n := range b.depths(asks) {
		if ip.Compare(nth(100)) >= 0 && n == 1 {
			mine++
		}
	}
	if mine != 4 {
		t.Errorf("%d next hops of the other port wait, want 4", mine)
	}
	adj := b.adjacency(1, nth(100))
	b.store(adj, gatewayMAC, lspExternal, cgo.AdjDraining)
	b.dp.Control().Drain(asks[nth(100)], adj)
	wantSeqs(t, b.out, []int{1000})
}

func TestSendersOfAPortShareIt(t *testing.T) {
	b := newBench(t, defaults())
	b.scan(sender(0), 0, 50)
	b.scan(sender(1), 50, 50)
	// Sender 1 may take until they have four each, and draws eight times at most for each.
	c := b.dp.Counters()
	if n := c.Drops[cgo.DropParkPreempted]; n != 4 {
		t.Errorf("%d packets gave way, want 4 (%v)", n, nonzero(c))
	}
	if c.ParkedNow() != 8 {
		t.Errorf("%d packets wait, want 8", c.ParkedNow())
	}
}

func TestKnownNextHopComesBeforeStrangers(t *testing.T) {
	b := newBench(t, defaults())
	b.dp.FlagAdjacency(gatewayAdj, cgo.AdjKnown)
	b.scan(hostIP, 0, 50)
	b.park(0, 3) // the same sender, to its gateway
	b.wantDrops(map[cgo.DropReason]uint64{cgo.DropParkNextHops: 42, cgo.DropParkPreempted: 1})
	for i := range 50 {
		b.fromThird(nth(100+i), i)
	}
	asks := map[netip.Addr]cgo.Slot{}
	b.asks(asks)
	if n := b.depths(asks)[gatewayIP]; n != 3 {
		t.Errorf("%d packets wait for the gateway, want 3", n)
	}
}

// Having answered once keeps an equal share, not everything: who answers for as many
// addresses as there are slots, and then falls silent, does not lock others out.
func TestKnownNextHopsKeepAnEqualShare(t *testing.T) {
	b := newBench(t, defaults())
	for i := range 8 {
		b.dp.FlagAdjacency(b.adjacency(1, nth(i)), cgo.AdjKnown)
	}
	b.scan(sender(0), 0, 8)
	for i := range 6 {
		b.fromThird(nth(100+i), i)
	}
	b.wantDrops(map[cgo.DropReason]uint64{cgo.DropParkNextHops: 2, cgo.DropParkPreempted: 4})
	b.dp.FlagAdjacency(b.adjacency(1, nth(110)), cgo.AdjKnown)
	b.fromThird(nth(110), 1) // a known one goes before a stranger of its own sender's
	b.wantDrops(map[cgo.DropReason]uint64{cgo.DropParkNextHops: 2, cgo.DropParkPreempted: 5})
	b.scan(sender(1), 50, 1) // another host of the first port, below half of its share: takes nothing known
	b.scan(sender(0), 60, 1)
	b.wantDrops(map[cgo.DropReason]uint64{cgo.DropParkNextHops: 3, cgo.DropParkPreempted: 6})
}

// A next hop that a scanner touched first is not lost to others: the slot counts for that
// one who holds the fewest, and each packet for its sender.
func TestNextHopsThatAScannerTouchedFirst(t *testing.T) {
	s := defaults()
	s.park.MaxPackets = 64
	b := newBench(t, s)
	for range 8 { // fills all slots and all packets
		b.scan(sender(0), 0, 8)
	}
	for i := range 30 {
		b.fromThird(nth(3), 1000+i)
	}
	asks := map[netip.Addr]cgo.Slot{}
	b.asks(asks)
	if n := b.depths(asks)[nth(3)]; n < 30 {
		t.Errorf("%d packets wait for it, 30 of them should be the other port's (%v)", n, nonzero(b.dp.Counters()))
	}
	b.wantDrops(map[cgo.DropReason]uint64{cgo.DropParkPackets: 0})
	for i := range 20 { // a third one makes the scanner's slots go, not the one that is used by others
		b.send(b.in, udp4From(b.t, sender(5), nth(200+i), i))
	}
	if n := b.depths(asks)[nth(3)]; n < 30 {
		t.Errorf("%d packets are left, others took its slot (%v)", n, nonzero(b.dp.Counters()))
	}
}

// Flooding the next hops that somebody waits for does not make him the largest holder.
func TestFloodOfAnothersNextHops(t *testing.T) {
	s := defaults()
	s.park.MaxPackets = 64
	b := newBench(t, s)
	for i := range 4 {
		b.fromThird(nth(i), i)
		b.fromThird(nth(i), 10+i)
	}
	for range 25 {
		b.scan(sender(0), 0, 2) // two of the victim's
	}
	for range 20 {
		b.scan(sender(0), 4, 3) // and his own
	}
	asks := map[netip.Addr]cgo.Slot{}
	b.asks(asks)
	for i := 2; i < 4; i++ {
		if n := b.depths(asks)[nth(i)]; n != 2 {
			t.Errorf("%d of 2 packets wait for the victim's next hop %d (%v)", n, i, nonzero(b.dp.Counters()))
		}
	}
}

// A worker full of packets takes from who has most of them parked, not from a burst of
// somebody else's.
func TestPacketsAreSharedToo(t *testing.T) {
	s := defaults()
	s.park.MaxPackets = 64
	b := newBench(t, s)
	for i := range 32 {
		b.scan(sender(0), i%8, 1)
	}
	for i := range 32 { // 64 packets over 8 next hops, all of one sender
		b.scan(sender(0), i%8, 1)
	}
	b.wantDrops(map[cgo.DropReason]uint64{cgo.DropParkPackets: 0, cgo.DropParkPreempted: 0})
	for i := range 30 {
		b.fromThird(nth(100), i)
	}
	asks := map[netip.Addr]cgo.Slot{}
	b.asks(asks)
	if n := b.depths(asks)[nth(100)]; n != 30 {
		t.Errorf("%d of 30 packets wait (%v)", n, nonzero(b.dp.Counters()))
	}
	b.scan(sender(0), 0, 8) // the scanner can't take it back
	if n := b.depths(asks)[nth(100)]; n != 30 {
		t.Errorf("%d of 30 packets are left", n)
	}
	if c := b.dp.Counters(); c.ParkedNow() > 64 {
		t.Errorf("%d packets wait, the bound is 64", c.ParkedNow())
	}
}

// What is being drained, failed or expired is not taken away: control has it.
func TestOnlyWaitingSlotsGiveWay(t *testing.T) {
	b := newBench(t, defaults())
	b.scan(sender(0), 0, 8)
	asks := map[netip.Addr]cgo.Slot{}
	b.asks(asks)
	for _, s := range asks {
		if !b.dp.Control().Claim(s) {
			t.Fatal("the slot can't be claimed")
		}
	}
	b.fromThird(nth(100), 1)
	b.wantDrops(map[cgo.DropReason]uint64{cgo.DropParkNextHops: 1, cgo.DropParkPreempted: 0})
	for _, s := range asks {
		b.dp.Control().Handback(s)
	}
}

func TestPreemptedSlotServesItsNewNextHop(t *testing.T) {
	s := defaults()
	s.park.NextHops = 2
	b := newBench(t, s)
	b.scan(sender(0), 0, 2)
	old := map[netip.Addr]cgo.Slot{}
	b.asks(old)
	b.fromThird(nth(100), 7)
	b.fromThird(nth(100), 8)
	taken := 0
	for ip, slot := range old {
		if b.dp.Control().Open(slot) {
			continue
		}
		taken++
		adj := b.adjacency(1, ip)
		b.store(adj, strangeMAC, lspExternal, cgo.AdjDraining)
		if sent, status := b.dp.Control().Drain(slot, adj); sent != 0 || status != cgo.DrainGone {
			t.Errorf("a stale reference drained %d packets, status %d", sent, status)
		}
	}
	if taken != 1 {
		t.Fatalf("%d slots changed hands, want 1", taken)
	}
	ask := b.ask()
	if ask.Key.Addr() != nth(100) {
		t.Fatalf("asked for %v", ask.Key.Addr())
	}
	adj := b.adjacency(1, nth(100))
	b.store(adj, gatewayMAC, lspExternal, cgo.AdjDraining)
	b.dp.Control().Drain(ask.Slot(), adj)
	frames := sent(b.out)
	if got := fmt.Sprint(seqs(t, frames)); got != "[7 8]" {
		t.Errorf("left: %s", got)
	}
}

// Told to refuse, a worker takes nothing from anybody.
func TestRefuseTakesNothing(t *testing.T) {
	s := defaults()
	s.park.Refuse, s.park.MaxPackets = true, 16
	b := newBench(t, s)
	for range 2 {
		b.scan(sender(0), 0, 8)
	}
	b.fromThird(nth(0), 1)
	b.fromThird(nth(100), 1)
	b.wantDrops(map[cgo.DropReason]uint64{cgo.DropParkPackets: 1, cgo.DropParkNextHops: 1, cgo.DropParkPreempted: 0})
}
