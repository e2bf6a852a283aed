// SPDX-License-Identifier: Apache-2.0

package arpbuf

import (
	"net/netip"

	"github.com/parkway-gw/parkway/cgo"
)

// A solicitation comes from the source of the packet that waits for its answer, if that is
// an address of the port (RFC 4861 §7.2.2, checklist N5). Only the router's own packets
// have such a source. spoken remembers the last of them, from and to whom.
type spoken struct {
	last [32]struct{ src, dst netip.Addr }
	n    int
}

// spoke notes an IPv6 packet of the router's own, a frame that a worker will route.
func (r *Resolver) spoke(frame []byte) {
	if len(frame) < etherHeaderLen+40 || frame[etherHeaderLen]>>4 != 6 {
		return
	}
	ip := frame[etherHeaderLen:]
	s := &r.spoken
	s.last[s.n%len(s.last)].src = netip.AddrFrom16([16]byte(ip[8:24]))
	s.last[s.n%len(s.last)].dst = netip.AddrFrom16([16]byte(ip[24:40]))
	s.n++
}

// solicitFrom is the source for solicitations for a next hop that a packet by way of the
// switch port from waits for; invalid when it is any of the port's. To next hops that are
// no packet's destination it is that of the last packet which left the port's networks.
func (r *Resolver) solicitFrom(p *lrp, nexthop netip.Addr, from uint16) netip.Addr {
	if from != cgo.MaxSwitchPorts || !nexthop.Is6() {
		return netip.Addr{}
	}
	s := &r.spoken
	for i := 1; i <= min(s.n, len(s.last)); i++ {
		last := s.last[(s.n-i)%len(s.last)]
		if last.dst == nexthop || !p.onLink(last.dst) && !p.owns(last.dst) {
			if p.owns(last.src) {
				return last.src
			}
			return netip.Addr{}
		}
	}
	return netip.Addr{}
}

// ndSource is the address that solicits: the one that is asked to if it may be used,
// otherwise the link-local one, otherwise any.
func (r *Resolver) ndSource(p *lrp, wish netip.Addr) (netip.Addr, bool) {
	if wish.IsValid() && !r.mute(p, wish) {
		return wish, true
	}
	if p.LinkLocal.IsValid() && !r.mute(p, p.LinkLocal) {
		return p.LinkLocal, true
	}
	for _, ip := range p.own {
		if ip.Is6() && !r.mute(p, ip) {
			return ip, true
		}
	}
	return netip.Addr{}, false
}

// arpFrom is the address that asks for target: the port's in target's network, otherwise,
// or while that may not be used, the port's first that may.
func (r *Resolver) arpFrom(p *lrp, target netip.Addr) (netip.Addr, bool) {
	if n := p.network(target); n.IsValid() && !r.mute(p, n.Addr()) {
		return n.Addr(), true
	}
	for _, n := range p.Port.Networks {
		if n.Addr().Is4() && !r.mute(p, n.Addr()) {
			return n.Addr(), true
		}
	}
	return netip.Addr{}, false
}
