// SPDX-License-Identifier: Apache-2.0

package arpbuf

import (
	"net/netip"

	"github.com/parkway-gw/parkway/arpbuf/neighbor"
	"github.com/parkway-gw/parkway/internal/wire"
)

// A switch port of type router may have OVN's arp_proxy: addresses for which its router
// port answers, so that hosts which think them on their link send to the router (RFC 1027;
// RFC 4861 §7.2.8). Nothing else follows from it: what the router then does with the
// packets is its routes' business.

// proxies reports whether p answers for target to a question from asker. Not when the
// asker looks for a duplicate or announces, for then the address is about to be its own;
// and not when a station on the link is known to have it, whose answer counts. An own
// address that may not be used yet is nobody's to stand in for either.
func (r *Resolver) proxies(p *lrp, target, asker netip.Addr) bool {
	if len(p.ARPProxy) == 0 || asker.IsUnspecified() || asker == target || p.owns(asker) || p.owns(target) || !contains(p.ARPProxy, target) {
		return false
	}
	n := r.known(neighbor.Key{RouterPort: p.ID, IP: target})
	return n == nil || !n.entry.State().Usable()
}

func contains(list []netip.Prefix, ip netip.Addr) bool {
	for _, p := range list {
		if p.Contains(ip) {
			return true
		}
	}
	return false
}

// proxyARP answers a for its target.
func (r *Resolver) proxyARP(p *lrp, a *wire.ARP) {
	r.stats.ProxyReplies++
	r.frame = wire.AppendARPReply(r.frame[:0], *a, p.mac())
	r.send(p, r.frame)
}

// proxyND answers ns for its target: without O, so that the host itself has the last word,
// and at once, for nobody else stands in for it (RFC 4861 §7.2.8).
func (r *Resolver) proxyND(p *lrp, ns *wire.ND) {
	wish, _ := p.source(ns.Target)
	src, ok := r.ndSource(p, wish)
	if !ok {
		r.stats.NoSource++
		return
	}
	r.stats.ProxyAdvertisements++
	r.frame = wire.AppendProxyAdvertisement(r.frame[:0], *ns, src, p.mac(), wire.NAFlags{Router: true})
	r.send(p, r.frame)
}
