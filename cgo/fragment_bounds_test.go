// SPDX-License-Identifier: Apache-2.0

package cgo_test

import (
	"testing"

	"github.com/google/gopacket/layers"

	"github.com/parkway-gw/parkway/cgo"
	"github.com/parkway-gw/parkway/dpdk"
	"github.com/parkway-gw/parkway/dpdk/dpdktest"
)

// One packet makes 32 fragments at most, and whatever bound they meet counts each.
const most = 32

func TestFragmentsAtAFullTransmitQueue(t *testing.T) {
	b := benchOfMTU(t, 68)
	const left = 7 // places in the queue
	small := whole(t, 1, 20)
	for b.out.tx.Len() < 2048-left {
		b.send(b.in, small)
	}
	b.send(b.in, whole(t, 2, most*48))
	full := uint64(most - left)
	c := b.dp.Counters()
	if c.Fragments != most || c.Originated != most || c.Consumed != 1 || c.PortTxDropped[b.out.port] != full {
		t.Errorf("%d fragments, %d dropped at the port: %v", c.Fragments, c.PortTxDropped[b.out.port], nonzero(c))
	}
	b.wantDrops(map[cgo.DropReason]uint64{cgo.DropTxFull: full})
	sent(b.out)
}

func TestFragmentsInASmallParkRing(t *testing.T) {
	s := defaults()
	s.mtu, s.park.PacketsPerNextHop = 68, 16
	b := newBench(t, s)
	b.send(b.in, whole(t, 2, most*48, func(ip *layers.IPv4) { ip.DstIP = addr("192.0.2.9").AsSlice() }))
	ask := b.ask()
	if n, _ := b.dp.Control().Depth(ask.Slot()); n != 16 {
		t.Errorf("%d are parked, want 16", n)
	}
	if c := b.dp.Counters(); c.Parked != most || c.Fragments != most {
		t.Errorf("%v", nonzero(c))
	}
	b.wantDrops(map[cgo.DropReason]uint64{cgo.DropParkEvicted: most - 16})
}

// More of control's packets than the inject ring holds, each of which is cut.
func TestFragmentsOfAFullInjectRing(t *testing.T) {
	b := benchOfMTU(t, 600)
	const n = 300
	for range n {
		m, err := b.pool.Alloc()
		if err != nil {
			t.Fatal(err)
		}
		if err := m.AppendBytes(whole(t, 5, 1480)); err != nil {
			t.Fatal(err)
		}
		b.dp.Control().Route(m, 1, 0)
	}
	for b.w.Poll() > 0 {
	}
	took := uint64(b.settings.ringSize - 1)
	if c := b.dp.Counters(); c.Fragments != took*3 || c.Originated != n+took*3 || c.Consumed != took || c.Tx != took*3 {
		t.Errorf("%d fragments: %v", c.Fragments, nonzero(c))
	}
	b.wantDrops(map[cgo.DropReason]uint64{dropByName(t, "inject_full"): n - took})
	sent(b.out)
}

// I7: a packet that was parked leaves with the offload flags that it came with, as one
// that was not.
func TestOffloadFlagsSurviveParking(t *testing.T) {
	const flags = 1<<7 | 1<<8 | // RTE_MBUF_F_RX_IP_CKSUM_GOOD, RTE_MBUF_F_RX_L4_CKSUM_GOOD
		3<<52 | 1<<55 // RTE_MBUF_F_TX_UDP_CKSUM, RTE_MBUF_F_TX_IPV4
	b := newBench(t, defaults())
	send := func() {
		m := dpdktest.Packet(t, b.pool, udp4(t, addr("192.0.2.1"), 1))
		m.SetFlags(flags)
		b.in.rx.Enqueue(m)
		b.w.Poll()
	}
	want := func(how string) {
		t.Helper()
		var m [4]*dpdk.Mbuf
		if n := b.out.tx.DequeueBurst(m[:]); n != 1 {
			t.Fatalf("%s: %d left", how, n)
		}
		if got := m[0].Flags(); got != flags {
			t.Errorf("%s: flags %#x, want %#x", how, got, uint64(flags))
		}
		m[0].Free()
	}
	send()
	ask := b.ask()
	b.resolve(cgo.AdjDraining)
	if n, status := b.dp.Control().Drain(ask.Slot(), gatewayAdj); n != 1 || status != cgo.DrainDone {
		t.Fatalf("drained %d, status %d", n, status)
	}
	want("parked")
	b.w.Housekeeping()
	b.resolve(cgo.AdjReachable)
	send()
	want("forwarded")
}
