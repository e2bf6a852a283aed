// SPDX-License-Identifier: Apache-2.0

package topology

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func ip(s string) netip.Addr       { return netip.MustParseAddr(s) }
func prefix(s string) netip.Prefix { return netip.MustParsePrefix(s) }
func nets(s ...string) (n []netip.Prefix) {
	for _, p := range s {
		n = append(n, prefix(p))
	}
	return n
}

func hw(last byte) MAC { return MAC{2, 0, 0, 0, 0, last} }

// valid is two switches, one router, every kind of port; nothing to complain of.
func valid() *Topology {
	return &Topology{
		Switches: []Switch{
			{Name: "in", Ports: []SwitchPort{
				{Name: "vm", Addresses: []PortAddress{{hw(10), []netip.Addr{ip("10.0.0.10"), ip("fd00::10")}}}},
				{Name: "in-lr", Type: PortRouter, RouterPort: "lrp-in"},
			}},
			{Name: "out", Ports: []SwitchPort{
				{Name: "ln", Type: PortLocalnet, Unknown: true, NetworkName: "phys", Tag: 7},
				{Name: "out-lr", Type: PortRouter, RouterPort: "lrp-out", Addresses: []PortAddress{{MAC: hw(2)}}},
			}},
		},
		Routers: []Router{{
			Name: "lr",
			Ports: []RouterPort{
				{Name: "lrp-in", MAC: hw(1), Networks: nets("10.0.0.1/24", "fd00::1/64")},
				{Name: "lrp-out", MAC: hw(2), Networks: nets("192.0.2.1/24", "10.0.1.0/31")},
			},
			StaticRoutes: []StaticRoute{
				{Prefix: prefix("0.0.0.0/0"), Nexthop: ip("192.0.2.254")},
				{Prefix: prefix("0.0.0.0/0"), Nexthop: ip("10.0.1.1")},
				{Prefix: prefix("::/0"), Nexthop: ip("fe80::1"), OutputPort: "lrp-out"},
				{Prefix: prefix("10.0.0.0/8"), Discard: true},
			},
		}},
		StaticMACBindings: []StaticMACBinding{{"lrp-out", ip("192.0.2.254"), hw(99)}},
	}
}

// ra makes a mistake in a router port that advertises itself.
func ra(mistake func(*RouterPort)) func(*Topology) {
	return func(t *Topology) {
		p := &t.Routers[0].Ports[0]
		p.RA.AddressMode = SLAAC
		mistake(p)
	}
}

func fill(list []netip.Addr) {
	for i := range list {
		list[i] = ip("fd00::53")
	}
}

func TestValid(t *testing.T) {
	if f := valid().Validate(); len(f) != 0 {
		t.Error(f)
	}
	gated := valid()
	gated.Switches[0].Ports[0].ParkUntilUp = true
	if f := gated.Validate(); len(f) != 0 {
		t.Error(f)
	}
	advertises := valid()
	ra(func(*RouterPort) {})(advertises)
	if f := advertises.Validate(); len(f) != 0 {
		t.Error(f)
	}
	if f := (&Topology{}).Validate(); len(f) != 0 {
		t.Error(f)
	}
}

// Each mistake that a program can make, also those that a file can't express,
// is found where it is and nowhere else.
func TestFindings(t *testing.T) {
	for _, tt := range []struct {
		mistake func(*Topology)
		want    string // path and the start of the message
	}{
		{func(t *Topology) { t.Switches[0].Name = "" }, "logical_switches[0].name: switch name is empty"},
		{func(t *Topology) { t.Switches[0].Name = "a b" }, "logical_switches[0].name: switch name"},
		{func(t *Topology) { t.Switches[0].Name = strings.Repeat("x", 129) }, "logical_switches[0].name: switch name is 129 bytes"},
		{func(t *Topology) { t.Switches[0].Name = "\xff" }, "logical_switches[0].name: switch name"},
		{func(t *Topology) { t.Switches[1].Name = "in" }, `logical_switches[1].name: switch name "in" is used twice (first at logical_switches[0].name)`},
		{func(t *Topology) { t.Switches[1].Ports[0].Name = "vm" }, "logical_switches[1].ports[0].name: switch port name"},
		{func(t *Topology) { t.Switches[0].Ports[0].Type = 9 }, "logical_switches[0].ports[0].type: "},
		{func(t *Topology) { t.Switches[0].Ports[0].Tag = 1 }, "logical_switches[0].ports[0].tag: "},
		{func(t *Topology) { t.Switches[1].Ports[0].Tag = 4095 }, "logical_switches[1].ports[0].tag: "},
		{func(t *Topology) { t.Switches[1].Ports[0].NetworkName = "" }, "logical_switches[1].ports[0]: switch port \"ln\" is of type localnet"},
		{func(t *Topology) { t.Switches[1].Ports[0].Unknown = false }, "logical_switches[1].ports[0]: switch port \"ln\" doesn't learn"},
		{func(t *Topology) { t.Switches[0].Ports[0].NetworkName = "x" }, "logical_switches[0].ports[0].options.network_name: "},
		{func(t *Topology) { t.Switches[0].Ports[0].RouterPort = "lrp-in" }, "logical_switches[0].ports[0].options.router-port: "},
		{func(t *Topology) { t.Switches[0].Ports[0].Addresses = nil }, "logical_switches[0].ports[0]: switch port \"vm\" has no addresses"},
		{func(t *Topology) { t.Switches[0].Ports[0].Addresses[0].MAC = MAC{} }, "logical_switches[0].ports[0].addresses[0]: "},
		{func(t *Topology) { t.Switches[0].Ports[0].Addresses[0].MAC = hw(1) }, "logical_switches[0].ports[0].addresses[0]: MAC address 02:00:00:00:00:01"},
		{func(t *Topology) { t.Switches[0].Ports[0].Addresses[0].IPs[0] = netip.Addr{} }, "logical_switches[0].ports[0].addresses[0]: "},
		{func(t *Topology) { t.Switches[0].Ports[0].Addresses[0].IPs[0] = ip("255.255.255.255") }, "logical_switches[0].ports[0].addresses[0]: "},
		{func(t *Topology) { t.Switches[0].Ports[0].Addresses[0].IPs[0] = ip("10.0.0.1") }, "logical_switches[0].ports[0].addresses[0]: IP address 10.0.0.1 of \"vm\" is also that of \"lrp-in\""},
		{func(t *Topology) { t.Switches[0].Ports[0].Addresses[0].IPs[1] = ip("10.0.0.10") }, "logical_switches[0].ports[0].addresses[0]: \"vm\" has the address 10.0.0.10 twice"},
		{func(t *Topology) { t.Switches[0].Ports[0].Addresses[0].IPs[1] = ip("fd00:9::1") }, "logical_switches[0].ports[0].addresses[0]: fd00:9::1 of switch port"},
		{func(t *Topology) { t.Switches[0].Ports[1].ParkUntilUp = true }, "logical_switches[0].ports[1].park_until: switch port \"in-lr\" is of type router"},
		{func(t *Topology) { t.Switches[1].Ports[0].ParkUntilUp = true }, "logical_switches[1].ports[0].park_until: switch port \"ln\" is of type localnet"},
		{func(t *Topology) {
			t.Switches[0].Ports[0].ParkUntilUp, t.Switches[0].Ports[0].Addresses[0].IPs = true, nil
		}, "logical_switches[0].ports[0].park_until: switch port \"vm\" has park_until but no MAC address with an IP address"},
		{func(t *Topology) {
			t.Switches = append(t.Switches, Switch{Name: "alone", Ports: []SwitchPort{{Name: "pod", ParkUntilUp: true, Addresses: []PortAddress{{hw(10), []netip.Addr{ip("10.0.0.10")}}}}}})
		}, "logical_switches[2].ports[0].park_until: park_until of switch port \"pod\" does nothing"},
		{func(t *Topology) { t.Switches[0].Ports[1].Unknown = true }, "logical_switches[0].ports[1].addresses: "},
		{func(t *Topology) { t.Switches[1].Ports[1].Addresses[0].MAC = hw(3) }, "logical_switches[1].ports[1].addresses[0]: switch port \"out-lr\" has MAC address"},
		{func(t *Topology) { t.Switches[0].Ports[1].RouterPort = "lrp-ni" }, "logical_switches[0].ports[1].options.router-port: switch port \"in-lr\" leads to router port \"lrp-ni\", which doesn't exist; did you mean \"lrp-in\"?"},
		{func(t *Topology) { t.Switches[0].Ports = t.Switches[0].Ports[:1] }, "logical_routers[0].ports[0]: no switch port leads to router port \"lrp-in\""},
		{func(t *Topology) { t.Routers[0].Name = "" }, "logical_routers[0].name: "},
		{func(t *Topology) { t.Routers = append(t.Routers, Router{Name: "lr"}) }, "logical_routers[1].name: router name \"lr\" is used twice"},
		{func(t *Topology) { t.Routers[0].Options.MACBindingAgeThreshold = "x" }, "logical_routers[0].options.mac_binding_age_threshold: "},
		{func(t *Topology) { t.Routers[0].Ports[0].MAC = MAC{} }, "logical_routers[0].ports[0].mac: "},
		{func(t *Topology) { t.Routers[0].Ports[0].MAC = MAC{1} }, "logical_routers[0].ports[0].mac: "},
		{func(t *Topology) { t.Routers[0].Ports[0].GatewayMTU = 67 }, "logical_routers[0].ports[0].options.gateway_mtu: "},
		{func(t *Topology) { t.Routers[0].Ports[0].GatewayMTU = 1279 }, "logical_routers[0].ports[0].options.gateway_mtu: "},
		{ra(func(p *RouterPort) { p.RA.AddressMode = "dhcp" }), "logical_routers[0].ports[0].ipv6_ra_configs.address_mode: "},
		{ra(func(p *RouterPort) { p.Networks = p.Networks[:1] }), "logical_routers[0].ports[0].ipv6_ra_configs: router port \"lrp-in\" has ipv6_ra_configs and no IPv6"},
		{ra(func(p *RouterPort) { p.Networks[1] = prefix("fd00::1/80") }), "logical_routers[0].ports[0].ipv6_ra_configs: router port \"lrp-in\": no host makes"},
		{ra(func(p *RouterPort) { p.RA.MaxInterval = time.Hour }), "logical_routers[0].ports[0].ipv6_ra_configs.max_interval: "},
		{ra(func(p *RouterPort) { p.RA.MaxInterval = time.Second }), "logical_routers[0].ports[0].ipv6_ra_configs.max_interval: "},
		{ra(func(p *RouterPort) { p.RA.MinInterval = time.Second }), "logical_routers[0].ports[0].ipv6_ra_configs.min_interval: "},
		{ra(func(p *RouterPort) { p.RA.MinInterval = 451 * time.Second }), "logical_routers[0].ports[0].ipv6_ra_configs.min_interval: "},
		{ra(func(p *RouterPort) { p.RA.MTU = 1000 }), "logical_routers[0].ports[0].ipv6_ra_configs.mtu: "},
		{ra(func(p *RouterPort) { p.RA.RDNSS = []netip.Addr{ip("ff02::1")} }), "logical_routers[0].ports[0].ipv6_ra_configs.rdnss: "},
		{ra(func(p *RouterPort) { p.RA.DNSSL = []string{"a..b"} }), "logical_routers[0].ports[0].ipv6_ra_configs.dnssl: "},
		{ra(func(p *RouterPort) { p.RA.Routes = []RARoute{{Prefix: prefix("10.0.0.0/8")}} }), "logical_routers[0].ports[0].ipv6_ra_configs.route_info: "},
		{ra(func(p *RouterPort) { p.RA.RDNSS = make([]netip.Addr, 80); fill(p.RA.RDNSS) }), "logical_routers[0].ports[0].ipv6_ra_configs: router port \"lrp-in\": its router advertisement would have 1344 octets"},
		{func(t *Topology) { t.Routers[0].Ports[0].Networks[0] = netip.Prefix{} }, "logical_routers[0].ports[0].networks[0]: "},
		{func(t *Topology) { t.Routers[0].Ports[0].Networks[0] = prefix("10.0.0.255/24") }, "logical_routers[0].ports[0].networks[0]: router port \"lrp-in\": 10.0.0.255/24 is the network's broadcast"},
		{func(t *Topology) {
			t.Routers[0].Ports[0].Networks = append(t.Routers[0].Ports[0].Networks, prefix("192.0.2.9/25"))
		}, "logical_routers[0].ports[0].networks[2]: network 192.0.2.0/25 of router port \"lrp-in\" overlaps"},
		{func(t *Topology) { t.Routers[0].StaticRoutes[0].Prefix = netip.Prefix{} }, "logical_routers[0].static_routes[0].ip_prefix: "},
		{func(t *Topology) { t.Routers[0].StaticRoutes[3].Prefix = prefix("10.0.0.1/8") }, "logical_routers[0].static_routes[3].ip_prefix: "},
		{func(t *Topology) { t.Routers[0].StaticRoutes[0].Nexthop = netip.Addr{} }, "logical_routers[0].static_routes[0].nexthop: "},
		{func(t *Topology) { t.Routers[0].StaticRoutes[2].Nexthop = ip("192.0.2.9") }, "logical_routers[0].static_routes[2].nexthop: "},
		{func(t *Topology) { t.Routers[0].StaticRoutes[0].Nexthop = ip("192.0.2.1") }, "logical_routers[0].static_routes[0].nexthop: "},
		{func(t *Topology) { t.Routers[0].StaticRoutes[0].Nexthop = ip("192.0.2.0") }, "logical_routers[0].static_routes[0].nexthop: "},
		{func(t *Topology) { t.Routers[0].StaticRoutes[0].Nexthop = ip("203.0.113.1") }, "logical_routers[0].static_routes[0].nexthop: "},
		{func(t *Topology) { t.Routers[0].StaticRoutes[0].Nexthop = ip("10.0.1.1") }, "logical_routers[0].static_routes[1]: route 0.0.0.0/0 is listed twice"},
		{func(t *Topology) { t.Routers[0].StaticRoutes[2].OutputPort = "" }, "logical_routers[0].static_routes[2].nexthop: "},
		{func(t *Topology) { t.Routers[0].StaticRoutes[2].OutputPort = "nowhere" }, "logical_routers[0].static_routes[2].output_port: "},
		{func(t *Topology) { t.Routers[0].StaticRoutes[3].OutputPort = "lrp-in" }, "logical_routers[0].static_routes[3].output_port: "},
		{func(t *Topology) { t.Routers[0].StaticRoutes[3].Prefix = prefix("0.0.0.0/0") }, "logical_routers[0].static_routes[3].nexthop: route 0.0.0.0/0 both"},
		{func(t *Topology) { t.StaticMACBindings[0].LogicalPort = "" }, "static_mac_bindings[0].logical_port: "},
		{func(t *Topology) { t.StaticMACBindings[0].IP = ip("::1") }, "static_mac_bindings[0].ip: "},
		{func(t *Topology) { t.StaticMACBindings[0].IP = ip("192.0.2.1") }, "static_mac_bindings[0].ip: "},
		{func(t *Topology) { t.StaticMACBindings[0].MAC = MAC{0xff} }, "static_mac_bindings[0].mac: "},
		{func(t *Topology) { t.StaticMACBindings = append(t.StaticMACBindings, t.StaticMACBindings[0]) }, "static_mac_bindings[1]: "},
	} {
		topo := valid()
		tt.mistake(topo)
		got := topo.Validate()
		if len(got) != 1 || !strings.HasPrefix(got[0].String(), tt.want) {
			t.Errorf("got  %v\nwant %s", got, tt.want)
		}
	}
}

// The bound on switch ports holds at 4,094 and not beyond, and checking that
// many takes no time to speak of.
func TestMaxSwitchPorts(t *testing.T) {
	topo := &Topology{Switches: []Switch{{Name: "s"}, {Name: "t"}}}
	for i := range MaxSwitchPorts {
		s := &topo.Switches[i%2]
		s.Ports = append(s.Ports, SwitchPort{Name: fmt.Sprint("p", i), Unknown: true})
	}
	if f := topo.Validate(); len(f) != 0 {
		t.Error(f)
	}
	topo.Switches[1].Ports = append(topo.Switches[1].Ports, SwitchPort{Name: "one-more", Unknown: true})
	if f := topo.Validate(); len(f) != 1 || !strings.Contains(f[0].Message, "4095 switch ports") {
		t.Error(f)
	}
	start := time.Now()
	for i := range topo.Switches[0].Ports {
		topo.Switches[0].Ports[i].Type, topo.Switches[0].Ports[i].RouterPort = PortRouter, fmt.Sprint("nowhere", i)
	}
	r := Router{Name: "r"}
	for i := range 50_000 {
		r.StaticRoutes = append(r.StaticRoutes, StaticRoute{Prefix: netip.PrefixFrom(netip.AddrFrom4([4]byte{10, byte(i >> 8), byte(i), 0}), 24), Nexthop: ip("10.0.0.9")})
	}
	for i := range 1000 {
		r.Ports = append(r.Ports, RouterPort{Name: fmt.Sprint("lrp", i), MAC: hw(byte(i)), Networks: nets(fmt.Sprintf("100.%d.%d.1/24", i/256, i%256))})
	}
	topo.Routers = []Router{r}
	topo.Validate()
	if d := time.Since(start); d > 5*time.Second {
		t.Errorf("took %s", d)
	}
}

func TestAgeThreshold(t *testing.T) {
	for s, ok := range map[string]bool{
		"": true, "0": true, "300": true, "10.0.0.0/8:5;300": true, "fd00::/8:0;10.0.0.1:7": true, "fd00::1:5": true,
		"x": false, "-1": false, "300;": false, "1;2": false, "10.0.0.0/8": false, "10.0.0.0/40:5": false, "4294967296": false, ";": false,
	} {
		if err := CheckAgeThreshold(s); (err == nil) != ok {
			t.Errorf("%q: %v", s, err)
		}
	}
}

func TestNearest(t *testing.T) {
	words := []string{"name", "networks", "nexthop", "router-port", "max_nexthops"}
	for word, want := range map[string]string{"nmae": "name", "Name": "name", "network": "networks", "next_hop": "nexthop", "router_port": "router-port", "max_next_hops": "max_nexthops", "zebra": "", "": "", strings.Repeat("n", 100): ""} {
		if got := Nearest(word, words); got != want {
			t.Errorf("%q: %q", word, got)
		}
	}
}

// overlaps agrees with comparing every two prefixes.
func TestOverlapsAgainstAllPairs(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		var list []connected
		for i := range rapid.IntRange(0, 8).Draw(rt, "networks") {
			a := netip.AddrFrom4([4]byte{10, 0, byte(rapid.IntRange(0, 3).Draw(rt, "c")), byte(rapid.IntRange(0, 255).Draw(rt, "d"))})
			p, _ := a.Prefix(rapid.IntRange(20, 32).Draw(rt, "bits"))
			list = append(list, connected{p, At("n", i), fmt.Sprint("p", i)}) // each on a port of its own
		}
		want := false
		for i, a := range list {
			for _, b := range list[:i] {
				want = want || a.prefix.Overlaps(b.prefix)
			}
		}
		v := &validator{}
		v.overlaps(list)
		if (len(v.out) > 0) != want {
			rt.Fatalf("%v: %v", list, v.out)
		}
	})
}

// Whatever a program puts into a Topology, Validate answers.
func TestValidateNeverPanics(t *testing.T) {
	addr := rapid.Custom(func(rt *rapid.T) netip.Addr {
		a, _ := netip.AddrFromSlice(rapid.SliceOfN(rapid.Byte(), 0, 16).Draw(rt, "addr"))
		return a
	})
	pfx := rapid.Custom(func(rt *rapid.T) netip.Prefix {
		return netip.PrefixFrom(addr.Draw(rt, "a"), rapid.IntRange(-1, 129).Draw(rt, "bits"))
	})
	name := rapid.SampledFrom([]string{"", "a", "b", "c d"})
	rapid.Check(t, func(rt *rapid.T) {
		topo := valid()
		topo.Routers[0].Ports[rapid.IntRange(0, 1).Draw(rt, "port")].Networks = rapid.SliceOfN(pfx, 0, 4).Draw(rt, "nets")
		topo.Routers[0].Ports[0].Name = name.Draw(rt, "lrp")
		for i := range topo.Routers[0].StaticRoutes {
			s := &topo.Routers[0].StaticRoutes[i]
			s.Prefix, s.Nexthop, s.OutputPort, s.Discard = pfx.Draw(rt, "prefix"), addr.Draw(rt, "nexthop"), name.Draw(rt, "out"), rapid.Bool().Draw(rt, "discard")
		}
		p := &topo.Switches[0].Ports[rapid.IntRange(0, 1).Draw(rt, "lsp")]
		p.Name, p.RouterPort, p.NetworkName, p.Type, p.Tag = name.Draw(rt, "name"), name.Draw(rt, "peer"), name.Draw(rt, "net"), PortType(rapid.IntRange(0, 4).Draw(rt, "type")), rapid.Uint16().Draw(rt, "tag")
		p.ParkUntilUp = rapid.Bool().Draw(rt, "gated")
		p.Addresses = []PortAddress{{hw(rapid.Byte().Draw(rt, "mac")), rapid.SliceOf(addr).Draw(rt, "ips")}}
		topo.StaticMACBindings[0].IP = addr.Draw(rt, "ip")
		for _, f := range topo.Validate() {
			if f.Message == "" || len(f.Path) == 0 {
				rt.Fatalf("%+v", f)
			}
		}
	})
}

func TestAgeThresholdFor(t *testing.T) {
	for _, c := range []struct {
		s, ip string
		want  time.Duration
	}{
		{"", "10.0.0.1", 0},
		{"300", "10.0.0.1", 300 * time.Second},
		{"300", "fd00::1", 300 * time.Second},
		{"10.0.0.0/8:5;10.1.0.0/16:6;10.1.2.3:0;300", "10.0.0.1", 5 * time.Second},
		{"10.0.0.0/8:5;10.1.0.0/16:6;10.1.2.3:0;300", "10.1.0.1", 6 * time.Second},
		{"10.0.0.0/8:5;10.1.0.0/16:6;10.1.2.3:0;300", "10.1.2.3", 0},
		{"10.0.0.0/8:5;10.1.0.0/16:6;10.1.2.3:0;300", "11.0.0.1", 300 * time.Second},
		{"10.0.0.9/8:5", "11.0.0.1", 0},
		{"10.0.0.9/8:5", "10.200.0.1", 5 * time.Second},
		{"fd00::/8:7;0.0.0.0/0:1;9", "fd12::1", 7 * time.Second},
		{"fd00::/8:7;0.0.0.0/0:1;9", "2001::1", 9 * time.Second},
		{"10.0.0.0/8:1;10.0.0.0/8:2", "10.0.0.1", time.Second},
	} {
		a, err := ParseAgeThreshold(c.s)
		if got := a.For(netip.MustParseAddr(c.ip)); err != nil || got != c.want {
			t.Errorf("%q, %s: %v, %v, want %v", c.s, c.ip, got, err, c.want)
		}
	}
}
