// SPDX-License-Identifier: Apache-2.0

package kernel

import (
	"net/netip"
	"slices"

	"github.com/parkway-gw/parkway/forwarder"
)

// makeRoutes gives a router static routes: the ways to the other routers' marker
// networks, defaults, and random ones of all lengths, near what is there already.
func (s *scenario) makeRoutes(i int) {
	r := &s.routers[i]
	for w := range s.wires {
		if peer, ok := s.towards(i, s.wires[w].router, true); ok {
			r.StaticRoutes = append(r.StaticRoutes, forwarder.StaticRoute{Prefix: markerNetwork(w).Masked(), Nexthop: peer})
		}
	}
	for range 3 + s.rand.IntN(14) {
		v4 := s.oneIn(2)
		p := s.routePrefix(r, v4)
		if slices.ContainsFunc(r.StaticRoutes, func(o forwarder.StaticRoute) bool { return o.Prefix == p }) {
			continue
		}
		if s.oneIn(6) {
			o := forwarder.StaticRoute{Prefix: p, Reject: pick(s, 0, forwarder.RejectUnreachable, forwarder.RejectProhibit)}
			o.Discard = o.Reject == 0
			r.StaticRoutes = append(r.StaticRoutes, o)
			continue
		}
		members := 1
		if s.oneIn(5) {
			members = 2 + s.rand.IntN(3)
		}
		var group []forwarder.StaticRoute
		for range members {
			hop, ok := s.nextHop(i, v4 && !s.oneIn(8))
			hop.Prefix, hop.Weight = p, pick(s, 0, 0, 1, 3, 20, 256)
			twice := slices.ContainsFunc(group, func(o forwarder.StaticRoute) bool {
				return o.Nexthop == hop.Nexthop && outputPort(r, o) == outputPort(r, hop)
			})
			if ok && !twice {
				group = append(group, hop)
			}
		}
		r.StaticRoutes = append(r.StaticRoutes, group...)
	}
	r.StaticRoutes = inOrder(r.StaticRoutes)
}

// inOrder puts IPv6 routes whose prefix holds the next hop of others behind these: Linux
// wants a next hop to be no further away than its port, by the routes that are there
// when a route is added. Where there is no such order, routes are left out.
func inOrder(routes []forwarder.StaticRoute) (out []forwarder.StaticRoute) {
	var prefixes []netip.Prefix
	for _, o := range routes {
		if !slices.Contains(prefixes, o.Prefix) {
			prefixes = append(prefixes, o.Prefix)
		}
	}
	for found := true; found; {
		found = false
		for i, p := range prefixes {
			holds := slices.ContainsFunc(routes, func(o forwarder.StaticRoute) bool {
				return p.Bits() > 0 && o.Prefix != p && o.Nexthop.Is6() && p.Contains(o.Nexthop) && slices.Contains(prefixes, o.Prefix)
			})
			if holds {
				continue
			}
			for _, o := range routes {
				if o.Prefix == p {
					out = append(out, o)
				}
			}
			prefixes, found = slices.Delete(prefixes, i, i+1), true
			break
		}
	}
	return out
}

// towards is the neighboring router's address on the way to another router.
func (s *scenario) towards(from, to int, v4 bool) (netip.Addr, bool) {
	if from == to {
		return netip.Addr{}, false
	}
	var far *forwarder.RouterPort
	if to > from {
		far = s.links[from].b.port
	} else {
		far = s.links[from-1].a.port
	}
	for _, n := range far.Networks {
		if n.Addr().Is4() == v4 {
			return n.Addr(), true
		}
	}
	return netip.Addr{}, false
}

func (s *scenario) routePrefix(r *forwarder.Router, v4 bool) netip.Prefix {
	zero, bits := netip.IPv6Unspecified(), 128
	if v4 {
		zero, bits = netip.IPv4Unspecified(), 32
	}
	if s.oneIn(4) {
		return netip.PrefixFrom(zero, 0)
	}
	var near []netip.Addr
	for i := range s.routers { // any router's networks, so that packets find their way
		for j := range s.routers[i].Ports {
			for _, n := range s.routers[i].Ports[j].Networks {
				if n.Addr().Is4() == v4 && n.Bits() < bits {
					near = append(near, s.within(n), first(n), last(n))
				}
			}
		}
	}
	for _, o := range r.StaticRoutes {
		if o.Prefix.Addr().Is4() == v4 && o.Prefix.Bits() > 0 {
			near = append(near, s.within(o.Prefix))
		}
	}
	at := s.address(v4)
	if len(near) > 0 && !s.oneIn(3) {
		at = pick(s, near...)
	}
	p := netip.PrefixFrom(at, 1+s.rand.IntN(bits)).Masked()
	for _, marker := range s.markerHosts() { // which must arrive
		if p.Contains(marker) && p.Bits() >= 30 {
			return netip.PrefixFrom(zero, 0)
		}
	}
	return p
}

// nextHop is a host on a network of the router, the next router, one off all networks
// with its output_port, or an IPv6 link-local address with it.
func (s *scenario) nextHop(router int, v4 bool) (forwarder.StaticRoute, bool) {
	r := &s.routers[router]
	if other := s.rand.IntN(len(s.routers)); other != router && !s.oneIn(3) {
		peer, ok := s.towards(router, other, v4)
		return forwarder.StaticRoute{Nexthop: peer}, ok
	}
	for range 50 {
		p := pick(s, r.Ports...)
		if !v4 && p.GatewayMTU < 1280 {
			continue
		}
		hop := forwarder.StaticRoute{}
		switch s.rand.IntN(5) {
		case 0:
			hop = forwarder.StaticRoute{Nexthop: s.address(v4), OutputPort: p.Name}
			if !v4 && s.oneIn(2) {
				hop.Nexthop = s.within(netip.MustParsePrefix("fe80::/64"))
			}
			if connectedPort(r, hop.Nexthop) != nil {
				continue // on another port, as likely as not
			}
		default:
			n := pick(s, p.Networks...)
			if n.Addr().Is4() != v4 {
				continue
			}
			if hop.Nexthop = s.host(n); s.oneIn(3) {
				hop.OutputPort = p.Name
			}
		}
		if kind, _ := lookup(r, hop.Nexthop); kind == own || kind == broadcast || kind == network || s.owns(hop.Nexthop) {
			continue
		}
		return hop, true
	}
	return forwarder.StaticRoute{}, false
}
