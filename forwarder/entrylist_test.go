// SPDX-License-Identifier: Apache-2.0

package forwarder

import (
	"maps"
	"math/rand/v2"
	"net/netip"
	"slices"
	"testing"
)

func (l entryList) flat() (out []fibEntry) {
	for e := range l.all() {
		out = append(out, *e)
	}
	return out
}

// Random edits beside a map: the list is what the map holds, sorted, former lists stay as
// they were, blocks keep their bounds, and routeChanges finds the way from any list to any.
func TestEntryListEdits(t *testing.T) {
	const seed = 11
	r := rand.New(rand.NewPCG(seed, 0))
	draw := func() netip.Prefix {
		if r.IntN(4) == 0 {
			p, _ := netip.AddrFrom16([16]byte{0x20, 1, byte(r.IntN(4)), byte(r.Uint32())}).Prefix(20 + r.IntN(13))
			return p
		}
		p, _ := netip.AddrFrom4([4]byte{10, byte(r.IntN(40)), byte(r.Uint32())}).Prefix(14 + r.IntN(11))
		return p
	}
	sorted := func(m map[netip.Prefix]fibEntry) []fibEntry {
		return slices.SortedFunc(maps.Values(m), func(a, b fibEntry) int { return comparePrefixes(a.prefix, b.prefix) })
	}
	type state struct {
		list entryList
		want []fibEntry
	}
	all, now, states := map[netip.Prefix]fibEntry{}, entryList{}, []state{{}}
	for round := range 200 {
		edits := map[netip.Prefix]fibChange{}
		for range []int{1, 3, 700, 5000}[r.IntN(4)] {
			p := draw()
			_, there := all[p]
			if there && (round/20%2 == 1 || r.IntN(4) == 0) { // it grows for a while, then it shrinks
				edits[p] = fibChange{fibEntry{prefix: p}, true}
			} else {
				edits[p] = fibChange{fibEntry{p, r.Uint32(), 0}, false}
			}
		}
		for p, e := range edits {
			if delete(all, p); !e.gone {
				all[p] = e.fibEntry
			}
		}
		now = now.edit(slices.SortedFunc(maps.Values(edits), func(a, b fibChange) int { return comparePrefixes(a.prefix, b.prefix) }))
		states = append(states, state{now, sorted(all)})
		for i, b := range now.blocks {
			if len(b) == 0 || len(b) >= 2*blockRoutes {
				t.Fatalf("round %d: block %d holds %d routes", round, i, len(b))
			}
		}
		if p := draw(); (now.get(p) != nil) != (all[p].prefix == p) {
			t.Fatalf("round %d: get %s", round, p)
		}
	}
	for i, s := range states {
		if !slices.Equal(s.list.flat(), s.want) || s.list.len() != len(s.want) {
			t.Fatalf("list %d: %d routes, %d counted, want %d", i, len(s.list.flat()), s.list.len(), len(s.want))
		}
		other := states[r.IntN(len(states))]
		if got := s.list.edit(routeChanges(s.list, other.list)); !slices.Equal(got.flat(), other.want) {
			t.Fatalf("the changes from one list to another do not lead there")
		}
	}
}

// One edit touches one block.
func TestEntryListSharesBlocks(t *testing.T) {
	var sorted []fibEntry
	for i := range 100 * blockRoutes {
		sorted = append(sorted, fibEntry{prefix: netip.PrefixFrom(netip.AddrFrom4([4]byte{10, byte(i >> 8), byte(i)}), 24)})
	}
	l := listOf(sorted)
	e := sorted[37*blockRoutes+5]
	e.row = 9
	next := l.edit([]fibChange{{e, false}})
	other := 0
	for i := range l.blocks {
		if &l.blocks[i][0] != &next.blocks[i][0] {
			other++
		}
	}
	if other != 1 || len(next.blocks) != len(l.blocks) {
		t.Errorf("%d blocks are new, %d in all", other, len(next.blocks))
	}
	if c := routeChanges(l, next); len(c) != 1 || c[0].prefix != e.prefix {
		t.Errorf("%v", c)
	}
}
