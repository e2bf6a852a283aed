// SPDX-License-Identifier: Apache-2.0

package traffic

import (
	"encoding/binary"
	"fmt"
	"net/netip"
)

const (
	stampSize  = 22 // octets of struct pwt_stamp
	ip4Payload = 14 + 20 + 8
	ip6Payload = 14 + 40 + 8

	// MinSize4 and MinSize6 are the shortest frames that hold a stamp, in octets
	// without the frame check sequence.
	MinSize4 = ip4Payload + stampSize
	MinSize6 = ip6Payload + stampSize
	// MaxSize is the longest frame that a Source makes.
	MaxSize = 1536

	hopLimit = 64
	srcPort  = 5057
	dstPort  = 5058
)

// template is a frame of group g without what changes from packet to packet, and the
// sum of the checksum's words that don't.
func (g *Group) template() (frame []byte, sum uint32, err error) {
	dst := g.Dst
	if g.Scan.IsValid() {
		dst = g.Scan.Masked().Addr()
	}
	least := MinSize4
	if dst.Is6() {
		least = MinSize6
	}
	size := g.Size
	if size == 0 {
		size = least
	}
	switch {
	case !dst.IsValid() || !g.Src.IsValid() || dst.Is4() != g.Src.Is4() || dst.Is4In6():
		return nil, 0, fmt.Errorf("traffic: from %v to %v: give two addresses of one family", g.Src, dst)
	case size < least || size > MaxSize:
		return nil, 0, fmt.Errorf("traffic: a frame of %d octets; %d to %d are possible", size, least, MaxSize)
	}
	frame = make([]byte, size)
	copy(frame[0:6], g.DstMAC[:])
	copy(frame[6:12], g.SrcMAC[:])
	ip := frame[14:]
	if dst.Is4() {
		return frame, header4(frame, ip, g.Src, dst), nil
	}
	return frame, header6(frame, ip, g.Src, dst), nil
}

// header4 writes the IPv4 and UDP headers; the sum is that of the IPv4 header without
// its destination.
func header4(frame, ip []byte, src, dst netip.Addr) (sum uint32) {
	binary.BigEndian.PutUint16(frame[12:], 0x0800)
	ip[0], ip[8], ip[9] = 0x45, hopLimit, 17
	binary.BigEndian.PutUint16(ip[2:], uint16(len(ip)))
	s, d := src.As4(), dst.As4()
	copy(ip[12:], s[:])
	sum = words(ip[:20])
	copy(ip[16:], d[:])
	ports(ip[20:])
	return sum
}

// header6 writes the IPv6 and UDP headers; the sum is that of UDP's checksum (RFC 8200
// §8.1) without the low half of the destination and without the stamp.
func header6(frame, ip []byte, src, dst netip.Addr) (sum uint32) {
	binary.BigEndian.PutUint16(frame[12:], 0x86dd)
	ip[0], ip[6], ip[7] = 0x60, 17, hopLimit
	binary.BigEndian.PutUint16(ip[4:], uint16(len(ip)-40))
	s, d := src.As16(), dst.As16()
	copy(ip[8:], s[:])
	copy(ip[24:], d[:])
	ports(ip[40:])
	return words(ip[8:32]) + words(ip[40:]) + uint32(len(ip)-40) + 17
}

func ports(udp []byte) {
	binary.BigEndian.PutUint16(udp[0:], srcPort)
	binary.BigEndian.PutUint16(udp[2:], dstPort)
	binary.BigEndian.PutUint16(udp[4:], uint16(len(udp)))
}

// words adds b up in 16-bit words, an odd octet padded with zero (RFC 1071).
func words(b []byte) (sum uint32) {
	for ; len(b) > 1; b = b[2:] {
		sum += uint32(b[0])<<8 | uint32(b[1])
	}
	if len(b) == 1 {
		sum += uint32(b[0]) << 8
	}
	return sum
}
