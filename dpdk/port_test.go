// SPDX-License-Identifier: Apache-2.0

package dpdk_test

import (
	"errors"
	"strings"
	"syscall"
	"testing"

	"github.com/parkway-gw/parkway/dpdk"
	"github.com/parkway-gw/parkway/dpdk/dpdktest"
)

// wantError fails unless err is an *Error with the errno whose text contains
// all of the words.
func wantError(t *testing.T, err error, errno syscall.Errno, words ...string) {
	t.Helper()
	var e *dpdk.Error
	if !errors.As(err, &e) || !errors.Is(err, errno) {
		t.Fatalf("got error %v, want a *dpdk.Error with %v", err, errno)
	}
	for _, w := range words {
		if !strings.Contains(err.Error(), w) {
			t.Errorf("error %q does not say %q", err, w)
		}
	}
}

func TestAttachMissingDriver(t *testing.T) {
	_, err := dpdk.AttachPort("net_nosuch0,iface=x")
	t.Log(err)
	wantError(t, err, syscall.ENODEV, "rte_dev_probe(net_nosuch0,iface=x)", "a driver net_nosuch", "the EAL says")
}

func TestRingPortLoops(t *testing.T) {
	pool := dpdktest.Pool(t, 255)
	w := dpdktest.RingPort(t, 2, 2, pool)
	for q := range uint16(2) {
		if !w.In[q].Enqueue(dpdktest.Packet(t, pool, []byte{byte(q), 1, 2, 3})) {
			t.Fatal("ring full")
		}
	}
	var burst [8]*dpdk.Mbuf
	for q := range uint16(2) {
		n := w.Port.RxBurst(q, burst[:])
		if n != 1 || burst[0].Bytes()[0] != byte(q) {
			t.Fatalf("queue %d: received %d packets", q, n)
		}
		if sent := w.Port.TxBurst(q, burst[:n]); sent != 1 {
			t.Fatalf("queue %d: sent %d packets", q, sent)
		}
		if got := w.Out[q].Len(); got != 1 {
			t.Errorf("queue %d: %d packets on the wire", q, got)
		}
	}
	stats, err := w.Port.Stats()
	if err != nil || stats.RxPackets != 2 || stats.TxPackets != 2 {
		t.Errorf("stats %+v, %v", stats, err)
	}
}
