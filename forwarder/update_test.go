// SPDX-License-Identifier: Apache-2.0

package forwarder

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/parkway-gw/parkway/internal/topology"
)

// plainRoutes is a list without what depends on how a forwarder came to it.
func plainRoutes(list []Route) (out []string) {
	for _, r := range list {
		hops := slices.Clone(r.NextHops)
		for i := range hops {
			hops[i].Out, hops[i].adjacency = false, 0
		}
		r.NextHops = hops
		out = append(out, fmt.Sprintf("%+v", r))
	}
	return out
}

// Updates of routes beside the topology that they come to: accepted is what it accepts,
// and routes, lookups, groups, neighbors and numbers are those of a new forwarder.
func TestUpdateRoutesIsLikeNew(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	r := rand.New(rand.NewPCG(seed, 2))
	valid := func() Topology {
		for {
			topo := randomTopology(r)
			fibs := 0
			for i := range topo.Routers {
				fibs += topo.Routers[i].FIBs()
			}
			if _, err := compile(&topo, nil, nil); err == nil && fibs <= 4 && len(topo.Routers) > 0 {
				return topo
			}
		}
	}
	topo := valid()
	g := newGateway(t, topo, 1, Port{IfaceID: "vm000"}, Port{IfaceID: "vm111"})
	defer func(n int, d time.Duration) { fewRoutes, spareTime = n, d }(fewRoutes, spareTime)
	spareTime = 0
	taken, refused, small, known, changed := 0, 0, 0, 0, 0
	for i := range 200 {
		fewRoutes = 10000 * (i / 10 % 2)
		if i%10 == 9 { // it says what has changed since, and nothing after it is in the way
			other := valid()
			if i%20 == 9 {
				other = topo
			}
			change, err := g.Apply(other)
			if err != nil || i%20 == 9 && len(change.Lines) > 0 {
				t.Fatalf("%+v, %v", change, err)
			}
			topo = other
			g.resolverLetsGo()
			g.Maintain()
		}
		next := topo
		next.Routers = slices.Clone(topo.Routers)
		lr := &next.Routers[r.IntN(len(next.Routers))]
		lr.StaticRoutes = slices.Clone(lr.StaticRoutes)
		var add, del []StaticRoute
		for range min(r.IntN(6), len(lr.StaticRoutes)) {
			k := r.IntN(len(lr.StaticRoutes))
			del = append(del, lr.StaticRoutes[k])
			lr.StaticRoutes = slices.Delete(lr.StaticRoutes, k, k+1)
		}
		draw := valid().Routers
		for range r.IntN(6) {
			from := &draw[r.IntN(len(draw))]
			if from.Name != lr.Name || len(from.StaticRoutes) == 0 {
				continue
			}
			s := from.StaticRoutes[r.IntN(len(from.StaticRoutes))]
			if len(lr.StaticRoutes) > 0 && r.IntN(2) == 0 && !s.Blackhole() { // one more member, or the same once more
				if o := lr.StaticRoutes[r.IntN(len(lr.StaticRoutes))]; o.Prefix.Addr().Is4() == s.Prefix.Addr().Is4() {
					s.Prefix = o.Prefix
				}
			}
			add = append(add, s)
			lr.StaticRoutes = append(lr.StaticRoutes, s)
		}
		g.shakeGateways(r)
		_, wrong := compile(&next, g.cfg.Ports, nil)
		p, err := g.PrepareRoutes(lr.Name, add, del)
		if (err == nil) != (wrong == nil) {
			t.Fatalf("update %d, add %+v, del %+v: %v; the topology: %v", i, add, del, err, wrong)
		}
		if err != nil {
			refused++
			g.matches(t, topo, r)
			continue
		}
		if p.update != nil {
			small++
			if p.plan.sameNeighbors {
				known++
			}
		}
		if i%7 == 3 {
			p.Discard()
			g.matches(t, topo, r)
			continue
		}
		change, err := p.Commit()
		if err != nil {
			t.Fatal(err)
		}
		taken++
		changed += change.RoutesSet + change.RoutesDeleted
		topo = next
		g.resolverLetsGo()
		g.Maintain()
		g.matches(t, topo, r)
		fresh, _ := compile(&topo, g.cfg.Ports, nil)
		if got, want := plainRoutes(g.Routes()), plainRoutes(fresh.routes()); !slices.Equal(got, want) {
			t.Fatalf("update %d: routes\n%s\nwant\n%s", i, strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
	}
	t.Logf("%d updates taken, %d refused; %d without a compilation, %d of them without new numbers; %d FIB entries", taken, refused, small, known, changed)
	if small-known < 5 || known == 0 || refused == 0 {
		t.Error("too few of a kind")
	}
}

// What is not there can't be deleted, and what is can't be added.
func TestUpdateRoutesRefuses(t *testing.T) {
	one := route("10.0.0.0/8", "192.168.123.1", "")
	topo := article(one)
	g := newGateway(t, topo, 1, Port{IfaceID: "vm1"})
	name := topo.Routers[0].Name
	blackhole := StaticRoute{Prefix: one.Prefix, Discard: true}
	for _, tc := range []struct {
		router   string
		add, del []StaticRoute
		want     string
	}{
		{"nobody", nil, nil, "there is none"},
		{name, []StaticRoute{one}, nil, "is there already"},
		{name, nil, []StaticRoute{one, one}, "is not there"},
		{name, nil, []StaticRoute{route("10.0.0.0/9", "192.168.123.1", "")}, "is not there"},
		{name, []StaticRoute{blackhole}, nil, "both discards and forwards"},
		{name, []StaticRoute{route("10.1.0.0/16", "8.8.8.8", "")}, nil, "on no network"},
		{name, []StaticRoute{{Prefix: netip.MustParsePrefix("10.1.0.1/16"), Discard: true}}, nil, "bits set"},
		{name, []StaticRoute{{}}, nil, "no prefix"},
	} {
		if _, err := g.UpdateRoutes(tc.router, tc.add, tc.del); err == nil || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("%+v: %v, want %q", tc, err, tc.want)
		}
	}
	g.matches(t, topo, rand.New(rand.NewPCG(1, 1)))
	if _, err := g.UpdateRoutes(name, []StaticRoute{blackhole}, []StaticRoute{one}); err != nil {
		t.Fatal(err)
	}
	g.matches(t, article(blackhole), rand.New(rand.NewPCG(1, 1)))
}

// A next hop that comes back after its number went to another one gets a new number.
func TestUpdateRoutesNextHopReturns(t *testing.T) {
	r := func(prefix, via string) StaticRoute { return route(prefix, via, "") }
	// No host has an address that is known, so the next hops are all the neighbors.
	topo := Topology{
		Switches: []Switch{{Name: "sw", Ports: []SwitchPort{{Name: "vm1", Unknown: true}, {Name: "to-lr", Type: PortRouter, RouterPort: "lrp"}}}},
		Routers: []Router{{Name: "lr", Ports: []RouterPort{{Name: "lrp", MAC: MAC{2, 0, 0, 0, 0, 1}, Networks: nets("192.168.123.254/24")}},
			StaticRoutes: []StaticRoute{r("10.0.0.0/8", "192.168.123.1"), r("20.0.0.0/8", "192.168.123.9")}}},
	}
	g := newGateway(t, topo, 1, Port{IfaceID: "vm1"})
	lr := &topo.Routers[0]
	for i, step := range []struct {
		add, del []StaticRoute
		known    bool // it leads where others lead, and leaves nobody alone
	}{
		{add: []StaticRoute{r("21.0.0.0/8", "192.168.123.9"), r("22.0.0.0/8", "192.168.123.1")}, known: true},
		{add: []StaticRoute{r("11.0.0.0/8", "192.168.123.4")}}, // the last number
		{del: []StaticRoute{r("11.0.0.0/8", "192.168.123.4")}},
		{add: []StaticRoute{{Prefix: netip.MustParsePrefix("18.0.0.0/8"), Reject: topology.RejectProhibit}}}, // its row
		{add: []StaticRoute{r("11.0.0.0/8", "192.168.123.4")}},
		{del: []StaticRoute{r("11.0.0.0/8", "192.168.123.4")}},
		{add: []StaticRoute{r("11.0.0.0/8", "192.168.123.2")}},
		{del: []StaticRoute{r("22.0.0.0/8", "192.168.123.1")}, known: true},
		{del: []StaticRoute{r("10.0.0.0/8", "192.168.123.1")}},
		{add: []StaticRoute{r("12.0.0.0/8", "192.168.123.3")}},
		{add: []StaticRoute{r("13.0.0.0/8", "192.168.123.1")}},
		{add: []StaticRoute{r("14.0.0.0/8", "192.168.123.1"), r("15.0.0.0/8", "192.168.123.3")}, known: true},
		{del: []StaticRoute{r("13.0.0.0/8", "192.168.123.1"), r("14.0.0.0/8", "192.168.123.1"), r("12.0.0.0/8", "192.168.123.3"), r("15.0.0.0/8", "192.168.123.3")}},
		{add: []StaticRoute{r("13.0.0.0/8", "192.168.123.1")}}, // with a number that it has had
		{add: []StaticRoute{r("14.0.0.0/8", "192.168.123.1")}, known: true},
		{add: []StaticRoute{{Prefix: netip.MustParsePrefix("16.0.0.0/8"), Discard: true}}},
		{add: []StaticRoute{{Prefix: netip.MustParsePrefix("17.0.0.0/8"), Discard: true}}, known: true},
	} {
		p, err := g.PrepareRoutes(lr.Name, step.add, step.del)
		if err != nil {
			t.Fatal(err)
		}
		if p.plan.sameNeighbors != step.known {
			t.Errorf("step %d: nothing is numbered %v, want %v", i, p.plan.sameNeighbors, step.known)
		}
		if _, err := p.Commit(); err != nil {
			t.Fatal(err)
		}
		lr.StaticRoutes = slices.Clone(lr.StaticRoutes)
		for _, s := range step.del {
			lr.StaticRoutes = slices.DeleteFunc(lr.StaticRoutes, func(x StaticRoute) bool { return x.Prefix == s.Prefix })
		}
		lr.StaticRoutes = append(lr.StaticRoutes, step.add...)
		g.resolverLetsGo()
		g.Maintain()
		g.matches(t, topo, rand.New(rand.NewPCG(1, 1)))
	}
}
