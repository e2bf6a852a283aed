// SPDX-License-Identifier: Apache-2.0

package cgo_test

import (
	"os"
	"strconv"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/parkway-gw/parkway/cgo"
	"github.com/parkway-gw/parkway/dpdk"
	"github.com/parkway-gw/parkway/dpdk/dpdktest"
)

// sleeper is a bench whose worker runs on a thread of its own, adaptive and without a
// receive queue: nothing but control can wake it, and a wake-up that is lost is not made
// up for in the time that a test has.
func sleeper(t *testing.T, watch ...int) *bench {
	t.Helper()
	b := newBench(t, defaults())
	cfg := cgo.WorkerConfig{RingSize: 256, Park: b.settings.park, Socket: -1,
		Adaptive: true, MaxSleep: time.Millisecond, WatchedSleep: time.Hour}
	if len(watch) > 0 {
		cfg.RxQueues = []cgo.RxQueue{{Port: b.in.port}}
	}
	w, err := b.dp.AddWorker(cfg)
	if err != nil {
		t.Fatal(err)
	}
	for _, fd := range watch {
		if err := w.Watch(fd); err != nil {
			t.Fatal(err)
		}
	}
	done := make(chan error, 1)
	go func() {
		cpus, err := dpdk.AllowedCPUs()
		if err != nil {
			done <- err
			return
		}
		lcore, err := dpdktest.EAL().RegisterLcore(cpus)
		if err != nil {
			done <- err
			return
		}
		w.Run()
		done <- lcore.Close()
	}()
	t.Cleanup(func() {
		w.Stop()
		select {
		case err := <-done:
			if err != nil {
				t.Error(err)
			}
		case <-time.After(10 * time.Second):
			t.Fatal("a worker that sleeps does not hear Stop")
		}
	})
	b.w = w
	return b
}

// parkOne gives the worker a packet of control's own whose next hop nobody knows, so that
// it parks and asks.
func (b *bench) parkOne() {
	b.t.Helper()
	b.dp.Control().Route(dpdktest.Packet(b.t, b.pool, udp4(b.t, nth(0), 0)), 1, uint16(b.w.Index()))
}

// TestNoWakeUpIsLost sends a packet to and fro between a control and a worker that sleep
// whenever they can, both without end. One wake-up that is lost, and it hangs. A pause of
// varying length before each round meets the other side at every point of its falling
// asleep. PARKWAY_WAKE_ROUNDS sets the length.
func TestNoWakeUpIsLost(t *testing.T) {
	rounds := 20_000
	if s := os.Getenv("PARKWAY_WAKE_ROUNDS"); s != "" {
		n, err := strconv.Atoi(s)
		if err != nil {
			t.Fatal(err)
		}
		rounds = n
	}
	const patience = 10 * time.Second
	b := sleeper(t)
	b.adjacency(1, nth(0))
	ctl := b.dp.Control()
	polls := b.w.Stats().Heartbeat
	for i := range rounds {
		for until := time.Now().Add(time.Duration(i%251) * time.Microsecond); time.Now().Before(until); {
		}
		b.parkOne()
		batch := ctl.Poll(patience, 0)
		if len(batch.Asks) != 1 {
			t.Fatalf("round %d: no ask within %v: a wake-up is lost", i, patience)
		}
		slot := batch.Asks[0].Slot()
		var m [1]*dpdk.Mbuf
		if !ctl.Claim(slot) || ctl.Take(slot, m[:]) != 1 {
			t.Fatalf("round %d: the packet does not wait in the slot that was asked about", i)
		}
		ctl.Drop(m[0], cgo.DropParkFailed)
		ctl.Handback(slot) // wakes the worker, too
		if i%2 == 1 {
			continue // the next packet meets the slot as it is, or closed
		}
		for until := time.Now().Add(patience); ctl.Open(slot); {
			if time.Now().After(until) {
				t.Fatalf("round %d: the slot is not closed within %v: a kick is lost", i, patience)
			}
		}
	}
	t.Logf("%d rounds, %d polls", rounds, b.w.Stats().Heartbeat-polls)
}

// A worker whose queues can all wake it sleeps until one of them does.
func TestQueueWakesWorker(t *testing.T) {
	fd, err := unix.Eventfd(0, unix.EFD_CLOEXEC|unix.EFD_NONBLOCK) // stands in for a queue's
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = unix.Close(fd) })
	b := sleeper(t, fd)
	asleep := func() uint64 {
		t.Helper()
		last := b.w.Stats().Heartbeat
		for until := time.Now().Add(10 * time.Second); ; {
			time.Sleep(20 * time.Millisecond)
			now := b.w.Stats().Heartbeat
			if now == last {
				return now
			}
			if last = now; time.Now().After(until) {
				t.Fatalf("the worker does not sleep: %d polls", now)
			}
		}
	}
	asleep()
	b.in.rx.Enqueue(dpdktest.Packet(t, b.pool, udp4(t, hostIP, 0))) // a ring: nothing that wakes
	asleep()
	if n := b.w.Stats().Packets; n != 0 {
		t.Fatalf("%d packets were received in its sleep", n)
	}
	if _, err := unix.Write(fd, []byte{1, 0, 0, 0, 0, 0, 0, 0}); err != nil {
		t.Fatal(err)
	}
	for until := time.Now().Add(10 * time.Second); b.w.Stats().Packets == 0; {
		if time.Now().After(until) {
			t.Fatal("the queue does not wake its worker")
		}
		time.Sleep(time.Millisecond)
	}
	// The descriptor stays readable and no packet comes: that must not keep it awake for
	// good. Its looks are a millisecond apart then.
	before, start := b.w.Stats().Heartbeat, time.Now()
	for time.Since(start) < 200*time.Millisecond {
		time.Sleep(10 * time.Millisecond)
	}
	if polls, took := b.w.Stats().Heartbeat-before, time.Since(start); polls > uint64(took/time.Millisecond)*2+200 {
		t.Errorf("%d polls within %v while a queue cries wolf", polls, took)
	}
}
