// SPDX-License-Identifier: Apache-2.0

package arpbuf

import (
	"slices"
	"testing"
)

// Ports take turns however much one of them asks; within a port the order is kept, and
// who leaves in between is skipped.
func TestFairQueue(t *testing.T) {
	var q fairQueue
	if !q.empty() {
		t.Error("the zero value is not empty")
	}
	hops := make([]*nexthop, 9)
	places := make([]place, len(hops))
	for i := range hops {
		hops[i] = &nexthop{adj: uint32(i)}
		port := uint16(1)
		switch i {
		case 5, 7:
			port = 2
		case 6:
			port = 3
		}
		places[i] = q.push(hops[i], port)
	}
	q.remove(places[1])
	q.remove(places[6]) // the only one of its port
	var got []uint32
	for !q.empty() {
		got = append(got, q.pop().adj)
	}
	if want := []uint32{0, 5, 2, 7, 3, 4, 8}; !slices.Equal(got, want) {
		t.Errorf("order %v, want %v", got, want)
	}
	q.push(hops[0], 1)
	if n := q.pop(); n != hops[0] || !q.empty() {
		t.Error("an emptied queue can't be used again")
	}
}
