// SPDX-License-Identifier: Apache-2.0

package dpdk_test

import (
	"encoding/binary"
	"runtime"
	"syscall"
	"testing"

	"github.com/parkway-gw/parkway/dpdk"
	"github.com/parkway-gw/parkway/dpdk/dpdktest"
)

func TestRingBound(t *testing.T) {
	pool := dpdktest.Pool(t, 15)
	ring := dpdktest.Ring(t, 5, dpdk.RingFlags{SingleProducer: true, SingleConsumer: true})
	burst := make([]*dpdk.Mbuf, 7)
	if err := pool.AllocBulk(burst); err != nil {
		t.Fatal(err)
	}
	if n := ring.EnqueueBurst(burst); n != 5 || ring.Len() != 5 || ring.Free() != 0 {
		t.Errorf("a ring of 5 took %d of 7: %d in, room for %d", n, ring.Len(), ring.Free())
	}
	if ring.Enqueue(burst[5]) {
		t.Error("a full ring took one more")
	}
	wantError(t, ring.Close(), syscall.EBUSY, "5 mbufs are in it")
	out := make([]*dpdk.Mbuf, 7)
	if n := ring.DequeueBurst(out); n != 5 {
		t.Fatalf("%d came out", n)
	}
	for i := range 5 {
		if out[i] != burst[i] {
			t.Errorf("place %d: another mbuf came out", i)
		}
	}
	if ring.EnqueueBurst(nil) != 0 || ring.DequeueBurst(nil) != 0 || ring.DequeueBurst(out) != 0 {
		t.Error("an empty burst moved something")
	}
	dpdk.FreeBulk(burst)
}

func TestRingRefuses(t *testing.T) {
	ring := dpdktest.Ring(t, 5, dpdk.RingFlags{})
	_, err := dpdk.NewRing(ring.Name(), 5, dpdk.RingFlags{})
	wantError(t, err, syscall.EEXIST, "rte_ring_create(ring "+ring.Name()+", 5 mbufs)", "of that name exists")
	_, err = dpdk.NewRing("r", 0, dpdk.RingFlags{})
	wantError(t, err, syscall.EINVAL, "1 to")
	_, err = dpdk.NewRing("a-name-longer-than-the-28-bytes-allowed", 5, dpdk.RingFlags{})
	wantError(t, err, syscall.ENAMETOOLONG, "at most 28 bytes")
	_, err = dpdk.NewRing("r", 1<<28, dpdk.RingFlags{})
	wantError(t, err, syscall.ENOMEM)
}

// Two goroutines, one ring: everything arrives once and in order.
func TestRingBetweenGoroutines(t *testing.T) {
	const packets = 20000
	pool := dpdktest.Pool(t, 127)
	ring := dpdktest.Ring(t, 31, dpdk.RingFlags{SingleProducer: true, SingleConsumer: true})
	go func() {
		for i := uint32(0); i < packets; {
			m, err := pool.Alloc()
			if err != nil {
				runtime.Gosched()
				continue
			}
			binary.NativeEndian.PutUint32(m.Append(4), i)
			for !ring.Enqueue(m) {
				runtime.Gosched()
			}
			i++
		}
	}()
	var burst [8]*dpdk.Mbuf
	for next := uint32(0); next < packets; {
		n := ring.DequeueBurst(burst[:])
		for _, m := range burst[:n] {
			if got := binary.NativeEndian.Uint32(m.Bytes()); got != next {
				t.Fatalf("got packet %d, want %d", got, next)
			}
			next++
		}
		dpdk.FreeBulk(burst[:n])
		if n == 0 {
			runtime.Gosched()
		}
	}
}
