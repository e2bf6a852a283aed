// SPDX-License-Identifier: Apache-2.0

package wire

import (
	"encoding/binary"
	"net/netip"
)

// ICMPv4 types and codes that the router sends (RFC 792, RFC 1812 §5.2.7).
const (
	ICMPEchoReply        = 0
	ICMPDestUnreachable  = 3
	ICMPEchoRequest      = 8
	ICMPTimeExceeded     = 11
	ICMPParameterProblem = 12

	ICMPNetUnreachable      = 0 // code of ICMPDestUnreachable: no route
	ICMPHostUnreachable     = 1 // its next hop or host does not answer ARP
	ICMPProtocolUnreachable = 2
	ICMPPortUnreachable     = 3
	ICMPFragmentationNeeded = 4
	ICMPAdminProhibited     = 13

	icmpSourceQuench = 4
	icmpRedirect     = 5
	icmpPhoturis     = 40
)

// ICMPv6 types and codes that the router sends (RFC 4443).
const (
	ICMPv6DestUnreachable  = 1
	ICMPv6PacketTooBig     = 2
	ICMPv6TimeExceeded     = 3
	ICMPv6ParameterProblem = 4
	ICMPv6EchoRequest      = 128
	ICMPv6EchoReply        = 129

	ICMPv6NoRoute            = 0 // codes of ICMPv6DestUnreachable
	ICMPv6AdminProhibited    = 1
	ICMPv6BeyondScope        = 2
	ICMPv6AddressUnreachable = 3 // the next hop or host does not answer ND
	ICMPv6PortUnreachable    = 4

	ICMPv6ErroneousField         = 0 // codes of ICMPv6ParameterProblem
	ICMPv6UnrecognizedNextHeader = 1
	ICMPv6UnrecognizedOption     = 2

	icmpv6Redirect = 137
)

const (
	// icmpHeaderLen is type, code, checksum and the four octets that depend on
	// the type; equal for ICMP and ICMPv6 messages that are read or sent here.
	icmpHeaderLen = 8

	// originTTL is the TTL or hop limit of packets that the router originates,
	// the default of RFC 1700 and of Linux.
	originTTL = 64

	maxICMPv4Error = 576  // octets of the whole packet, RFC 1812 §4.3.2.3
	maxICMPv6Error = 1280 // octets of the whole packet, RFC 4443 §2.4(c)

	// tosInternetworkControl is precedence 6, for ICMPv4 errors (RFC 1812
	// §4.3.2.5, checklist I7).
	tosInternetworkControl = 0xc0

	dscpMask = 0xfc // upper 6 bits of the traffic class; the rest is ECN
)

// Echo is the content of an ICMP or ICMPv6 echo request. Payload is borrowed.
type Echo struct {
	ID, Seq uint16
	Payload []byte
}

// EchoRequest reads p as an echo request (RFC 792, RFC 4443 §4.1) and checks
// its ICMP checksum. Errors: ReasonNotEcho, ReasonFragment,
// ReasonICMPChecksum, ReasonTruncated.
func (p IP) EchoRequest() (Echo, error) {
	if !p.isICMP() {
		return Echo{}, ReasonNotEcho
	}
	if p.IsFragment() {
		return Echo{}, ReasonFragment
	}
	m := p.L4
	if len(m) < icmpHeaderLen {
		return Echo{}, ReasonTruncated
	}
	want, acc := byte(ICMPEchoRequest), uint32(0)
	if p.Version == 6 {
		want, acc = ICMPv6EchoRequest, PseudoHeaderSum(p.Src, p.Dst, ProtoICMPv6, len(m))
	}
	if m[0] != want || m[1] != 0 {
		return Echo{}, ReasonNotEcho
	}
	if Checksum(acc, m) != 0 {
		return Echo{}, ReasonICMPChecksum
	}
	return Echo{
		ID:      binary.BigEndian.Uint16(m[4:6]),
		Seq:     binary.BigEndian.Uint16(m[6:8]),
		Payload: m[icmpHeaderLen:],
	}, nil
}

// AppendEchoReply appends the answer to the echo request req as an IP packet
// from src to the asker. src is the address that was asked; for a request to a
// group, an address of the interface (RFC 4443 §4.2). Identifier, sequence
// number and payload return as they came (RFC 1812 §4.3.3.6), the DSCP too; ECN
// bits do not, ICMP is not ECN-capable. TTL or hop limit is 64. IP options and
// extension headers are dropped. An IPv4 request that allowed fragmentation
// gets a reply that does and carries the same identification, which is then as
// unique as the asker's; any other reply has DF set and identification 0
// (RFC 6864 §4).
//
// It returns b unchanged and a Reason when req is no sound echo request, its
// source is not a single host, or src does not fit.
func AppendEchoReply(b []byte, req IP, src netip.Addr) ([]byte, error) {
	echo, err := req.EchoRequest()
	if err != nil {
		return b, err
	}
	if notAHost(req.Src) {
		return b, ReasonReportSource
	}
	if !sameFamily(src, req) || notAHost(src) {
		return b, ReasonArgument
	}
	length := icmpHeaderLen + len(echo.Payload)
	dscp := req.TrafficClass & dscpMask
	typ, acc := byte(ICMPEchoReply), uint32(0)
	if req.Version == 4 {
		id, df := uint16(req.ID), req.DontFragment
		if df {
			id = 0
		}
		b = appendIPv4(b, dscp, length, id, df, ProtoICMP, originTTL, src, req.Src)
	} else {
		typ, acc = ICMPv6EchoReply, PseudoHeaderSum(src, req.Src, ProtoICMPv6, length)
		b = appendIPv6(b, dscp, length, ProtoICMPv6, originTTL, src, req.Src)
	}
	start := len(b)
	b = append(b, typ, 0, 0, 0)
	b = binary.BigEndian.AppendUint16(b, echo.ID)
	b = binary.BigEndian.AppendUint16(b, echo.Seq)
	b = append(b, echo.Payload...)
	binary.BigEndian.PutUint16(b[start+2:], Checksum(acc, b[start:]))
	return b, nil
}

// ICMPError is an ICMP or ICMPv6 error to send; Offending's version says which.
type ICMPError struct {
	Type, Code uint8
	Src        netip.Addr // ours, chosen by the rules of checklist I5

	// MTU of the next hop, in octets of IP packet: ICMPv4 fragmentation needed
	// (RFC 1191 §4; at most 65535) and ICMPv6 Packet Too Big.
	MTU uint32
	// Pointer is the octet of Offending at fault: Parameter Problem.
	Pointer uint32

	// Offending is the IP packet that the error is about, as it arrived or with
	// its TTL decremented. Octets beyond its own length are not quoted.
	// Borrowed for the call.
	Offending []byte
}

// AppendICMPError appends e as an IP packet from e.Src to the source of
// e.Offending. It quotes as much of Offending as fits in 576 octets in total
// for IPv4 and 1280 for IPv6 (checklist I3). TTL or hop limit is 64, IPv4
// precedence 6 (I7), DF set and identification 0 (RFC 6864 §4.1).
//
// It refuses with a Reason, and returns b unchanged, whatever MayReport refuses
// by the packet alone; the link-layer destination remains the caller's to check
// there, and the rate limit (I4) altogether.
func AppendICMPError(b []byte, e ICMPError) ([]byte, error) {
	if ok, reason := MayReport(e.Type, e.Code, e.Offending, false); !ok {
		return b, reason
	}
	p, err := parseIP(e.Offending)
	if err != nil {
		return b, err
	}
	if !sameFamily(e.Src, p) || notAHost(e.Src) || !e.fits(p.Version) {
		return b, ReasonArgument
	}
	quote, limit := p.Packet, maxICMPv4Error-ipv4HeaderLen-icmpHeaderLen
	if p.Version == 6 {
		limit = maxICMPv6Error - ipv6HeaderLen - icmpHeaderLen
	}
	if len(quote) > limit {
		quote = quote[:limit]
	}
	length, acc := icmpHeaderLen+len(quote), uint32(0)
	if p.Version == 4 {
		b = appendIPv4(b, tosInternetworkControl, length, 0, true, ProtoICMP, originTTL, e.Src, p.Src)
	} else {
		acc = PseudoHeaderSum(e.Src, p.Src, ProtoICMPv6, length)
		b = appendIPv6(b, 0, length, ProtoICMPv6, originTTL, e.Src, p.Src)
	}
	start := len(b)
	b = append(b, e.Type, e.Code, 0, 0)
	b = binary.BigEndian.AppendUint32(b, e.rest(p.Version))
	b = append(b, quote...)
	binary.BigEndian.PutUint16(b[start+2:], Checksum(acc, b[start:]))
	return b, nil
}

// fits reports whether Type is an error of that IP version.
func (e ICMPError) fits(version uint8) bool {
	if version == 6 {
		return e.Type >= ICMPv6DestUnreachable && e.Type <= ICMPv6ParameterProblem
	}
	switch e.Type {
	case ICMPDestUnreachable:
		return e.Code != ICMPFragmentationNeeded || e.MTU <= 0xffff
	case ICMPTimeExceeded:
		return true
	case ICMPParameterProblem:
		return e.Pointer <= 0xff
	}
	return false
}

// rest returns the second word of the ICMP header.
func (e ICMPError) rest(version uint8) uint32 {
	switch {
	case version == 6 && e.Type == ICMPv6PacketTooBig:
		return e.MTU
	case version == 6 && e.Type == ICMPv6ParameterProblem:
		return e.Pointer
	case version == 4 && e.Type == ICMPDestUnreachable && e.Code == ICMPFragmentationNeeded:
		return e.MTU // unused 16 bits, then the MTU
	case version == 4 && e.Type == ICMPParameterProblem:
		return e.Pointer << 24
	}
	return 0
}

// MayReport says whether an ICMP error of the given type and code may be sent
// about an IP packet (checklist I2; RFC 1812 §4.3.2.7, RFC 4443 §2.4(e)). It
// may not when the packet
//
//   - is an ICMP error, an ICMPv6 redirect, or ICMP too short to tell, also behind
//     hop-by-hop options that stand where none may;
//   - is to an IP multicast address or to 255.255.255.255, or ethDstMulticast
//     says that it arrived as link-layer multicast or broadcast; except, for
//     IPv6, Packet Too Big and Parameter Problem code 2;
//   - is a non-initial fragment: any of IPv4, and an ICMPv6 one of IPv6, which
//     could be an error's;
//   - comes from an address that is not a single host's;
//   - does not parse.
//
// A directed broadcast of a subnet can't be seen in the packet: the caller, who
// knows the subnets, must not ask. reason is ReasonNone when ok. The IPv4
// header checksum is not looked at.
func MayReport(typ, code uint8, offending []byte, ethDstMulticast bool) (ok bool, reason Reason) {
	p, err := parseIP(offending)
	if err != nil {
		return false, ReasonOf(err)
	}
	if p.Version == 6 && p.Protocol == ProtoHopByHop {
		if p, err = walkIPv6(offending, true); err != nil {
			return false, ReasonOf(err)
		}
	}
	groupAllowed := p.Version == 6 && (typ == ICMPv6PacketTooBig ||
		typ == ICMPv6ParameterProblem && code == ICMPv6UnrecognizedOption)
	switch {
	case p.FragmentOffset != 0 && p.Version == 4:
		return false, ReasonReportFragment
	case p.FragmentOffset != 0 && p.isICMP():
		return false, ReasonReportFragment
	case p.isICMP() && !reportableICMP(p):
		return false, ReasonReportICMPError
	case notAHost(p.Src):
		return false, ReasonReportSource
	case (p.Dst.IsMulticast() || p.Dst == limitedBroadcast) && !groupAllowed:
		return false, ReasonReportGroup
	case ethDstMulticast && !groupAllowed:
		return false, ReasonReportLinkGroup
	}
	return true, ReasonNone
}

// reportableICMP reports an ICMP message that an error may be sent about.
func reportableICMP(p IP) bool {
	typ, _, ok := p.ICMPType()
	if !ok || p.IsICMPError() {
		return false
	}
	return p.Version == 4 || typ != icmpv6Redirect // RFC 4443 §2.4(e.2)
}

func sameFamily(a netip.Addr, p IP) bool {
	if p.Version == 4 {
		return a.Is4()
	}
	return isV6(a)
}

// appendIPv4 appends a header without options for length octets of payload.
// src and dst are IPv4.
func appendIPv4(b []byte, tos uint8, length int, id uint16, df bool, proto, ttl uint8, src, dst netip.Addr) []byte {
	start := len(b)
	s, d := src.As4(), dst.As4()
	var flags byte
	if df {
		flags = 0x40
	}
	b = append(b, 0x45, tos)
	b = binary.BigEndian.AppendUint16(b, uint16(ipv4HeaderLen+length))
	b = binary.BigEndian.AppendUint16(b, id)
	b = append(b, flags, 0, ttl, proto, 0, 0)
	b = append(b, s[:]...)
	b = append(b, d[:]...)
	binary.BigEndian.PutUint16(b[start+10:], IPv4HeaderChecksum(b[start:]))
	return b
}

// appendIPv6 appends a header for length octets of payload, flow label 0.
func appendIPv6(b []byte, class uint8, length int, next, hopLimit uint8, src, dst netip.Addr) []byte {
	s, d := src.As16(), dst.As16()
	b = append(b, 0x60|class>>4, class<<4, 0, 0)
	b = binary.BigEndian.AppendUint16(b, uint16(length))
	b = append(b, next, hopLimit)
	b = append(b, s[:]...)
	return append(b, d[:]...)
}
