// SPDX-License-Identifier: Apache-2.0

package lab

import (
	"encoding/binary"
	"fmt"
	"net/netip"

	"github.com/parkway-gw/parkway/internal/topology"
)

// EtherTypes, IP protocols and message types that tests look for.
const (
	EtherIPv4 = 0x0800
	EtherARP  = 0x0806
	EtherIPv6 = 0x86dd

	ProtoICMP   = 1
	ProtoTCP    = 6
	ProtoUDP    = 17
	ProtoICMPv6 = 58

	ARPRequest = 1 // RFC 826
	ARPReply   = 2

	ICMPEchoReply     = 0 // RFC 792
	ICMPEchoRequest   = 8
	ICMPv6EchoRequest = 128 // RFC 4443
	ICMPv6EchoReply   = 129
	ICMPv6NS          = 135 // RFC 4861
	ICMPv6NA          = 136
)

// Packet is what the lab reads out of an Ethernet frame. Fields of layers that
// are absent, cut short or of no interest are zero.
type Packet struct {
	Dst, Src  topology.MAC
	VLAN      uint16 // the 802.1Q tag control field's low 12 bits; 0: untagged
	EtherType uint16

	// ARP
	ARPOp    uint16
	SHA, THA topology.MAC
	SPA, TPA netip.Addr

	// IPv4 and IPv6
	SrcIP, DstIP netip.Addr
	TTL          uint8 // or hop limit
	Proto        uint8 // of the payload; IPv6 extension headers are not skipped
	L4           []byte

	// ICMP and ICMPv6
	ICMPType, ICMPCode uint8
	EchoID, EchoSeq    uint16     // of an echo request or reply
	Target             netip.Addr // of a neighbor solicitation or advertisement
	LLA                topology.MAC
}

// ParsePacket reads a frame, as far as it goes. It never fails and never panics.
func ParsePacket(f []byte) Packet {
	var p Packet
	if len(f) < 14 {
		return p
	}
	p.Dst, p.Src = topology.MAC(f[0:6]), topology.MAC(f[6:12])
	p.EtherType = binary.BigEndian.Uint16(f[12:])
	f = f[14:]
	if p.EtherType == 0x8100 && len(f) >= 4 {
		p.VLAN = binary.BigEndian.Uint16(f) & 0xfff
		p.EtherType = binary.BigEndian.Uint16(f[2:])
		f = f[4:]
	}
	switch p.EtherType {
	case EtherARP:
		p.parseARP(f)
	case EtherIPv4:
		p.parseIPv4(f)
	case EtherIPv6:
		p.parseIPv6(f)
	}
	return p
}

func (p *Packet) parseARP(f []byte) {
	if len(f) < 28 || binary.BigEndian.Uint32(f) != 0x00010800 || f[4] != 6 || f[5] != 4 {
		return
	}
	p.ARPOp = binary.BigEndian.Uint16(f[6:])
	p.SHA, p.SPA = topology.MAC(f[8:14]), addr4(f[14:18])
	p.THA, p.TPA = topology.MAC(f[18:24]), addr4(f[24:28])
}

func (p *Packet) parseIPv4(f []byte) {
	if len(f) < 20 || f[0]>>4 != 4 {
		return
	}
	header, total := int(f[0]&15)*4, int(binary.BigEndian.Uint16(f[2:]))
	if header < 20 || total < header || len(f) < total {
		return
	}
	p.TTL, p.Proto = f[8], f[9]
	p.SrcIP, p.DstIP = addr4(f[12:16]), addr4(f[16:20])
	p.L4 = f[header:total]
	if p.Proto == ProtoICMP && binary.BigEndian.Uint16(f[6:])&0x1fff == 0 {
		p.parseICMP(ICMPEchoRequest, ICMPEchoReply)
	}
}

func (p *Packet) parseIPv6(f []byte) {
	if len(f) < 40 || f[0]>>4 != 6 {
		return
	}
	length := int(binary.BigEndian.Uint16(f[4:]))
	if len(f) < 40+length {
		return
	}
	p.Proto, p.TTL = f[6], f[7]
	p.SrcIP, p.DstIP = addr16(f[8:24]), addr16(f[24:40])
	p.L4 = f[40 : 40+length]
	if p.Proto != ProtoICMPv6 {
		return
	}
	p.parseICMP(ICMPv6EchoRequest, ICMPv6EchoReply)
	if (p.ICMPType != ICMPv6NS && p.ICMPType != ICMPv6NA) || len(p.L4) < 24 {
		return
	}
	p.Target = addr16(p.L4[8:24])
	want := byte(1) // source link-layer address, in a solicitation
	if p.ICMPType == ICMPv6NA {
		want = 2 // target link-layer address
	}
	for o := p.L4[24:]; len(o) >= 8 && o[1] != 0 && len(o) >= int(o[1])*8; o = o[int(o[1])*8:] {
		if o[0] == want {
			p.LLA = topology.MAC(o[2:8])
		}
	}
}

func (p *Packet) parseICMP(request, reply uint8) {
	if len(p.L4) < 8 {
		return
	}
	p.ICMPType, p.ICMPCode = p.L4[0], p.L4[1]
	if p.ICMPType == request || p.ICMPType == reply {
		p.EchoID, p.EchoSeq = binary.BigEndian.Uint16(p.L4[4:]), binary.BigEndian.Uint16(p.L4[6:])
	}
}

func addr4(b []byte) netip.Addr  { return netip.AddrFrom4([4]byte(b)) }
func addr16(b []byte) netip.Addr { return netip.AddrFrom16([16]byte(b)) }

// Asks returns the address that an ARP request or a neighbor solicitation asks
// for, and whether the packet is one. One that looks for a duplicate of its sender's own
// address, from 0.0.0.0 or ::, is none.
func (p Packet) Asks() (netip.Addr, bool) {
	switch {
	case p.EtherType == EtherARP && p.ARPOp == ARPRequest && p.SPA != p.TPA && !p.SPA.IsUnspecified(): // equal: an announcement
		return p.TPA, true
	case p.Proto == ProtoICMPv6 && p.ICMPType == ICMPv6NS && !p.SrcIP.IsUnspecified():
		return p.Target, true
	}
	return netip.Addr{}, false
}

// Answers returns the address whose MAC an ARP reply or a neighbor advertisement
// tells, and whether the packet is one.
func (p Packet) Answers() (netip.Addr, bool) {
	switch {
	case p.EtherType == EtherARP && p.ARPOp == ARPReply:
		return p.SPA, true
	case p.Proto == ProtoICMPv6 && p.ICMPType == ICMPv6NA:
		return p.Target, true
	}
	return netip.Addr{}, false
}

// IsEchoRequest reports an ICMP or ICMPv6 echo request.
func (p Packet) IsEchoRequest() bool {
	return p.Proto == ProtoICMP && p.ICMPType == ICMPEchoRequest && len(p.L4) >= 8 ||
		p.Proto == ProtoICMPv6 && p.ICMPType == ICMPv6EchoRequest
}

// IsEchoReply reports an ICMP or ICMPv6 echo reply.
func (p Packet) IsEchoReply() bool {
	return p.Proto == ProtoICMP && p.ICMPType == ICMPEchoReply && len(p.L4) >= 8 ||
		p.Proto == ProtoICMPv6 && p.ICMPType == ICMPv6EchoReply
}

// String is one line for a test's log.
func (p Packet) String() string {
	s := fmt.Sprintf("%s > %s", p.Src, p.Dst)
	if p.VLAN != 0 {
		s += fmt.Sprintf(" vlan %d", p.VLAN)
	}
	if a, ok := p.Asks(); ok {
		return s + " who-has " + a.String()
	}
	if a, ok := p.Answers(); ok {
		return s + " is-at " + a.String()
	}
	if !p.SrcIP.IsValid() {
		return s + fmt.Sprintf(" ethertype %#04x", p.EtherType)
	}
	s += fmt.Sprintf(" %s > %s ttl %d proto %d", p.SrcIP, p.DstIP, p.TTL, p.Proto)
	if p.Proto == ProtoICMP || p.Proto == ProtoICMPv6 {
		s += fmt.Sprintf(" type %d code %d id %d seq %d", p.ICMPType, p.ICMPCode, p.EchoID, p.EchoSeq)
	}
	return s
}

// NewFrame builds an Ethernet frame, tagged if vlan is not 0, and pads it to the
// 60 octets of the shortest one.
func NewFrame(dst, src topology.MAC, vlan, etherType uint16, payload []byte) []byte {
	f := append(append(make([]byte, 0, 64+len(payload)), dst[:]...), src[:]...)
	if vlan != 0 {
		f = binary.BigEndian.AppendUint16(f, 0x8100)
		f = binary.BigEndian.AppendUint16(f, vlan)
	}
	f = append(binary.BigEndian.AppendUint16(f, etherType), payload...)
	for len(f) < 60 {
		f = append(f, 0)
	}
	return f
}

// NewARP builds the frame of an ARP request or reply (RFC 826).
func NewARP(dst topology.MAC, vlan, op uint16, sha topology.MAC, spa netip.Addr, tha topology.MAC, tpa netip.Addr) []byte {
	b := []byte{0, 1, 8, 0, 6, 4, byte(op >> 8), byte(op)}
	b = append(append(b, sha[:]...), spa.AsSlice()...)
	b = append(append(b, tha[:]...), tpa.AsSlice()...)
	return NewFrame(dst, sha, vlan, EtherARP, b)
}

// Flags of a neighbor advertisement (RFC 4861 §4.4).
const (
	NARouter    = 0x80
	NASolicited = 0x40
	NAOverride  = 0x20
)

// NewNA builds the frame of a neighbor advertisement from and for target, with
// the target link-layer address option (RFC 4861 §4.4).
func NewNA(dst topology.MAC, vlan uint16, mac topology.MAC, target, to netip.Addr, flags uint8) []byte {
	b := append([]byte{ICMPv6NA, 0, 0, 0, flags, 0, 0, 0}, target.AsSlice()...)
	b = append(append(b, 2, 1), mac[:]...)
	return NewFrame(dst, mac, vlan, EtherIPv6, NewIPv6(target, to, 255, ProtoICMPv6, b))
}

// NewIPv6 puts a header before a payload; an ICMPv6 payload's checksum is set.
func NewIPv6(src, dst netip.Addr, hopLimit, proto uint8, payload []byte) []byte {
	b := []byte{0x60, 0, 0, 0, byte(len(payload) >> 8), byte(len(payload)), proto, hopLimit}
	b = append(append(b, src.AsSlice()...), dst.AsSlice()...)
	if proto == ProtoICMPv6 {
		payload[2], payload[3] = 0, 0
		pseudo := uint32(len(payload)) + uint32(proto) + sum16(b[8:40])
		binary.BigEndian.PutUint16(payload[2:], ^fold(pseudo+sum16(payload)))
	}
	return append(b, payload...)
}

// NewIPv4 puts a header before a payload; an ICMP payload's checksum is set.
func NewIPv4(src, dst netip.Addr, ttl, proto uint8, payload []byte) []byte {
	b := []byte{0x45, 0, byte((20 + len(payload)) >> 8), byte(20 + len(payload)), 0, 0, 0, 0, ttl, proto, 0, 0}
	b = append(append(b, src.AsSlice()...), dst.AsSlice()...)
	binary.BigEndian.PutUint16(b[10:], ^fold(sum16(b)))
	if proto == ProtoICMP {
		payload[2], payload[3] = 0, 0
		binary.BigEndian.PutUint16(payload[2:], ^fold(sum16(payload)))
	}
	return append(b, payload...)
}

// sum16 adds up 16-bit words for the Internet checksum (RFC 1071), for up to
// 64 KiB.
func sum16(b []byte) uint32 {
	var s uint32
	for ; len(b) >= 2; b = b[2:] {
		s += uint32(b[0])<<8 | uint32(b[1])
	}
	if len(b) == 1 {
		s += uint32(b[0]) << 8
	}
	return s
}

func fold(s uint32) uint16 {
	for s > 0xffff {
		s = s>>16 + s&0xffff
	}
	return uint16(s)
}
