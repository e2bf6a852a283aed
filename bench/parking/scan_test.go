// SPDX-License-Identifier: Apache-2.0

package parking

import (
	"net/netip"
	"runtime"
	"testing"
	"time"
)

// One ingress port scans a network at 1 Mpps, a new address with every packet. Another
// one contacts legitimate next hops, cold, one after the other, which answer at once:
// 99 of 100 must get their first packet through, whether they live in another network or
// in the one that is scanned.
func TestCase8Scan(t *testing.T) {
	for i, prefix := range scans {
		t.Run(family(prefix.Addr())+"_beside", func(t *testing.T) { scanned(t, prefix, []netip.Addr{good4, good6}[i]) })
		t.Run(family(prefix.Addr())+"_within", func(t *testing.T) { scanned(t, prefix, alive[i].Addr().Next()) })
	}
}

func scanned(t *testing.T, prefix netip.Prefix, legit netip.Addr) {
	const each, rate = 3, 1_000_000
	contacts := sized(50, 200)
	g := start(t, nil)
	g.answering(onlyGood)
	before := heap()
	scan := group(portA, prefix.Addr(), maxFlows-1, 1)
	scan.Dst, scan.Scan = netip.Addr{}, prefix
	g.run(portA, rate, 0, scan)
	begin := time.Now()
	time.Sleep(sized(300*time.Millisecond, 5*time.Second)) // as long as the attacker likes, before anybody else comes

	var mostParked int64
	var mostMbufs int
	look := func() {
		mostParked, mostMbufs = max(mostParked, g.parkedNow()), max(mostMbufs, g.f.PoolStatus().InUse)
	}
	reached, all := 0, 0
	dst := legit
	for i := range contacts {
		patience := 2 * time.Second // of a busy machine
		if i-reached > 2 {
			patience = 20 * time.Millisecond // it has failed anyway
		}
		g.run(portC, 0, each, group(portC, dst, i, 1))
		if within(patience, func() bool { look(); return g.sink[portB].Flow(i).Received == each }) {
			all++
		}
		if f := g.sink[portB].Flow(i); f.Received > 0 && f.First == 0 {
			reached++
		}
		dst = dst.Next()
	}
	elapsed := time.Since(begin)
	after := heap()
	s, src := g.sink[portB].Stats(), g.src[portA].Stats()
	report(t, "%d of %d cold next hops got their first packet, %d all %d; scan %.2f Mpps for %v (skipped %d); parked at most %d of %d, "+
		"mbufs out at most %d of %d; Go heap %.1f to %.1f MiB; on the wire %.0f ARP and %.0f ND per second; %s",
		reached, contacts, all, each, float64(src.Generated)/elapsed.Seconds()/1e6, elapsed.Round(time.Millisecond), src.Skipped,
		mostParked, g.park.MaxPackets, mostMbufs, g.f.PoolStatus().Mbufs, mib(before), mib(after),
		float64(s.ARP)/elapsed.Seconds(), float64(s.ND)/elapsed.Seconds(), g.reasons())
	g.settle()
	if reached*100 < contacts*99 {
		t.Errorf("of %d cold next hops %d got their first packet, at least 99 %% must", contacts, reached)
	}
	if mostParked > int64(g.park.MaxPackets) {
		t.Errorf("%d packets were parked, the bound is %d", mostParked, g.park.MaxPackets)
	}
	const rate1 = 1000 // probes per second, and at once: arpbuf.DefaultConfig
	if most := rate1 * (1.1 + elapsed.Seconds()); float64(s.ARP+s.ND) > most {
		t.Errorf("%d probes went out in %v, at most %.0f may", s.ARP+s.ND, elapsed, most)
	}
	if after > before+16<<20 { // 65,536 neighbors of a scan take about 8
		t.Errorf("the heap grew from %.1f to %.1f MiB", mib(before), mib(after))
	}
	for i := range contacts { // the scan itself is one flow to many next hops, which has no order
		if f := g.sink[portB].Flow(i); f.Reordered+f.Duplicates != 0 {
			t.Errorf("contact %d: %+v", i, f)
		}
	}
}

func heap() uint64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

func mib(n uint64) float64 { return float64(n) / (1 << 20) }
