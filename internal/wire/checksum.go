// SPDX-License-Identifier: Apache-2.0

package wire

import (
	"encoding/binary"
	"net/netip"
)

// Sum adds b, as big-endian 16-bit words, to a running ones' complement sum
// (RFC 1071) and returns it folded to 16 bits. An odd last octet is padded with
// zero, so only the last of several pieces may have an odd length.
func Sum(acc uint32, b []byte) uint32 {
	s := uint64(acc)
	for len(b) >= 4 {
		s += uint64(binary.BigEndian.Uint32(b))
		b = b[4:]
	}
	if len(b) >= 2 {
		s += uint64(binary.BigEndian.Uint16(b))
		b = b[2:]
	}
	if len(b) == 1 {
		s += uint64(b[0]) << 8
	}
	for s > 0xffff {
		s = s>>16 + s&0xffff
	}
	return uint32(s)
}

// Checksum returns the Internet checksum (RFC 1071) of b on top of acc, which
// is 0 or a PseudoHeaderSum. Over data that contains a correct checksum the
// result is 0.
func Checksum(acc uint32, b []byte) uint16 { return ^uint16(Sum(acc, b)) }

// IPv4HeaderChecksum returns the checksum for an IPv4 header with its options
// (RFC 791), whatever its checksum field holds. It returns 0 for fewer than 20
// octets.
func IPv4HeaderChecksum(header []byte) uint16 {
	if len(header) < ipv4HeaderLen {
		return 0
	}
	return Checksum(Sum(0, header[:10]), header[12:])
}

// PseudoHeaderSum returns the running sum of the pseudo header that an
// upper-layer checksum covers: RFC 8200 §8.1 when src is IPv6, RFC 793 when it
// is IPv4. length counts the octets of the upper-layer packet, header included.
func PseudoHeaderSum(src, dst netip.Addr, protocol uint8, length int) uint32 {
	acc := uint32(protocol)
	acc = Sum(acc, []byte{byte(length >> 24), byte(length >> 16), byte(length >> 8), byte(length)})
	if src.Is4() && dst.Is4() {
		s, d := src.As4(), dst.As4()
		return Sum(Sum(acc, s[:]), d[:])
	}
	s, d := src.As16(), dst.As16()
	return Sum(Sum(acc, s[:]), d[:])
}
