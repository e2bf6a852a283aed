// SPDX-License-Identifier: Apache-2.0

package forwarder

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/parkway-gw/parkway/cgo"
)

// describe says in words what a next hop row does.
func (p *plan) describe(row uint32) string {
	nh := p.nextHops[row]
	lrp := func() string { return p.routerPorts[nh.RouterPort].info.Port.Name }
	switch nh.Kind {
	case cgo.NextHopDrop:
		return "drop " + nh.Reason.String()
	case cgo.NextHopLocal:
		return "local"
	case cgo.NextHopConnected:
		return "connected " + lrp()
	case cgo.NextHopGateway:
		a := p.adjacencies[nh.Adjacency]
		if a.RouterPort != nh.RouterPort {
			return "adjacency and row disagree"
		}
		return fmt.Sprintf("via %s dev %s", a.IP, lrp())
	case cgo.NextHopECMP:
		var members []string
		for i := range uint32(nh.Count) {
			members = append(members, p.describe(nh.First+i))
		}
		return strings.Join(members, " | ")
	}
	return "?"
}

func (p *plan) fib(router int) map[string]string {
	out := map[string]string{}
	for _, e := range slices.Concat(p.routers[router].fib4.flat(), p.routers[router].fib6.flat()) {
		out[e.prefix.String()] = p.describe(e.row)
	}
	return out
}

func mustCompile(t *testing.T, topo Topology, ports ...Port) *plan {
	t.Helper()
	for i := range ports {
		ports[i].Name, ports[i].Device = fmt.Sprintf("p%d", i), "net_null"
	}
	p, err := compile(&topo, ports, nil)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestCompileRoutes(t *testing.T) {
	base := map[string]string{
		"1.1.0.0/16": "connected lrp1", "1.1.0.0/32": "drop ip_subnet_broadcast", "1.1.255.255/32": "drop ip_subnet_broadcast", "1.1.254.254/32": "local",
		"1.2.0.0/16": "connected lrp2", "1.2.0.0/32": "drop ip_subnet_broadcast", "1.2.255.255/32": "drop ip_subnet_broadcast", "1.2.254.254/32": "local",
		"192.168.123.0/24": "connected lr0-ext", "192.168.123.0/32": "drop ip_subnet_broadcast", "192.168.123.255/32": "drop ip_subnet_broadcast",
		"192.168.123.254/32": "local",
		"2001:db8:1::/64":    "connected lrp1", "2001:db8:1::1/128": "local", "2001:db8:2::/64": "connected lrp2", "2001:db8:2::1/128": "local",
		"2001:db8:f0f0::/64": "connected lr0-ext", "2001:db8:f0f0::1/128": "local",
	}
	for _, tc := range []struct {
		name   string
		routes []StaticRoute
		want   map[string]string // beyond base
		warns  int
	}{
		{name: "connected only"},
		{"default route", []StaticRoute{route("0.0.0.0/0", "192.168.123.1", "lr0-ext")},
			map[string]string{"0.0.0.0/0": "via 192.168.123.1 dev lr0-ext"}, 0},
		{"port from the next hop", []StaticRoute{route("10.0.0.0/8", "1.2.0.9", ""), route("::/0", "2001:db8:f0f0::9", "")},
			map[string]string{"10.0.0.0/8": "via 1.2.0.9 dev lrp2", "::/0": "via 2001:db8:f0f0::9 dev lr0-ext"}, 0},
		{"next hop off the subnet", []StaticRoute{route("10.0.0.0/8", "172.16.0.1", "lr0-ext")},
			map[string]string{"10.0.0.0/8": "via 172.16.0.1 dev lr0-ext"}, 0},
		{"link-local next hop", []StaticRoute{route("2001:db8:9::/48", "fe80::1", "lr0-ext")},
			map[string]string{"2001:db8:9::/48": "via fe80::1 dev lr0-ext"}, 0},
		{"discard", []StaticRoute{route("10.0.0.0/8", "discard", "")}, map[string]string{"10.0.0.0/8": "drop ip_route_discard"}, 0},
		{"ECMP", []StaticRoute{route("10.0.0.0/8", "192.168.123.1", ""), route("10.0.0.0/8", "1.2.0.9", ""), route("10.9.0.0/16", "1.2.0.9", "")},
			map[string]string{"10.0.0.0/8": "via 192.168.123.1 dev lr0-ext | via 1.2.0.9 dev lrp2", "10.9.0.0/16": "via 1.2.0.9 dev lrp2"}, 0},
		{"connected wins over static", []StaticRoute{route("1.2.0.0/16", "192.168.123.1", ""), route("1.1.255.255/32", "192.168.123.1", "")}, nil, 2},
		{"longer than connected", []StaticRoute{route("1.2.7.0/24", "1.2.0.9", "")}, map[string]string{"1.2.7.0/24": "via 1.2.0.9 dev lrp2"}, 0},
	} {
		t.Run(tc.name, func(t *testing.T) {
			p := mustCompile(t, article(tc.routes...))
			got := p.fib(0)
			want := map[string]string{}
			for _, m := range []map[string]string{base, tc.want} {
				for k, v := range m {
					want[k] = v
				}
			}
			for k, v := range want {
				if got[k] != v {
					t.Errorf("%s: %q, want %q", k, got[k], v)
				}
			}
			if len(got) != len(want) || len(p.routes()) != len(want) {
				t.Errorf("%d entries, %d routes, want %d", len(got), len(p.routes()), len(want))
			}
			if len(p.warnings) != tc.warns {
				t.Errorf("warnings %q, want %d", p.warnings, tc.warns)
			}
			if p.nextHops[0] != (cgo.NextHop{Kind: cgo.NextHopDrop, Reason: cgo.DropIPNoRoute}) {
				t.Error("next hop row 0 is not the drop without a route")
			}
		})
	}
}

func TestCompileSharesRows(t *testing.T) {
	p := mustCompile(t, article(route("10.0.0.0/8", "192.168.123.1", ""), route("10.0.0.0/8", "192.168.123.2", ""),
		route("11.0.0.0/8", "192.168.123.1", ""), route("11.0.0.0/8", "192.168.123.2", ""), route("12.0.0.0/8", "192.168.123.2", "")))
	if p.gateways != 2 {
		t.Errorf("%d gateways, want 2: a next hop has one adjacency, however many routes name it", p.gateways)
	}
	groups := 0
	for _, nh := range p.nextHops {
		if nh.Kind == cgo.NextHopECMP {
			groups++
		}
	}
	if groups != 1 {
		t.Errorf("%d ECMP groups, want one for both routes", groups)
	}
}

func TestCompileBinds(t *testing.T) {
	p := mustCompile(t, article(), Port{IfaceID: "vm1"}, Port{IfaceID: "vm3"}, Port{NetworkName: "physnet1"}, Port{IfaceID: "nobody"})
	kinds := map[string]cgo.SwitchPortKind{}
	for _, sp := range p.switchPorts {
		kinds[sp.name] = sp.table.Kind
	}
	for name, want := range map[string]cgo.SwitchPortKind{"vm1": cgo.SwitchPortVIF, "vm2": cgo.SwitchPortUnbound,
		"vm3": cgo.SwitchPortVIF, "to-lrp1": cgo.SwitchPortRouter, "ext-localnet": cgo.SwitchPortLocalnet} {
		if kinds[name] != want {
			t.Errorf("%s has kind %d, want %d", name, kinds[name], want)
		}
	}
	sw1, ext := p.switches[0].table, p.switches[2].table
	if !slices.Equal(sw1.Flood, []uint16{0}) || len(sw1.Unknown) != 0 {
		t.Errorf("sw1 floods to %v, unknown to %v; the unbound vm2 gets nothing", sw1.Flood, sw1.Unknown)
	}
	if !slices.Equal(ext.Flood, []uint16{5}) || !slices.Equal(ext.Unknown, []uint16{5}) || !slices.Equal(ext.RouterPorts, []uint16{2}) {
		t.Errorf("sw-ext: %+v", ext)
	}
	if p.ports[0].switchPort != 0 || p.ports[2].switchPort != 5 || p.ports[3].switchPort != cgo.None {
		t.Errorf("ports: %+v", p.ports)
	}
	if len(p.warnings) != 1 || !strings.Contains(p.warnings[0], `"nobody"`) {
		t.Errorf("warnings: %q", p.warnings)
	}
	places := map[string]string{}
	for _, e := range p.fdb {
		places[e.mac.String()] = p.switchPorts[e.sp].name
	}
	for m, want := range map[string]string{vm1MAC: "vm1", vm2MAC: "vm2", lrp1MAC: "to-lrp1", extMAC: "to-lr0-ext"} {
		if places[m] != want {
			t.Errorf("%s lives at %q, want %q", m, places[m], want)
		}
	}
}

func TestCompileTrunk(t *testing.T) {
	topo := Topology{
		Switches: []Switch{
			{Name: "a", Ports: []SwitchPort{localnet("a-net", "physnet1", 100), cable("lrp-a")}},
			{Name: "b", Ports: []SwitchPort{localnet("b-net", "physnet1", 200), cable("lrp-b")}},
			{Name: "c", Ports: []SwitchPort{localnet("c-net", "physnet1", 0)}},
		},
		Routers: []Router{{Name: "r", Ports: []RouterPort{lrp("lrp-a", "02:00:00:00:00:0a", "10.0.0.1/24"), lrp("lrp-b", "02:00:00:00:00:0b", "10.0.1.1/31")}}},
	}
	p := mustCompile(t, topo, Port{NetworkName: "physnet1", MTU: 9000})
	if got := p.ports[0]; got.switchPort != 4 || len(got.vlans) != 2 || got.vlans[100] != 0 || got.vlans[200] != 2 {
		t.Errorf("the trunk is bound to %+v", got)
	}
	if p.switchPorts[2].table.VLAN != 200 || p.switchPorts[4].table.VLAN != 0 {
		t.Errorf("tags %d and %d", p.switchPorts[2].table.VLAN, p.switchPorts[4].table.VLAN)
	}
	if _, there := p.fib(0)["10.0.1.0/32"]; there {
		t.Error("a /31 has no network address to drop (RFC 3021)")
	}
	if p.routers[0].fib6.len() != 0 {
		t.Errorf("a router without IPv6 addresses has IPv6 routes: %v", p.routers[0].fib6.flat())
	}
}

func TestCompileMTU(t *testing.T) {
	topo := article()
	topo.Routers[0].Ports[2].GatewayMTU = 1400
	p := mustCompile(t, topo, Port{IfaceID: "vm1"}, Port{IfaceID: "vm2"}, Port{NetworkName: "physnet1"})
	ofPort := []uint16{9000, 2000, 1600}
	for i, want := range []uint16{2000, 1500, 1400} { // smallest of the switch; no port; gateway_mtu
		if got := p.mtu(&p.routerPorts[i], func(port int) uint16 { return ofPort[port] }); got != want {
			t.Errorf("router port %d has MTU %d, want %d", i, got, want)
		}
	}
}

func TestCompileTwoRouters(t *testing.T) {
	p := mustCompile(t, twoRouters(), Port{IfaceID: "e1"}, Port{IfaceID: "w1"})
	east := p.fib(0)
	if got, want := east["10.2.0.0/24"], "via 100.64.0.2 dev e-tr"; got != want {
		t.Errorf("lr-east to west: %q, want %q", got, want)
	}
	if _, leaked := east["10.2.0.1/32"]; leaked {
		t.Error("lr-east has an address of lr-west")
	}
	if got := p.switches[2].table.RouterPorts; !slices.Equal(got, []uint16{1, 3}) {
		t.Errorf("the transit switch has router ports %v", got)
	}
	for _, n := range p.adjacencies[:p.gateways] {
		if n.MAC.IsZero() {
			t.Errorf("gateway %s is another router of this node and not pinned", n.IP)
		}
	}
	if got := p.routerPorts[3].table; got.Router != 1 || got.Switch != 2 || p.switchPorts[got.SwitchPort].name != "to-w-tr" {
		t.Errorf("w-tr: %+v", got)
	}
}

func TestCompileNeighbors(t *testing.T) {
	topo := article(route("0.0.0.0/0", "192.168.123.1", ""), route("10.0.0.0/8", "1.1.0.2", ""))
	topo.Switches[0].Ports[0].Addresses[0].IPs = append(topo.Switches[0].Ports[0].Addresses[0].IPs, addrs("fe80::7")...)
	topo.StaticMACBindings = []StaticMACBinding{
		binding("lr0-ext", netip.MustParseAddr("192.168.123.1"), mac("02:00:00:00:00:99")),
		binding("lrp1", netip.MustParseAddr("1.1.0.1"), mac("02:00:00:00:00:98")),
	}
	p := mustCompile(t, topo)
	got := map[string]string{}
	for _, n := range p.adjacencies {
		got[fmt.Sprint(n.RouterPort, " ", n.IP)] = n.MAC.String()
	}
	want := map[string]string{
		"2 192.168.123.1": "02:00:00:00:00:99", "0 1.1.0.2": vm2MAC,
		"0 1.1.0.1":        "02:00:00:00:00:98", // the binding wins
		"0 2001:db8:1::11": vm1MAC, "0 2001:db8:1::12": vm2MAC, "0 fe80::7": vm1MAC, "1 1.2.0.3": vm3MAC, "1 2001:db8:2::13": vm3MAC,
	}
	for k, v := range want {
		if got[k] != v {
			t.Errorf("%s: %q, want %q", k, got[k], v)
		}
	}
	if len(got) != len(want) || p.gateways != 2 {
		t.Errorf("%d neighbors, %d gateways: %v", len(got), p.gateways, got)
	}
	if ll := p.routerPorts[0].info.LinkLocal; ll != netip.MustParseAddr("fe80::200:1ff:feff:1") || p.routerPorts[0].table.Own[0] != ll {
		t.Errorf("link-local address %s, own %v", ll, p.routerPorts[0].table.Own)
	}
}

func TestCompileRefuses(t *testing.T) {
	many := func(n int) (r []StaticRoute) {
		for i := range n {
			r = append(r, route("10.0.0.0/8", fmt.Sprintf("1.1.0.%d", i+10), ""))
		}
		return r
	}
	dangling := article()
	dangling.Switches[0].Ports[2].RouterPort = "lrp9"
	for _, tc := range []struct {
		name string
		topo Topology
		want string
	}{
		{"too many members", article(many(65)...), "more than 64 next hops"},
		{"dangling router port", dangling, `router port "lrp9", which doesn't exist`},
	} {
		if _, err := compile(&tc.topo, nil, nil); err == nil || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("%s: %v, want %q", tc.name, err, tc.want)
		}
	}
	if topo := article(many(64)...); len(mustCompile(t, topo).nextHops) == 0 {
		t.Error("64 members are allowed")
	}
}

// Every route of a family that the router has no address of is left out, with a word.
func TestCompileFamilies(t *testing.T) {
	topo := Topology{
		Switches: []Switch{{Name: "a", Ports: []SwitchPort{vif("v", vm1MAC), cable("l")}}},
		Routers: []Router{{Name: "r", Ports: []RouterPort{lrp("l", lrp1MAC, "2001:db8::1/64")},
			StaticRoutes: []StaticRoute{route("0.0.0.0/0", "discard", "")}}},
	}
	p := mustCompile(t, topo)
	if p.routers[0].fib4.len() != 0 || len(p.warnings) != 1 {
		t.Errorf("IPv4 routes %v, warnings %q", p.routers[0].fib4.flat(), p.warnings)
	}
}

func TestCompileManyAddresses(t *testing.T) {
	topo := article()
	for i := range 7 {
		topo.Routers[0].Ports[0].Networks = append(topo.Routers[0].Ports[0].Networks, nets(fmt.Sprintf("10.9.%d.1/24", i))...)
	}
	if p := mustCompile(t, topo); len(p.warnings) != 0 {
		t.Errorf("eight addresses: %q", p.warnings)
	}
	topo.Routers[0].Ports[0].Networks = append(topo.Routers[0].Ports[0].Networks, nets("10.9.9.1/24")...)
	if p := mustCompile(t, topo); len(p.warnings) != 1 {
		t.Errorf("nine addresses: %q", p.warnings)
	}
}

func TestTbl8(t *testing.T) {
	e := func(list ...string) entryList {
		var out []fibEntry
		for _, p := range nets(list...) {
			out = append(out, fibEntry{prefix: p})
		}
		return listOf(out)
	}
	if got := tbl8v4(e("10.0.0.0/8", "10.0.0.0/24", "10.0.0.1/32", "10.0.0.128/25", "10.0.1.1/32")); got != 2 {
		t.Errorf("IPv4: %d", got)
	}
	if got := tbl8v6(e("::/0", "2001::/24", "2001:db8::/25", "2001:db8::/32", "2001:db8::/64", "2001:db8::1/128")); got != 1+0+4+8 {
		t.Errorf("IPv6: %d", got)
	}
	if got := tbl8v6(e("2001:db8::/44", "2001:db8:10::/44", "2001:db8:20::/48", "2001:db8:21::/48")); got != 3+0+3+3 {
		t.Errorf("IPv6 side by side: %d", got)
	}
}
