// SPDX-License-Identifier: Apache-2.0

package wire

import (
	"encoding/binary"
	"net/netip"

	"github.com/parkway-gw/parkway/internal/topology"
)

const (
	ipv4HeaderLen = 20 // without options
	ipv6HeaderLen = 40

	// maxExtensions bounds the walk along IPv6 extension headers. RFC 8200
	// §4.1 knows seven, one of them twice.
	maxExtensions = 8
)

// IP protocol numbers that this package tells apart (IANA).
const (
	ProtoHopByHop    = 0
	ProtoICMP        = 1
	ProtoTCP         = 6
	ProtoUDP         = 17
	ProtoRouting     = 43
	ProtoFragment    = 44
	ProtoAH          = 51
	ProtoICMPv6      = 58
	ProtoNoNext      = 59
	ProtoDestOptions = 60
	ProtoMobility    = 135
	ProtoHIP         = 139
	ProtoShim6       = 140
)

// IP is an IPv4 or IPv6 packet. Packet and L4 are borrowed from what was
// decoded and live as long as it does.
type IP struct {
	EthDst, EthSrc topology.MAC // zero from DecodeIPPacket

	Version      uint8 // 4 or 6
	Src, Dst     netip.Addr
	TrafficClass uint8  // IPv4 TOS, IPv6 traffic class: DSCP in the upper 6 bits, ECN in the lower 2
	TTL          uint8  // IPv4 TTL, IPv6 hop limit
	ID           uint32 // IPv4 identification, or that of the IPv6 Fragment header
	DontFragment bool   // IPv4 only

	// Protocol is the upper-layer protocol behind all extension headers. Of a
	// fragment, it is the one that the fragmented part starts with.
	Protocol uint8

	FragmentOffset int // octets; 0 in a whole packet and in a first fragment
	MoreFragments  bool

	// Packet is the whole IP packet without the Ethernet header and without
	// Ethernet padding; L4 is what follows its headers. When FragmentOffset is
	// not 0, L4 starts in the middle of something.
	Packet []byte
	L4     []byte

	hasFragmentHeader bool // IPv6, even an atomic one (RFC 6946)
	hasExtensions     bool
}

// DecodeIP reads a frame that carries IPv4 or IPv6. It checks the version
// against the EtherType, all lengths against the frame, the IPv4 header
// checksum (RFC 1812 §5.2.2) and the chain of IPv6 extension headers, and
// leaves upper layers alone.
func DecodeIP(frame []byte) (p IP, err error) {
	defer belt(&p, &err)
	eth, err := decodeEthernet(frame)
	if err != nil {
		return IP{}, err
	}
	var version uint8
	switch eth.typ {
	case etherTypeIPv4:
		version = 4
	case etherTypeIPv6:
		version = 6
	default:
		return IP{}, ReasonEtherType
	}
	if len(eth.payload) == 0 {
		return IP{}, ReasonTruncated
	}
	if eth.payload[0]>>4 != version {
		return IP{}, ReasonIPVersion
	}
	if p, err = DecodeIPPacket(eth.payload); err != nil {
		return IP{}, err
	}
	p.EthDst, p.EthSrc = eth.dst, eth.src
	return p, nil
}

// DecodeIPPacket is DecodeIP without an Ethernet header. Octets that follow the
// packet are ignored.
func DecodeIPPacket(packet []byte) (p IP, err error) {
	defer belt(&p, &err)
	if p, err = parseIP(packet); err != nil {
		return IP{}, err
	}
	if p.Version == 4 && Checksum(0, packet[:len(p.Packet)-len(p.L4)]) != 0 {
		return IP{}, ReasonIPHeaderChecksum
	}
	return p, nil
}

// parseIP is DecodeIPPacket without the IPv4 header checksum, for packets that
// the datapath has checked and may have rewritten since.
func parseIP(b []byte) (IP, error) {
	if len(b) == 0 {
		return IP{}, ReasonTruncated
	}
	switch b[0] >> 4 {
	case 4:
		return parseIPv4(b)
	case 6:
		return parseIPv6(b)
	}
	return IP{}, ReasonIPVersion
}

func parseIPv4(b []byte) (IP, error) {
	if len(b) < ipv4HeaderLen {
		return IP{}, ReasonTruncated
	}
	hlen := int(b[0]&0x0f) * 4
	total := int(binary.BigEndian.Uint16(b[2:4]))
	switch {
	case hlen < ipv4HeaderLen:
		return IP{}, ReasonIPHeaderLength
	case total < hlen:
		return IP{}, ReasonIPTotalLength
	case total > len(b):
		return IP{}, ReasonTruncated
	}
	flags := binary.BigEndian.Uint16(b[6:8])
	return IP{
		Version:        4,
		Src:            netip.AddrFrom4([4]byte(b[12:16])),
		Dst:            netip.AddrFrom4([4]byte(b[16:20])),
		TrafficClass:   b[1],
		TTL:            b[8],
		ID:             uint32(binary.BigEndian.Uint16(b[4:6])),
		DontFragment:   flags&0x4000 != 0,
		Protocol:       b[9],
		FragmentOffset: int(flags&0x1fff) * 8,
		MoreFragments:  flags&0x2000 != 0,
		Packet:         b[:total:total],
		L4:             b[hlen:total:total],
	}, nil
}

func parseIPv6(b []byte) (IP, error) { return walkIPv6(b, false) }

// walkIPv6 parses an IPv6 packet. It ends at a hop-by-hop header that is not the first
// one, unless it is to look behind it.
func walkIPv6(b []byte, behind bool) (IP, error) {
	if len(b) < ipv6HeaderLen {
		return IP{}, ReasonTruncated
	}
	// A payload length of 0 with a jumbo option (RFC 2675) reads as a broken
	// chain below: no link here carries jumbograms.
	total := ipv6HeaderLen + int(binary.BigEndian.Uint16(b[4:6]))
	if total > len(b) {
		return IP{}, ReasonTruncated
	}
	p := IP{
		Version:      6,
		Src:          netip.AddrFrom16([16]byte(b[8:24])),
		Dst:          netip.AddrFrom16([16]byte(b[24:40])),
		TrafficClass: b[0]<<4 | b[1]>>4,
		TTL:          b[7],
		Protocol:     b[6],
		Packet:       b[:total:total],
		L4:           b[ipv6HeaderLen:total:total],
	}
	for n := 0; ; n++ {
		var size int // of the extension header that Protocol names, in octets
		switch p.Protocol {
		case ProtoHopByHop:
			if n != 0 && !behind { // RFC 8200 §4.1: directly after the IPv6 header only; elsewhere it is nothing known
				return p, nil
			}
			fallthrough
		case ProtoRouting, ProtoDestOptions, ProtoMobility, ProtoHIP, ProtoShim6:
			if len(p.L4) < 8 {
				return IP{}, ReasonIPExtension
			}
			size = int(p.L4[1])*8 + 8
		case ProtoAH: // RFC 4302 §2.2: 4-octet units minus 2
			if len(p.L4) < 8 {
				return IP{}, ReasonIPExtension
			}
			size = int(p.L4[1])*4 + 8
		case ProtoFragment:
			if len(p.L4) < 8 || p.hasFragmentHeader {
				return IP{}, ReasonIPExtension
			}
			size = 8
			f := binary.BigEndian.Uint16(p.L4[2:4])
			p.hasFragmentHeader = true
			p.FragmentOffset = int(f &^ 7) // units of 8 octets, three flag bits below
			p.MoreFragments = f&1 != 0
			p.ID = binary.BigEndian.Uint32(p.L4[4:8])
		default:
			return p, nil
		}
		if n == maxExtensions || size > len(p.L4) {
			return IP{}, ReasonIPExtension
		}
		p.hasExtensions = true
		p.Protocol, p.L4 = p.L4[0], p.L4[size:]
		if p.FragmentOffset != 0 {
			return p, nil // what follows is payload, not a header
		}
	}
}

// IsFragment reports a packet that is not whole. An IPv6 atomic fragment is
// whole (RFC 6946).
func (p IP) IsFragment() bool { return p.FragmentOffset != 0 || p.MoreFragments }

// isICMP reports the version's own ICMP.
func (p IP) isICMP() bool {
	return p.Version == 4 && p.Protocol == ProtoICMP || p.Version == 6 && p.Protocol == ProtoICMPv6
}

// ICMPType returns type and code of an ICMP or ICMPv6 message. ok is false for
// another protocol, a non-initial fragment, or fewer than 2 octets.
func (p IP) ICMPType() (typ, code uint8, ok bool) {
	if !p.isICMP() || p.FragmentOffset != 0 || len(p.L4) < 2 {
		return 0, 0, false
	}
	return p.L4[0], p.L4[1], true
}

// IsICMPError reports an ICMP error message: ICMPv6 types below 128 (RFC 4443
// §2.1); ICMPv4 Destination Unreachable, Source Quench, Redirect, Time Exceeded
// and Parameter Problem (RFC 1122 §3.2.2), and Photuris (RFC 2521).
func (p IP) IsICMPError() bool {
	typ, _, ok := p.ICMPType()
	if !ok {
		return false
	}
	if p.Version == 6 {
		return typ < 128
	}
	switch typ {
	case ICMPDestUnreachable, icmpSourceQuench, icmpRedirect, ICMPTimeExceeded, ICMPParameterProblem, icmpPhoturis:
		return true
	}
	return false
}
