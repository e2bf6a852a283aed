// SPDX-License-Identifier: Apache-2.0

package forwarder

import (
	"fmt"
	"net/netip"

	"github.com/parkway-gw/parkway/cgo"
	"github.com/parkway-gw/parkway/internal/topology"
)

// RouteKind says where a route comes from.
type RouteKind string

const (
	RouteLocal     RouteKind = "local"     // one of the router's own addresses
	RouteBroadcast RouteKind = "broadcast" // a connected network's broadcast or network address: dropped
	RouteConnected RouteKind = "connected"
	RouteStatic    RouteKind = "static"
	// Static routes that drop: without a word, as unreachable, as prohibited.
	RouteDiscard     RouteKind = "discard"
	RouteUnreachable RouteKind = "unreachable"
	RouteProhibit    RouteKind = "prohibit"
)

// Route is one route as it is in force.
type Route struct {
	Router   string
	Table    string // route table; empty for the main one. Connected networks are in all of them
	SourceIP bool   // Prefix is compared with the source
	Prefix   netip.Prefix
	Kind     RouteKind
	Reason   string         // why a static route drops, as the configuration says
	NextHops []RouteNextHop // static: several are an ECMP group; connected: one, without IP
}

// RouteNextHop is where a route leads.
type RouteNextHop struct {
	IP         netip.Addr // of the gateway; invalid for a connected network
	RouterPort string
	Weight     int  // among several
	Out        bool // it has failed, and the others of its group have its flows

	adjacency uint32
}

// builtRoute is a route without the row that it leads to: that depends on its rank.
type builtRoute struct {
	kind     RouteKind
	reason   string
	nextHop  cgo.NextHop // unless there are gateways
	gateways []gatewayHop
}

func (b *builtRoute) static() bool {
	return b.kind != RouteLocal && b.kind != RouteBroadcast && b.kind != RouteConnected
}

// routeSet is a set of routes that are looked up by the same key.
type routeSet map[netip.Prefix]builtRoute

// shapedRoute is a route with the number of its shape.
type shapedRoute struct {
	prefix netip.Prefix
	shape  uint32
	lift   uint16 // over routes of the main table
}

// builtTable is a route table without what it has of the router's networks. Its routes are
// sorted, and there is one of each prefix.
type builtTable struct {
	name             string
	byDest, bySource []shapedRoute
}

// routeBuilder collects one router's routes.
type routeBuilder struct {
	c         *compiler
	index     uint16 // the router's number
	router    *Router
	rows      *nextHopRows
	neighbors *neighbors
	networks  routeSet // what the router's networks imply: connected, broadcast, own addresses
	shapes    *shapes
	tables    []*builtTable
	have4     bool
	have6     bool
}

func (b *routeBuilder) build() error {
	b.lookAround()
	b.table("")
	for i := range b.router.Ports {
		b.table(b.router.Ports[i].RouteTable)
	}
	if err := b.static(); err != nil {
		return err
	}
	return b.finish()
}

// lookAround sets what the router's networks say.
func (b *routeBuilder) lookAround() {
	for i := range b.router.Ports {
		for _, n := range b.router.Ports[i].Networks {
			b.have4 = b.have4 || n.Addr().Is4()
			b.have6 = b.have6 || n.Addr().Is6()
		}
	}
	b.networks = routeSet{}
	b.eachNetwork(b.connected)
	b.eachNetwork(b.broadcast)
	b.eachNetwork(b.own)
}

// table returns the route table of that name, made if need be.
func (b *routeBuilder) table(name string) *builtTable {
	for _, t := range b.tables {
		if t.name == name {
			return t
		}
	}
	t := &builtTable{name: name}
	b.tables = append(b.tables, t)
	return t
}

func (b *routeBuilder) eachNetwork(f func(p *RouterPort, n netip.Prefix)) {
	for i := range b.router.Ports {
		for _, n := range b.router.Ports[i].Networks {
			f(&b.router.Ports[i], n)
		}
	}
}

func (b *routeBuilder) connected(p *RouterPort, n netip.Prefix) {
	lrp := b.c.lrps[p.Name]
	b.networks[n.Masked()] = builtRoute{kind: RouteConnected, nextHop: cgo.NextHop{Kind: cgo.NextHopConnected, RouterPort: lrp},
		gateways: []gatewayHop{{port: p.Name}}}
}

// broadcast drops what is sent to all of a network from outside (RFC 2644).
func (b *routeBuilder) broadcast(_ *RouterPort, n netip.Prefix) {
	if !n.Addr().Is4() || n.Bits() > 30 {
		return
	}
	r := builtRoute{kind: RouteBroadcast, nextHop: cgo.NextHop{Kind: cgo.NextHopDrop, Reason: cgo.DropIPBroadcast}}
	b.networks[host(n.Masked().Addr())] = r
	b.networks[host(lastAddr(n))] = r
}

func (b *routeBuilder) own(_ *RouterPort, n netip.Prefix) {
	b.networks[host(n.Addr())] = builtRoute{kind: RouteLocal, nextHop: cgo.NextHop{Kind: cgo.NextHopLocal}}
}

// speaks reports whether the router has anything to do with the family of a route. IPv4
// needs no IPv4 address where the next hop is IPv6 (RFC 5549).
func (b *routeBuilder) speaks(p netip.Prefix, s *StaticRoute) bool {
	if p.Addr().Is6() {
		return b.have6
	}
	return b.have4 || s.Nexthop.Is6()
}

func blackhole(s *StaticRoute) builtRoute {
	r := builtRoute{kind: RouteDiscard, reason: s.Reason, nextHop: cgo.NextHop{Kind: cgo.NextHopDrop, Reason: cgo.DropIPDiscard}}
	switch s.Reject {
	case topology.RejectUnreachable:
		r.kind, r.nextHop.Reason = RouteUnreachable, cgo.DropIPUnreachable
	case topology.RejectProhibit:
		r.kind, r.nextHop.Reason = RouteProhibit, cgo.DropIPProhibited
	}
	return r
}

// gateway is a next hop with its number, by the port named or the one whose network holds
// it.
func (b *routeBuilder) gateway(ip netip.Addr, port string, weight int) (g gatewayHop, err error) {
	out := b.outputPort(ip, port)
	if out == nil {
		return g, fmt.Errorf("next hop %s is on no network of the router", ip)
	}
	lrp := b.c.lrps[out.Name]
	return gatewayHop{ip: ip, port: out.Name, lrp: lrp, adjacency: b.neighbors.index(lrp, ip), weight: max(weight, 1)}, nil
}

// outputPort is the port of that name, or, where none is given, the one whose network
// holds the next hop, longest prefix first; nil when there is none.
func (b *routeBuilder) outputPort(ip netip.Addr, name string) *RouterPort {
	var best *RouterPort
	bits := -1
	for i := range b.router.Ports {
		p := &b.router.Ports[i]
		if name == p.Name {
			return p
		}
		for _, n := range p.Networks {
			if name == "" && n.Contains(ip) && n.Bits() > bits {
				best, bits = p, n.Bits()
			}
		}
	}
	return best
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
