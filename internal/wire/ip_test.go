// SPDX-License-Identifier: Apache-2.0

package wire

import (
	"bytes"
	"testing"

	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"

	"github.com/parkway-gw/parkway/internal/topology"
)

func oracle4(t tb, ip layers.IPv4, ls ...gopacket.SerializableLayer) []byte {
	t.Helper()
	ip.Version = 4
	if ip.TTL == 0 {
		ip.TTL = 61
	}
	if ip.SrcIP == nil {
		ip.SrcIP = nip(ip4B)
	}
	if ip.DstIP == nil {
		ip.DstIP = nip(ip4A)
	}
	return serialize(t, append([]gopacket.SerializableLayer{&ip}, ls...)...)
}

func oracle6(t tb, ip layers.IPv6, ls ...gopacket.SerializableLayer) []byte {
	t.Helper()
	ip.Version = 6
	if ip.HopLimit == 0 {
		ip.HopLimit = 61
	}
	if ip.SrcIP == nil {
		ip.SrcIP = nip(ip6B)
	}
	if ip.DstIP == nil {
		ip.DstIP = nip(ip6A)
	}
	for _, l := range ls {
		if c, ok := l.(interface {
			SetNetworkLayerForChecksum(gopacket.NetworkLayer) error
		}); ok {
			_ = c.SetNetworkLayerForChecksum(&ip)
		}
	}
	return serialize(t, append([]gopacket.SerializableLayer{&ip}, ls...)...)
}

func mustIP(t tb, packet []byte) IP {
	t.Helper()
	p, err := DecodeIPPacket(packet)
	if err != nil {
		t.Fatalf("DecodeIPPacket: %v\n%x", err, packet)
	}
	return p
}

func TestDecodeIP_v4(t *testing.T) {
	body := []byte("payload!")
	pkt := oracle4(t, layers.IPv4{TOS: 0xb9, Id: 77, Flags: layers.IPv4DontFragment, TTL: 9, Protocol: ProtoUDP,
		Options: []layers.IPv4Option{{OptionType: 148, OptionLength: 4, OptionData: []byte{0, 0}}}}, gopacket.Payload(body))
	f := append(frame(macA, macB, pkt), make([]byte, 20)...) // Ethernet padding
	p, err := DecodeIP(f)
	if err != nil {
		t.Fatal(err)
	}
	if p.Version != 4 || p.EthDst != macA || p.EthSrc != macB || p.Src != ip4B || p.Dst != ip4A || p.TrafficClass != 0xb9 || p.TTL != 9 ||
		p.ID != 77 || !p.DontFragment || p.Protocol != ProtoUDP || p.IsFragment() {
		t.Errorf("%+v", p)
	}
	if !bytes.Equal(p.Packet, pkt) || !bytes.Equal(p.L4, body) {
		t.Errorf("packet %x\nL4 %x", p.Packet, p.L4)
	}
	if cap(p.Packet) != len(p.Packet) || cap(p.L4) != len(p.L4) {
		t.Error("an append to Packet or L4 would write into the frame's padding")
	}
}

func TestDecodeIP_v6(t *testing.T) {
	body := []byte("payload!")
	pkt := oracle6(t, layers.IPv6{TrafficClass: 0xb9, FlowLabel: 0xabcde, HopLimit: 9, NextHeader: ProtoUDP}, gopacket.Payload(body))
	p, err := DecodeIP(append(frame(macA, macB, pkt), 1, 2, 3))
	if err != nil {
		t.Fatal(err)
	}
	if p.Version != 6 || p.EthDst != macA || p.EthSrc != macB || p.Src != ip6B || p.Dst != ip6A || p.TrafficClass != 0xb9 || p.TTL != 9 ||
		p.Protocol != ProtoUDP || p.IsFragment() || p.DontFragment {
		t.Errorf("%+v", p)
	}
	if !bytes.Equal(p.Packet, pkt) || !bytes.Equal(p.L4, body) {
		t.Errorf("packet %x\nL4 %x", p.Packet, p.L4)
	}
}

func TestDecodeIP_v4Fragments(t *testing.T) {
	for _, tc := range []struct {
		flags  layers.IPv4Flag
		offset uint16
		frag   bool
	}{{0, 0, false}, {layers.IPv4MoreFragments, 0, true}, {layers.IPv4MoreFragments, 185, true}, {0, 8191, true}, {layers.IPv4EvilBit, 0, false}} {
		p := mustIP(t, oracle4(t, layers.IPv4{Flags: tc.flags, FragOffset: tc.offset, Protocol: ProtoICMP}, gopacket.Payload("\x08\x00abcdef")))
		if p.FragmentOffset != int(tc.offset)*8 || p.MoreFragments != (tc.flags&layers.IPv4MoreFragments != 0) || p.IsFragment() != tc.frag {
			t.Errorf("%+v: %+v", tc, p)
		}
		if _, _, ok := p.ICMPType(); ok != (tc.offset == 0) {
			t.Errorf("%+v: ICMPType ok = %v", tc, ok)
		}
	}
}

// ext builds an IPv6 packet with extension headers before eight octets of
// payload. gopacket would add headers to one of its own kinds only, so the
// first next header is written over its work.
func ext(t tb, first uint8, headers ...[]byte) []byte {
	b := oracle6(t, layers.IPv6{NextHeader: ProtoUDP}, gopacket.Payload(append(bytes.Join(headers, nil), "ABCDEFGH"...)))
	b[6] = first
	return b
}

func TestDecodeIP_v6ExtensionHeaders(t *testing.T) {
	opt := func(next byte) []byte { return []byte{next, 0, 1, 4, 0, 0, 0, 0} }
	opt16 := func(next byte) []byte { return []byte{next, 1, 1, 12, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0} }
	frag := func(next byte, offset uint16, more byte) []byte {
		return []byte{next, 0, byte(offset >> 8), byte(offset) | more, 0, 0, 0x12, 0x34}
	}
	ah := func(next byte) []byte { return append([]byte{next, 4}, make([]byte, 22)...) }
	for _, tc := range []struct {
		name    string
		first   uint8
		headers [][]byte
		want    Reason
		proto   uint8
		l4      int
		offset  int
		more    bool
	}{
		{"none", ProtoUDP, nil, ReasonNone, ProtoUDP, 8, 0, false},
		{"no next header", ProtoNoNext, nil, ReasonNone, ProtoNoNext, 8, 0, false},
		{"ESP ends the walk", 50, nil, ReasonNone, 50, 8, 0, false},
		{"hop-by-hop", ProtoHopByHop, [][]byte{opt(ProtoUDP)}, ReasonNone, ProtoUDP, 8, 0, false},
		{"16 octets", ProtoDestOptions, [][]byte{opt16(ProtoTCP)}, ReasonNone, ProtoTCP, 8, 0, false},
		{"AH counts in fours", ProtoAH, [][]byte{ah(ProtoICMPv6)}, ReasonNone, ProtoICMPv6, 8, 0, false},
		{"all", ProtoHopByHop, [][]byte{opt(60), opt(43), opt(44), frag(51, 0, 0), ah(60), opt(ProtoICMPv6)}, ReasonNone, ProtoICMPv6, 8, 0, false},
		{"mobility, HIP, Shim6", ProtoMobility, [][]byte{opt(139), opt(140), opt(59)}, ReasonNone, ProtoNoNext, 8, 0, false},
		{"atomic fragment", ProtoFragment, [][]byte{frag(ProtoUDP, 0, 0)}, ReasonNone, ProtoUDP, 8, 0, false},
		{"first fragment", ProtoFragment, [][]byte{frag(ProtoUDP, 0, 1)}, ReasonNone, ProtoUDP, 8, 0, true},
		{"later fragment", ProtoFragment, [][]byte{frag(ProtoUDP, 1448, 0)}, ReasonNone, ProtoUDP, 8, 1448, false},
		{"later fragment is not walked", ProtoFragment, [][]byte{frag(ProtoDestOptions, 1448, 1)}, ReasonNone, ProtoDestOptions, 8, 1448, true},

		{"second hop-by-hop is nothing known", ProtoDestOptions, [][]byte{opt(0)}, ReasonNone, 0, 8, 0, false},
		{"two fragment headers", ProtoFragment, [][]byte{frag(44, 0, 0), frag(ProtoUDP, 0, 0)}, ReasonIPExtension, 0, 0, 0, false},
		{"past the end", ProtoDestOptions, [][]byte{{17, 2, 1, 4, 0, 0, 0, 0}}, ReasonIPExtension, 0, 0, 0, false},
		{"AH past the end", ProtoAH, [][]byte{{17, 3, 1, 4, 0, 0, 0, 0}}, ReasonIPExtension, 0, 0, 0, false},
		{"8 headers", ProtoDestOptions, [][]byte{opt(60), opt(60), opt(60), opt(60), opt(60), opt(60), opt(60), opt(17)}, ReasonNone, 17, 8, 0, false},
		{"9 headers", ProtoDestOptions, [][]byte{opt(60), opt(60), opt(60), opt(60), opt(60), opt(60), opt(60), opt(60), opt(17)}, ReasonIPExtension, 0, 0, 0, false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			p, err := DecodeIPPacket(ext(t, tc.first, tc.headers...))
			wantReason(t, err, tc.want)
			if err != nil {
				return
			}
			if p.Protocol != tc.proto || len(p.L4) != tc.l4 || string(p.L4) != "ABCDEFGH" || p.FragmentOffset != tc.offset || p.MoreFragments != tc.more {
				t.Errorf("%+v", p)
			}
			if tc.offset != 0 && p.ID != 0x1234 {
				t.Errorf("ID %#x", p.ID)
			}
		})
	}
	for n := range 8 { // an extension header that does not fit at all
		b := oracle6(t, layers.IPv6{NextHeader: ProtoUDP}, gopacket.Payload(make([]byte, n+1)))
		b = b[:len(b)-1]
		b[5] = byte(n)
		for _, first := range []byte{ProtoHopByHop, ProtoAH, ProtoFragment} {
			b[6] = first
			_, err := DecodeIPPacket(b)
			wantReason(t, err, ReasonIPExtension)
		}
	}
}

func TestDecodeIP_Refuses(t *testing.T) {
	v4 := oracle4(t, layers.IPv4{Protocol: ProtoUDP}, gopacket.Payload("12345678"))
	v6 := oracle6(t, layers.IPv6{NextHeader: ProtoUDP}, gopacket.Payload("12345678"))
	edit := func(b []byte, f func([]byte)) []byte { c := bytes.Clone(b); f(c); return c }
	for _, tc := range []struct {
		name  string
		frame []byte
		want  Reason
	}{
		{"v4", frame(macA, macB, v4), ReasonNone},
		{"v6", frame(macA, macB, v6), ReasonNone},
		{"nothing", nil, ReasonTruncated},
		{"header only", frame(macA, macB, v4)[:14], ReasonTruncated},
		{"v4 of 19", frame(macA, macB, v4[:19]), ReasonTruncated},
		{"v4 cut", frame(macA, macB, v4[:27]), ReasonTruncated},
		{"v6 of 39", frame(macA, macB, v6[:39]), ReasonTruncated},
		{"v6 cut", frame(macA, macB, v6[:47]), ReasonTruncated},
		{"ARP", AppendARPRequest(nil, Broadcast, macA, ip4A, ip4B), ReasonEtherType},
		{"tagged", append(appendEthernet(nil, macA, macB, 0x8100), v4...), ReasonTagged},
		{"v6 as v4", append(appendEthernet(nil, macA, macB, 0x0800), v6...), ReasonIPVersion},
		{"v4 as v6", append(appendEthernet(nil, macA, macB, 0x86dd), v4...), ReasonIPVersion},
		{"version 5", append(appendEthernet(nil, macA, macB, 0x0800), edit(v4, func(b []byte) { b[0] = 0x55 })...), ReasonIPVersion},
		{"IHL 4", frame(macA, macB, edit(v4, func(b []byte) { b[0] = 0x44 })), ReasonIPHeaderLength},
		{"IHL beyond total length", frame(macA, macB, edit(v4, func(b []byte) { b[0] = 0x48 })), ReasonIPTotalLength},
		{"total length 19", frame(macA, macB, edit(v4, func(b []byte) { b[3] = 19 })), ReasonIPTotalLength},
		{"header checksum", frame(macA, macB, edit(v4, func(b []byte) { b[8]-- })), ReasonIPHeaderChecksum},
	} {
		t.Run(tc.name, func(t *testing.T) {
			p, err := DecodeIP(tc.frame)
			wantReason(t, err, tc.want)
			if err != nil && (p.Packet != nil || p.Version != 0) {
				t.Errorf("refused, but returned %+v", p)
			}
		})
	}
	for _, b := range [][]byte{nil, {0x00}, {0xf0}} {
		if _, err := DecodeIPPacket(b); err == nil {
			t.Errorf("accepted %x", b)
		}
	}
}

func TestI2_IsICMPError(t *testing.T) {
	isError4 := map[int]bool{3: true, 4: true, 5: true, 11: true, 12: true, 40: true}
	for typ := range 256 {
		body := gopacket.Payload([]byte{byte(typ), 0, 0, 0, 0, 0, 0, 0})
		if got := mustIP(t, oracle4(t, layers.IPv4{Protocol: ProtoICMP}, body)).IsICMPError(); got != isError4[typ] {
			t.Errorf("ICMP type %d: %v", typ, got)
		}
		if got := mustIP(t, oracle6(t, layers.IPv6{NextHeader: ProtoICMPv6}, body)).IsICMPError(); got != (typ < 128) {
			t.Errorf("ICMPv6 type %d: %v", typ, got)
		}
		// Each version knows only its own.
		if mustIP(t, oracle4(t, layers.IPv4{Protocol: ProtoICMPv6}, body)).IsICMPError() ||
			mustIP(t, oracle6(t, layers.IPv6{NextHeader: ProtoICMP}, body)).IsICMPError() ||
			mustIP(t, oracle4(t, layers.IPv4{Protocol: ProtoUDP}, body)).IsICMPError() {
			t.Errorf("type %d of another protocol", typ)
		}
	}
}

func FuzzDecodeIP(f *testing.F) {
	f.Add(frame(macA, macB, echo4(f, layers.IPv4{}, "ping")))
	f.Add(frame(macA, macB, echo6(f, layers.IPv6{}, "ping")))
	f.Add(frame(macA, macB, oracle4(f, layers.IPv4{Protocol: ProtoUDP, FragOffset: 8}, gopacket.Payload("x"))))
	e, err := AppendICMPError(nil, ICMPError{Type: 3, Code: 1, Src: ip4A, Offending: echo4(f, layers.IPv4{}, "ping")})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(frame(macA, macB, e))
	f.Fuzz(func(t *testing.T, b []byte) {
		p, err := DecodeIP(b)
		if err == nil {
			if p.Version != 4 && p.Version != 6 || len(p.Packet) > len(b)-14 || len(p.L4) > len(p.Packet) || p.EthDst != topology.MAC(b[:6]) {
				t.Fatalf("%+v", p)
			}
			fuzzEcho(t, p)
		} else if ReasonOf(err) == ReasonInternal || p.Packet != nil {
			t.Fatalf("%v with %+v", err, p)
		}
		if len(b) > 14 {
			fuzzError(t, b[14:])
			// Echo checks checksums: mend the ones that the fuzzer can't.
			if q, err := parseIP(bytes.Clone(b[14:])); err == nil && len(q.L4) >= 8 && q.isICMP() && !q.IsFragment() {
				acc := uint32(0)
				if q.Version == 6 {
					acc = PseudoHeaderSum(q.Src, q.Dst, ProtoICMPv6, len(q.L4))
				}
				q.L4[2], q.L4[3] = 0, 0
				c := Checksum(acc, q.L4)
				q.L4[2], q.L4[3] = byte(c>>8), byte(c)
				fuzzEcho(t, q)
			}
		}
	})
}

func fuzzEcho(t *testing.T, req IP) {
	echo, err := req.EchoRequest()
	if err != nil {
		return
	}
	src := ip4A
	if req.Version == 6 {
		src = ip6A
	}
	b, err := AppendEchoReply(nil, req, src)
	if err != nil {
		if ReasonOf(err) != ReasonReportSource || len(b) != 0 {
			t.Fatalf("%v, %x", err, b)
		}
		return
	}
	p, err := DecodeIPPacket(b)
	if err != nil || p.Src != src || p.Dst != req.Src || len(p.L4) != 8+len(echo.Payload) || len(p.Packet) > len(req.Packet) {
		t.Fatalf("%v: %+v", err, p)
	}
}

func fuzzError(t *testing.T, packet []byte) {
	e := ICMPError{Type: 3, Code: 1, Src: ip4A, Offending: packet}
	limit := 576
	if packet[0]>>4 == 6 {
		e.Type, e.Code, e.Src, limit = 1, 3, ip6A, 1280
	}
	ok, reason := MayReport(e.Type, e.Code, packet, false)
	if ok != (reason == ReasonNone) || reason == ReasonInternal {
		t.Fatalf("MayReport %v, %v", ok, reason)
	}
	b, err := AppendICMPError(nil, e)
	if ok != (err == nil) {
		t.Fatalf("MayReport %v, AppendICMPError %v", reason, err)
	}
	if err != nil {
		return
	}
	p, err := DecodeIPPacket(b)
	if err != nil || !p.IsICMPError() || len(b) > limit || !bytes.HasPrefix(packet, p.L4[8:]) {
		t.Fatalf("%v: %+v", err, p)
	}
	if ok, _ := MayReport(e.Type, e.Code, b, false); ok {
		t.Fatalf("an error about an error: %x", b)
	}
}
