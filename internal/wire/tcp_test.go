// SPDX-License-Identifier: Apache-2.0

package wire

import (
	"testing"

	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"
)

// segment is a TCP segment from ip*B to ip*A.
func segment(t tb, version uint8, s layers.TCP, payload string) []byte {
	s.SrcPort, s.DstPort = 40000, 22
	s.Window = 1000
	if version == 4 {
		ip := &layers.IPv4{Version: 4, TTL: 64, TOS: 0xb8, Protocol: layers.IPProtocolTCP, SrcIP: nip(ip4B), DstIP: nip(ip4A)}
		_ = s.SetNetworkLayerForChecksum(ip)
		return serialize(t, ip, &s, gopacket.Payload(payload))
	}
	ip := &layers.IPv6{Version: 6, HopLimit: 64, TrafficClass: 0xb8, NextHeader: layers.IPProtocolTCP, SrcIP: nip(ip6B), DstIP: nip(ip6A)}
	_ = s.SetNetworkLayerForChecksum(ip)
	return serialize(t, ip, &s, gopacket.Payload(payload))
}

// RFC 9293 §3.10.7.1, against gopacket.
func TestTCPReset(t *testing.T) {
	for _, tc := range []struct {
		name     string
		in       layers.TCP
		payload  string
		seq, ack uint32
		hasACK   bool
	}{
		{"SYN", layers.TCP{SYN: true, Seq: 1000}, "", 0, 1001, true},
		{"SYN with data", layers.TCP{SYN: true, Seq: 1000}, "fast", 0, 1005, true},
		{"FIN", layers.TCP{FIN: true, Seq: 1000}, "ab", 0, 1003, true},
		{"neither", layers.TCP{Seq: 0xffffffff}, "abc", 0, 2, true},
		{"options are no data", layers.TCP{SYN: true, Seq: 1, Options: []layers.TCPOption{{OptionType: layers.TCPOptionKindMSS, OptionLength: 4, OptionData: []byte{5, 0xb4}}}}, "", 0, 2, true},
		{"ACK", layers.TCP{ACK: true, Seq: 1000, Ack: 77}, "data", 77, 0, false},
		{"SYN+ACK", layers.TCP{SYN: true, ACK: true, Seq: 1000, Ack: 78}, "", 78, 0, false},
	} {
		for _, version := range []uint8{4, 6} {
			b, err := AppendTCPReset(nil, mustIP(t, segment(t, version, tc.in, tc.payload)))
			if err != nil {
				t.Fatalf("%s: %v", tc.name, err)
			}
			p := mustIP(t, b) // checks lengths and header checksum
			first := layers.LayerTypeIPv4
			if version == 6 {
				first = layers.LayerTypeIPv6
			}
			pkt := gopacket.NewPacket(b, first, gopacket.Default)
			r, ok := pkt.Layer(layers.LayerTypeTCP).(*layers.TCP)
			if !ok {
				t.Fatalf("%s: %v", tc.name, pkt)
			}
			if r.SrcPort != 22 || r.DstPort != 40000 || !r.RST || r.ACK != tc.hasACK || r.Seq != tc.seq || r.Ack != tc.ack ||
				r.SYN || r.FIN || len(r.Payload) != 0 || r.Window != 0 {
				t.Errorf("%s, IPv%d: %+v", tc.name, version, r)
			}
			if p.TTL != 64 || p.TrafficClass != 0xb8 || version == 4 && !p.DontFragment ||
				Checksum(PseudoHeaderSum(p.Src, p.Dst, ProtoTCP, len(p.L4)), p.L4) != 0 {
				t.Errorf("%s, IPv%d: %+v", tc.name, version, p)
			}
		}
	}
}

func TestTCPReset_Refuses(t *testing.T) {
	syn := func(mend func(b []byte)) []byte {
		b := segment(t, 4, layers.TCP{SYN: true}, "")
		mend(b)
		h := b[:20]
		h[10], h[11] = 0, 0
		c := IPv4HeaderChecksum(h)
		h[10], h[11] = byte(c>>8), byte(c)
		return b
	}
	for name, tc := range map[string]struct {
		packet []byte
		want   Reason
	}{
		"a reset":          {segment(t, 4, layers.TCP{RST: true}, ""), ReasonTCPReset},
		"a reset with ACK": {segment(t, 6, layers.TCP{RST: true, ACK: true}, ""), ReasonTCPReset},
		"UDP":              {oracle4(t, layers.IPv4{Protocol: ProtoUDP}, gopacket.Payload("12345678")), ReasonNotTCP},
		"first fragment":   {syn(func(b []byte) { b[6] = 0x20 }), ReasonFragment},
		"later fragment":   {syn(func(b []byte) { b[7] = 8 }), ReasonFragment},
		"short":            {oracle4(t, layers.IPv4{Protocol: ProtoTCP}, gopacket.Payload(make([]byte, 19))), ReasonTruncated},
		"offset 4":         {syn(func(b []byte) { b[32] = 0x40 }), ReasonTCPHeaderLength},
		"offset past end":  {syn(func(b []byte) { b[32] = 0xf0 }), ReasonTCPHeaderLength},
		"checksum":         {syn(func(b []byte) { b[36] ^= 1 }), ReasonL4Checksum},
		"forged source":    {syn(func(b []byte) { b[12], b[36], b[37] = 224, 0, 0; fixTCP(b) }), ReasonReportSource},
		"to a group":       {syn(func(b []byte) { b[16], b[36], b[37] = 224, 0, 0; fixTCP(b) }), ReasonReportGroup},
	} {
		b, err := AppendTCPReset([]byte("x"), mustIP(t, tc.packet))
		wantReason(t, err, tc.want)
		if string(b) != "x" {
			t.Errorf("%s: appended %x", name, b[1:])
		}
	}
}

// fixTCP writes the checksum of the segment behind an IPv4 header without options.
func fixTCP(b []byte) {
	p, _ := parseIP(b)
	c := Checksum(PseudoHeaderSum(p.Src, p.Dst, ProtoTCP, len(p.L4)), p.L4)
	b[36], b[37] = byte(c>>8), byte(c)
}

func TestCheckUDP(t *testing.T) {
	datagram := func(version uint8, mend func(l4 []byte)) []byte {
		u := &layers.UDP{SrcPort: 1, DstPort: 2}
		var b []byte
		if version == 4 {
			ip := &layers.IPv4{Version: 4, TTL: 64, Protocol: layers.IPProtocolUDP, SrcIP: nip(ip4B), DstIP: nip(ip4A)}
			_ = u.SetNetworkLayerForChecksum(ip)
			b = serialize(t, ip, u, gopacket.Payload("data"))
			mend(b[20:])
			return b
		}
		ip := &layers.IPv6{Version: 6, HopLimit: 64, NextHeader: layers.IPProtocolUDP, SrcIP: nip(ip6B), DstIP: nip(ip6A)}
		_ = u.SetNetworkLayerForChecksum(ip)
		b = serialize(t, ip, u, gopacket.Payload("data"))
		mend(b[40:])
		return b
	}
	for name, tc := range map[string]struct {
		version uint8
		mend    func([]byte)
		want    Reason
	}{
		"v4":                  {4, func([]byte) {}, ReasonNone},
		"v6":                  {6, func([]byte) {}, ReasonNone},
		"v4 without checksum": {4, func(b []byte) { b[6], b[7] = 0, 0 }, ReasonNone},
		"v6 without checksum": {6, func(b []byte) { b[6], b[7] = 0, 0 }, ReasonL4Checksum},
		"v4 damaged":          {4, func(b []byte) { b[9] ^= 1 }, ReasonL4Checksum},
		"v6 damaged":          {6, func(b []byte) { b[9] ^= 1 }, ReasonL4Checksum},
		"length 7":            {4, func(b []byte) { b[5] = 7 }, ReasonTruncated},
		"length past end":     {4, func(b []byte) { b[5] = 13 }, ReasonTruncated},
	} {
		t.Run(name, func(t *testing.T) { wantReason(t, mustIP(t, datagram(tc.version, tc.mend)).CheckUDP(), tc.want) })
	}
}
