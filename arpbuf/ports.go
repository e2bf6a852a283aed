// SPDX-License-Identifier: Apache-2.0

package arpbuf

import (
	"net/netip"
	"slices"

	"github.com/parkway-gw/parkway/internal/topology"
	"github.com/parkway-gw/parkway/internal/wire"
)

// lrp is a router port as control speaks for it.
type lrp struct {
	topology.DatapathPort
	own       []netip.Addr // link-local last
	conflicts uint64       // frames of others with one of them
}

func (p *lrp) name() string            { return p.Port.Name }
func (p *lrp) mac() topology.MAC       { return p.Port.MAC }
func (p *lrp) owns(ip netip.Addr) bool { return slices.Contains(p.own, ip) }

// inGroup reports an IPv6 group that a router's port belongs to: all nodes, all
// routers, and the solicited-node groups of its addresses (RFC 4291 §2.8).
func (p *lrp) inGroup(ip netip.Addr) bool {
	return ip == wire.AllNodes || ip == wire.AllRouters ||
		slices.ContainsFunc(p.own, func(own netip.Addr) bool { return own.Is6() && wire.SolicitedNodeGroup(own) == ip })
}

// onLink reports whether ip can be a neighbor behind this port.
func (p *lrp) onLink(ip netip.Addr) bool {
	if ip.Is6() && ip.IsLinkLocalUnicast() {
		return true
	}
	return p.network(ip).IsValid()
}

// network returns the port's network that contains ip, longest prefix first.
func (p *lrp) network(ip netip.Addr) (best netip.Prefix) {
	for _, n := range p.Port.Networks {
		if n.Contains(ip) && (!best.IsValid() || n.Bits() > best.Bits()) {
			best = n
		}
	}
	return best
}

// isBroadcast reports the network or broadcast address of a connected IPv4
// network, which is no host's (RFC 2644).
func (p *lrp) isBroadcast(ip netip.Addr) bool {
	n := p.network(ip)
	if !ip.Is4() || !n.IsValid() || n.Bits() >= 31 {
		return false
	}
	if ip == n.Masked().Addr() {
		return true
	}
	a := ip.As4()
	for i := n.Bits(); i < 32; i++ {
		if a[i/8]&(0x80>>(i%8)) == 0 {
			return false
		}
	}
	return true
}

// source returns the port's address for speaking to peer: from the network that
// holds it, otherwise the first of the family (checklist I5); link-local to
// link-local. ok is false when the port has none of the family.
func (p *lrp) source(peer netip.Addr) (ip netip.Addr, ok bool) {
	if peer.Is6() && peer.IsLinkLocalUnicast() {
		return p.LinkLocal, p.LinkLocal.IsValid()
	}
	if n := p.network(peer); n.IsValid() {
		return n.Addr(), true
	}
	for _, n := range p.Port.Networks {
		if n.Addr().Is4() == peer.Is4() && !n.Addr().IsLinkLocalUnicast() {
			return n.Addr(), true
		}
	}
	if peer.Is6() && p.LinkLocal.IsValid() {
		return p.LinkLocal, true // RFC 4443 §2.2: better than silence
	}
	return netip.Addr{}, false
}

// lrps is the table of router ports; the index is the datapath's. One without a name is a
// gap.
type lrps struct {
	ports []lrp
	macs  []topology.MAC
}

func newLRPs(ports []topology.DatapathPort) lrps {
	var t lrps
	for _, d := range ports {
		p := lrp{DatapathPort: d}
		for _, n := range d.Port.Networks {
			p.own = append(p.own, n.Addr())
		}
		if d.LinkLocal.IsValid() && !slices.Contains(p.own, d.LinkLocal) {
			p.own = append(p.own, d.LinkLocal)
		}
		t.ports = append(t.ports, p)
		if d.Port.Name != "" && !slices.Contains(t.macs, d.Port.MAC) {
			t.macs = append(t.macs, d.Port.MAC)
		}
	}
	return t
}

// get returns router port i, or nil when there is none, or none any more.
func (t *lrps) get(i uint16) *lrp {
	if int(i) >= len(t.ports) || t.ports[i].name() == "" {
		return nil
	}
	return &t.ports[i]
}

// source is lrp.source for what may go further than p's link: where p has no address
// but its link-local one, which no other router lets pass (RFC 4291 §2.5.6), the first
// that another port of its router has stands in (RFC 4443 §2.2, RFC 1812 §4.3.2.4).
func (t *lrps) source(p *lrp, peer netip.Addr) (ip netip.Addr, ok bool) {
	ip, ok = p.source(peer)
	if ok && (!ip.IsLinkLocalUnicast() || peer.IsLinkLocalUnicast()) {
		return ip, ok
	}
	for i := range t.ports {
		q := &t.ports[i]
		if q.Router != p.Router {
			continue
		}
		if other, has := q.source(peer); has && !other.IsLinkLocalUnicast() {
			return other, true
		}
	}
	return ip, ok
}

// routerOwns reports whether ip belongs to any port of p's router. Link-local
// addresses count on p alone.
func (t *lrps) routerOwns(p *lrp, ip netip.Addr) bool {
	if p.owns(ip) {
		return true
	}
	if ip.IsLinkLocalUnicast() && ip.Is6() {
		return false
	}
	for i := range t.ports {
		if q := &t.ports[i]; q.Router == p.Router && q.owns(ip) {
			return true
		}
	}
	return false
}
