// SPDX-License-Identifier: Apache-2.0

package topology

import (
	"fmt"
	"net/netip"
)

// reach is what says whether a router gets to a next hop.
type reach struct {
	router string
	own    map[netip.Addr]Path
	ports  map[string]MAC
	names  []string
	links  links
}

func (v *validator) reachOf(i int, nets []connected) reach {
	r := &v.t.Routers[i]
	out := reach{router: r.Name, own: map[netip.Addr]Path{}, ports: map[string]MAC{}, links: newLinks(nets)}
	for j := range r.Ports {
		out.ports[r.Ports[j].Name] = r.Ports[j].MAC
		out.names = append(out.names, r.Ports[j].Name)
		for k, n := range r.Ports[j].Networks {
			if n.IsValid() {
				out.own[n.Addr()] = At("logical_routers", i, "ports", j, "networks", k)
			}
		}
	}
	return out
}

func (v *validator) routes(i int, nets []connected) {
	r := &v.t.Routers[i]
	rv := &routesValidator{validator: v, router: i, r: r, reach: v.reachOf(i, nets),
		tables: map[string]bool{}, unused: map[string]bool{}, fine: map[routeWay]string{}}
	for j := range r.Ports {
		rv.tables[r.Ports[j].RouteTable] = true
	}
	rv.all()
}

func leadsNowhere(s *StaticRoute) string {
	if s.Discard {
		return "discards"
	}
	return "rejects"
}

// routeAttributes checks what stands beside prefix and next hop.
func (v *validator) routeAttributes(s *StaticRoute, at func(...any) Path, what string) {
	switch {
	case s.Weight < 0 || s.Weight > MaxWeight:
		v.errorf(at("weight"), fmt.Sprintf("choose a value from 1 to %d", MaxWeight), "%s: weight %d is out of range", what, s.Weight)
	case s.Weight != 0 && s.Blackhole():
		v.errorf(at("weight"), "remove weight", "%s %s and needs no weight", what, leadsNowhere(s))
	}
	if s.Discard && s.Reject != RejectNone || s.Reject > RejectProhibit {
		v.errorf(at("nexthop"), "choose discard, unreachable or prohibit", "%s leads nowhere in two ways", what)
	}
	if s.Reason != "" && !s.Blackhole() {
		v.errorf(at("reason"), "remove it, or write nexthop: discard, unreachable or prohibit", "%s forwards; a reason is for routes that lead nowhere", what)
	}
	if why := CheckName(s.RouteTable); s.RouteTable != "" && why != "" {
		v.errorf(at("route_table"), "names are 1 to 128 printable characters without spaces", "%s: route_table %s", what, why)
	}
}

// outputPort checks that the router has the port, if any is named.
func (v *validator) outputPort(port string, path Path, what string, r *reach) bool {
	if _, known := r.ports[port]; known || port == "" {
		return true
	}
	hint := "give the name of a port of this router"
	if v.suggestions++; v.suggestions <= maxSuggestions {
		if near := Nearest(port, r.names); near != "" {
			hint = fmt.Sprintf("did you mean %q?", near)
		}
	}
	v.errorf(path, hint, "%s leaves by %q, which is no port of router %q", what, port, r.router)
	return false
}

// nexthop checks a next hop for IPv4 packets, or for IPv6 ones, and returns the port that
// it is behind. IPv4 may go by an IPv6 next hop (RFC 5549), not the other way round.
func (v *validator) nexthop(a netip.Addr, outputPort string, ip4 bool, path Path, what string, r *reach) (string, bool) {
	if !a.IsValid() {
		v.errorf(path, "write the next router's address, or discard", "%s has no next hop", what)
		return "", false
	}
	if why := unusableHost(a); why != "" {
		v.errorf(path, "write the next router's own address", "%s: next hop %s %s", what, a, why)
		return "", false
	}
	if a.Is4() && !ip4 {
		v.errorf(path, "write an IPv6 address", "%s is IPv6 and its next hop %s IPv4", what, a)
		return "", false
	}
	if first, ours := r.own[a]; ours {
		v.clash(path, first, "write the address of the next router", "%s: next hop %s is router %q itself", what, a, r.router)
		return "", false
	}
	if mac, named := r.ports[outputPort]; named && outputPort != "" && a == mac.LinkLocal() {
		v.errorf(path, "write the address of the next router", "%s: next hop %s is port %q itself", what, a, outputPort)
		return "", false
	}
	link, found := r.links.find(a)
	if found && a.Is4() && link.prefix.Bits() <= 30 && (a == link.prefix.Addr() || a == lastAddr(link.prefix)) {
		v.errorf(path, "write the next router's own address", "%s: next hop %s is the network or broadcast address of %s", what, a, link.prefix)
		return "", false
	}
	if outputPort != "" {
		return outputPort, true
	}
	if a.IsLinkLocalUnicast() {
		v.errorf(path, "add output_port: …", "%s: next hop %s is link-local, so it says nothing about the port", what, a)
		return "", false
	}
	if !found {
		v.errorf(path, "correct the next hop, or add output_port: … if the neighbor is on that link all the same", "%s: next hop %s is on no network of router %q", what, a, r.router)
		return "", false
	}
	return link.port, true
}
