// SPDX-License-Identifier: Apache-2.0

package kernel

import (
	"encoding/binary"

	"github.com/parkway-gw/parkway/forwarder"
)

// ruled: the router's routes are more than one table, or it has policies.
func (s *scenario) ruled(router int) bool {
	for _, o := range s.routers[router].StaticRoutes {
		if o.SourceIP || o.RouteTable != "" {
			return true
		}
	}
	return len(s.policies[router]) > 0
}

// routeOf is the best route for a flow that came in by a port, by source or destination,
// in the port's table or else the main one. Without a port it is the router's own packet,
// as Linux sees such: it has the main table.
func routeOf(r *forwarder.Router, in *forwarder.RouterPort, f flow) (kind routeKind, members []forwarder.StaticRoute) {
	if kind, _ = lookup(r, f.dst); kind == own || kind == broadcast || kind == network {
		return kind, nil
	}
	tables := []string{""}
	if in != nil && in.RouteTable != "" {
		tables = []string{in.RouteTable, ""}
	}
	for _, table := range tables {
		if kind, members = bestRoute(r, table, f); kind != noRoute {
			break
		}
	}
	return kind, members
}

func bestRoute(r *forwarder.Router, table string, f flow) (kind routeKind, members []forwarder.StaticRoute) {
	kind = noRoute
	best := -1
	for _, o := range r.StaticRoutes {
		key, rank := f.dst, 2*o.Prefix.Bits()+1
		if o.SourceIP {
			key, rank = f.src, rank-1
		}
		if o.RouteTable != table || !o.Prefix.Contains(key) || rank < best {
			continue
		}
		if rank > best {
			best, members = rank, nil
		}
		kind, members = kindOf(o), append(members, o)
	}
	for i := range r.Ports {
		for _, n := range r.Ports[i].Networks {
			if n.Contains(f.dst) && 2*n.Bits()+1 >= best {
				kind, best, members = connected, 2*n.Bits()+1, nil
			}
		}
	}
	return kind, members
}

// decide is routeOf and what policies make of it.
func (s *scenario) decide(router int, in *forwarder.RouterPort, f flow) (kind routeKind, members []forwarder.StaticRoute) {
	kind, members = routeOf(&s.routers[router], in, f)
	routed := kind == gateway || kind == connected || kind == network && f.dst.Is6() || f.rulesFirst && kind != own && kind != broadcast
	if in == nil || f.own || !routed {
		return kind, members
	}
	if p := s.policyFor(router, in, f); p != nil {
		switch p.action {
		case forwarder.PolicyDrop:
			return discard, nil
		case forwarder.PolicyReroute:
			return gateway, p.members
		}
	}
	return kind, members
}

func (s *scenario) policyFor(router int, in *forwarder.RouterPort, f flow) *policy {
	for i := range s.policies[router] {
		if p := &s.policies[router][i]; p.matches(in, f) {
			return p
		}
	}
	return nil
}

// arrival is the port by which packets of a wire come to a router.
func (s *scenario) arrival(wire, router int) *forwarder.RouterPort {
	switch from := s.wires[wire].router; {
	case from < router:
		return s.links[router-1].b.port
	case from > router:
		return s.links[router].a.port
	}
	return s.wires[wire].port
}

// flowOf reads what policies look at, behind extension headers; fragments but the first
// have no ports.
func flowOf(frame []byte) flow {
	f := flow{proto: -1, sport: -1, dport: -1}
	src, dst, ok := addresses(frame)
	if f.src, f.dst = src, dst; !ok {
		return f
	}
	proto, at, later := frame[23], 14+int(frame[14]&0xf)*4, binary.BigEndian.Uint16(frame[20:])&0x1fff != 0
	if frame[12] == 0x86 {
		proto, at, later = frame[20], 54, false
		for !later && at+8 <= len(frame) {
			n := 8 + int(frame[at+1])*8
			switch proto {
			case fragment:
				n, later = 8, binary.BigEndian.Uint16(frame[at+2:])&0xfff8 != 0
			case hopByHop, routing, destinationOptions:
			default:
				n = 0
			}
			if n == 0 {
				break
			}
			proto, at = frame[at], at+n
		}
	}
	if f.proto = int(proto); !later && (proto == tcp || proto == udp) && at+4 <= len(frame) {
		f.sport, f.dport = int(binary.BigEndian.Uint16(frame[at:])), int(binary.BigEndian.Uint16(frame[at+2:]))
	}
	return f
}

// back is the flow of the router's own answer to a packet.
func (p *packet) back(a answer) flow {
	f := flow{src: a.src, dst: a.dst, proto: icmp4, sport: -1, dport: -1, own: true}
	if a.dst.Is6() {
		f.proto = icmp6
	}
	if a.what == "tcp reset" {
		asked := flowOf(p.frame)
		f.proto, f.sport, f.dport = tcp, asked.dport, asked.sport
	}
	return f
}
