// SPDX-License-Identifier: Apache-2.0

package forwarder

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/netip"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/parkway-gw/parkway/cgo"
	"github.com/parkway-gw/parkway/internal/topology"
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
			for _, e := range slices.Concat(r.fib4, r.fib6) {
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
			if (table == nil) != (len(half.entries) == 0) {
				t.Fatalf("router %d has a table for %d routes: %v", i, len(half.entries), table)
			}
			for range 40 * min(1, len(half.entries)) {
				e := half.entries[r.IntN(len(half.entries))]
				raw := e.prefix.Addr().AsSlice()
				raw[len(raw)-1] ^= byte(r.IntN(4))
				raw[len(raw)/2] ^= byte(r.IntN(2))
				ip, _ := netip.AddrFromSlice(raw)
				best := fibEntry{row: 0}
				for _, e := range half.entries {
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

// groupsAreRight wants every bucket at home, or where its member is out, with one that is
// not, as long as there is one.
func (f *Forwarder) groupsAreRight(t *testing.T) {
	t.Helper()
	if len(f.ecmp.groups) != len(f.plan.groups) {
		t.Fatalf("%d groups, planned are %d", len(f.ecmp.groups), len(f.plan.groups))
	}
	for i, g := range f.ecmp.groups {
		alive := 0
		for k, m := range g.members {
			adj := f.plan.adjs[m.adjacency]
			if g.adjs[k] != adj || !f.adjs.records[adj].fixed || f.adjs.records[adj].key != keyOf(m.lrp, m.ip) || !slices.Contains(f.ecmp.in[adj], i) {
				t.Fatalf("member %+v is adjacency %d, %+v", m, adj, f.adjs.records[adj])
			}
			if out := f.ecmp.out[adj]; out != (f.adjs.records[adj].state == cgo.AdjFailed) {
				t.Fatalf("member %+v is %d, out: %v", m, f.adjs.records[adj].state, out)
			} else if !out {
				alive++
			}
		}
		for b, member := range g.buckets {
			home := g.home[b]
			switch {
			case g.key == "":
			case alive == 0 || !f.ecmp.out[g.adjs[home]]:
				if member != home {
					t.Fatalf("group %q: bucket %d is with member %d, and its own, %d, is there", g.key, b, member, home)
				}
			case f.ecmp.out[g.adjs[member]]:
				t.Fatalf("group %q: bucket %d is with member %d, which is out", g.key, b, member)
			}
		}
	}
}

// shakeGateways lets some next hops fail and others answer.
func (f *Forwarder) shakeGateways(r *rand.Rand) {
	for _, n := range f.Gateways() {
		adj, err := f.Adjacency(n.RouterPort, n.IP)
		if state := f.adjs.records[adj].state; err != nil || state == cgo.AdjPermanent {
			continue
		}
		switch r.IntN(3) {
		case 0:
			f.SetAdjacency(adj, MAC{}, cgo.AdjFailed)
		case 1:
			f.SetAdjacency(adj, MAC{2, 7, 7, 7, 7, byte(adj)}, cgo.AdjReachable)
		}
	}
}

// bucketsOf is who has the buckets of each group, and who is out, by names.
func (f *Forwarder) bucketsOf() map[string]string {
	out := map[string]string{}
	for _, g := range f.ecmp.groups {
		if g.key != "" {
			who := ""
			for i, m := range g.members {
				who += fmt.Sprint(m.lrp, m.ip, f.ecmp.out[g.adjs[i]], " ")
			}
			out[g.key+who] = fmt.Sprint(g.buckets)
		}
	}
	return out
}

// resolverLetsGo does what the resolver does after a change, as far as adjacencies go.
func (f *Forwarder) resolverLetsGo() {
	for i := range f.adjs.records {
		if r := &f.adjs.records[i]; r.live && !r.fixed {
			f.ReleaseAdjacency(uint32(i))
		}
	}
}

// One topology after another: what is in force is always what a new forwarder would have,
// and nothing of the former ones is left.
func TestApplyIsLikeNew(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	r := rand.New(rand.NewPCG(seed, 1))
	valid := func() Topology {
		for {
			topo := randomTopology(r)
			fibs := 0
			for i := range topo.Routers {
				fibs += topo.Routers[i].FIBs()
			}
			if _, err := compile(&topo, nil, nil); err == nil && fibs <= 4 {
				return topo
			}
		}
	}
	g := newGateway(t, valid(), 1, Port{IfaceID: "vm000"}, Port{IfaceID: "vm111"})
	defer func(n int) { fewRoutes = n }(fewRoutes)
	kept := 0
	for i := range 60 {
		fewRoutes = 10000 * (i / 10 % 2) // with tables kept twice, and without
		if i%4 == 3 {                    // what comes to nothing leaves nothing
			p, err := g.Prepare(valid())
			if err != nil {
				t.Fatal(err)
			}
			p.Discard()
		}
		topo := valid()
		g.shakeGateways(r)
		before, buckets := numbersOf(g.plan), g.bucketsOf()
		change, err := g.Apply(topo)
		if err != nil {
			t.Fatalf("change %d: %v", i, err)
		}
		g.resolverLetsGo()
		g.Maintain()
		g.matches(t, topo, r)
		for name, now := range g.bucketsOf() {
			if was, known := buckets[name]; known && was != now {
				t.Fatalf("%s had buckets %s and has %s", name, was, now)
			} else if known {
				kept++
			}
		}
		for name, number := range numbersOf(g.plan) {
			if old, was := before[name]; was && old != number {
				t.Fatalf("%s was number %d and is %d", name, old, number)
			}
		}
		again, err := g.Apply(topo)
		if err != nil || len(again.Lines) != 0 || again.RoutesSet+again.RoutesDeleted != 0 {
			t.Fatalf("the same once more: %+v, %v", again, err)
		}
		if i == 0 {
			t.Logf("%+v", change)
		}
	}
	if kept == 0 {
		t.Error("no two draws have a group in common")
	}
}

func numbersOf(p *plan) map[string]uint16 {
	out := map[string]uint16{}
	for kind := switchNumber; kind <= routerPortNumber; kind++ {
		for name, i := range p.numbers.of(kind).at {
			out[fmt.Sprint(kind, name)] = i
		}
	}
	return out
}

// What can't be taken in leaves everything as it was, also after its routes were written.
func TestApplyRefusesWhole(t *testing.T) {
	r := rand.New(rand.NewPCG(4, 4))
	topo := article(route("10.0.0.0/8", "192.168.123.1", ""))
	g := newGateway(t, topo, 1, Port{IfaceID: "vm1"})
	next := article(route("10.1.0.0/16", "192.168.123.1", ""))
	for name, spoil := range map[string]func(*Topology){
		"validation": func(t *Topology) { t.Routers[0].StaticRoutes[0].Nexthop = netip.MustParseAddr("8.8.8.8") },
		"gate":       func(t *Topology) { t.Switches[0].Ports[0].ParkUntilUp = true },
	} {
		bad := article(route("10.1.0.0/16", "192.168.123.1", ""))
		spoil(&bad)
		if _, err := g.Apply(bad); err == nil || errors.Is(err, ErrNeedsRestart) != (name == "gate") {
			t.Errorf("%s: %v", name, err)
		}
		g.matches(t, topo, r)
	}
	for range 3 {
		p, err := g.Prepare(next)
		if err != nil {
			t.Fatal(err)
		}
		p.Discard()
		p.Discard()
		if _, err := p.Commit(); err == nil {
			t.Error("committed after it was discarded")
		}
		g.matches(t, topo, r)
	}
	// More neighbors than there is room for.
	noRoom := article(route("10.1.0.0/16", "192.168.123.1", ""))
	for i := range spareNeighbors + 2*len(g.plan.adjacencies) + 1 {
		noRoom.StaticMACBindings = append(noRoom.StaticMACBindings, StaticMACBinding{LogicalPort: "lr0-ext",
			IP: netip.AddrFrom16([16]byte{0x20, 1, 0xd, 0xb8, 0xf0, 0xf0, 13: 1, 14: byte(i >> 8), 15: byte(i)}), MAC: MAC{2, 1, 1, 1, byte(i >> 8), byte(i)}})
	}
	if _, err := g.Apply(noRoom); !errors.Is(err, ErrNeedsRestart) {
		t.Errorf("%v", err)
	}
	g.matches(t, topo, r)
	if _, err := g.Apply(next); err != nil {
		t.Fatal(err)
	}
	g.matches(t, next, r)
}

// A number is given again only when nothing can carry it any more.
func TestNumbersRest(t *testing.T) {
	topo := article()
	g := newGateway(t, topo, 1, Port{IfaceID: "vm1"})
	without := article()
	without.Switches, without.Routers[0].Ports = without.Switches[1:], without.Routers[0].Ports[1:]
	if _, err := g.Apply(without); err != nil {
		t.Fatal(err)
	}
	name := topo.Routers[0].Ports[0].Name
	renamed := article()
	renamed.Routers[0].Ports[0].Name = "other"
	for i := range renamed.Switches[0].Ports {
		if sp := &renamed.Switches[0].Ports[i]; sp.Type == topology.PortRouter {
			sp.RouterPort = "other"
		}
	}
	number := func(name string) int {
		return slices.IndexFunc(g.RouterPorts(), func(p DatapathPort) bool { return p.Port.Name == name })
	}
	apply := func(t2 Topology) {
		t.Helper()
		if _, err := g.Apply(t2); err != nil {
			t.Fatal(err)
		}
	}
	apply(renamed)
	if got := number("other"); got != 3 {
		t.Errorf("a new router port has number %d, want a new one: 3", got)
	}
	if got := number(name); got != -1 {
		t.Errorf("the one that is gone has number %d", got)
	}
	apply(without)
	rest := func() {
		for i := range g.changes.quarantine.list {
			g.changes.quarantine.list[i].since = time.Now().Add(-quarantineTime)
		}
		g.changes.quarantine.next = time.Time{}
		g.Maintain()
	}
	rest() // neighbors behind the former ports are still there
	apply(renamed)
	if got := number("other"); got != 4 {
		t.Errorf("number %d while neighbors carry 0 and 3, want 4", got)
	}
	apply(without)
	g.resolverLetsGo()
	rest()
	apply(renamed)
	if got := number("other"); got != 0 && got != 3 && got != 4 {
		t.Errorf("number %d, want one that has rested", got)
	}
	if !reflect.DeepEqual(len(g.RouterPorts()), 5) {
		t.Errorf("%d router ports", len(g.RouterPorts()))
	}
}

// Stop waits for a change that is under way, and none begins after it.
func TestStopWaitsForChanges(t *testing.T) {
	g := newGateway(t, article(), 1, Port{IfaceID: "vm1"})
	p, err := g.Prepare(article(route("10.0.0.0/8", "192.168.123.1", "")))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if err := g.Stop(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("Stop during a change: %v", err)
	}
	p.Discard()
	g.stop()
	if _, err := g.Prepare(article()); err == nil {
		t.Error("a change after Stop")
	}
}
