// SPDX-License-Identifier: Apache-2.0

package topology

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"
)

// connected is one network of a router port.
type connected struct {
	prefix netip.Prefix // masked
	path   Path
	port   string
}

func (v *validator) routers() {
	names := map[string]Path{}
	for i := range v.t.Routers {
		r := &v.t.Routers[i]
		if v.name(At("logical_routers", i), "router", r.Name) {
			if first, dup := names[r.Name]; dup {
				v.clash(At("logical_routers", i, "name"), first, "give one of them another name", "router name %q is used twice", r.Name)
			} else {
				names[r.Name] = At("logical_routers", i, "name")
			}
		}
		if err := CheckAgeThreshold(r.Options.MACBindingAgeThreshold); err != nil {
			v.errorf(At("logical_routers", i, "options", "mac_binding_age_threshold"), `write seconds, or "CIDR:seconds;…;seconds"`, "router %q: %v", r.Name, err)
		}
		var nets []connected
		for j := range r.Ports {
			nets = v.routerPort(i, j, nets)
		}
		v.overlaps(nets)
		v.routes(i, nets)
		v.policies(i, nets)
	}
}

func (v *validator) routerPort(i, j int, nets []connected) []connected {
	p := &v.t.Routers[i].Ports[j]
	at := func(steps ...any) Path { return append(At("logical_routers", i, "ports", j), steps...) }
	what := fmt.Sprintf("router port %q", p.Name)
	v.name(at(), "router port", p.Name)
	v.hostMAC(at("mac"), what, p.MAC)
	if p.GatewayMTU != 0 && p.GatewayMTU < MinMTU {
		v.errorf(at("options", "gateway_mtu"), "the smallest MTU of IPv4 is 68, of IPv6 1280", "%s has the gateway_mtu %d", what, p.GatewayMTU)
	}
	if len(p.Networks) == 0 {
		v.errorf(at("networks"), "add networks: [address/prefix length, …]", "%s has no networks", what)
	}
	ipv6 := false
	for k, n := range p.Networks {
		path := at("networks", k)
		if msg, hint := unusableNetwork(n); msg != "" {
			v.errorf(path, hint, "%s: %s", what, msg)
			continue
		}
		ipv6 = ipv6 || n.Addr().Is6()
		nets = append(nets, connected{n.Masked(), path, p.Name})
	}
	if ipv6 && p.GatewayMTU >= MinMTU && p.GatewayMTU < 1280 {
		v.warnf(at("options", "gateway_mtu"), "IPv6 needs a link MTU of 1280 (RFC 8200 §5)", "%s has IPv6 addresses and the gateway_mtu %d", what, p.GatewayMTU)
	}
	if why := CheckName(p.RouteTable); p.RouteTable != "" && why != "" {
		v.errorf(at("options", "route_table"), "names are 1 to 128 printable characters without spaces", "%s: route_table %s", what, why)
	}
	v.routerAdvertisements(p, at, what)
	return nets
}

// unusableNetwork says why a router port can't have n as its own address, and
// what would do.
func unusableNetwork(n netip.Prefix) (msg, hint string) {
	if !n.IsValid() {
		return "a network is no address/prefix length", "write an address of its own such as 10.0.0.1/24"
	}
	a := n.Addr()
	if why := unusableHost(a); why != "" {
		return fmt.Sprintf("%s %s", n, why), "write an address that the router can have as its own, such as 10.0.0.1/24"
	}
	hostBits := a.BitLen() - n.Bits()
	switch {
	case a.IsLinkLocalUnicast() && a.Is6():
		return fmt.Sprintf("%s is a link-local address", n), "leave it out; the port makes its link-local address from its MAC"
	case a.IsLinkLocalUnicast():
		return fmt.Sprintf("%s is a link-local address", n), "routers don't forward 169.254.0.0/16 (RFC 3927 §7); choose another network"
	case n.Bits() == 0:
		return fmt.Sprintf("%s is the whole internet", n), "give the prefix length of the link, and a static route for the rest"
	case a.Is4() && a.As4()[0] == 0:
		return fmt.Sprintf("%s is in 0.0.0.0/8, which no host can have", n), "choose another network"
	case hostBits >= 2 && a == n.Masked().Addr():
		return fmt.Sprintf("%s is the network's address, not a host's", n), fmt.Sprintf("write the router's own address, such as %s/%d", a.Next(), n.Bits())
	case a.Is4() && hostBits >= 2 && a == lastAddr(n):
		return fmt.Sprintf("%s is the network's broadcast address", n), fmt.Sprintf("write the router's own address, such as %s/%d", a.Prev(), n.Bits())
	}
	return "", ""
}

// overlaps reports networks of different ports of one router that share
// addresses. Two prefixes overlap only if one holds the other, so after sorting
// it is enough to compare with the last one that wasn't inside another.
func (v *validator) overlaps(nets []connected) {
	sorted := slices.Clone(nets)
	slices.SortStableFunc(sorted, func(a, b connected) int {
		return cmp.Or(a.prefix.Addr().Compare(b.prefix.Addr()), cmp.Compare(a.prefix.Bits(), b.prefix.Bits()))
	})
	var top connected
	for _, n := range sorted {
		if !top.prefix.IsValid() || !top.prefix.Contains(n.prefix.Addr()) {
			top = n
			continue
		}
		if n.port != top.port {
			v.clash(n.path, top.path, "give each port of a router its own network", "network %s of router port %q overlaps %s of %q", n.prefix, n.port, top.prefix, top.port)
		}
	}
}

// links finds the connected network of an address: longest prefix first.
type links struct {
	bits []int // descending
	nets map[netip.Prefix]connected
}

func newLinks(nets []connected) links {
	l := links{nets: make(map[netip.Prefix]connected, len(nets))}
	for _, n := range nets {
		if _, dup := l.nets[n.prefix]; !dup {
			l.nets[n.prefix] = n
		}
		if !slices.Contains(l.bits, n.prefix.Bits()) {
			l.bits = append(l.bits, n.prefix.Bits())
		}
	}
	slices.Sort(l.bits)
	slices.Reverse(l.bits)
	return l
}

func (l links) find(a netip.Addr) (connected, bool) {
	for _, bits := range l.bits {
		if p, err := a.Prefix(bits); err == nil {
			if n, ok := l.nets[p]; ok {
				return n, true
			}
		}
	}
	return connected{}, false
}

func (v *validator) staticMACBindings() {
	type key struct {
		port string
		ip   netip.Addr
	}
	seen := map[key]Path{}
	for i, b := range v.t.StaticMACBindings {
		at := func(steps ...any) Path { return append(At("static_mac_bindings", i), steps...) }
		what := fmt.Sprintf("static MAC binding of %s", b.IP)
		v.hostMAC(at("mac"), what, b.MAC)
		if why := unusableHost(b.IP); why != "" {
			v.errorf(at("ip"), "write the neighbor's own address", "static MAC binding: %s %s", b.IP, why)
			continue
		}
		ref, ok := v.lrps[b.LogicalPort]
		if !ok || b.LogicalPort == "" {
			hint, _ := v.unknownRouterPort(b.LogicalPort)
			v.errorf(at("logical_port"), hint, "%s is for router port %q, which doesn't exist", what, b.LogicalPort)
			continue
		}
		for _, n := range ref.port.Networks {
			if n.IsValid() && n.Addr() == b.IP {
				v.errorf(at("ip"), "write a neighbor's address", "%s: that is router port %q itself", what, b.LogicalPort)
			}
		}
		k := key{b.LogicalPort, b.IP}
		if first, dup := seen[k]; dup {
			v.clash(at(), first, "remove one", "%s on %q is listed twice", what, b.LogicalPort)
		} else {
			seen[k] = at()
		}
	}
}
