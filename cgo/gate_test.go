// SPDX-License-Identifier: Apache-2.0

package cgo_test

import (
	"net/netip"
	"testing"
	"time"

	"github.com/parkway-gw/parkway/cgo"
)

func gatedBench(t *testing.T) *bench {
	s := defaults()
	s.gated = true
	s.park.Gated = cgo.ParkLimits{NextHops: 2, PacketsPerNextHop: 10, MaxPackets: 15}
	b := newBench(t, s)
	b.dp.FlagAdjacency(gatewayAdj, cgo.AdjGated)
	return b
}

func TestGatedPacketsHaveTheirOwnBounds(t *testing.T) {
	b := gatedBench(t)
	b.scan(hostIP, 0, 8) // every ordinary slot is taken
	b.park(0, 14)
	ask := b.askFor(gatewayIP)
	if class := b.dp.Control().Class(ask.Slot()); class != cgo.ParkGated {
		t.Errorf("the slot is of class %d", class)
	}
	b.wantDrops(map[cgo.DropReason]uint64{cgo.DropParkGateEvicted: 4, cgo.DropParkEvicted: 0, cgo.DropParkNextHops: 0})
	// Another gated next hop: its packets meet the bound of the class, and then take room in
	// the fuller ring until it holds but one more.
	second := b.adjacency(1, nth(40))
	b.dp.FlagAdjacency(second, cgo.AdjGated)
	b.scan(hostIP, 40, 1)
	for range 7 {
		b.scan(hostIP, 40, 1)
	}
	b.wantDrops(map[cgo.DropReason]uint64{cgo.DropParkGateEvicted: 4 + 2, cgo.DropParkGateFull: 1})
	third := b.adjacency(1, nth(41))
	b.dp.FlagAdjacency(third, cgo.AdjGated)
	b.scan(hostIP, 41, 1) // no slot of the class is left
	b.wantDrops(map[cgo.DropReason]uint64{cgo.DropParkGateFull: 2, cgo.DropParkNextHops: 0, cgo.DropParkPreempted: 0})

	c := b.dp.Counters()
	if c.GateParkedNow() != 15 || c.ParkedNow() != 23 {
		t.Errorf("%d gated packets wait of %d, want 15 of 23", c.GateParkedNow(), c.ParkedNow())
	}
	b.resolve(cgo.AdjDraining)
	b.dp.Control().Drain(ask.Slot(), gatewayAdj)
	wantSeqs(t, b.out, upTo(6, 14))
	c = b.dp.Counters()
	if c.DrainedOf(cgo.ParkGated) != 8 || c.DrainedOf(cgo.ParkNextHop) != 0 || c.WaitedUS[cgo.ParkGated] == 0 || c.GateParkedNow() != 7 {
		t.Errorf("drained %d gated, %d others, %d us, %d wait", c.DrainedOf(cgo.ParkGated), c.DrainedOf(cgo.ParkNextHop),
			c.WaitedUS[cgo.ParkGated], c.GateParkedNow())
	}
}

// askFor takes the asks that are due and returns that for ip.
func (b *bench) askFor(ip netip.Addr) (found cgo.Ask) {
	b.t.Helper()
	for batch := b.poll(); len(batch.Asks) > 0; batch = b.poll() {
		for _, a := range batch.Asks {
			if a.Key.Addr() == ip {
				found = a
			}
		}
	}
	if found.Key.Family == 0 {
		b.t.Fatalf("nobody asked for %s", ip)
	}
	return found
}

func TestGatedPacketsExpireUnderTheirOwnReason(t *testing.T) {
	b := gatedBench(t)
	b.park(0, 5)
	ask := b.ask()
	if n := b.dp.Control().Expire(ask.Slot(), ^uint64(0), false); n != 5 {
		t.Errorf("%d expired, want 5", n)
	}
	b.wantDrops(map[cgo.DropReason]uint64{cgo.DropParkGateExpired: 5, cgo.DropParkExpired: 0})
	if c := b.dp.Counters(); c.ParkedNow() != 0 || c.GateParkedNow() != 0 {
		t.Errorf("%d and %d wait", c.ParkedNow(), c.GateParkedNow())
	}
}

// By the newest: a packet that came late keeps those before it (OVN's timeout).
func TestExpireByNewest(t *testing.T) {
	b := newBench(t, defaults())
	b.park(0, 3)
	ask := b.ask()
	slot := ask.Slot()
	limit := cgo.TSC()
	b.park(3, 4)
	if n := b.dp.Control().Expire(slot, limit, true); n != 0 {
		t.Errorf("%d expired though one is young", n)
	}
	if n := b.dp.Control().Expire(slot, cgo.TSC(), true); n != 4 {
		t.Errorf("%d expired, want all 4", n)
	}
}

func TestFirstFrameOfAGatedPortIsReportedOnce(t *testing.T) {
	b := gatedBench(t)
	appeared := func() (n int) {
		for batch := b.poll(); !batch.Empty(); batch = b.poll() {
			for _, l := range batch.Appeared {
				n++
				if l.SwitchPort != lspExternal || l.Switch != 1 || l.MAC() != strangeMAC {
					t.Errorf("appeared: %+v", l)
				}
			}
			b.consume(batch)
		}
		return n
	}
	b.send(b.out, plain(t, strangeMAC, broadcast))
	if n := appeared(); n != 0 {
		t.Errorf("%d reports though nobody wants them", n)
	}
	b.dp.ArmGate(lspExternal)
	for range 3 {
		b.send(b.out, plain(t, strangeMAC, broadcast))
	}
	if n := appeared(); n != 1 {
		t.Errorf("%d reports, want 1", n)
	}
	b.dp.ArmGate(lspExternal)
	b.send(b.out, plain(t, strangeMAC, broadcast))
	if n := appeared(); n != 1 {
		t.Errorf("%d reports after arming again, want 1", n)
	}
	b.dp.ArmGate(lspExternal)
	b.dp.DisarmGate(lspExternal)
	b.send(b.out, plain(t, strangeMAC, broadcast))
	b.send(b.in, plain(t, hostMAC, broadcast)) // another port has no gate
	if n := appeared(); n != 0 {
		t.Errorf("%d reports from a port that is not armed", n)
	}
}

func TestWaitBuckets(t *testing.T) {
	b := newBench(t, defaults())
	b.park(0, 4)
	ask := b.ask()
	slot := ask.Slot()
	start := time.Now()
	for time.Since(start) < 2*time.Millisecond { // a real wait: the clock of workers is the TSC
	}
	b.resolve(cgo.AdjDraining)
	b.dp.Control().Drain(slot, gatewayAdj)
	waited := time.Since(start)
	wantSeqs(t, b.out, upTo(0, 4))
	c := b.dp.Counters()
	early := uint64(0)
	for i := 0; cgo.WaitBucket(i) <= time.Millisecond; i++ {
		early += c.Waited[cgo.ParkNextHop][i]
	}
	if early != 0 || c.DrainedOf(cgo.ParkNextHop) != 4 || c.Drained != 4 {
		t.Errorf("buckets %v", c.Waited)
	}
	if us := c.WaitedUS[cgo.ParkNextHop]; us < 4*2000 || us > uint64(4*waited.Microseconds())+4000 {
		t.Errorf("%d us waited in all; the test took %v", us, waited)
	}
}
