// SPDX-License-Identifier: Apache-2.0

package forwarder

import (
	"fmt"
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
	e := func(s string, row uint32) fibEntry { return fibEntry{netip.MustParsePrefix(s), row} }
	from := []fibEntry{e("10.0.0.0/8", 1), e("10.0.0.0/9", 2), e("10.1.0.0/16", 3)}
	to := []fibEntry{e("9.0.0.0/8", 4), e("10.0.0.0/8", 1), e("10.0.0.0/9", 5), e("11.0.0.0/8", 6)}
	got := ""
	for _, c := range routeChanges(from, to) {
		got += fmt.Sprint(c.prefix, " ", c.row, " ", c.gone, "; ")
	}
	if got != "9.0.0.0/8 4 false; 10.0.0.0/9 5 false; 10.1.0.0/16 3 true; 11.0.0.0/8 6 false; " {
		t.Error(got)
	}
	if len(routeChanges(from, from)) != 0 || len(routeChanges(nil, to)) != 4 || len(routeChanges(from, nil)) != 3 {
		t.Error("equal, new and emptied lists")
	}
}
