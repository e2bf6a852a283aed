// SPDX-License-Identifier: Apache-2.0

package parkdrain

import (
	"encoding/binary"
	"net/netip"
)

// frame is the smallest frame of the family to dst: 64 octets on the wire for IPv4. Its
// protocol is 59, "no next header" (RFC 8200 4.7), so nobody looks behind the IP header.
func (c *Config) frame(dst netip.Addr) []byte {
	f := make([]byte, 60)
	copy(f[0:], inMAC[:])
	copy(f[6:], senderMAC[:])
	ip := f[14:]
	if c.Family == 4 {
		binary.BigEndian.PutUint16(f[12:], 0x0800)
		ip[0], ip[8], ip[9] = 0x45, 64, 59
		binary.BigEndian.PutUint16(ip[2:], uint16(len(ip)))
		copy(ip[12:], []byte{10, 0, 1, 2})
		copy(ip[16:], dst.AsSlice())
		binary.BigEndian.PutUint16(ip[10:], checksum(ip[:20]))
		return f
	}
	binary.BigEndian.PutUint16(f[12:], 0x86dd)
	ip[0], ip[6], ip[7] = 0x60, 59, 64
	binary.BigEndian.PutUint16(ip[4:], uint16(len(ip)-40))
	copy(ip[8:], netip.MustParseAddr("2001:db8:1::2").AsSlice())
	copy(ip[24:], dst.AsSlice())
	return f
}

// checksum is the Internet checksum of a header whose own checksum is zero (RFC 1071).
func checksum(b []byte) uint16 {
	sum := uint32(0)
	for ; len(b) > 1; b = b[2:] {
		sum += uint32(binary.BigEndian.Uint16(b))
	}
	for sum > 0xffff {
		sum = sum>>16 + sum&0xffff
	}
	return ^uint16(sum)
}
