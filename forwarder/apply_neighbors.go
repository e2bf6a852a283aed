// SPDX-License-Identifier: Apache-2.0

package forwarder

import (
	"fmt"

	"github.com/parkway-gw/parkway/cgo"
	"github.com/parkway-gw/parkway/dpdk"
)

// room is what New sets aside for what a topology names.
type room struct {
	named  int // neighbors
	placed int // MACs
}

const (
	spareNeighbors = 4096
	spareMACs      = 4096
)

// roomFor lets a topology grow to twice its size.
func roomFor(p *plan) room {
	return room{named: 2*len(p.adjacencies) + spareNeighbors, placed: 2*len(p.fdb) + spareMACs}
}

// maxPlaced is the MACs that topologies may place. While one takes the place of another,
// those of both are in the table, and some that are gone already.
func (f *Forwarder) maxPlaced() int { return 2*f.room.placed + graceRoom }

// tableKey names a FIB.
type tableKey struct {
	router uint16
	v6     bool
}

func (f *Forwarder) newTable(key tableKey) *routeTable {
	family := 4
	if key.v6 {
		family = 6
	}
	f.tablesMade++
	return &routeTable{name: fmt.Sprintf("%s_r%d_%d_%d", f.name, key.router, family, f.tablesMade), v6: key.v6}
}

type routerHalf struct {
	v6      bool
	entries entryList
}

func (r *planRouter) halves() [2]routerHalf { return [2]routerHalf{{false, r.fib4}, {true, r.fib6}} }

// routerRows is the router table: the FIBs in use, but for those that changed, which will
// be.
func (f *Forwarder) routerRows(p *plan, changed []changedTable) []cgo.Router {
	next := map[*routeTable]lpm{}
	for _, c := range changed {
		if c.table != nil {
			next[c.table] = c.table.idle
		}
	}
	rows := make([]cgo.Router, len(p.routers))
	for i := range p.routers {
		for _, half := range p.routers[i].halves() {
			t := f.res.tables[tableKey{uint16(i), half.v6}]
			if t == nil || half.entries.len() == 0 {
				continue
			}
			fib, is := next[t]
			if !is {
				fib = t.active
			}
			switch fib := fib.(type) {
			case *dpdk.FIB4:
				rows[i].FIB4 = fib
			case *dpdk.FIB6:
				rows[i].FIB6 = fib
			}
		}
	}
	return rows
}

// resolveRows puts the datapath's adjacencies in the place of the plan's numbers.
func (f *Forwarder) resolveRows(rows []cgo.NextHop, adjs []uint32) {
	for i := range rows {
		if rows[i].Kind == cgo.NextHopGateway && int(rows[i].Adjacency) < len(adjs) {
			rows[i].Adjacency = adjs[rows[i].Adjacency]
		}
	}
}

// takeNamed finds or makes the adjacencies of those whom a plan names; undo takes back
// what it made. Nothing that workers see changes but that a neighbor is INCOMPLETE who
// was not there at all.
func (f *Forwarder) takeNamed(p *plan) (undo func(), err error) {
	var made []uint32
	undo = func() {
		for _, adj := range made {
			f.ReleaseAdjacency(adj)
		}
	}
	p.adjs = make([]uint32, len(p.adjacencies))
	for i, n := range p.adjacencies {
		if !n.IP.IsValid() {
			continue
		}
		adj, known := f.adjs.at[keyOf(n.RouterPort, n.IP)]
		if !known {
			if adj, err = f.makeAdjacency(&p.routerPorts[n.RouterPort], n.IP); err != nil {
				undo()
				return nil, err
			}
			made = append(made, adj)
		}
		p.adjs[i] = adj
	}
	return undo, nil
}

// fixNeighbors notes whom the plan names. At first they get the state that it gives them;
// later that is for whoever resolves, for packets may wait that have to go first. Those
// that the plan names no more are like learned ones: whoever resolves lets go of them.
func (f *Forwarder) fixNeighbors(old, p *plan) {
	f.moveRouterPorts(old, p)
	named := make(map[uint32]bool, len(p.adjs))
	for i, n := range p.adjacencies {
		if !n.IP.IsValid() {
			continue
		}
		adj := p.adjs[i]
		named[adj] = true
		r := &f.adjs.records[adj]
		if !r.fixed {
			f.adjs.fixed++
			r.fixed = true
			if i < p.gateways {
				f.FlagAdjacency(adj, cgo.AdjKnown)
			}
		}
		if r.home = n.MAC; old == nil {
			f.reset(adj)
		}
	}
	if old == nil {
		return
	}
	for i, n := range old.adjacencies {
		if !n.IP.IsValid() {
			continue
		}
		if r := &f.adjs.records[old.adjs[i]]; r.live && r.fixed && !named[old.adjs[i]] && r.key == keyOf(n.RouterPort, n.IP) {
			f.adjs.fixed--
			r.fixed, r.home = false, MAC{}
		}
	}
}

// moveRouterPorts gives the adjacencies of router ports with a new MAC that MAC.
func (f *Forwarder) moveRouterPorts(old, p *plan) {
	if old == nil {
		return
	}
	moved := map[uint16]MAC{}
	for i := range min(len(old.routerPorts), len(p.routerPorts)) {
		if mac := p.routerPorts[i].info.Port.MAC; mac != old.routerPorts[i].info.Port.MAC && !mac.IsZero() {
			moved[uint16(i)] = mac
		}
	}
	if len(moved) == 0 {
		return
	}
	for adj := range f.adjs.records {
		r := &f.adjs.records[adj]
		if mac, is := moved[r.key.routerPort]; is && r.live {
			f.res.dp.SetAdjacencySource(uint32(adj), mac)
		}
	}
}
