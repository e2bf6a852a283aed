// SPDX-License-Identifier: Apache-2.0

package forwarder

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"

	"github.com/parkway-gw/parkway/cgo"
)

// RouteKind says where a route comes from.
type RouteKind string

const (
	RouteLocal     RouteKind = "local"     // one of the router's own addresses
	RouteBroadcast RouteKind = "broadcast" // a connected network's broadcast or network address: dropped
	RouteConnected RouteKind = "connected"
	RouteStatic    RouteKind = "static"
	RouteDiscard   RouteKind = "discard" // a static route that drops
)

// Route is one route as it is in force.
type Route struct {
	Router   string
	Prefix   netip.Prefix
	Kind     RouteKind
	NextHops []RouteNextHop // static: several are an ECMP group; connected: one, without IP
}

// RouteNextHop is where a route leads.
type RouteNextHop struct {
	IP         netip.Addr // of the gateway; invalid for a connected network
	RouterPort string
}

type builtRoute struct {
	kind RouteKind
	row  uint32
	hops []RouteNextHop
}

// routeBuilder collects one router's routes. What is set later replaces what is
// there: static, connected, broadcast, own addresses.
type routeBuilder struct {
	c         *compiler
	router    *Router
	rows      *nextHopRows
	neighbors *neighbors
	routes    map[netip.Prefix]builtRoute
	have4     bool
	have6     bool
}

func (b *routeBuilder) build() error {
	for i := range b.router.Ports {
		for _, n := range b.router.Ports[i].Networks {
			b.have4 = b.have4 || n.Addr().Is4()
			b.have6 = b.have6 || n.Addr().Is6()
		}
	}
	if err := b.static(); err != nil {
		return err
	}
	b.networks(b.connected)
	b.networks(b.broadcast)
	b.networks(b.own)
	return nil
}

func (b *routeBuilder) networks(f func(p *RouterPort, n netip.Prefix)) {
	for i := range b.router.Ports {
		for _, n := range b.router.Ports[i].Networks {
			f(&b.router.Ports[i], n)
		}
	}
}

func (b *routeBuilder) set(p netip.Prefix, r builtRoute) {
	if old, known := b.routes[p]; known && (old.kind == RouteStatic || old.kind == RouteDiscard) {
		b.c.warnf("router %q: the static route %s is not used; the %s route wins", b.router.Name, p, r.kind)
	}
	b.routes[p] = r
}

func (b *routeBuilder) connected(p *RouterPort, n netip.Prefix) {
	lrp := b.c.lrps[p.Name]
	b.set(n.Masked(), builtRoute{RouteConnected, b.rows.row(cgo.NextHop{Kind: cgo.NextHopConnected, RouterPort: lrp}),
		[]RouteNextHop{{RouterPort: p.Name}}})
}

// broadcast drops what is sent to all of a network from outside (RFC 2644).
func (b *routeBuilder) broadcast(_ *RouterPort, n netip.Prefix) {
	if !n.Addr().Is4() || n.Bits() > 30 {
		return
	}
	r := builtRoute{kind: RouteBroadcast, row: b.rows.row(cgo.NextHop{Kind: cgo.NextHopDrop, Reason: cgo.DropIPBroadcast})}
	b.set(host(n.Masked().Addr()), r)
	b.set(host(lastAddr(n)), r)
}

func (b *routeBuilder) own(_ *RouterPort, n netip.Prefix) {
	b.set(host(n.Addr()), builtRoute{kind: RouteLocal, row: b.rows.row(cgo.NextHop{Kind: cgo.NextHopLocal})})
}

// static sets the static routes; those of one prefix are members of one group.
func (b *routeBuilder) static() error {
	var order []netip.Prefix
	byPrefix := map[netip.Prefix][]*StaticRoute{}
	for i := range b.router.StaticRoutes {
		s := &b.router.StaticRoutes[i]
		p := s.Prefix.Masked()
		if byPrefix[p] == nil {
			order = append(order, p)
		}
		byPrefix[p] = append(byPrefix[p], s)
	}
	for _, p := range order {
		if p.Addr().Is4() && !b.have4 || p.Addr().Is6() && !b.have6 {
			b.c.warnf("router %q: the static route %s is not used; the router has no address of that family", b.router.Name, p)
			continue
		}
		if err := b.group(p, byPrefix[p]); err != nil {
			return err
		}
	}
	return nil
}

func (b *routeBuilder) group(p netip.Prefix, members []*StaticRoute) error {
	if len(members) > cgo.MaxECMP {
		return fmt.Errorf("router %q: route %s has %d next hops, %d at most", b.router.Name, p, len(members), cgo.MaxECMP)
	}
	r := builtRoute{kind: RouteStatic}
	var rows []cgo.NextHop
	for _, s := range members {
		if s.Discard {
			b.routes[p] = builtRoute{kind: RouteDiscard, row: b.rows.row(cgo.NextHop{Kind: cgo.NextHopDrop, Reason: cgo.DropIPDiscard})}
			return nil
		}
		out := b.outputPort(s)
		if out == nil {
			return fmt.Errorf("router %q: route %s: next hop %s is on no network of the router", b.router.Name, p, s.Nexthop)
		}
		lrp := b.c.lrps[out.Name]
		rows = append(rows, cgo.NextHop{Kind: cgo.NextHopGateway, RouterPort: lrp, Adjacency: b.neighbors.index(lrp, s.Nexthop)})
		r.hops = append(r.hops, RouteNextHop{s.Nexthop, out.Name})
	}
	r.row = b.rows.group(rows)
	b.routes[p] = r
	return nil
}

// outputPort is the port that the route names, or the one whose network holds the
// next hop, longest prefix first; nil when there is none.
func (b *routeBuilder) outputPort(s *StaticRoute) *RouterPort {
	var best *RouterPort
	bits := -1
	for i := range b.router.Ports {
		p := &b.router.Ports[i]
		if s.OutputPort == p.Name {
			return p
		}
		for _, n := range p.Networks {
			if s.OutputPort == "" && n.Contains(s.Nexthop) && n.Bits() > bits {
				best, bits = p, n.Bits()
			}
		}
	}
	return best
}

// finish sorts the routes by address and splits them by family.
func (b *routeBuilder) finish() planRouter {
	out := planRouter{name: b.router.Name}
	prefixes := make([]netip.Prefix, 0, len(b.routes))
	for p := range b.routes {
		prefixes = append(prefixes, p)
	}
	slices.SortFunc(prefixes, func(x, y netip.Prefix) int {
		return cmp.Or(x.Addr().Compare(y.Addr()), cmp.Compare(x.Bits(), y.Bits()))
	})
	for _, p := range prefixes {
		r := b.routes[p]
		e := fibEntry{p, r.row}
		if p.Addr().Is4() {
			out.fib4 = append(out.fib4, e)
		} else {
			out.fib6 = append(out.fib6, e)
		}
		b.c.plan.routes = append(b.c.plan.routes, Route{Router: b.router.Name, Prefix: p, Kind: r.kind, NextHops: r.hops})
	}
	return out
}

func host(a netip.Addr) netip.Prefix { return netip.PrefixFrom(a, a.BitLen()) }

// lastAddr is the highest address of an IPv4 prefix: its directed broadcast.
func lastAddr(p netip.Prefix) netip.Addr {
	a := p.Masked().Addr().As4()
	for i := p.Bits(); i < 32; i++ {
		a[i/8] |= 0x80 >> (i % 8)
	}
	return netip.AddrFrom4(a)
}
