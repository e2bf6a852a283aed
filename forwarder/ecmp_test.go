// SPDX-License-Identifier: Apache-2.0

package forwarder

import (
	"fmt"
	"maps"
	"net"
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/parkway-gw/parkway/cgo"
)

// upstreams is the article with routes to everywhere over n next hops, of the given weights.
func upstreams(weights ...int) Topology {
	t := article()
	for i, weight := range weights {
		for _, f := range []struct{ prefix, nexthop string }{{"0.0.0.0/0", "192.168.123.%d"}, {"::/0", "2001:db8:f0f0::%d"}} {
			s := route(f.prefix, fmt.Sprintf(f.nexthop, 10+i), "lr0-ext")
			s.Weight = weight
			t.Routers[0].StaticRoutes = append(t.Routers[0].StaticRoutes, s)
		}
	}
	return t
}

// resolve gives every gateway a MAC with its number.
func (g *gateway) resolve(state cgo.AdjState) map[string]uint32 {
	adjs := map[string]uint32{}
	for _, n := range g.Gateways() {
		adj, err := g.Adjacency(n.RouterPort, n.IP)
		if err != nil {
			g.t.Fatal(err)
		}
		b := n.IP.AsSlice()
		last := int(b[len(b)-1])
		if n.IP.Is6() {
			last = int(b[len(b)-1]>>4)*10 + int(b[len(b)-1]&15)
		}
		g.SetAdjacency(adj, gatewayMAC(last), state)
		adjs[n.IP.String()] = adj
	}
	return adjs
}

// paths sends one packet of each of n flows and returns the MACs that they leave to.
func (g *gateway) paths(n int, v6 bool) []string {
	g.t.Helper()
	var out []string
	for i := range n {
		src, dst := fmt.Sprintf("1.1.%d.%d", i/250, 2+i%250), "203.0.113.7"
		if v6 {
			src, dst = fmt.Sprintf("2001:db8:1::1:%x", i), "2001:db8:ffff::7"
		}
		before := g.Counters()
		g.send("vm1", 0, udp(g.t, vm1MAC, lrp1MAC, src, dst, 64, 9))
		out = append(out, g.observe(before))
	}
	return out
}

// The flows of a next hop that fails are spread over the others and return with it; no
// other flow moves.
func TestECMPFailover(t *testing.T) {
	for _, v6 := range []bool{false, true} {
		t.Run(map[bool]string{false: "IPv4", true: "IPv6"}[v6], func(t *testing.T) {
			g := newGateway(t, upstreams(1, 1, 1, 1), 1, Port{IfaceID: "vm1"}, Port{NetworkName: "physnet1"})
			adjs := g.resolve(cgo.AdjReachable)
			victims := []string{"192.168.123.11", "192.168.123.13"}
			if v6 {
				victims = []string{"2001:db8:f0f0::11", "2001:db8:f0f0::13"}
			}
			const flows = 200
			home := g.paths(flows, v6)
			share := map[string]int{}
			for _, p := range home {
				share[p]++
			}
			if len(share) != 4 || slices.Min(slices.Collect(maps.Values(share))) < flows/4/2 {
				t.Fatalf("flows are spread as %v", share)
			}
			gone := map[string]bool{}
			for i, victim := range victims {
				// Not answering any more is enough: what it was asked in vain for, others can do.
				g.SetAdjacency(adjs[victim], MAC{}, []cgo.AdjState{cgo.AdjFailed, cgo.AdjIncomplete}[i])
				gone["to "+gatewayMAC(11+2*i).String()] = true
				for f, p := range g.paths(flows, v6) {
					if gone[home[f]] == (p == home[f]) || gone[p] {
						t.Fatalf("flow %d goes %q, was %q; out are %v", f, p, home[f], gone)
					}
				}
				g.SetAdjacency(adjs[victim], MAC{}, cgo.AdjIncomplete) // asked for again: still out
				if p := g.paths(flows, v6); slices.ContainsFunc(p, func(p string) bool { return gone[p] }) {
					t.Fatal("a next hop that is asked for again has flows")
				}
			}
			outs := 0
			for _, r := range g.Routes() {
				for _, h := range r.NextHops {
					if h.Out && !slices.Contains(victims, h.IP.String()) {
						t.Errorf("%s is out", h.IP)
					} else if h.Out {
						outs++
					}
				}
			}
			if outs != 2 {
				t.Errorf("%d next hops are shown as out", outs)
			}
			for i, victim := range victims {
				g.SetAdjacency(adjs[victim], gatewayMAC(11+2*i), cgo.AdjReachable)
			}
			if back := g.paths(flows, v6); !slices.Equal(back, home) {
				t.Error("not every flow is back on its path")
			}
			// All out: as configured, so that senders hear of it.
			for ip, adj := range adjs {
				if netip.MustParseAddr(ip).Is6() == v6 {
					g.SetAdjacency(adj, MAC{}, cgo.AdjFailed)
				}
			}
			if p := g.paths(1, v6); p[0] != "drop neighbor_failed" {
				t.Errorf("with all next hops out a packet goes %q", p[0])
			}
			// Forgotten by command, one starts anew.
			g.ReleaseAdjacency(adjs[victims[0]])
			for _, r := range g.Routes() {
				for _, h := range r.NextHops {
					if h.IP.String() == victims[0] && h.Out {
						t.Error("a next hop that was flushed is still out")
					}
				}
			}
		})
	}
}

func TestECMPWeights(t *testing.T) {
	for _, weights := range [][]int{{1, 1}, {1, 2, 3}, {256, 1}, {100, 100, 1}, {7}, slices.Repeat([]int{1}, 64), append(slices.Repeat([]int{1}, 63), 256), slices.Repeat([]int{256}, 64)} {
		var members []gatewayHop
		total := 0
		for _, w := range weights {
			members = append(members, gatewayHop{weight: w})
			total += w
		}
		home := spread(members)
		if len(home) > cgo.MaxBuckets || len(home)&(len(home)-1) != 0 {
			t.Fatalf("%v: %d buckets", weights, len(home))
		}
		got := make([]int, len(weights))
		for _, m := range home {
			got[m]++
		}
		for i, w := range weights {
			ideal := float64(len(home)) * float64(w) / float64(total)
			if got[i] < 1 || float64(got[i]) > ideal+1 && float64(got[i]) > 1.05*ideal || float64(got[i]) < 0.8*ideal-1 {
				t.Errorf("%v: member %d has %d of %d buckets, weights say %.1f", weights, i, got[i], len(home), ideal)
			}
		}
	}
}

// A plan that is published anew keeps the buckets of a group with the same members, and a
// next hop that is out stays out, whatever their numbers are now.
func TestECMPSurvivesAnotherPlan(t *testing.T) {
	one := mustCompile(t, upstreams(1, 2, 3))
	var e ecmp
	numbers := map[neighborKey]uint32{} // what a neighbor's adjacency is stays
	install := func(p *plan) {
		for _, n := range p.adjacencies {
			key := neighborKey{n.RouterPort, n.IP}
			if _, known := numbers[key]; !known {
				numbers[key] = uint32(len(numbers))
			}
			p.adjs = append(p.adjs, numbers[key])
		}
		e.adopt(e.next(p, func(uint32) bool { return false }))
	}
	install(one)
	store := func(uint32, uint32, uint8) {}
	g4 := 0
	out := one.groups[g4].members[1]
	e.changed(one.adjs[out.adjacency], cgo.AdjIncomplete, cgo.AdjFailed, store)
	want := slices.Clone(e.groups[g4].buckets)
	if slices.Equal(want, one.groups[g4].home) {
		t.Fatal("nothing moved")
	}
	other := upstreams(1, 2, 3)
	other.Routers[0].StaticRoutes = append([]StaticRoute{route("10.0.0.0/8", "1.2.0.7", ""), route("10.0.0.0/8", "1.2.0.8", "")}, other.Routers[0].StaticRoutes...)
	two := mustCompile(t, other)
	install(two)
	found := false
	for i, g := range e.groups {
		if g.key != one.groups[g4].key {
			continue
		}
		found = true
		if !slices.Equal(g.buckets, want) {
			t.Error("the buckets have moved")
		}
		if n := two.groups[i].members[1].adjacency; !e.out[two.adjs[n]] || n == out.adjacency {
			t.Errorf("number %d, before %d, out: %v", n, out.adjacency, e.out)
		}
		e.changed(two.adjs[two.groups[i].members[1].adjacency], cgo.AdjFailed, cgo.AdjStale, store)
		if !slices.Equal(e.groups[i].buckets, two.groups[i].home) {
			t.Error("not every bucket came back")
		}
	}
	if !found {
		t.Error("the group has another key")
	}
}

// Flows that one router has sent the same way part again at the next.
func TestECMPInARow(t *testing.T) {
	topo := twoRouters()
	topo.Switches = append(topo.Switches, Switch{Name: "up", Ports: []SwitchPort{localnet("up-net", "up", 0), cable("w-up")}})
	topo.Routers[1].Ports = append(topo.Routers[1].Ports, lrp("w-up", "02:00:00:00:aa:01", "192.168.123.1/24"))
	topo.Routers[1].Ports[1].Networks = append(topo.Routers[1].Ports[1].Networks, netip.MustParsePrefix("100.64.1.2/30"))
	topo.Routers[0].Ports[1].Networks = append(topo.Routers[0].Ports[1].Networks, netip.MustParsePrefix("100.64.1.1/30"))
	topo.Routers[0].StaticRoutes = []StaticRoute{route("203.0.113.0/24", "100.64.0.2", ""), route("203.0.113.0/24", "100.64.9.9", "e-tr")}
	topo.Routers[1].StaticRoutes = []StaticRoute{route("203.0.113.0/24", "192.168.123.10", ""), route("203.0.113.0/24", "192.168.123.11", "")}
	topo.StaticMACBindings = []StaticMACBinding{binding("e-tr", addrs("100.64.9.9")[0], mac("02:00:00:00:99:99")),
		binding("w-up", addrs("192.168.123.10")[0], gatewayMAC(10)), binding("w-up", addrs("192.168.123.11")[0], gatewayMAC(11))}
	g := newGateway(t, topo, 1, Port{IfaceID: "e1"}, Port{NetworkName: "up"})
	seen := map[string]int{}
	for i := range 200 {
		g.send("e1", 0, udp(t, "02:00:00:00:10:0a", "02:00:00:00:10:01", fmt.Sprintf("10.1.0.%d", 20+i), "203.0.113.7", 64, 9))
		if frame := g.receive("up", 2*time.Millisecond); frame != nil {
			seen[net.HardwareAddr(frame[:6]).String()]++
			if frame[22] != 62 {
				t.Fatalf("TTL %d behind two routers, want 62", frame[22])
			}
		}
	}
	for frame := g.receive("up", 50*time.Millisecond); frame != nil; frame = g.receive("up", 5*time.Millisecond) {
		seen[net.HardwareAddr(frame[:6]).String()]++
	}
	if len(seen) != 2 || min(seen[gatewayMAC(10).String()], seen[gatewayMAC(11).String()]) < 20 {
		t.Errorf("the second router spreads what the first one sent it as %v", seen)
	}
}
