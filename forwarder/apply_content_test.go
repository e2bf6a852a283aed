// SPDX-License-Identifier: Apache-2.0

package forwarder

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/parkway-gw/parkway/cgo"
)

// content says what a plan means, by names and without numbers.
func (p *plan) content() map[string]string {
	out := map[string]string{}
	sp := func(i uint16) string { return p.switchPorts[i].name }
	sps := func(list []uint16) string {
		var names []string
		for _, i := range list {
			names = append(names, sp(i))
		}
		return strings.Join(names, ",")
	}
	for i := range p.switches {
		if s := &p.switches[i]; s.name != "" {
			var routers []string
			for _, rp := range s.table.RouterPorts {
				routers = append(routers, p.routerPorts[rp].info.Port.Name)
			}
			var known []string
			for _, k := range s.table.Known {
				known = append(known, fmt.Sprint(k.IP, k.MAC, sp(k.SwitchPort)))
			}
			out["switch "+s.name] = fmt.Sprint(sps(s.table.Flood), "|", sps(s.table.Unknown), "|", routers, known, s.age)
		}
	}
	for i := range p.switchPorts {
		if s := &p.switchPorts[i]; s.name != "" {
			row := s.table
			peer := ""
			if row.RouterPort != cgo.None {
				peer = p.routerPorts[row.RouterPort].info.Port.Name
			}
			sw := p.switches[row.Switch].name
			row.Switch, row.RouterPort = 0, 0
			out["port "+s.name] = fmt.Sprint(s.port, sw, peer, row, s.macLimit)
		}
	}
	for i := range p.routerPorts {
		if rp := &p.routerPorts[i]; rp.info.Port.Name != "" {
			info, row := rp.info, rp.table
			info.ID = 0
			router, sw, peer := p.routers[row.Router].name+" "+p.routers[row.Table].name, "", ""
			if row.Switch != cgo.None {
				sw, peer = p.switches[row.Switch].name, sp(row.SwitchPort)
			}
			row.Router, row.Table, row.Switch, row.SwitchPort = 0, 0, 0, 0
			out["lrp "+rp.info.Port.Name] = fmt.Sprint(info, router, sw, peer, row)
		}
	}
	for i := range p.routers {
		if r := &p.routers[i]; r.name != "" {
			source := ""
			if r.source != 0 {
				source = p.routers[r.source].name
			}
			out["table "+r.name] = source
			for k, policy := range r.policies {
				out[fmt.Sprint("policy ", k, " of ", r.name)] = policy.content(p)
			}
			for _, e := range slices.Concat(r.fib4.flat(), r.fib6.flat()) {
				out["route "+r.name+" "+e.prefix.String()] = p.way(e.row)
			}
		}
	}
	for _, e := range p.fdb {
		out[fmt.Sprint("fdb ", p.switches[e.sw].name, " ", e.mac)] = sp(e.sp)
	}
	for i, n := range p.adjacencies {
		if n.IP.IsValid() {
			out[fmt.Sprint("neighbor ", p.routerPorts[n.RouterPort].info.Port.Name, " ", n.IP)] = fmt.Sprint(n.MAC, i < p.gateways)
		}
	}
	for i, port := range p.ports {
		name := ""
		if port.switchPort != cgo.None {
			name = sp(port.switchPort)
		}
		out[fmt.Sprint("binding ", i)] = name
	}
	return out
}

// way is describe, with what else there is to a row.
func (p *plan) way(row uint32) string {
	nh := p.nextHops[row]
	out := fmt.Sprint(p.describe(row), " rank ", nh.Rank)
	if nh.Kind == cgo.NextHopECMP {
		g := &p.groups[nh.Group]
		out += fmt.Sprint(g.key, g.home, g.salt)
		if g.first != nh.First || len(g.members) != int(nh.Count) {
			return "group and row disagree"
		}
	}
	return out
}

// content is likewise. Tests for a port name it.
func (pp *planPolicy) content(p *plan) string {
	row := pp.table
	row.Counter = 0
	way := ""
	if row.Action == cgo.PolicyReroute {
		way = p.way(row.NextHop)
	}
	row.NextHop = 0
	row.Clauses = nil
	for _, c := range pp.table.Clauses {
		row.Clauses = append(row.Clauses, slices.Clone(c))
		for i := range c {
			if t := &row.Clauses[len(row.Clauses)-1][i]; t.Field == cgo.TestInPort {
				way += " from " + p.routerPorts[t.Lo].info.Port.Name
				t.Lo, t.Hi = 0, 0
			}
		}
	}
	return fmt.Sprint(*pp.policy, row, way)
}

// matches compares what f is after some changes with what a new one would be.
func (f *Forwarder) matches(t *testing.T, topo Topology, r *rand.Rand) {
	t.Helper()
	fresh, err := compile(&topo, f.cfg.Ports, nil)
	if err != nil {
		t.Fatal(err)
	}
	got, want := f.plan.content(), fresh.content()
	for _, key := range slices.Sorted(maps.Keys(want)) {
		if got[key] != want[key] {
			t.Fatalf("%s:\n got %q\nwant %q", key, got[key], want[key])
		}
	}
	for key := range got {
		if _, is := want[key]; !is {
			t.Fatalf("%s is left of a former topology: %s", key, got[key])
		}
	}
	// What the tables of MACs and neighbors hold.
	placed := map[string]bool{}
	for _, e := range fresh.fdb {
		placed[fmt.Sprint(fresh.switches[e.sw].name, e.mac, fresh.switchPorts[e.sp].name)] = true
	}
	statics := 0
	for key, v := range f.fdb.entries {
		if v.static {
			statics++
			if name := fmt.Sprint(f.plan.switches[key.sw].name, key.mac, f.plan.switchPorts[v.switchPort].name); !placed[name] {
				t.Fatalf("the FDB holds %s", name)
			}
		}
		k := cgo.FDBKey(key.sw, key.mac)
		if sp, ok := f.res.hashes[0].Lookup(k[:]); !ok || sp != uint64(v.switchPort) {
			t.Fatalf("workers find %v at %d, %v", key, sp, ok)
		}
	}
	if statics != len(placed) {
		t.Fatalf("%d static MACs, want %d", statics, len(placed))
	}
	fixed := 0
	for i := range f.adjs.records {
		if f.adjs.records[i].live && f.adjs.records[i].fixed {
			fixed++
		}
	}
	named := 0
	for i, n := range f.plan.adjacencies {
		if n.IP.IsValid() {
			if named++; !f.adjs.records[f.plan.adjs[i]].fixed || f.adjs.records[f.plan.adjs[i]].home != n.MAC {
				t.Fatalf("%+v: %+v", n, f.adjs.records[f.plan.adjs[i]])
			}
		}
	}
	if fixed != named || f.adjs.fixed != fixed {
		t.Fatalf("%d fixed adjacencies, %d counted, %d named", fixed, f.adjs.fixed, named)
	}
	f.groupsAreRight(t)
	// Lookups in what workers read, against the longest prefix of the plan.
	for i := range f.plan.routers {
		for _, half := range f.plan.routers[i].halves() {
			table := f.res.tables[tableKey{uint16(i), half.v6}]
			entries := half.entries.flat()
			if (table == nil) != (len(entries) == 0) {
				t.Fatalf("router %d has a table for %d routes: %v", i, len(entries), table)
			}
			for range 40 * min(1, len(entries)) {
				e := entries[r.IntN(len(entries))]
				raw := e.prefix.Addr().AsSlice()
				raw[len(raw)-1] ^= byte(r.IntN(4))
				raw[len(raw)/2] ^= byte(r.IntN(2))
				ip, _ := netip.AddrFromSlice(raw)
				best := fibEntry{row: 0}
				for _, e := range entries {
					if e.prefix.Contains(ip) && (!best.prefix.IsValid() || e.prefix.Bits() > best.prefix.Bits()) {
						best = e
					}
				}
				row := uint32(table.active.(interface{ Lookup(netip.Addr) uint64 }).Lookup(ip))
				if row != best.row {
					t.Fatalf("router %s: %s leads to row %d, %q; want %d", f.plan.routers[i].name, ip, row, f.plan.describe(row), best.row)
				}
			}
		}
	}
}
