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
	if r.sendProbe(n.entry.Key(), mac, unicast, n.src) {
		n.wait.probed()
	}
}

// sendProbe sends a probe for key; false when it could not. A solicitation comes from
// src if that is valid.
func (r *Resolver) sendProbe(key neighbor.Key, mac topology.MAC, unicast bool, src netip.Addr) bool {
	p := r.ports.get(key.RouterPort)
	b := r.frame[:0]
	if key.IP.Is4() {
		src, ok := r.arpFrom(p, key.IP)
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
		src, ok := r.ndSource(p, src)
		if !ok {
			r.stats.NoSource++
			return false
		}
		if unicast {
			b = wire.AppendNeighborProbe(b, mac, p.mac(), src, key.IP)
			r.stats.UnicastSolicitations++
		} else {
			b = wire.AppendNeighborSolicitation(b, p.mac(), src, key.IP)
		}
		r.stats.Solicitations++
	}
	r.frame = b
	r.probedAt = r.turnAt
	return r.send(p, b)
}
