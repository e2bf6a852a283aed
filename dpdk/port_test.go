// SPDX-License-Identifier: Apache-2.0

package dpdk_test

import (
	"syscall"
	"testing"

	"github.com/parkway-gw/parkway/dpdk"
	"github.com/parkway-gw/parkway/dpdk/dpdktest"
)

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
