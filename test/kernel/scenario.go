// SPDX-License-Identifier: Apache-2.0

package kernel

import (
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"net/netip"

	"github.com/parkway-gw/parkway/forwarder"
)

// wire is a router port that leads outside: to the test's hosts, whom nobody asks for
// their MACs.
type wire struct {
	router int
	port   *forwarder.RouterPort
}

// link is a cable between ports of two routers.
type link struct {
	a, b wire
}

// scenario is a network and the packets that are sent into it.
type scenario struct {
	seed     uint64
	number   int // of the seed's networks
	routers  []forwarder.Router
	policies [][]policy // by router
	wires    []wire     // the first port of the packet's outside; its index is the port's name there
	links    []link
	packets  []*packet
	rand     *rand.Rand
}

// packet is one case.
type packet struct {
	id    uint16 // the IPv4 identification, or the IPv6 flow label
	wire  int    // that it arrives by
	frame []byte
	about string // the choices that made it
	bad   string // what is wrong with its header; empty: nothing
}

func (p *packet) v6() bool { return p.frame[12] == 0x86 }

// neighborMAC is the MAC of a host or next hop behind a wire, or behind a link's end.
func neighborMAC(port string, ip netip.Addr) forwarder.MAC {
	h := fnv.New64a()
	h.Write([]byte(port))
	h.Write(ip.AsSlice())
	s := h.Sum64()
	return forwarder.MAC{0x06, byte(s), byte(s >> 8), byte(s >> 16), byte(s >> 24), byte(s >> 32)}
}

// linkLocal is the address that a port makes of its MAC (RFC 4291 appendix A).
func linkLocal(m forwarder.MAC) netip.Addr {
	return netip.AddrFrom16([16]byte{0: 0xfe, 1: 0x80, 8: m[0] ^ 2, 9: m[1], 10: m[2], 11: 0xff, 12: 0xfe, 13: m[3], 14: m[4], 15: m[5]})
}

func first(p netip.Prefix) netip.Addr { return p.Masked().Addr() }

func last(p netip.Prefix) netip.Addr {
	b := p.Masked().Addr().AsSlice()
	for i := p.Bits(); i < 8*len(b); i++ {
		b[i/8] |= 0x80 >> (i % 8)
	}
	a, _ := netip.AddrFromSlice(b)
	return a
}

// routeKind is what a router's best route for an address is.
type routeKind string

const (
	noRoute     routeKind = "no route"
	own         routeKind = "own address"
	broadcast   routeKind = "broadcast address"
	network     routeKind = "network address"
	connected   routeKind = "connected"
	gateway     routeKind = "gateway"
	discard     routeKind = "discard"
	unreachable routeKind = "unreachable"
	prohibit    routeKind = "prohibit"
)

func kindOf(o forwarder.StaticRoute) routeKind {
	switch {
	case o.Discard:
		return discard
	case o.Reject == forwarder.RejectUnreachable:
		return unreachable
	case o.Reject == forwarder.RejectProhibit:
		return prohibit
	}
	return gateway
}

// lookup is the test's own longest-prefix match, the slow way, in the main table.
// Differences are told by it; what is compared are the two gateways. members are those of
// a gateway route.
func lookup(r *forwarder.Router, dst netip.Addr) (kind routeKind, members []forwarder.StaticRoute) {
	kind = noRoute
	best := -1
	for i := range r.StaticRoutes {
		s := &r.StaticRoutes[i]
		if s.SourceIP || s.RouteTable != "" || !s.Prefix.Contains(dst) || s.Prefix.Bits() < best {
			continue
		}
		if s.Prefix.Bits() > best {
			best, members = s.Prefix.Bits(), nil
		}
		kind, members = kindOf(*s), append(members, *s)
	}
	for i := range r.Ports {
		for _, n := range r.Ports[i].Networks {
			if n.Contains(dst) && n.Bits() >= best {
				kind, best, members = connected, n.Bits(), nil
			}
		}
	}
	for i := range r.Ports {
		for _, n := range r.Ports[i].Networks {
			small := n.Addr().BitLen()-n.Bits() < 2
			switch {
			case n.Addr() == dst || dst == linkLocal(r.Ports[i].MAC):
				return own, nil
			case n.Addr().Is4() && !small && last(n) == dst:
				kind, members = broadcast, nil
			case !small && first(n) == dst && kind != broadcast:
				kind, members = network, nil
			}
		}
	}
	return kind, members
}

// port is the output port of a route: its own, or the one whose network holds the next
// hop, longest prefix first.
func outputPort(r *forwarder.Router, s forwarder.StaticRoute) *forwarder.RouterPort {
	var out *forwarder.RouterPort
	bits := -1
	for i := range r.Ports {
		p := &r.Ports[i]
		if s.OutputPort == p.Name {
			return p
		}
		for _, n := range p.Networks {
			if s.OutputPort == "" && n.Contains(s.Nexthop) && n.Bits() > bits {
				out, bits = p, n.Bits()
			}
		}
	}
	return out
}

// owns reports whether any router of the scenario has the address.
func (s *scenario) owns(ip netip.Addr) bool {
	for i := range s.routers {
		for j := range s.routers[i].Ports {
			p := &s.routers[i].Ports[j]
			if ip == linkLocal(p.MAC) {
				return true
			}
			for _, n := range p.Networks {
				if n.Addr() == ip {
					return true
				}
			}
		}
	}
	return false
}

// anycast: the address is one that routers on an IPv6 network share (RFC 4291 2.6.1).
func (s *scenario) anycast(ip netip.Addr) bool {
	for i := range s.routers {
		if kind, _ := lookup(&s.routers[i], ip); ip.Is6() && kind == network {
			return true
		}
	}
	return false
}

// bindings are the neighbors that both sides are told: next hops, and the hosts on a
// port's networks that packets come from or go to.
func (s *scenario) bindings() []forwarder.StaticMACBinding {
	var out []forwarder.StaticMACBinding
	seen := map[forwarder.StaticMACBinding]bool{}
	pinned := map[string]map[netip.Addr]bool{}
	for _, l := range s.links { // what a link's other end has, both sides know
		pinned[l.a.port.Name], pinned[l.b.port.Name] = ownOf(l.b.port), ownOf(l.a.port)
	}
	add := func(p *forwarder.RouterPort, ip netip.Addr) {
		if pinned[p.Name][ip] || ownOf(p)[ip] {
			return
		}
		b := forwarder.StaticMACBinding{LogicalPort: p.Name, IP: ip, MAC: neighborMAC(p.Name, ip)}
		if !seen[b] {
			seen[b] = true
			out = append(out, b)
		}
	}
	var ends []netip.Addr
	for _, p := range s.packets {
		src, dst, ok := addresses(p.frame)
		if !ok {
			continue
		}
		ends = append(ends, src, dst)
		for _, ip := range []netip.Addr{src, dst} {
			if ip.Is6() && ip.IsLinkLocalUnicast() {
				add(s.wires[p.wire].port, ip)
			}
		}
	}
	ends = append(ends, s.markerHosts()...)
	for i := range s.routers {
		r := &s.routers[i]
		for _, route := range r.StaticRoutes {
			if !route.Blackhole() {
				add(outputPort(r, route), route.Nexthop)
			}
		}
		for _, p := range s.policies[i] {
			for _, m := range p.members {
				add(outputPort(r, m), m.Nexthop)
			}
		}
		for j := range r.Ports {
			for _, n := range r.Ports[j].Networks {
				for _, ip := range ends {
					if n.Contains(ip) && bindable(r, n, ip) {
						add(&r.Ports[j], ip)
					}
				}
			}
		}
	}
	return out
}

// bindable: a neighbor can have the address, by both sides' rules for configuration.
func bindable(r *forwarder.Router, n netip.Prefix, ip netip.Addr) bool {
	kind, _ := lookup(r, ip)
	return kind != own && kind != broadcast && !(kind == network && n.Addr().Is4()) && !ip.IsLinkLocalUnicast()
}

func ownOf(p *forwarder.RouterPort) map[netip.Addr]bool {
	m := map[netip.Addr]bool{linkLocal(p.MAC): true}
	for _, n := range p.Networks {
		m[n.Addr()] = true
	}
	return m
}

// addresses reads source and destination of a frame, as far as it has them.
func addresses(f []byte) (src, dst netip.Addr, ok bool) {
	switch {
	case len(f) >= 54 && f[12] == 0x86 && f[13] == 0xdd:
		return netip.AddrFrom16([16]byte(f[22:38])), netip.AddrFrom16([16]byte(f[38:54])), true
	case len(f) >= 34 && f[12] == 0x08 && f[13] == 0:
		return netip.AddrFrom4([4]byte(f[26:30])), netip.AddrFrom4([4]byte(f[30:34])), true
	}
	return src, dst, false
}

// Every wire has a small network of its own, with one host, which every router knows
// the way to: packets to it always arrive.
func markerNetwork(wire int) netip.Prefix {
	return netip.PrefixFrom(netip.AddrFrom4([4]byte{172, 31, byte(wire), 1}), 30)
}

func (s *scenario) markerHosts() (out []netip.Addr) {
	for i := range s.wires {
		out = append(out, markerNetwork(i).Addr().Next())
	}
	return out
}

func (s *scenario) String() string { return fmt.Sprintf("seed %d, network %d", s.seed, s.number) }
