// SPDX-License-Identifier: Apache-2.0

package forwarder

import (
	"testing"
	"time"

	"github.com/parkway-gw/parkway/dpdk"
)

// A small table keeps its second FIB as long as routes change, so that none is made for
// each change, and gives it up when they don't.
func TestSpareTable(t *testing.T) {
	defer func(d time.Duration) { spareTime = d }(spareTime)
	spareTime = time.Hour
	topo := article(route("10.0.0.0/8", "192.168.123.1", ""))
	g := newGateway(t, topo, 1, Port{IfaceID: "vm1"})
	name := topo.Routers[0].Name
	more := []StaticRoute{route("11.0.0.0/8", "192.168.123.1", "")}
	change := func(add, del []StaticRoute) {
		t.Helper()
		if _, err := g.UpdateRoutes(name, add, del); err != nil {
			t.Fatal(err)
		}
		g.Maintain()
	}
	table := g.res.tables[tableKey{g.changes.numbers.routers.at[name], false}]
	change(more, nil)
	made := table.made
	for range 10 {
		change(nil, more)
		change(more, nil)
	}
	if table.made != made || table.idle == nil {
		t.Errorf("%d FIBs were made for 20 changes; the second one is %v", table.made-made, table.idle)
	}
	spareTime = 0
	g.changes.spares = time.Time{}
	g.Maintain()
	if table.idle != nil {
		t.Error("the second FIB is still there")
	}
	change(nil, more)
	if table.made != made+1 {
		t.Errorf("%d FIBs were made for the next change", table.made-made)
	}
}

// Where the second FIB of one table can't be made, that of another one goes.
func TestSpareTableGivesWay(t *testing.T) {
	defer func(d time.Duration) { spareTime = d }(spareTime)
	spareTime = time.Hour
	topo := article(route("10.0.0.0/8", "192.168.123.1", ""), route("2001:db8:77::/48", "2001:db8:f0f0::2", ""))
	g := newGateway(t, topo, 1, Port{IfaceID: "vm1"})
	name := topo.Routers[0].Name
	if _, err := g.UpdateRoutes(name, []StaticRoute{route("2001:db8:78::/48", "2001:db8:f0f0::2", "")}, nil); err != nil {
		t.Fatal(err)
	}
	index := g.changes.numbers.routers.at[name]
	four, six := g.res.tables[tableKey{index, false}], g.res.tables[tableKey{index, true}]
	if six.idle == nil {
		t.Fatal("the IPv6 table has no second FIB")
	}
	taken, err := dpdk.NewFIB4(four.name+"_2", dpdk.FIBConfig{NextHopBytes: 2}) // the next one's name
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	if _, err := g.UpdateRoutes(name, []StaticRoute{route("11.0.0.0/8", "192.168.123.1", "")}, nil); err != nil {
		t.Fatal(err)
	}
	if six.idle != nil {
		t.Error("the IPv6 table has its second FIB still")
	}
}
