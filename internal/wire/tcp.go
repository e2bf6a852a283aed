// SPDX-License-Identifier: Apache-2.0

package wire

import "encoding/binary"

const (
	tcpHeaderLen = 20 // without options

	tcpFIN = 0x01
	tcpSYN = 0x02
	tcpRST = 0x04
	tcpACK = 0x10
)

// AppendTCPReset appends the answer of a host that has no connection and no listener for
// the segment in p, as an IP packet to its sender (RFC 9293 §3.10.7.1). A segment with ACK
// gets a reset whose sequence number is the one that it acknowledges; any other a reset
// that acknowledges what it occupies. DSCP and ECN are the segment's, as in Linux; TTL or
// hop limit is 64, DF set and identification 0 (RFC 6864 §4.1).
//
// It returns b unchanged and a Reason when p is no whole and sound TCP segment, is itself
// a reset, or comes from or goes to what is no single host.
func AppendTCPReset(b []byte, p IP) ([]byte, error) {
	if p.Protocol != ProtoTCP {
		return b, ReasonNotTCP
	}
	if p.IsFragment() {
		return b, ReasonFragment
	}
	s := p.L4
	if len(s) < tcpHeaderLen {
		return b, ReasonTruncated
	}
	header := int(s[12]>>4) * 4
	if header < tcpHeaderLen || header > len(s) {
		return b, ReasonTCPHeaderLength
	}
	if Checksum(PseudoHeaderSum(p.Src, p.Dst, ProtoTCP, len(s)), s) != 0 {
		return b, ReasonL4Checksum
	}
	flags := s[13]
	switch {
	case flags&tcpRST != 0:
		return b, ReasonTCPReset
	case notAHost(p.Src):
		return b, ReasonReportSource
	case notAHost(p.Dst):
		return b, ReasonReportGroup
	}
	var seq, ack uint32
	answer := byte(tcpRST)
	if flags&tcpACK != 0 {
		seq = binary.BigEndian.Uint32(s[8:])
	} else {
		ack = binary.BigEndian.Uint32(s[4:]) + uint32(len(s)-header)
		if flags&tcpSYN != 0 {
			ack++
		}
		if flags&tcpFIN != 0 {
			ack++
		}
		answer |= tcpACK
	}
	if p.Version == 4 {
		b = appendIPv4(b, p.TrafficClass, tcpHeaderLen, 0, true, ProtoTCP, originTTL, p.Dst, p.Src)
	} else {
		b = appendIPv6(b, p.TrafficClass, tcpHeaderLen, ProtoTCP, originTTL, p.Dst, p.Src)
	}
	start := len(b)
	b = append(b, s[2], s[3], s[0], s[1]) // ports, the other way round
	b = binary.BigEndian.AppendUint32(b, seq)
	b = binary.BigEndian.AppendUint32(b, ack)
	b = append(b, tcpHeaderLen/4<<4, answer, 0, 0, 0, 0, 0, 0) // window, checksum and urgent pointer 0
	binary.BigEndian.PutUint16(b[start+16:], Checksum(PseudoHeaderSum(p.Dst, p.Src, ProtoTCP, tcpHeaderLen), b[start:]))
	return b, nil
}

// CheckUDP says what is wrong with the datagram in p: ReasonNotUDP, ReasonFragment,
// ReasonTruncated, ReasonL4Checksum. IPv4 may leave the checksum out, IPv6 may not
// (RFC 768, RFC 8200 §8.1).
func (p IP) CheckUDP() error {
	if p.Protocol != ProtoUDP {
		return ReasonNotUDP
	}
	if p.IsFragment() {
		return ReasonFragment
	}
	if len(p.L4) < 8 {
		return ReasonTruncated
	}
	length := int(binary.BigEndian.Uint16(p.L4[4:]))
	if length < 8 || length > len(p.L4) {
		return ReasonTruncated
	}
	if p.L4[6] == 0 && p.L4[7] == 0 {
		if p.Version == 6 {
			return ReasonL4Checksum
		}
		return nil
	}
	if Checksum(PseudoHeaderSum(p.Src, p.Dst, ProtoUDP, length), p.L4[:length]) != 0 {
		return ReasonL4Checksum
	}
	return nil
}
