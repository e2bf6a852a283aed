// SPDX-License-Identifier: Apache-2.0

package dpdktest

import (
	"fmt"
	"sync/atomic"
	"testing"

	"github.com/parkway-gw/parkway/dpdk"
)

var serial atomic.Uint64

// Name returns a name that no other object of this test binary has.
func Name(prefix string) string { return fmt.Sprintf("%s%d", prefix, serial.Add(1)) }

// Pool returns a pool of mbufs without caches and with 64 bytes of private
// area. At the end of the test every mbuf must be back.
func Pool(t testing.TB, mbufs uint) *dpdk.Mempool {
	t.Helper()
	return PoolOf(t, dpdk.MempoolConfig{Mbufs: mbufs, PrivSize: 64, Socket: dpdk.SocketAny})
}

// PoolOf is Pool with a configuration.
func PoolOf(t testing.TB, cfg dpdk.MempoolConfig) *dpdk.Mempool {
	t.Helper()
	pool, err := dpdk.NewMempool(Name("pool"), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		AssertWhole(t, pool)
		if err := pool.Close(); err != nil {
			t.Error(err)
		}
	})
	return pool
}

// AssertWhole fails the test if mbufs of the pool are out.
func AssertWhole(t testing.TB, pool *dpdk.Mempool) {
	t.Helper()
	if got, want := pool.Available(), pool.Size(); got != want {
		t.Errorf("mempool %s: %d of %d mbufs are there, %d leaked", pool.Name(), got, want, int(want)-int(got))
	}
}

// Packet returns an mbuf with a copy of data. The caller owns it.
func Packet(t testing.TB, pool *dpdk.Mempool, data []byte) *dpdk.Mbuf {
	t.Helper()
	m, err := pool.Alloc()
	if err != nil {
		t.Fatal(err)
	}
	if err := m.AppendBytes(data); err != nil {
		m.Free()
		t.Fatal(err)
	}
	return m
}

// Ring returns a ring of mbufs; what is in it at the end of the test is freed.
func Ring(t testing.TB, size int, flags dpdk.RingFlags) *dpdk.Ring {
	t.Helper()
	ring, err := dpdk.NewRing(Name("ring"), size, flags)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		Drain(ring)
		if err := ring.Close(); err != nil {
			t.Error(err)
		}
	})
	return ring
}

// Drain frees everything in the ring and returns how many mbufs that was.
func Drain(ring *dpdk.Ring) (total int) {
	var burst [64]*dpdk.Mbuf
	for n := ring.DequeueBurst(burst[:]); n > 0; n = ring.DequeueBurst(burst[:]) {
		dpdk.FreeBulk(burst[:n])
		total += n
	}
	return total
}

// Wire is a started net_ring port and the test's side of it: what the test
// enqueues on In[q] the port receives on rx queue q, and what the port sends on
// tx queue q the test finds on Out[q].
type Wire struct {
	Port    dpdk.PortID
	In, Out []*dpdk.Ring
}

// RingPort makes a Wire with rings of 1,024 mbufs.
func RingPort(t testing.TB, rxQueues, txQueues int, pool *dpdk.Mempool) Wire {
	t.Helper()
	var w Wire
	for range rxQueues {
		w.In = append(w.In, Ring(t, 1024, dpdk.RingFlags{Socket: dpdk.SocketAny}))
	}
	for range txQueues {
		w.Out = append(w.Out, Ring(t, 1024, dpdk.RingFlags{Socket: dpdk.SocketAny}))
	}
	port, err := dpdk.NewRingPort(Name("t"), w.In, w.Out)
	if err != nil {
		t.Fatal(err)
	}
	closeAtEnd(t, port)
	w.Port = port
	start(t, port, dpdk.PortConfig{RxQueues: uint16(rxQueues), TxQueues: uint16(txQueues), Pool: pool})
	return w
}

// Port attaches a device by its devargs, sets it up and starts it; it is
// closed at the end of the test.
func Port(t testing.TB, devargs string, cfg dpdk.PortConfig) dpdk.PortID {
	t.Helper()
	port, err := dpdk.AttachPort(devargs)
	if err != nil {
		t.Fatal(err)
	}
	closeAtEnd(t, port)
	start(t, port, cfg)
	return port
}

func closeAtEnd(t testing.TB, port dpdk.PortID) {
	t.Cleanup(func() {
		if err := port.Close(); err != nil {
			t.Error(err)
		}
	})
}

func start(t testing.TB, port dpdk.PortID, cfg dpdk.PortConfig) {
	t.Helper()
	if _, err := port.Configure(cfg); err != nil {
		t.Fatal(err)
	}
	if err := port.Start(); err != nil {
		t.Fatal(err)
	}
}
