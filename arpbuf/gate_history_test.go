// SPDX-License-Identifier: Apache-2.0

package arpbuf_test

import (
	"testing"

	"github.com/parkway-gw/parkway/arpbuf"
)

// A wait at a gate ends as resolved by a frame from the port, as released by command.
func TestHistoryOfAGate(t *testing.T) {
	for _, want := range []string{arpbuf.WaitResolved, arpbuf.WaitReleased} {
		t.Run(want, func(t *testing.T) {
			g := start(t, gated)
			g.inject(0, udps(t, b4, 0, 12)...)
			g.rest()
			rows := g.r.Parked().NextHops
			if len(rows) != 1 || rows[0].Port != "b" || rows[0].Packets != 12 || rows[0].Age < rows[0].Oldest {
				t.Errorf("parked: %+v", rows)
			}
			g.take(1)
			if want == arpbuf.WaitResolved {
				g.inject(1, rarp(macB))
				g.rest()
			} else if n, err := g.release("b"); n != 12 || err != nil {
				t.Errorf("released %d: %v", n, err)
			}
			res := g.last(1)
			if res.Result != want || res.Port != "b" || res.IP != b4 || res.Packets != 12 || res.MAC != macB || res.Wait <= 0 {
				t.Errorf("%+v", res)
			}
			inOrder(t, flow(t, g.take(1), b4, macB), 0, 12)
			g.checkGated(arpbuf.ParkedTotals{Parked: 12, Drained: 12})
		})
	}
}

// Withdrawn, a gated next hop keeps its MAC and its gate; what waits goes.
func TestWithdrawGated(t *testing.T) {
	g := start(t, gated)
	g.inject(0, udps(t, b4, 0, 12)...)
	g.rest()
	if n := g.withdraw(arpbuf.Filter{IP: b4}); n != 12 {
		t.Errorf("%d packets, want 12", n)
	}
	g.checkGated(arpbuf.ParkedTotals{Parked: 12, Discarded: 12})
	g.take(1)
	g.inject(0, udps(t, b4, 12, 3)...)
	g.rest()
	g.take(1)
	g.inject(1, rarp(macB))
	g.rest()
	inOrder(t, flow(t, g.take(1), b4, macB), 12, 3)
}
