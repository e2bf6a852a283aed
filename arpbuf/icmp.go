// SPDX-License-Identifier: Apache-2.0

package arpbuf

import (
	"net/netip"

	"github.com/parkway-gw/parkway/cgo"
	"github.com/parkway-gw/parkway/dpdk"
	"github.com/parkway-gw/parkway/internal/topology"
	"github.com/parkway-gw/parkway/internal/wire"
)

// kind is an ICMP error that the router sends.
type kind uint8

const (
	hostUnreachable     kind = iota // the next hop does not answer; IPv6: address
	rejected                        // by a route that says unreachable
	noRoute                         // IPv4: net unreachable
	adminProhibited                 // a rule or a route forbids it
	beyondScope                     // from a link-local address to beyond its link; IPv6 only
	timeExceeded                    //
	tooBig                          // IPv4: fragmentation needed
	portUnreachable                 // nobody listens on the router's own port
	protocolUnreachable             // nor speaks the protocol; IPv6: parameter problem code 1
	parameterProblem                // the header itself
)

// typeAndCode of an error in both families: RFC 792 and 1812 §5.2.7, RFC 4443 §3. The
// codes of ICMPv6's parameter problem depend on the packet: report takes them.
func (k kind) typeAndCode(version uint8) (typ, code uint8) {
	if version == 4 {
		switch k {
		case hostUnreachable, rejected, beyondScope:
			return wire.ICMPDestUnreachable, wire.ICMPHostUnreachable
		case noRoute:
			return wire.ICMPDestUnreachable, wire.ICMPNetUnreachable
		case adminProhibited:
			return wire.ICMPDestUnreachable, wire.ICMPAdminProhibited
		case tooBig:
			return wire.ICMPDestUnreachable, wire.ICMPFragmentationNeeded
		case portUnreachable:
			return wire.ICMPDestUnreachable, wire.ICMPPortUnreachable
		case protocolUnreachable:
			return wire.ICMPDestUnreachable, wire.ICMPProtocolUnreachable
		case parameterProblem:
			return wire.ICMPParameterProblem, 0
		default:
			return wire.ICMPTimeExceeded, 0
		}
	}
	switch k {
	case hostUnreachable:
		return wire.ICMPv6DestUnreachable, wire.ICMPv6AddressUnreachable
	case noRoute, rejected: // what RFC 7915 §4.2 makes of IPv4's host unreachable, and Linux sends
		return wire.ICMPv6DestUnreachable, wire.ICMPv6NoRoute
	case adminProhibited:
		return wire.ICMPv6DestUnreachable, wire.ICMPv6AdminProhibited
	case beyondScope:
		return wire.ICMPv6DestUnreachable, wire.ICMPv6BeyondScope
	case tooBig:
		return wire.ICMPv6PacketTooBig, 0
	case portUnreachable:
		return wire.ICMPv6DestUnreachable, wire.ICMPv6PortUnreachable
	case protocolUnreachable, parameterProblem:
		return wire.ICMPv6ParameterProblem, 0
	default:
		return wire.ICMPv6TimeExceeded, 0
	}
}

// vainLimits are the buckets for reports of packets that waited in vain, by router port:
// IPv4's and IPv6's. All other errors are about packets that a worker has given us, which
// the port's meters have let through.
type vainLimits [][2]bucket

// newVainLimits: burst lets one full park ring be reported packet by packet (RFC 4861
// §7.2.2); after it RFC 4443 §2.4(f) has its say.
func newVainLimits(ports []lrp, burst int) vainLimits {
	out := make(vainLimits, len(ports))
	for i := range ports {
		for f, protocol := range []topology.Protocol{topology.ProtocolICMP4Error, topology.ProtocolICMP6Error} {
			l := ports[i].Limits[protocol]
			out[i][f] = newBucket(float64(l.Rate), max(burst, int(l.Burst)))
		}
	}
	return out
}

// of returns the bucket for m, which is IPv4 or else IPv6; nil when it came in by no port
// of ours.
func (v vainLimits) of(m *dpdk.Mbuf, v4 bool) *bucket {
	port := cgo.MetaOf(m).RouterPort
	if int(port) >= len(v) {
		return nil
	}
	if v4 {
		return &v[port][0]
	}
	return &v[port][1]
}

// fault is what an error says beside its kind.
type fault struct {
	code    uint8 // ICMPv6 parameter problem
	pointer uint32
	limit   *bucket // nil: a meter has let the packet through already
}

// report sends an ICMP error about m to its source, unless the standards forbid it
// (checklist I2) or the bucket is empty. The source is chosen by reporter (I5). Borrows m;
// true when a report went out.
func (r *Resolver) report(m *dpdk.Mbuf, k kind, f fault) bool {
	meta := cgo.MetaOf(m)
	p := r.ports.get(meta.RouterPort)
	frame := r.octets(m)
	if p == nil || len(frame) < etherHeaderLen {
		return false
	}
	packet := frame[etherHeaderLen:]
	req, err := wire.DecodeIP(frame)
	if err != nil {
		r.refuse(err)
		return false
	}
	typ, code := k.typeAndCode(req.Version)
	if req.Version == 6 && typ == wire.ICMPv6ParameterProblem {
		code = f.code
	}
	if ok, why := wire.MayReport(typ, code, packet, frame[0]&1 != 0); !ok {
		r.stats.Refused[why]++
		return false
	}
	if p.isBroadcast(req.Dst) || r.ports.routerOwns(p, req.Src) {
		return false // a directed broadcast; a packet of our own
	}
	src, ok := r.reporter(p, &req)
	if !ok {
		r.stats.NoSource++
		return false
	}
	if f.limit != nil && !f.limit.take(r.turnAt) {
		r.stats.RateLimited++
		return false
	}
	out := r.etherHeader(wire.Broadcast, p.mac(), req.Version)
	out, err = wire.AppendICMPError(out, wire.ICMPError{Type: typ, Code: code, Src: src, MTU: meta.MTU, Pointer: f.pointer, Offending: packet})
	r.frame = out
	if err != nil {
		r.refuse(err)
		return false
	}
	r.stats.ICMPErrors++
	return r.answer(p, meta.Worker, &req, out, linkLocal(req.Src) || linkLocal(src))
}

// reporter chooses the source of an error about req, which came in by p: the address that
// was written to, when it is ours (RFC 4443 §2.2(a), RFC 1122 §3.2.2); else one of p,
// which tells a traceroute where the packet was, or by the router's option, for IPv4, one
// of the port that the error leaves by (RFC 1812 §4.3.2.4).
func (r *Resolver) reporter(p *lrp, req *wire.IP) (src netip.Addr, ok bool) {
	if !req.Dst.IsMulticast() && r.ports.routerOwns(p, req.Dst) {
		return req.Dst, true
	}
	if p.Options.ICMPErrorsFromEgress && req.Version == 4 {
		if out := r.ports.get(r.ctl.Egress(p.ID, req.Src)); out != nil {
			if src, ok = out.source(req.Src); ok {
				return src, true
			}
		}
	}
	return r.ports.source(p, req.Src)
}
