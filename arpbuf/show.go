// SPDX-License-Identifier: Apache-2.0

package arpbuf

import (
	"cmp"
	"net/netip"
	"slices"
	"time"

	"github.com/parkway-gw/parkway/arpbuf/neighbor"
	"github.com/parkway-gw/parkway/internal/topology"
)

// NeighborInfo is a row of show neighbors.
type NeighborInfo struct {
	Router     string
	RouterPort string
	IP         netip.Addr
	MAC        topology.MAC  // zero while unknown
	State      string        // RFC 4861's word
	Age        time.Duration // since the MAC was last confirmed, or since the state began
	Origin     string        // arp, nd or static
	Flapping   bool          // its MAC has changed too often, and changes are ignored for now
}

// rowsAtOnce is how many rows are made while control waits: a first packet must not wait
// for somebody who looks at 65,536 neighbors.
const rowsAtOnce = 512

// Neighbors returns the neighbor table, by router port and address, without what is
// only remembered. Each row is of one moment; they are not all of the same. Any goroutine.
func (r *Resolver) Neighbors() []NeighborInfo {
	now := r.clock.Now()
	r.mu.Lock()
	room := r.table.Len()
	r.mu.Unlock()
	entries := make([]*neighbor.Entry, 0, room+rowsAtOnce)
	r.mu.Lock()
	r.table.Each(func(e *neighbor.Entry) { entries = append(entries, e) })
	r.mu.Unlock()
	out := make([]NeighborInfo, 0, len(entries))
	for some := range slices.Chunk(entries, rowsAtOnce) {
		r.mu.Lock()
		for _, e := range some {
			if row, ok := r.row(now, e); ok {
				out = append(out, row)
			}
		}
		r.mu.Unlock()
	}
	slices.SortFunc(out, func(a, b NeighborInfo) int {
		return cmp.Or(cmp.Compare(a.Router, b.Router), cmp.Compare(a.RouterPort, b.RouterPort), a.IP.Compare(b.IP))
	})
	return out
}

// row shows e; false when it is none that is shown, or has left the table.
func (r *Resolver) row(now time.Time, e *neighbor.Entry) (NeighborInfo, bool) {
	// Nobody asks for it or knows its MAC: to whoever looks it is no neighbor, though the
	// table remembers that it answered once, or how often it did not.
	if r.table.Get(e.Key()) != e || e.State() == neighbor.Incomplete && !e.Asking() && !e.Kept() {
		return NeighborInfo{}, false
	}
	p := r.ports.get(e.Key().RouterPort)
	since := e.Since()
	if e.State().Usable() {
		since = e.Changed()
	}
	return NeighborInfo{
		Router: p.Router, RouterPort: p.name(), IP: e.Key().IP, MAC: e.MAC(),
		State: e.State().String(), Age: max(0, now.Sub(since)), Origin: e.Origin().String(), Flapping: r.table.Flapping(now, e),
	}, true
}
