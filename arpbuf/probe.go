// SPDX-License-Identifier: Apache-2.0

package arpbuf

import (
	"net/netip"

	"github.com/parkway-gw/parkway/arpbuf/neighbor"
	"github.com/parkway-gw/parkway/internal/topology"
	"github.com/parkway-gw/parkway/internal/wire"
)

// probe asks for n: everybody, or the cached MAC alone.
func (r *Resolver) probe(n *nexthop, mac topology.MAC, unicast bool) {
	if r.sendProbe(n.entry.Key(), mac, unicast) {
		n.wait.probed()
	}
}

// sendProbe sends a probe for key; false when it could not.
func (r *Resolver) sendProbe(key neighbor.Key, mac topology.MAC, unicast bool) bool {
	p := r.ports.get(key.RouterPort)
	b := r.frame[:0]
	if key.IP.Is4() {
		src, ok := p.arpSource(key.IP)
		if !ok {
			r.stats.NoSource++
			return false
		}
		if !unicast {
			mac = wire.Broadcast
		}
		b = wire.AppendARPRequest(b, mac, p.mac(), src, key.IP)
		r.stats.ARPRequests++
		if unicast {
			r.stats.UnicastARPRequests++
		}
	} else {
		if !p.LinkLocal.IsValid() {
			r.stats.NoSource++
			return false
		}
		if unicast {
			b = wire.AppendNeighborProbe(b, mac, p.mac(), p.LinkLocal, key.IP)
			r.stats.UnicastSolicitations++
		} else {
			b = wire.AppendNeighborSolicitation(b, p.mac(), p.LinkLocal, key.IP)
		}
		r.stats.Solicitations++
	}
	r.frame = b
	r.probedAt = r.turnAt
	return r.send(p, b)
}

// arpSource is the address that asks for target: the port's in target's network,
// for a gateway outside of them the port's first.
func (p *lrp) arpSource(target netip.Addr) (netip.Addr, bool) {
	if n := p.network(target); n.IsValid() {
		return n.Addr(), true
	}
	for _, n := range p.Port.Networks {
		if n.Addr().Is4() {
			return n.Addr(), true
		}
	}
	return netip.Addr{}, false
}
