// SPDX-License-Identifier: Apache-2.0

package forwarder

import (
	"fmt"
	"net"
	"testing"
)

// Two routers, each with a table of its own for the port where packets enter, rejects, and
// policies: every step counts the TTL down once, and the first router's reroute decides
// where the second one's rules begin.
func TestChoicesOfTwoRouters(t *testing.T) {
	topo := twoRouters()
	topo.Switches = append(topo.Switches, Switch{Name: "up", Ports: []SwitchPort{localnet("up-net", "up", 0), cable("w-up"), cable("e-up")}})
	east, west := &topo.Routers[0], &topo.Routers[1]
	for _, r := range []*Router{east, west} { // IPv4 alone: each table takes 32 MiB
		for i := range r.Ports {
			r.Ports[i].Networks = r.Ports[i].Networks[:1]
		}
	}
	east.Ports = append(east.Ports, lrp("e-up", "02:00:00:00:aa:02", "192.168.123.2/24"))
	west.Ports = append(west.Ports, lrp("w-up", "02:00:00:00:aa:01", "192.168.123.1/24"))
	east.Ports[0].RouteTable, west.Ports[1].RouteTable = "blue", "blue"
	east.StaticRoutes = []StaticRoute{route("0.0.0.0/0", "192.168.123.10", ""), route("203.0.113.0/24", "100.64.0.2", ""), route("10.2.0.0/24", "100.64.0.2", "")}
	east.StaticRoutes[1].RouteTable = "blue"
	west.StaticRoutes = []StaticRoute{route("203.0.113.0/24", "192.168.123.12", ""), route("203.0.113.0/24", "192.168.123.11", ""), route("10.1.0.0/24", "100.64.0.1", "")}
	west.StaticRoutes[1].RouteTable = "blue"
	east.Policies = []Policy{
		{Priority: 5, Match: "ip4.dst == 198.51.100.9", Action: PolicyReroute, Nexthops: addrs("100.64.0.2"), PktMark: 4},
		{Priority: 5, Match: "ip4.dst == 198.51.100.0/24", Action: PolicyDrop},
	}
	west.Policies = []Policy{{Priority: 1, Match: `inport == "w-tr" && udp.dst == 5000 && ip4.dst == 203.0.113.66`, Action: PolicyDrop}}
	west.StaticRoutes = append(west.StaticRoutes, route("198.51.100.0/24", "192.168.123.13", ""))
	for i := 10; i < 14; i++ {
		for _, port := range []string{"e-up", "w-up"} {
			topo.StaticMACBindings = append(topo.StaticMACBindings, binding(port, addrs(fmt.Sprintf("192.168.123.%d", i))[0], gatewayMAC(i)))
		}
	}
	g := newGateway(t, topo, 1, Port{IfaceID: "e1"}, Port{NetworkName: "up"}, Port{IfaceID: "w1"})
	for _, tc := range []struct {
		dst  string
		want string
		ttl  byte
	}{
		{"8.8.8.8", "to " + gatewayMAC(10).String(), 63},
		{"203.0.113.7", "to " + gatewayMAC(11).String(), 62}, // both tables
		{"203.0.113.66", "drop lr_policy_drop", 0},
		{"198.51.100.9", "to " + gatewayMAC(13).String(), 62}, // rerouted to the other router
		{"198.51.100.8", "drop lr_policy_drop", 0},
		{"10.2.0.10", "to 02:00:00:00:20:0a", 62},
	} {
		before := g.Counters()
		g.send("e1", 0, udp(t, "02:00:00:00:10:0a", "02:00:00:00:10:01", "10.1.0.10", tc.dst, 64, 9))
		got, ttl := "", byte(0)
		if tc.ttl > 0 {
			port := "up"
			if tc.dst == "10.2.0.10" {
				port = "w1"
			}
			frame := g.expect(port).Data()
			got, ttl = "to "+net.HardwareAddr(frame[:6]).String(), frame[22]
		} else {
			got = g.observe(before)
		}
		if got != tc.want || ttl != tc.ttl {
			t.Errorf("%s: %s with TTL %d, want %s with %d", tc.dst, got, ttl, tc.want, tc.ttl)
		}
	}
	want := map[string]uint64{"ip4.dst == 198.51.100.9": 1, "ip4.dst == 198.51.100.0/24": 1, west.Policies[0].Match: 1}
	for _, p := range g.Policies() {
		if p.Packets != want[p.Policy.Match] {
			t.Errorf("%s: %d packets, want %d", p.Policy.Match, p.Packets, want[p.Policy.Match])
		}
	}
}

// Policies keep their counters in another plan; those that are new start at nothing.
func TestPolicyCountersSurviveAnotherPlan(t *testing.T) {
	topo := article()
	topo.Routers[0].Policies = []Policy{{Priority: 1, Match: "ip4"}, {Priority: 2, Match: "ip6"}}
	g := newGateway(t, topo, 1, Port{IfaceID: "vm1"}, Port{IfaceID: "vm3"})
	g.send("vm1", 0, udp(t, vm1MAC, lrp1MAC, "1.1.0.1", "1.2.0.3", 64, 9))
	g.expect("vm3")
	other := article()
	other.Routers[0].Policies = []Policy{{Priority: 7, Match: "tcp"}, {Priority: 1, Match: "ip4"}}
	if _, err := g.Apply(other); err != nil {
		t.Fatal(err)
	}
	for _, s := range g.Policies() {
		if want := map[string]uint64{"ip4": 1}[s.Policy.Match]; s.Packets != want {
			t.Errorf("%s: %d packets, want %d", s.Policy.Match, s.Packets, want)
		}
	}
}
