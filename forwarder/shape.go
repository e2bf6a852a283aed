// SPDX-License-Identifier: Apache-2.0

package forwarder

import (
	"encoding/binary"
	"net/netip"

	"github.com/parkway-gw/parkway/cgo"
)

// shapes numbers what routes have beside their prefix: kind, next hops, reason. A million
// routes lead to a few neighbors, so an entry names its shape by number. Numbers are good
// within a plan and those that are made of it by updates of routes.
type shapes struct {
	list []builtRoute // only ever appended to; plans share it
	rows []uint32     // by shape, while it has routes without a rank: where they lead, and one more; 0: not known
	at   map[shapeKey]uint32
}

type shapeKey struct {
	kind    RouteKind
	reason  string
	nextHop cgo.NextHop
	one     gatewayHop // the gateway, if there is one
	many    string     // the gateways, if there are several
}

func keyOfShape(r *builtRoute) shapeKey {
	k := shapeKey{kind: r.kind, reason: r.reason, nextHop: r.nextHop}
	if len(r.gateways) == 1 {
		k.one = r.gateways[0]
		return k
	}
	var many []byte
	for _, g := range r.gateways {
		many = append(append(many, g.ip.String()...), 0)
		many = append(append(many, g.port...), 0)
		many = binary.LittleEndian.AppendUint32(many, g.adjacency)
		many = binary.LittleEndian.AppendUint32(many, uint32(g.weight))
	}
	k.many = string(many)
	return k
}

// number returns the number of a shape, a new one if need be.
func (s *shapes) number(r builtRoute) uint32 {
	if s.at == nil {
		s.at = make(map[shapeKey]uint32, len(s.list))
		for i := range s.list {
			s.at[keyOfShape(&s.list[i])] = uint32(i)
		}
	}
	key := keyOfShape(&r)
	i, known := s.at[key]
	if !known {
		i = uint32(len(s.list))
		s.list, s.rows, s.at[key] = append(s.list, r), append(s.rows, 0), i
	}
	return i
}

// manyShapes is from how many on the shapes that updates have left behind are worth a
// compilation, which knows only those in use.
const manyShapes = 4096

// way is all of a static route but its prefix, before anything is looked up.
type way struct {
	nexthop netip.Addr
	port    string
	weight  int
	discard bool
	reject  uint8
	reason  string
}

func wayOf(s *StaticRoute) way {
	return way{s.Nexthop, s.OutputPort, s.Weight, s.Discard, uint8(s.Reject), s.Reason}
}

// shown is a route as Routes gives it.
func (r *builtRoute) shown(router, table string, source bool, p netip.Prefix) Route {
	out := Route{Router: router, Table: table, SourceIP: source, Prefix: p, Kind: r.kind, Reason: r.reason}
	for _, g := range r.gateways {
		out.NextHops = append(out.NextHops, RouteNextHop{IP: g.ip, RouterPort: g.port, Weight: g.weight, adjacency: g.adjacency})
	}
	return out
}

// routes are those in force, by router in the topology's order, table, what they look at,
// and address.
func (p *plan) routes() []Route {
	n := 0
	for _, i := range p.shownRouters {
		n += p.routers[i].fib4.len() + p.routers[i].fib6.len() + len(p.routers[i].more)
	}
	out := make([]Route, 0, n)
	for _, i := range p.shownRouters {
		r := &p.routers[i]
		for _, half := range r.halves() {
			for e := range half.entries.all() {
				out = append(out, p.shapes[e.shape].shown(r.name, "", false, e.prefix))
			}
		}
		out = append(out, r.more...)
	}
	return out
}
