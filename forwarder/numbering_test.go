// SPDX-License-Identifier: Apache-2.0

package forwarder

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"testing"

	"github.com/parkway-gw/parkway/cgo"
)

// Next hop rows keep their place from one plan to the next, are shared, come free when no
// route takes them, and do not pile up.
func TestRowsAreKept(t *testing.T) {
	nh := func(i int) cgo.NextHop { return cgo.NextHop{Kind: cgo.NextHopGateway, Adjacency: uint32(i)} }
	var former numbering
	next := func(rows ...cgo.NextHop) (at []uint32) {
		r := newNextHopRows(&former)
		for _, row := range rows {
			at = append(at, r.row(row))
		}
		former = numbering{rows: r.rows, taken: r.taken}
		return at
	}
	if at := next(nh(1), nh(2), nh(1)); fmt.Sprint(at) != "[1 2 1]" {
		t.Errorf("%v", at)
	}
	if at := next(nh(2), nh(3)); fmt.Sprint(at) != "[2 3]" { // 1 was in force just before
		t.Errorf("%v", at)
	}
	if at := next(nh(4), nh(3)); fmt.Sprint(at) != "[1 3]" { // now it is free
		t.Errorf("%v", at)
	}
	for i := range 50 { // a thousand new ones each time
		var rows []cgo.NextHop
		for k := range 1000 {
			rows = append(rows, nh(10_000*(i+1)+k))
		}
		next(rows...)
	}
	if len(former.rows) > manyRows+2000 {
		t.Errorf("%d rows for 1000 next hops", len(former.rows))
	}
}

// What a change of routes writes leads from one list to the other, whichever they are.
func TestRouteChanges(t *testing.T) {
	e := func(s string, row uint32) fibEntry { return fibEntry{prefix: netip.MustParsePrefix(s), row: row} }
	from := listOf([]fibEntry{e("10.0.0.0/8", 1), e("10.0.0.0/9", 2), e("10.1.0.0/16", 3)})
	to := listOf([]fibEntry{e("9.0.0.0/8", 4), e("10.0.0.0/8", 1), e("10.0.0.0/9", 5), e("11.0.0.0/8", 6)})
	got := ""
	for _, c := range routeChanges(from, to) {
		got += fmt.Sprint(c.prefix, " ", c.row, " ", c.gone, "; ")
	}
	if got != "9.0.0.0/8 4 false; 10.0.0.0/9 5 false; 10.1.0.0/16 3 true; 11.0.0.0/8 6 false; " {
		t.Error(got)
	}
	if len(routeChanges(from, from)) != 0 || len(routeChanges(entryList{}, to)) != 4 || len(routeChanges(from, entryList{})) != 3 {
		t.Error("equal, new and emptied lists")
	}
}

// Numbers end where the datapath's do; those at rest count.
func TestNumbersEnd(t *testing.T) {
	n := newNamer("switch ports", 2, &names{})
	for _, key := range []string{"a", "b", "a"} {
		if _, err := n.number(key); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := n.number("c"); err == nil {
		t.Error("a third number of two")
	}
	next := newNamer("switch ports", 2, &n.names)
	if i, err := next.number("b"); err != nil || i != 1 {
		t.Errorf("%d, %v", i, err)
	}
	if _, err := next.number("c"); err == nil {
		t.Error("a number at rest was given")
	}
	gone := next.gone(&n.names)
	if len(gone) != 1 || gone[0] != 0 {
		t.Errorf("gone %v", gone)
	}
	next.free = gone
	last := newNamer("switch ports", 2, &next.names)
	if i, err := last.number("c"); err != nil || i != 0 {
		t.Errorf("%d, %v", i, err)
	}
}

// More MACs than there is room for are refused before anything has changed.
func TestPlacedMACsEnd(t *testing.T) {
	topo := article()
	g := newGateway(t, topo, 1, Port{IfaceID: "vm1"})
	many := article()
	sp := &many.Switches[0].Ports[0]
	for i := range g.room.placed + 1 {
		sp.Addresses = append(sp.Addresses, PortAddress{MAC: MAC{2, 7, 0, 0, byte(i >> 8), byte(i)}})
	}
	if _, err := g.Apply(many); !errors.Is(err, ErrNeedsRestart) {
		t.Errorf("%v", err)
	}
	g.matches(t, topo, rand.New(rand.NewPCG(1, 1)))
	sp.Addresses = sp.Addresses[:g.room.placed/2]
	if _, err := g.Apply(many); err != nil {
		t.Fatal(err)
	}
	g.matches(t, many, rand.New(rand.NewPCG(1, 1)))
}
