// SPDX-License-Identifier: Apache-2.0

package arpbuf

import (
	"github.com/parkway-gw/parkway/cgo"
	"github.com/parkway-gw/parkway/dpdk"
	"github.com/parkway-gw/parkway/internal/wire"
)

// kind is an ICMP error that the router sends; each has its own token bucket, so
// that one kind can't use up another's (checklist I4).
type kind uint8

const (
	unreachable  kind = iota // the next hop does not answer
	noRoute                  //
	timeExceeded             //
	tooBig                   //
	groupEcho                // no error, but as easily abused: an answer to a group
	numKinds
)

type icmpState struct {
	buckets [numKinds]bucket
}

// newICMPState: unreachableBurst lets one full park ring be reported packet by packet
// (RFC 4861 §7.2.2); after it RFC 4443 §2.4(f) has its say.
func newICMPState(rate float64, burst, unreachableBurst int) icmpState {
	var s icmpState
	for i := range s.buckets {
		s.buckets[i] = newBucket(rate, burst)
	}
	s.buckets[unreachable] = newBucket(rate, max(burst, unreachableBurst))
	return s
}

// typeAndCode of an error in both families: RFC 792 and 1812 §5.2.7, RFC 4443 §3.
func (k kind) typeAndCode(version uint8) (typ, code uint8) {
	if version == 4 {
		switch k {
		case unreachable:
			return wire.ICMPDestUnreachable, wire.ICMPHostUnreachable
		case noRoute:
			return wire.ICMPDestUnreachable, wire.ICMPNetUnreachable
		case tooBig:
			return wire.ICMPDestUnreachable, wire.ICMPFragmentationNeeded
		default:
			return wire.ICMPTimeExceeded, 0
		}
	}
	switch k {
	case unreachable:
		return wire.ICMPv6DestUnreachable, wire.ICMPv6AddressUnreachable
	case noRoute:
		return wire.ICMPv6DestUnreachable, wire.ICMPv6NoRoute
	case tooBig:
		return wire.ICMPv6PacketTooBig, 0
	default:
		return wire.ICMPv6TimeExceeded, 0
	}
}

// report sends an ICMP error about m to its source, unless the standards forbid it
// (checklist I2) or the bucket is empty. The source is an address of the router
// port that m came in by, or of its router (I5). Borrows m;
// true when a report went out.
func (r *Resolver) report(m *dpdk.Mbuf, k kind) bool {
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
	if ok, why := wire.MayReport(typ, code, packet, frame[0]&1 != 0); !ok {
		r.stats.Refused[why]++
		return false
	}
	if p.isBroadcast(req.Dst) || r.ports.routerOwns(p, req.Src) {
		return false // a directed broadcast; a packet of our own
	}
	src, ok := r.ports.source(p, req.Src)
	if !ok {
		r.stats.NoSource++
		return false
	}
	if !r.icmp.buckets[k].take(r.turnAt) {
		r.stats.RateLimited++
		return false
	}
	out := r.etherHeader(wire.Broadcast, p.mac(), req.Version)
	out, err = wire.AppendICMPError(out, wire.ICMPError{Type: typ, Code: code, Src: src, MTU: meta.MTU, Offending: packet})
	r.frame = out
	if err != nil {
		r.refuse(err)
		return false
	}
	r.stats.ICMPErrors++
	return r.answer(p, meta.Worker, &req, out, linkLocal(req.Src) || linkLocal(src))
}
