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
		r.ctl.Drop(m, r.local(m))
	case cgo.PuntTTL:
		r.report(m, timeExceeded, fault{})
		r.ctl.Drop(m, cgo.DropIPTTL)
	case cgo.PuntNoRoute:
		r.report(m, noRoute, fault{})
		r.ctl.Drop(m, cgo.DropIPNoRoute)
	case cgo.PuntUnreachable:
		r.report(m, rejected, fault{})
		r.ctl.Drop(m, cgo.DropIPUnreachable)
	case cgo.PuntProhibited:
		r.report(m, adminProhibited, fault{})
		r.ctl.Drop(m, cgo.DropIPProhibited)
	case cgo.PuntTooBig:
		r.report(m, tooBig, fault{})
		r.ctl.Drop(m, cgo.DropIPTooBig)
	case cgo.PuntBeyondScope: // checklist N14
		r.report(m, beyondScope, fault{})
		r.ctl.Drop(m, cgo.DropIPLinkLocal)
	case cgo.PuntOptions: // RFC 1812 §4.3.3.5
		if frame := r.octets(m); len(frame) > etherHeaderLen {
			if pointer, bad := wire.BadOption(frame[etherHeaderLen:]); bad {
				r.report(m, parameterProblem, fault{pointer: pointer})
			}
		}
		r.ctl.Drop(m, cgo.DropIP4Options)
	default:
		r.ctl.Drop(m, cgo.DropControlIgnored)
	}
}

// consumed is no drop reason: control had use for the packet.
const consumed = cgo.DropReason(cgo.DropCount)

// local answers what is for the router itself, as a host does that speaks ICMP, TCP and
// UDP and listens nowhere, and returns what m ends as. Borrows m.
func (r *Resolver) local(m *dpdk.Mbuf) cgo.DropReason {
	p := r.ports.get(cgo.MetaOf(m).RouterPort)
	if p == nil {
		return cgo.DropLocalUnsupported
	}
	frame := r.octets(m)
	req, err := wire.DecodeIP(frame)
	if err != nil {
		r.refuse(err)
		return cgo.DropControlInvalid
	}
	if p.owns(req.Src) { // frames to a group come here past the worker's checks
		return cgo.DropIPSrcOwn
	}
	group := req.Dst.IsMulticast()
	if group && !p.inGroup(req.Dst) || !group && !r.ports.routerOwns(p, req.Dst) {
		return cgo.DropLocalUnsupported
	}
	if req.IsFragment() {
		r.stats.Refused[wire.ReasonFragment]++
		return cgo.DropLocalFragment
	}
	switch f, code, pointer := req.CheckHeaders(); f {
	case wire.Silent:
		return cgo.DropLocalUnsupported
	case wire.Reportable:
		return r.refused(m, protocolUnreachable, fault{code: code, pointer: pointer})
	}
	switch req.Protocol {
	case wire.ProtoTCP:
		return r.reset(p, m, &req, frame[0]&1 != 0)
	case wire.ProtoUDP:
		if err := req.CheckUDP(); err != nil {
			r.refuse(err)
			return cgo.DropControlInvalid
		}
		return r.refused(m, portUnreachable, fault{})
	}
	return r.echo(p, m, &req)
}

// refused reports m, for which there is nobody here, and returns what it ends as.
func (r *Resolver) refused(m *dpdk.Mbuf, k kind, f fault) cgo.DropReason {
	if r.report(m, k, f) {
		return cgo.DropLocalRefused
	}
	return cgo.DropLocalUnsupported
}

// reset answers a TCP segment: no port of the router's is open (RFC 9293 §3.10.7.1).
func (r *Resolver) reset(p *lrp, m *dpdk.Mbuf, req *wire.IP, linkGroup bool) cgo.DropReason {
	if linkGroup || req.Dst.IsMulticast() || r.ports.routerOwns(p, req.Src) || p.isBroadcast(req.Src) {
		return cgo.DropLocalUnsupported
	}
	out, err := wire.AppendTCPReset(r.etherHeader(wire.Broadcast, p.mac(), req.Version), *req)
	r.frame = out
	if err != nil {
		r.refuse(err)
		switch wire.ReasonOf(err) {
		case wire.ReasonTCPReset, wire.ReasonReportSource:
			return cgo.DropLocalUnsupported
		}
		return cgo.DropControlInvalid
	}
	r.stats.TCPResets++
	r.answer(p, cgo.MetaOf(m).Worker, req, out, linkLocal(req.Src) || linkLocal(req.Dst))
	return cgo.DropLocalRefused
}

// echo answers echo requests (RFC 792, RFC 1812 §4.3.3.6, RFC 4443 §4.2). Other messages
// to the router itself say nothing that it could use.
func (r *Resolver) echo(p *lrp, m *dpdk.Mbuf, req *wire.IP) cgo.DropReason {
	src := req.Dst
	if req.Dst.IsMulticast() { // to a group of ours: from an address of the port that heard it
		var ok bool
		if src, ok = p.source(req.Src); !ok {
			r.stats.NoSource++
			return cgo.DropLocalUnsupported
		}
	}
	out, err := wire.AppendEchoReply(r.etherHeader(wire.Broadcast, p.mac(), req.Version), *req, src)
	r.frame = out
	if err != nil {
		r.refuse(err)
		switch wire.ReasonOf(err) {
		case wire.ReasonTruncated, wire.ReasonICMPChecksum:
			return cgo.DropControlInvalid
		}
		return cgo.DropLocalUnsupported
	}
	r.stats.EchoReplies++
	r.answer(p, cgo.MetaOf(m).Worker, req, out, linkLocal(req.Src) || linkLocal(src))
	return consumed
}

// linkLocal reports an IPv6 address that no route leads to.
func linkLocal(ip netip.Addr) bool { return ip.Is6() && ip.IsLinkLocalUnicast() }
