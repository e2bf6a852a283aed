// SPDX-License-Identifier: Apache-2.0

package arpbuf_test

import (
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/parkway-gw/parkway/arpbuf"
	"github.com/parkway-gw/parkway/forwarder"
)

// Many neighbors, of which the rows are made some at a time, are all shown, once and in
// order; how long others wait for the table meanwhile is logged.
func TestShowsManyNeighbors(t *testing.T) {
	const many = 20000
	var list []arpbuf.SavedNeighbor
	for i := range many {
		list = append(list, arpbuf.SavedNeighbor{RouterPort: "lrp-b", MAC: macB,
			IP: netip.AddrFrom16([16]byte{0x20, 1, 0x0d, 0xb8, 0, 2, 13: 1, 14: byte(i >> 8), 15: byte(i)})})
	}
	g := saved(t, list, func(fc *forwarder.Config, ac *arpbuf.Config) { fc.MaxNeighbors, ac.MaxEntries = 32768, 32768 })
	rows := g.r.Neighbors()
	if n := len(rows); n != many+3 { // two are configured, one a route names
		t.Fatalf("%d rows", n)
	}
	if !slices.IsSortedFunc(rows[2:], func(a, b arpbuf.NeighborInfo) int { return a.IP.Compare(b.IP) }) {
		t.Error("not in order")
	}
	// Whoever else wants the lock gets it while the rows are made.
	done := make(chan struct{})
	go func() {
		defer close(done)
		g.r.Neighbors()
	}()
	var worst time.Duration
	for turns := true; turns; {
		select {
		case <-done:
			turns = false
		default:
		}
		began := time.Now()
		g.r.Stats()
		worst = max(worst, time.Since(began))
	}
	t.Logf("others waited %v at worst", worst)
}
