// SPDX-License-Identifier: Apache-2.0

package cgo_test

import (
	"testing"
	"time"

	"github.com/parkway-gw/parkway/cgo"
	"github.com/parkway-gw/parkway/dpdk/dpdktest"
)

// A port whose frames all come from another MAC leaves control's ring to others.
func TestMACFloodLeavesRoom(t *testing.T) {
	l := newLAN(t, func(s *cgo.TableSpec) { s.SwitchPorts[lanA].Unknown = true })
	for quick := false; !quick; { // slower than the limit it is no flood
		for i := range 512 {
			if !l.in.rx.Enqueue(dpdktest.Packet(t, l.pool, plain(t, [6]byte{2, 0xf, 0, 0, byte(i >> 8), byte(i)}, macB))) {
				t.Fatal("the port's ring is full")
			}
		}
		for batch := l.poll(); !batch.Empty(); batch = l.poll() {
		}
		l.dp.ResetSwitchPort(lanA)
		start := time.Now()
		for l.in.rx.Len() > 0 {
			l.w.Poll()
		}
		quick = time.Since(start) < 2*time.Millisecond
		l.reach()
	}
	l.send(l.third, tagged(t, macW, macA, 7))
	flood, heard := 0, false
	for batch := l.poll(); !batch.Empty(); batch = l.poll() {
		for _, m := range batch.Learns {
			if m.SwitchPort == lanA {
				flood++
			}
			heard = heard || m.SwitchPort == lanWire && m.MAC() == macW
		}
	}
	if !heard || flood < 100 {
		t.Errorf("%d of the flood are told of, the other port's %v", flood, heard)
	}
	// What was left out comes with a later frame of its.
	l.dp.ResetSwitchPort(lanA)
	l.send(l.in, plain(t, [6]byte{2, 0xf, 0, 0, 1, 0xff}, macB))
	if batch := l.poll(); len(batch.Learns) != 1 {
		t.Errorf("told of %+v", batch.Learns)
	}
}
