// SPDX-License-Identifier: Apache-2.0

package arpbuf

import (
	"net/netip"

	"github.com/parkway-gw/parkway/cgo"
	"github.com/parkway-gw/parkway/dpdk"
	"github.com/parkway-gw/parkway/internal/wire"
)

// punted handles a packet from the ring for everything but ARP and ND: what is for
// the router itself, and what it can't forward. Takes m.
func (r *Resolver) punted(m *dpdk.Mbuf) {
	switch cgo.MetaOf(m).Why {
	case cgo.PuntLocal:
		if r.local(m) {
			r.ctl.Consume(m)
		} else {
			r.ctl.Drop(m, cgo.DropLocalUnsupported)
		}
	case cgo.PuntTTL:
		r.report(m, timeExceeded)
		r.ctl.Drop(m, cgo.DropIPTTL)
	case cgo.PuntNoRoute:
		r.report(m, noRoute)
		r.ctl.Drop(m, cgo.DropIPNoRoute)
	case cgo.PuntUnreachable:
		r.report(m, rejected)
		r.ctl.Drop(m, cgo.DropIPUnreachable)
	case cgo.PuntProhibited:
		r.report(m, prohibited)
		r.ctl.Drop(m, cgo.DropIPProhibited)
	case cgo.PuntTooBig:
		r.report(m, tooBig)
		r.ctl.Drop(m, cgo.DropIPTooBig)
	default:
		r.ctl.Drop(m, cgo.DropControlIgnored)
	}
}

// local answers echo requests (RFC 792, RFC 1812 §4.3.3.6, RFC 4443 §4.2); false
// when the packet is anything else. Borrows m.
func (r *Resolver) local(m *dpdk.Mbuf) bool {
	meta := cgo.MetaOf(m)
	p := r.ports.get(meta.RouterPort)
	if p == nil {
		return false
	}
	req, err := wire.DecodeIP(r.octets(m))
	if err != nil {
		r.refuse(err)
		return false
	}
	src := req.Dst
	if req.Dst.IsMulticast() {
		// To a group of ours: from an address of the port that heard it, and not too often.
		var ok bool
		if src, ok = p.source(req.Src); !ok || !p.inGroup(req.Dst) || !r.icmp.buckets[groupEcho].take(r.turnAt) {
			return false
		}
	} else if !r.ports.routerOwns(p, req.Dst) {
		return false
	}
	out := r.etherHeader(wire.Broadcast, p.mac(), req.Version)
	out, err = wire.AppendEchoReply(out, req, src)
	r.frame = out
	if err != nil {
		r.refuse(err)
		return false
	}
	r.stats.EchoReplies++
	return r.answer(p, meta.Worker, &req, out, linkLocal(req.Src) || linkLocal(src))
}

// linkLocal reports an IPv6 address that no route leads to.
func linkLocal(ip netip.Addr) bool { return ip.Is6() && ip.IsLinkLocalUnicast() }
