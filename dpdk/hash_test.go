// SPDX-License-Identifier: Apache-2.0

package dpdk_test

import (
	"encoding/binary"
	"maps"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"

	"pgregory.net/rapid"

	"github.com/parkway-gw/parkway/dpdk"
	"github.com/parkway-gw/parkway/dpdk/dpdktest"
)

func newHash(t *testing.T, cfg dpdk.HashConfig) *dpdk.Hash {
	t.Helper()
	cfg.Socket = dpdk.SocketAny
	h, err := dpdk.NewHash(dpdktest.Name("hash"), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := h.Close(); err != nil {
			t.Error(err)
		}
	})
	return h
}

func newQSBR(t *testing.T, threads uint) *dpdk.QSBR {
	t.Helper()
	q, err := dpdk.NewQSBR(threads)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := q.Close(); err != nil {
			t.Error(err)
		}
	})
	return q
}

func TestHashAgainstMap(t *testing.T) {
	qsbr := newQSBR(t, 1)
	for name, cfg := range map[string]dpdk.HashConfig{
		"alone":    {Entries: 256, KeyLen: 20, ExtTable: true},
		"with RCU": {Entries: 256, KeyLen: 20, ExtTable: true, QSBR: qsbr},
	} {
		h := newHash(t, cfg)
		t.Run(name, func(t *testing.T) {
			rapid.Check(t, func(t *rapid.T) {
				model := map[string]uint64{}
				defer func() {
					for k := range model {
						if err := h.Delete([]byte(k)); err != nil {
							t.Error(err)
						}
					}
				}()
				for range rapid.IntRange(1, 100).Draw(t, "steps") {
					key := make([]byte, 20)
					key[19] = rapid.ByteRange(0, 20).Draw(t, "key")
					if data := rapid.Uint64().Draw(t, "data"); rapid.Bool().Draw(t, "add") {
						if err := h.Add(key, data); err != nil {
							t.Fatal(err)
						}
						model[string(key)] = data
					} else {
						_, known := model[string(key)]
						if err := h.Delete(key); known != (err == nil) {
							t.Fatalf("delete %x, known %v: %v", key, known, err)
						}
						delete(model, string(key))
					}
					want, known := model[string(key)]
					if got, ok := h.Lookup(key); ok != known || got != want {
						t.Fatalf("%x: got %d, %v, want %d, %v", key, got, ok, want, known)
					}
				}
				all := map[string]uint64{}
				h.Iterate(func(key []byte, data uint64) bool { all[string(key)] = data; return true })
				if !maps.Equal(all, model) || h.Len() < len(model) || cfg.QSBR == nil && h.Len() != len(model) {
					t.Fatalf("the table has %d keys, %v, want %v", h.Len(), all, model)
				}
			})
		})
	}
}

// Deleted slots come back: far more keys than entries pass through the table,
// and with a reader that never lets go they run out.
func TestHashReclaims(t *testing.T) {
	qsbr := newQSBR(t, 1)
	if err := qsbr.Register(0); err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := qsbr.Unregister(0); err != nil {
			t.Error(err)
		}
	}()
	h := newHash(t, dpdk.HashConfig{Entries: 64, KeyLen: 4, QSBR: qsbr, ExtTable: true})
	churn := func(rounds uint32, between func()) error {
		var key [4]byte
		for i := range rounds {
			binary.NativeEndian.PutUint32(key[:], i)
			if err := h.Add(key[:], uint64(i)); err != nil {
				return err
			}
			if err := h.Delete(key[:]); err != nil {
				return err
			}
			between()
		}
		return nil
	}
	qsbr.Online(0)
	if err := churn(1000, func() { qsbr.Quiescent(0) }); err != nil {
		t.Errorf("a quiescent reader: %v", err)
	}
	err := churn(1000, func() {})
	wantError(t, err, syscall.ENOSPC, "a table for 64")
	qsbr.Offline(0)
	if err := churn(1000, func() {}); err != nil {
		t.Errorf("an offline reader: %v", err)
	}
}

// A reader looks up while the writer adds and deletes, and sees whole values.
func TestHashReaderBesideWriter(t *testing.T) {
	qsbr := newQSBR(t, 1)
	if err := qsbr.Register(0); err != nil {
		t.Fatal(err)
	}
	h := newHash(t, dpdk.HashConfig{Entries: 1024, KeyLen: 4, QSBR: qsbr, ExtTable: true})
	var stop atomic.Bool
	var wg sync.WaitGroup
	wg.Add(1)
	go func() {
		defer wg.Done()
		qsbr.Online(0)
		defer qsbr.Offline(0)
		var key [4]byte
		for i := uint32(0); !stop.Load(); i++ {
			binary.NativeEndian.PutUint32(key[:], i%512)
			if data, ok := h.Lookup(key[:]); ok && data != uint64(i%512)*0x0101010101 {
				t.Errorf("key %d has %#x", i%512, data)
				return
			}
			qsbr.Quiescent(0)
		}
	}()
	var key [4]byte
	for i := range uint32(20000) {
		binary.NativeEndian.PutUint32(key[:], i%512)
		if err := h.Add(key[:], uint64(i%512)*0x0101010101); err != nil {
			t.Error(err)
			break
		}
		if i%3 == 0 {
			if err := h.Delete(key[:]); err != nil {
				t.Error(err)
				break
			}
		}
		if i%256 == 0 {
			qsbr.Synchronize()
		}
	}
	stop.Store(true)
	wg.Wait()
	if err := qsbr.Unregister(0); err != nil {
		t.Error(err)
	}
}

func TestHashRefuses(t *testing.T) {
	h := newHash(t, dpdk.HashConfig{Entries: 8, KeyLen: 4})
	wantError(t, h.Add([]byte{1}, 1), syscall.EINVAL, "rte_hash_add_key_data(hash "+h.Name()+", key 01)", "1 bytes, keys of this table have 4")
	wantError(t, h.Delete([]byte{1, 2, 3, 4}), syscall.ENOENT, "key 01020304")
	if _, ok := h.Lookup(nil); ok {
		t.Error("found a key without bytes")
	}
	_, err := dpdk.NewHash("x", dpdk.HashConfig{Entries: 7, KeyLen: 4})
	wantError(t, err, syscall.EINVAL, "8 to 2^30")
	_, err = dpdk.NewHash(h.Name(), dpdk.HashConfig{Entries: 8, KeyLen: 4})
	wantError(t, err, syscall.EEXIST, "of that name exists")
	var key [4]byte
	for i := uint32(0); err == nil || i < 8; i++ {
		binary.NativeEndian.PutUint32(key[:], i)
		if err = h.Add(key[:], 1); i > 100 {
			break
		}
		if err != nil {
			break
		}
	}
	wantError(t, err, syscall.ENOSPC, "in a table for 8")
	qsbr, err := dpdk.NewQSBR(1)
	if err != nil {
		t.Fatal(err)
	}
	orphan, err := dpdk.NewHash(dpdktest.Name("hash"), dpdk.HashConfig{Entries: 8, KeyLen: 4, QSBR: qsbr})
	if err != nil {
		t.Fatal(err)
	}
	if err := orphan.Close(); err != nil {
		t.Error(err)
	}
	if err := qsbr.Close(); err != nil {
		t.Error(err)
	}
}

func TestQSBR(t *testing.T) {
	q := newQSBR(t, 2)
	wantError(t, q.Register(2), syscall.EINVAL, "rte_rcu_qsbr_thread_register(reader 2 of 2)", "0 to 1")
	for id := range uint(2) {
		if err := q.Register(id); err != nil {
			t.Fatal(err)
		}
	}
	wantError(t, q.Close(), syscall.EBUSY, "2 readers are registered")
	if !q.Check(q.Start(), false) {
		t.Error("readers that are offline hold the writer up")
	}
	q.Online(0)
	q.Online(1)
	token := q.Start()
	q.Quiescent(0)
	if q.Check(token, false) {
		t.Error("reader 1 was not quiescent")
	}
	q.Quiescent(1)
	if !q.Check(token, false) || !q.Check(token, true) {
		t.Error("both readers were quiescent")
	}
	done := make(chan struct{})
	go func() { q.Synchronize(); close(done) }()
	q.Offline(1)
	select {
	case <-done:
		t.Error("synchronized although reader 0 is online")
	default:
	}
	waitFor(t, "the writer", func() bool {
		q.Quiescent(0)
		select {
		case <-done:
			return true
		default:
			return false
		}
	})
	q.Offline(0)
	for id := range uint(2) {
		if err := q.Unregister(id); err != nil {
			t.Error(err)
		}
	}
	_, err := dpdk.NewQSBR(0)
	wantError(t, err, syscall.EINVAL, "1 to 65536")
}
