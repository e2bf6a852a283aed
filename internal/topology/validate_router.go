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

type routeKey struct {
	prefix  netip.Prefix
	nexthop netip.Addr
	port    string
}

type routeKind struct {
	discard bool
	path    Path
}

func (v *validator) routes(i int, nets []connected) {
	r := &v.t.Routers[i]
	own := map[netip.Addr]Path{}
	ports := map[string]bool{}
	var portNames []string
	for j := range r.Ports {
		ports[r.Ports[j].Name] = true
		portNames = append(portNames, r.Ports[j].Name)
		for k, n := range r.Ports[j].Networks {
			if n.IsValid() {
				own[n.Addr()] = At("logical_routers", i, "ports", j, "networks", k)
			}
		}
	}
	links := newLinks(nets)
	seen := map[routeKey]Path{}
	kinds := map[netip.Prefix]routeKind{}
	for j := range r.StaticRoutes {
		s := &r.StaticRoutes[j]
		at := func(steps ...any) Path { return append(At("logical_routers", i, "static_routes", j), steps...) }
		if !s.Prefix.IsValid() {
			v.errorf(at("ip_prefix"), "write a network such as 10.0.0.0/8", "a static route of router %q has no ip_prefix", r.Name)
			continue
		}
		what := fmt.Sprintf("route %s", s.Prefix)
		if m := s.Prefix.Masked(); m != s.Prefix {
			v.errorf(at("ip_prefix"), fmt.Sprintf("write %s, or %s/%d for the one host", m, s.Prefix.Addr(), s.Prefix.Addr().BitLen()), "%s has bits set beyond its prefix length", what)
		}
		port := s.OutputPort
		if port != "" && !ports[port] {
			hint := "give the name of a port of this router"
			if v.suggestions++; v.suggestions <= maxSuggestions {
				if near := Nearest(port, portNames); near != "" {
					hint = fmt.Sprintf("did you mean %q?", near)
				}
			}
			v.errorf(at("output_port"), hint, "%s leaves by %q, which is no port of router %q", what, port, r.Name)
			continue
		}
		switch {
		case s.Discard && port != "":
			v.errorf(at("output_port"), "remove output_port", "%s discards, so it leaves by no port", what)
			continue
		case !s.Discard:
			var ok bool
			if port, ok = v.nexthop(s, at("nexthop"), what, r.Name, own, links); !ok {
				continue
			}
		}
		key := routeKey{s.Prefix.Masked(), s.Nexthop, port}
		if first, dup := seen[key]; dup {
			v.clash(at(), first, "remove one; members of an ECMP route have different next hops", "%s is listed twice with the same next hop", what)
			continue
		}
		seen[key] = at()
		if k, known := kinds[key.prefix]; !known {
			kinds[key.prefix] = routeKind{s.Discard, at()}
		} else if k.discard != s.Discard {
			v.clash(at("nexthop"), k.path, "keep either the next hops or the discard", "%s both discards and forwards", what)
		}
	}
}

// nexthop checks a route's next hop and returns the port that it leaves by.
func (v *validator) nexthop(s *StaticRoute, path Path, what, router string, own map[netip.Addr]Path, links links) (string, bool) {
	a := s.Nexthop
	if !a.IsValid() {
		v.errorf(path, "write the next router's address, or discard", "%s has no next hop", what)
		return "", false
	}
	if why := unusableHost(a); why != "" {
		v.errorf(path, "write the next router's own address", "%s: next hop %s %s", what, a, why)
		return "", false
	}
	if a.Is4() != s.Prefix.Addr().Is4() {
		v.errorf(path, "prefix and next hop are both IPv4 or both IPv6", "%s and its next hop %s are of different families", what, a)
		return "", false
	}
	if first, ours := own[a]; ours {
		v.clash(path, first, "write the address of the next router", "%s: next hop %s is router %q itself", what, a, router)
		return "", false
	}
	link, found := links.find(a)
	if found && a.Is4() && link.prefix.Bits() <= 30 && (a == link.prefix.Addr() || a == lastAddr(link.prefix)) {
		v.errorf(path, "write the next router's own address", "%s: next hop %s is the network or broadcast address of %s", what, a, link.prefix)
		return "", false
	}
	if s.OutputPort != "" {
		return s.OutputPort, true
	}
	if a.IsLinkLocalUnicast() {
		v.errorf(path, "add output_port: …", "%s: next hop %s is link-local, so it says nothing about the port", what, a)
		return "", false
	}
	if !found {
		v.errorf(path, "correct the next hop, or add output_port: … if the neighbor is on that link all the same", "%s: next hop %s is on no network of router %q", what, a, router)
		return "", false
	}
	return link.port, true
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
