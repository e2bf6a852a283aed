// SPDX-License-Identifier: Apache-2.0

package kernel

import (
	"net/netip"

	"github.com/parkway-gw/parkway/forwarder"
)

// end is where a packet may leave the routers.
type end struct {
	wire     int
	to, from forwarder.MAC
	hops     int // routers crossed
}

// ends are all that a router's routes and policies allow for a flow, and whether an ECMP
// group had a choice on the way. It is for differences that leave a choice.
func (s *scenario) ends(router int, in *forwarder.RouterPort, f flow) (out map[end]bool, choice bool) {
	out = map[end]bool{}
	s.walk(router, in, f, 1, out, &choice)
	return out, choice
}

func (s *scenario) walk(router int, in *forwarder.RouterPort, f flow, hops int, out map[end]bool, choice *bool) {
	if hops > 8 {
		return
	}
	dst := f.dst
	r := &s.routers[router]
	kind, members := s.decide(router, in, f)
	step := func(p *forwarder.RouterPort, hop netip.Addr) {
		for _, k := range s.links {
			for _, ends := range [][2]wire{{k.a, k.b}, {k.b, k.a}} {
				f.own = false
				if ends[0].port.Name == p.Name && ownOf(ends[1].port)[hop] {
					s.walk(ends[1].router, ends[1].port, f, hops+1, out, choice)
					return
				}
			}
		}
		for i, w := range s.wires {
			if w.port.Name == p.Name {
				out[end{i, neighborMAC(p.Name, hop), p.MAC, hops}] = true
			}
		}
	}
	switch kind {
	case gateway:
		*choice = *choice || len(members) > 1
		for _, m := range members {
			step(outputPort(r, m), m.Nexthop)
		}
	case connected, network:
		if p := connectedPort(r, dst); p != nil {
			step(p, dst)
		}
	}
}

// connectedPort is the port whose network holds the address.
func connectedPort(r *forwarder.Router, ip netip.Addr) *forwarder.RouterPort {
	for i := range r.Ports {
		for _, n := range r.Ports[i].Networks {
			if n.Contains(ip) {
				return &r.Ports[i]
			}
		}
	}
	return nil
}

// routerOf is the router that has an address; -1: none.
func (s *scenario) routerOf(ip netip.Addr) int {
	for i := range s.routers {
		for j := range s.routers[i].Ports {
			if ownOf(&s.routers[i].Ports[j])[ip] {
				return i
			}
		}
	}
	return -1
}
