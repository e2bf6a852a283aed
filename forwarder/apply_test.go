// SPDX-License-Identifier: Apache-2.0

package forwarder

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/parkway-gw/parkway/internal/topology"
)

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
	defer func(n int, d time.Duration) { fewRoutes, spareTime = n, d }(fewRoutes, spareTime)
	spareTime = 0
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
