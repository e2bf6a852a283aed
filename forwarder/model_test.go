// SPDX-License-Identifier: Apache-2.0

package forwarder

import (
	"net/netip"

	"github.com/parkway-gw/parkway/internal/topology"
)

// Short forms for topologies in tests.

func mac(s string) MAC {
	m, err := ParseMAC(s)
	if err != nil {
		panic(err)
	}
	return m
}

func addrs(list ...string) (out []netip.Addr) {
	for _, s := range list {
		out = append(out, netip.MustParseAddr(s))
	}
	return out
}

func nets(list ...string) (out []netip.Prefix) {
	for _, s := range list {
		out = append(out, netip.MustParsePrefix(s))
	}
	return out
}

func vif(name, m string, ips ...string) SwitchPort {
	return SwitchPort{Name: name, Addresses: []PortAddress{{MAC: mac(m), IPs: addrs(ips...)}}}
}

func cable(routerPort string) SwitchPort {
	return SwitchPort{Name: "to-" + routerPort, Type: topology.PortRouter, RouterPort: routerPort}
}

func localnet(name, network string, tag uint16) SwitchPort {
	return SwitchPort{Name: name, Type: topology.PortLocalnet, Unknown: true, NetworkName: network, Tag: tag}
}

func lrp(name, m string, networks ...string) RouterPort {
	return RouterPort{Name: name, MAC: mac(m), Networks: nets(networks...)}
}

func binding(port string, ip netip.Addr, m MAC) StaticMACBinding {
	return StaticMACBinding{LogicalPort: port, IP: ip, MAC: m}
}

func route(prefix, nexthop, port string) StaticRoute {
	r := StaticRoute{Prefix: netip.MustParsePrefix(prefix), OutputPort: port}
	if nexthop == "discard" {
		r.Discard = true
	} else {
		r.Nexthop = netip.MustParseAddr(nexthop)
	}
	return r
}

const (
	vm1MAC  = "00:00:01:00:00:01"
	vm2MAC  = "00:00:01:00:00:02"
	vm3MAC  = "00:00:02:00:00:03"
	lrp1MAC = "00:00:01:ff:00:01"
	lrp2MAC = "00:00:02:ff:00:02"
	extMAC  = "02:0a:7f:00:01:29"
)

// article is the topology of DESIGN section 6: two switches of hosts, one router, an
// external network.
func article(routes ...StaticRoute) Topology {
	return Topology{
		Switches: []Switch{
			{Name: "sw1", Ports: []SwitchPort{
				vif("vm1", vm1MAC, "1.1.0.1", "2001:db8:1::11"), vif("vm2", vm2MAC, "1.1.0.2", "2001:db8:1::12"), cable("lrp1")}},
			{Name: "sw2", Ports: []SwitchPort{vif("vm3", vm3MAC, "1.2.0.3", "2001:db8:2::13"), cable("lrp2")}},
			{Name: "sw-ext", Ports: []SwitchPort{localnet("ext-localnet", "physnet1", 0), cable("lr0-ext")}},
		},
		Routers: []Router{{Name: "lr0",
			Ports: []RouterPort{
				lrp("lrp1", lrp1MAC, "1.1.254.254/16", "2001:db8:1::1/64"),
				lrp("lrp2", lrp2MAC, "1.2.254.254/16", "2001:db8:2::1/64"),
				lrp("lr0-ext", extMAC, "192.168.123.254/24", "2001:db8:f0f0::1/64")},
			StaticRoutes: routes,
		}},
	}
}

// twoRouters joins two routers by a transit switch.
func twoRouters() Topology {
	return Topology{
		Switches: []Switch{
			{Name: "east", Ports: []SwitchPort{vif("e1", "02:00:00:00:10:0a", "10.1.0.10", "2001:db8:10::10"), cable("e-in")}},
			{Name: "west", Ports: []SwitchPort{vif("w1", "02:00:00:00:20:0a", "10.2.0.10", "2001:db8:20::10"), cable("w-in")}},
			{Name: "transit", Ports: []SwitchPort{cable("e-tr"), cable("w-tr")}},
		},
		Routers: []Router{
			{Name: "lr-east", Ports: []RouterPort{
				lrp("e-in", "02:00:00:00:10:01", "10.1.0.1/24", "2001:db8:10::1/64"),
				lrp("e-tr", "02:00:00:00:ff:01", "100.64.0.1/30", "2001:db8:ff::1/64")},
				StaticRoutes: []StaticRoute{route("10.2.0.0/24", "100.64.0.2", ""), route("2001:db8:20::/64", "fe80::ff:fe00:ff02", "e-tr")}},
			{Name: "lr-west", Ports: []RouterPort{
				lrp("w-in", "02:00:00:00:20:01", "10.2.0.1/24", "2001:db8:20::1/64"),
				lrp("w-tr", "02:00:00:00:ff:02", "100.64.0.2/30", "2001:db8:ff::2/64")},
				StaticRoutes: []StaticRoute{route("0.0.0.0/0", "100.64.0.1", ""), route("::/0", "2001:db8:ff::1", "")}},
		},
	}
}
