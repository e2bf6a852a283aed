// SPDX-License-Identifier: Apache-2.0

package traffic

import (
	"encoding/binary"
	"fmt"
	"net/netip"
)

// Flow is what a flow's packets have in common. Both addresses are of one family, and
// not of IPv4 mapped into IPv6.
type Flow struct {
	SrcMAC, DstMAC   [6]byte
	Src, Dst         netip.Addr
	SrcPort, DstPort uint16
}

// Limits of a frame's size, in octets without FCS.
const (
	MinFrame = 62   // Ethernet, IPv6 and UDP without a payload, and more than Ethernet's own 60
	MaxFrame = 1514 // what an MTU of 1500 lets through; RFC 2544's 1518 with FCS
)

const (
	etherLen, ip4Len, ip6Len, udpLen = 14, 20, 40, 8

	protoUDP = 17
	hopLimit = 64
)

// AppendFrame appends a frame of a flow, of size octets without FCS, to b. The payload is
// zeros; header and UDP checksums are right.
func AppendFrame(b []byte, f Flow, size int) ([]byte, error) {
	if size < MinFrame || size > MaxFrame {
		return b, fmt.Errorf("a frame of %d octets: sizes are %d to %d, without FCS", size, MinFrame, MaxFrame)
	}
	if f.Src.Is4() != f.Dst.Is4() || f.Src.Is4In6() || f.Dst.Is4In6() {
		return b, fmt.Errorf("a flow from %s to %s is of no family", f.Src, f.Dst)
	}
	at := len(b)
	b = append(b, make([]byte, size)...)
	frame := b[at:]
	copy(frame, f.DstMAC[:])
	copy(frame[6:], f.SrcMAC[:])
	if f.Src.Is4() {
		binary.BigEndian.PutUint16(frame[12:], 0x0800)
		fillIPv4(frame[etherLen:], f)
	} else {
		binary.BigEndian.PutUint16(frame[12:], 0x86dd)
		fillIPv6(frame[etherLen:], f)
	}
	return b, nil
}

func fillIPv4(p []byte, f Flow) {
	p[0] = 0x45
	binary.BigEndian.PutUint16(p[2:], uint16(len(p)))
	p[8], p[9] = hopLimit, protoUDP
	src, dst := f.Src.As4(), f.Dst.As4()
	copy(p[12:], src[:])
	copy(p[16:], dst[:])
	binary.BigEndian.PutUint16(p[10:], ^fold(sum(0, p[:ip4Len])))
	fillUDP(p[ip4Len:], f, sum(0, p[12:ip4Len]))
}

func fillIPv6(p []byte, f Flow) {
	p[0] = 0x60
	binary.BigEndian.PutUint16(p[4:], uint16(len(p)-ip6Len))
	p[6], p[7] = protoUDP, hopLimit
	src, dst := f.Src.As16(), f.Dst.As16()
	copy(p[8:], src[:])
	copy(p[24:], dst[:])
	fillUDP(p[ip6Len:], f, sum(0, p[8:ip6Len]))
}

// fillUDP fills in a datagram; pseudo is the sum of the addresses.
func fillUDP(p []byte, f Flow, pseudo uint32) {
	binary.BigEndian.PutUint16(p, f.SrcPort)
	binary.BigEndian.PutUint16(p[2:], f.DstPort)
	binary.BigEndian.PutUint16(p[4:], uint16(len(p)))
	c := ^fold(sum(pseudo+protoUDP+uint32(len(p)), p[:udpLen])) // the payload is zeros
	if c == 0 {
		c = 0xffff // RFC 768: 0 is none
	}
	binary.BigEndian.PutUint16(p[6:], c)
}

// sum adds an even number of octets as 16-bit words (RFC 1071).
func sum(s uint32, b []byte) uint32 {
	for i := 0; i < len(b); i += 2 {
		s += uint32(binary.BigEndian.Uint16(b[i:]))
	}
	return s
}

func fold(s uint32) uint16 {
	for s > 0xffff {
		s = s>>16 + s&0xffff
	}
	return uint16(s)
}
