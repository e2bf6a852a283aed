// SPDX-License-Identifier: Apache-2.0

package dpdk_test

import (
	"bytes"
	"syscall"
	"testing"
	"unsafe"

	"pgregory.net/rapid"

	"github.com/parkway-gw/parkway/dpdk"
	"github.com/parkway-gw/parkway/dpdk/dpdktest"
)

func TestMempoolConserves(t *testing.T) {
	pool := dpdktest.Pool(t, 255)
	rapid.Check(t, func(t *rapid.T) {
		var held []*dpdk.Mbuf
		defer func() { dpdk.FreeBulk(held) }()
		for range rapid.IntRange(1, 40).Draw(t, "steps") {
			n := rapid.IntRange(0, 100).Draw(t, "n")
			switch rapid.IntRange(0, 3).Draw(t, "step") {
			case 0:
				if m, err := pool.Alloc(); err == nil {
					held = append(held, m)
				} else if len(held) != 255 {
					t.Fatalf("no mbuf with %d of 255 held: %v", len(held), err)
				}
			case 1:
				burst := make([]*dpdk.Mbuf, n)
				if err := pool.AllocBulk(burst); err == nil {
					held = append(held, burst...)
				} else if len(held)+n <= 255 {
					t.Fatalf("no %d mbufs with %d of 255 held: %v", n, len(held), err)
				}
			case 2:
				n = min(n, len(held))
				dpdk.FreeBulk(held[:n])
				held = held[n:]
			case 3:
				if len(held) > 0 {
					held[0].Free()
					held = held[1:]
				}
			}
			if pool.InUse() != uint(len(held)) || pool.Available()+pool.InUse() != pool.Size() {
				t.Fatalf("%d held, but in use %d, available %d of %d", len(held), pool.InUse(), pool.Available(), pool.Size())
			}
		}
	})
}

func TestMempoolRefuses(t *testing.T) {
	for name, c := range map[string]struct {
		name  string
		cfg   dpdk.MempoolConfig
		errno syscall.Errno
		words string
	}{
		"no mbufs":       {"p", dpdk.MempoolConfig{}, syscall.EINVAL, "1 to 2^31 mbufs"},
		"no name":        {"", dpdk.MempoolConfig{Mbufs: 8}, syscall.EINVAL, "has 0"},
		"long name":      {"a-name-longer-than-25-bytes", dpdk.MempoolConfig{Mbufs: 8}, syscall.EINVAL, "1 to 24 bytes, this one has 27"},
		"large cache":    {"p", dpdk.MempoolConfig{Mbufs: 100, Cache: 68}, syscall.EINVAL, "cache of 68"},
		"odd private":    {"p", dpdk.MempoolConfig{Mbufs: 8, PrivSize: 9}, syscall.EINVAL, "not a multiple of 8"},
		"small room":     {"p", dpdk.MempoolConfig{Mbufs: 8, DataRoom: 128}, syscall.EINVAL, "headroom of 128"},
		"too large":      {"p", dpdk.MempoolConfig{Mbufs: 1 << 20}, syscall.ENOMEM, "of DPDK memory"},
		"unknown socket": {"p", dpdk.MempoolConfig{Mbufs: 8, Socket: 7}, syscall.EINVAL, "mempool p, 8 mbufs"},
	} {
		t.Run(name, func(t *testing.T) {
			pool, err := dpdk.NewMempool(c.name, c.cfg)
			if err == nil {
				_ = pool.Close()
			}
			wantError(t, err, c.errno, "rte_pktmbuf_pool_create", c.words)
		})
	}
	pool := dpdktest.Pool(t, 7)
	_, err := dpdk.NewMempool(pool.Name(), dpdk.MempoolConfig{Mbufs: 7})
	wantError(t, err, syscall.EEXIST, "a pool of that name exists")
}

func TestMempoolExhaustion(t *testing.T) {
	pool := dpdktest.Pool(t, 7)
	burst := make([]*dpdk.Mbuf, 7)
	if err := pool.AllocBulk(burst); err != nil {
		t.Fatal(err)
	}
	_, err := pool.Alloc()
	wantError(t, err, syscall.ENOBUFS, "7 of 7 are in use")
	wantError(t, pool.AllocBulk(make([]*dpdk.Mbuf, 2)), syscall.ENOBUFS, "2 mbufs")
	wantError(t, pool.Close(), syscall.EBUSY, "7 of 7 mbufs are not back")
	dpdk.FreeBulk(burst)
}

func TestMbufData(t *testing.T) {
	pool := dpdktest.Pool(t, 7)
	m := dpdktest.Packet(t, pool, []byte("packet"))
	defer m.Free()
	if m.Len() != 6 || m.Segments() != 1 || m.Headroom() != dpdk.Headroom || string(m.Bytes()) != "packet" {
		t.Errorf("a new packet: %d bytes, %d segments, headroom %d, %q", m.Len(), m.Segments(), m.Headroom(), m.Bytes())
	}
	copy(m.Prepend(2), "a ")
	copy(m.Append(1), "s")
	if string(m.Bytes()) != "a packets" || m.Len() != 9 {
		t.Errorf("after Prepend and Append: %q", m.Bytes())
	}
	if !m.Adj(2) || !m.Trim(1) || string(m.Bytes()) != "packet" {
		t.Errorf("after Adj and Trim: %q", m.Bytes())
	}
	tail := m.Tailroom()
	if tail != int(pool.DataRoom())-dpdk.Headroom-6 {
		t.Errorf("tailroom %d", tail)
	}
	if m.Prepend(dpdk.Headroom+1) != nil || m.Append(tail+1) != nil || m.Append(-1) != nil || m.Append(1<<16) != nil ||
		m.Prepend(-1) != nil || m.Adj(7) || m.Trim(7) || m.Adj(-1) || m.Trim(1<<16+1) {
		t.Error("went beyond the buffer")
	}
	if string(m.Bytes()) != "packet" {
		t.Errorf("a refused call changed the packet to %q", m.Bytes())
	}
	wantError(t, m.AppendBytes(make([]byte, tail+1)), syscall.EMSGSIZE, "the tailroom is")
	if m.Append(tail) == nil || m.Tailroom() != 0 {
		t.Error("cannot fill the buffer")
	}
	m.SetPortID(17)
	if m.PortID() != 17 || dpdk.MbufFromPtr(m.Ptr()) != m {
		t.Error("port or pointer lost")
	}
}

func TestMbufPrivateArea(t *testing.T) {
	pool := dpdktest.Pool(t, 7) // 64 bytes of private area
	m := dpdktest.Packet(t, pool, []byte("data"))
	defer m.Free()
	priv := unsafe.Slice((*byte)(m.Priv()), pool.PrivSize())
	if len(priv) != 64 {
		t.Fatalf("%d bytes", len(priv))
	}
	copy(priv, bytes.Repeat([]byte{0xa5}, 64))
	if string(m.Bytes()) != "data" || m.Len() != 4 || m.Headroom() != dpdk.Headroom {
		t.Error("the private area overlaps the mbuf")
	}
}
