// SPDX-License-Identifier: Apache-2.0

//go:build lines

package cgo_test

import (
	"strings"
	"testing"

	"github.com/parkway-gw/parkway/cgo"
	"github.com/parkway-gw/parkway/dpdk"
	"github.com/parkway-gw/parkway/dpdk/dpdktest"
)

// onLcore runs what comes in on an lcore of its own, whose writes are those of a writer.
func onLcore(t *testing.T, writer uint32) func(func()) {
	work, done := make(chan func()), make(chan error)
	go func() {
		cpus, err := dpdk.AllowedCPUs()
		if err != nil {
			done <- err
			return
		}
		lcore, err := dpdktest.EAL().RegisterLcore(cpus)
		done <- err
		for f := range work {
			cgo.LinesAs(writer)
			f()
			cgo.LinesAs(0)
			done <- nil
		}
		done <- lcore.Close()
	}()
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		close(work)
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	return func(f func()) { work <- f; <-done }
}

// shared demands that all lines which several have written are part of what may be.
func shared(t *testing.T, dp *cgo.Datapath, allowed ...string) {
	t.Helper()
	lines, err := dp.SharedLines()
	if err != nil {
		t.Fatal(err)
	}
next:
	for _, l := range lines {
		for _, a := range allowed {
			if strings.HasSuffix(l.What, a) {
				continue next
			}
		}
		t.Errorf("writers %03b wrote one line of %s", l.Writers, l.What)
	}
	t.Logf("%d lines written by worker 0, %d by worker 1, %d by control; shared: %v", cgo.LinesWritten(1), cgo.LinesWritten(2), cgo.LinesWritten(4), lines)
}

// TestLines has two workers, each on an lcore and with packets of a pool of its own, take
// the same traffic, and looks at which cache lines each has written. As long as packets are
// forwarded none is written by both, and none by control. Parking, and what goes to
// control, share what layout.c says.
func TestLines(t *testing.T) {
	var pools [2]*dpdk.Mempool
	for i := range pools {
		pools[i] = dpdktest.PoolOf(t, dpdk.MempoolConfig{Mbufs: 1023, Cache: 64, PrivSize: cgo.PrivSize})
	}
	b := newBench(t, defaults())
	second, err := b.dp.AddWorker(cgo.WorkerConfig{RxQueues: []cgo.RxQueue{{Port: b.in.port}}, TxQueue: 1, RingSize: 256,
		Park: defaults().park, Socket: -1})
	if err != nil {
		t.Fatal(err)
	}
	workers := []*cgo.Worker{b.w, second}
	lcores := []func(func()){onLcore(t, 1), onLcore(t, 2)}
	control := onLcore(t, 4)
	near := b.adjacency(1, nth(0))
	for _, adj := range []uint32{gatewayAdj, near} {
		b.store(adj, gatewayMAC, lspExternal, cgo.AdjReachable)
	}
	feed := func(frames ...[]byte) {
		for i, w := range workers {
			for range 20 {
				for _, f := range frames {
					if !b.in.rx.Enqueue(dpdktest.Packet(t, pools[i], f)) {
						t.Fatal("the port's ring is full")
					}
				}
				lcores[i](func() { w.Poll() })
			}
			lcores[i](w.Housekeeping)
			sent(b.out)
		}
	}
	plain := [][]byte{udp4(t, nth(0), 1), udp4(t, addr("192.0.2.9"), 2), udp4(t, addr("203.0.113.7"), 3), udp6(t, addr("2001:db8:ffff::1"), 4)}
	feed(plain...) // the used bits are set, once
	cgo.LinesBegin()
	feed(plain...)
	control(func() { b.store(near, gatewayMAC, lspExternal, cgo.AdjStale); b.consume(b.poll()) })
	if cgo.LinesWritten(1) < 10 || cgo.LinesWritten(2) < 10 || cgo.LinesWritten(4) == 0 {
		t.Fatal("nobody watched: the package must be built with -fsanitize=thread")
	}
	shared(t, b.dp)

	// Now some that park, are evicted, and go to control. The last state of a slot and what
	// it holds are both sides' by design.
	cold := b.adjacency(1, nth(7))
	cgo.LinesBegin()
	feed(append(plain, udp4(t, nth(7), 5), udp4(t, nth(7), 6), udp4(t, nth(7), 7), udp4(t, nth(7), 8), udp4(t, hostIP, 9))...)
	shared(t, b.dp, "pool_parked, own_id", "copp", "adjacency")
	control(func() {
		var slots []cgo.Slot
		for batch := b.poll(); !batch.Empty(); batch = b.poll() {
			for i := range batch.Asks {
				slots = append(slots, batch.Asks[i].Slot())
			}
			b.consume(batch)
		}
		b.store(cold, gatewayMAC, lspExternal, cgo.AdjDraining)
		for _, s := range slots {
			b.dp.Control().Drain(s, cold)
		}
	})
	for i, w := range workers {
		lcores[i](func() { w.Poll(); w.Housekeeping() })
	}
	sent(b.out)
	control(func() { b.store(cold, gatewayMAC, lspExternal, cgo.AdjReachable) })
	lines, err := b.dp.SharedLines()
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range lines { // of workers; control has read their packets and written its MACs
		if l.Writers&3 == 3 && !strings.HasPrefix(l.What, "pool_parked") && l.What != "copp" && l.What != "adjacency" {
			t.Errorf("both workers wrote one line of %s", l.What)
		}
		if l.Writers&4 != 0 && strings.Contains(l.What, "counters") {
			t.Errorf("control wrote a line of %s", l.What)
		}
	}
}
