// SPDX-License-Identifier: Apache-2.0

package wire

import (
	"bytes"
	"net/netip"
	"testing"

	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"
	"pgregory.net/rapid"
)

func echo4(t tb, ip layers.IPv4, data string) []byte {
	ip.Protocol = layers.IPProtocolICMPv4
	return oracle4(t, ip, &layers.ICMPv4{TypeCode: layers.CreateICMPv4TypeCode(8, 0), Id: 0x1234, Seq: 7}, gopacket.Payload(data))
}

func echo6(t tb, ip layers.IPv6, data string) []byte {
	ip.NextHeader = layers.IPProtocolICMPv6
	return oracle6(t, ip, &layers.ICMPv6{TypeCode: layers.CreateICMPv6TypeCode(128, 0)},
		&layers.ICMPv6Echo{Identifier: 0x1234, SeqNumber: 7}, gopacket.Payload(data))
}

func TestEchoRequest(t *testing.T) {
	for _, pkt := range [][]byte{echo4(t, layers.IPv4{}, "abc"), echo6(t, layers.IPv6{}, "abc")} {
		e, err := mustIP(t, pkt).EchoRequest()
		if err != nil || e.ID != 0x1234 || e.Seq != 7 || string(e.Payload) != "abc" {
			t.Errorf("%+v, %v", e, err)
		}
	}
}

func TestEchoRequest_Refuses(t *testing.T) {
	flip := func(b []byte, at int) []byte { b[at] ^= 1; return b }
	for name, tc := range map[string]struct {
		packet []byte
		want   Reason
	}{
		"v4 checksum": {flip(echo4(t, layers.IPv4{}, "abc"), 30), ReasonICMPChecksum},
		"v6 checksum": {flip(echo6(t, layers.IPv6{}, "abc"), 50), ReasonICMPChecksum},
		"v6 source":   {flip(echo6(t, layers.IPv6{}, "abc"), 20), ReasonICMPChecksum},
		"v4 reply":    {flip(echo4(t, layers.IPv4{}, "abc"), 20), ReasonNotEcho},
		"v6 reply":    {flip(echo6(t, layers.IPv6{}, "abc"), 40), ReasonNotEcho},
		"v4 code":     {flip(echo4(t, layers.IPv4{}, "abc"), 21), ReasonNotEcho},
		"fragment":    {echo4(t, layers.IPv4{Flags: layers.IPv4MoreFragments}, "abc"), ReasonFragment},
		"UDP":         {oracle4(t, layers.IPv4{Protocol: ProtoUDP}, gopacket.Payload("12345678")), ReasonNotEcho},
		"v6 with v4's type": {oracle6(t, layers.IPv6{NextHeader: ProtoICMPv6},
			gopacket.Payload([]byte{8, 0, 0, 0, 0, 0, 0, 0})), ReasonNotEcho},
		"7 octets": {oracle4(t, layers.IPv4{Protocol: ProtoICMP}, gopacket.Payload([]byte{8, 0, 0xf7, 0xff, 0, 0, 0})), ReasonTruncated},
	} {
		t.Run(name, func(t *testing.T) {
			p := mustIP(t, tc.packet)
			_, err := p.EchoRequest()
			wantReason(t, err, tc.want)
			src := ip4A
			if p.Version == 6 {
				src = ip6A
			}
			b, err := AppendEchoReply([]byte("head"), p, src)
			wantReason(t, err, tc.want)
			if string(b) != "head" {
				t.Errorf("appended %x", b)
			}
		})
	}
}

func TestEchoReply_Oracle(t *testing.T) {
	reply4 := &layers.ICMPv4{TypeCode: layers.CreateICMPv4TypeCode(0, 0), Id: 0x1234, Seq: 7}
	for _, tc := range []struct {
		name      string
		req, want layers.IPv4
	}{
		{"may fragment", layers.IPv4{Id: 9, TOS: 0xbb, TTL: 3}, layers.IPv4{Id: 9, TOS: 0xb8}},
		{"DF", layers.IPv4{Id: 9, Flags: layers.IPv4DontFragment}, layers.IPv4{Flags: layers.IPv4DontFragment}},
		{"options", layers.IPv4{Options: []layers.IPv4Option{{OptionType: 7, OptionLength: 8, OptionData: make([]byte, 6)}}}, layers.IPv4{}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got, err := AppendEchoReply([]byte("head"), mustIP(t, echo4(t, tc.req, "odd")), ip4A)
			if err != nil || string(got[:4]) != "head" {
				t.Fatalf("%v, %x", err, got)
			}
			tc.want.SrcIP, tc.want.DstIP, tc.want.TTL, tc.want.Protocol = nip(ip4A), nip(ip4B), 64, layers.IPProtocolICMPv4
			same(t, got[4:], oracle4(t, tc.want, reply4, gopacket.Payload("odd")))
		})
	}
	got, err := AppendEchoReply(nil, mustIP(t, echo6(t, layers.IPv6{TrafficClass: 0xbb, HopLimit: 3, FlowLabel: 5}, "odd")), ip6A)
	if err != nil {
		t.Fatal(err)
	}
	same(t, got, oracle6(t, layers.IPv6{TrafficClass: 0xb8, HopLimit: 64, NextHeader: layers.IPProtocolICMPv6, SrcIP: nip(ip6A), DstIP: nip(ip6B)},
		&layers.ICMPv6{TypeCode: layers.CreateICMPv6TypeCode(129, 0)}, &layers.ICMPv6Echo{Identifier: 0x1234, SeqNumber: 7}, gopacket.Payload("odd")))
}

func TestEchoReply_RefusesAddresses(t *testing.T) {
	req4, req6 := mustIP(t, echo4(t, layers.IPv4{}, "")), mustIP(t, echo6(t, layers.IPv6{}, ""))
	for _, bad := range []netip.Addr{{}, ip6A, un4, limitedBroadcast, netip.MustParseAddr("224.0.0.1")} {
		if b, err := AppendEchoReply(nil, req4, bad); ReasonOf(err) != ReasonArgument || len(b) != 0 {
			t.Errorf("v4 from %v: %v %x", bad, err, b)
		}
	}
	for _, bad := range []netip.Addr{{}, ip4A, un6, AllNodes} {
		if b, err := AppendEchoReply(nil, req6, bad); ReasonOf(err) != ReasonArgument || len(b) != 0 {
			t.Errorf("v6 from %v: %v %x", bad, err, b)
		}
	}
	from := mustIP(t, echo6(t, layers.IPv6{SrcIP: nip(un6)}, ""))
	_, err := AppendEchoReply(nil, from, ip6A)
	wantReason(t, err, ReasonReportSource)
}

func TestEchoReply_RoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		data := string(rapid.SliceOfN(rapid.Byte(), 0, 2000).Draw(t, "data"))
		a4 := netip.AddrFrom4([4]byte{10, 0, 0, rapid.Byte().Draw(t, "host")})
		a6 := gen6(t, "src")
		for _, tc := range []struct {
			req      []byte
			src, dst netip.Addr
		}{{echo4(t, layers.IPv4{SrcIP: nip(a4)}, data), ip4A, a4}, {echo6(t, layers.IPv6{SrcIP: nip(a6)}, data), ip6A, a6}} {
			got, err := AppendEchoReply(nil, mustIP(t, tc.req), tc.src)
			if err != nil {
				t.Fatal(err)
			}
			p := mustIP(t, got)
			typ, code, ok := p.ICMPType()
			if p.Src != tc.src || p.Dst != tc.dst || !ok || code != 0 || typ != 0 && typ != 129 || string(p.L4[8:]) != data {
				t.Fatalf("%+v", p)
			}
		}
	})
}

// udp4 and udp6 are packets of n octets in all that errors may be about.
func udp4(t tb, n int) []byte {
	return oracle4(t, layers.IPv4{Protocol: ProtoUDP}, gopacket.Payload(bytes.Repeat([]byte{0x5a}, n-20)))
}

func udp6(t tb, n int) []byte {
	return oracle6(t, layers.IPv6{NextHeader: ProtoUDP}, gopacket.Payload(bytes.Repeat([]byte{0x5a}, n-40)))
}

func mustError(t tb, e ICMPError) []byte {
	t.Helper()
	b, err := AppendICMPError(nil, e)
	if err != nil {
		t.Fatalf("AppendICMPError: %v", err)
	}
	return b
}

func TestI1_I7_ErrorsOracle(t *testing.T) {
	off4, off6 := udp4(t, 100), udp6(t, 100)
	for _, tc := range []struct {
		e    ICMPError
		rest uint32
	}{
		{ICMPError{Type: ICMPDestUnreachable, Code: ICMPHostUnreachable}, 0},
		{ICMPError{Type: ICMPDestUnreachable, Code: ICMPNetUnreachable, MTU: 9, Pointer: 9}, 0},
		{ICMPError{Type: ICMPDestUnreachable, Code: ICMPFragmentationNeeded, MTU: 1400}, 1400},
		{ICMPError{Type: ICMPTimeExceeded, MTU: 9, Pointer: 9}, 0},
		{ICMPError{Type: ICMPParameterProblem, Pointer: 20}, 20 << 24},
	} {
		tc.e.Src, tc.e.Offending = ip4A, off4
		want := oracle4(t, layers.IPv4{TOS: 0xc0, TTL: 64, Flags: layers.IPv4DontFragment, Protocol: layers.IPProtocolICMPv4, SrcIP: nip(ip4A), DstIP: nip(ip4B)},
			&layers.ICMPv4{TypeCode: layers.CreateICMPv4TypeCode(tc.e.Type, tc.e.Code), Id: uint16(tc.rest >> 16), Seq: uint16(tc.rest)}, gopacket.Payload(off4))
		same(t, mustError(t, tc.e), want)
		tc.e.Offending = append(bytes.Clone(off4), 1, 2, 3) // Ethernet padding is not quoted
		same(t, mustError(t, tc.e), want)
	}
	for _, tc := range []struct {
		e    ICMPError
		rest uint32
	}{
		{ICMPError{Type: ICMPv6DestUnreachable, Code: ICMPv6AddressUnreachable, MTU: 9, Pointer: 9}, 0},
		{ICMPError{Type: ICMPv6DestUnreachable, Code: ICMPv6NoRoute}, 0},
		{ICMPError{Type: ICMPv6DestUnreachable, Code: ICMPv6AdminProhibited}, 0},
		{ICMPError{Type: ICMPv6PacketTooBig, MTU: 0x12345}, 0x12345},
		{ICMPError{Type: ICMPv6TimeExceeded, MTU: 9}, 0},
		{ICMPError{Type: ICMPv6ParameterProblem, Code: ICMPv6UnrecognizedNextHeader, Pointer: 6}, 6},
	} {
		tc.e.Src, tc.e.Offending = ip6A, off6
		rest := []byte{byte(tc.rest >> 24), byte(tc.rest >> 16), byte(tc.rest >> 8), byte(tc.rest)}
		same(t, mustError(t, tc.e), oracle6(t, layers.IPv6{HopLimit: 64, NextHeader: layers.IPProtocolICMPv6, SrcIP: nip(ip6A), DstIP: nip(ip6B)},
			&layers.ICMPv6{TypeCode: layers.CreateICMPv6TypeCode(tc.e.Type, tc.e.Code)}, gopacket.Payload(append(rest, off6...))))
	}
}

func TestI3_QuotesAsMuchAsFits(t *testing.T) {
	for _, tc := range []struct{ offending, want int }{{28, 56}, {547, 575}, {548, 576}, {549, 576}, {1500, 576}} {
		off := udp4(t, tc.offending)
		b := mustError(t, ICMPError{Type: 3, Code: 1, Src: ip4A, Offending: off})
		if len(b) != tc.want || !bytes.HasPrefix(off, b[28:]) || mustIP(t, b).Packet == nil {
			t.Errorf("v4 about %d octets: %d, want %d", tc.offending, len(b), tc.want)
		}
	}
	for _, tc := range []struct{ offending, want int }{{48, 96}, {1231, 1279}, {1232, 1280}, {1233, 1280}, {9000, 1280}} {
		off := udp6(t, tc.offending)
		b := mustError(t, ICMPError{Type: 1, Code: 3, Src: ip6A, Offending: off})
		if len(b) != tc.want || !bytes.HasPrefix(off, b[48:]) || mustIP(t, b).Packet == nil {
			t.Errorf("v6 about %d octets: %d, want %d", tc.offending, len(b), tc.want)
		}
	}
}

func TestI2_MayReport(t *testing.T) {
	parse := netip.MustParseAddr
	icmp4 := func(typ byte) []byte {
		return oracle4(t, layers.IPv4{Protocol: ProtoICMP}, gopacket.Payload([]byte{typ, 0, 0, 0, 0, 0, 0, 0}))
	}
	icmp6 := func(typ byte) []byte {
		return oracle6(t, layers.IPv6{NextHeader: ProtoICMPv6}, gopacket.Payload([]byte{typ, 0, 0, 0, 0, 0, 0, 0}))
	}
	with4 := func(src, dst netip.Addr) []byte {
		return oracle4(t, layers.IPv4{Protocol: ProtoUDP, SrcIP: nip(src), DstIP: nip(dst)}, gopacket.Payload("12345678"))
	}
	with6 := func(src, dst netip.Addr) []byte {
		return oracle6(t, layers.IPv6{NextHeader: ProtoUDP, SrcIP: nip(src), DstIP: nip(dst)}, gopacket.Payload("12345678"))
	}
	frag6 := func(next byte, offset uint16) []byte {
		return oracle6(t, layers.IPv6{NextHeader: ProtoFragment}, gopacket.Payload([]byte{next, 0, byte(offset >> 8), byte(offset), 0, 0, 0, 1, 128, 0, 0, 0, 0, 0, 0, 0}))
	}
	misplaced := func(next, typ byte) []byte { // hop-by-hop options behind destination options
		return oracle6(t, layers.IPv6{NextHeader: ProtoDestOptions}, gopacket.Payload([]byte{ProtoHopByHop, 0, 1, 4, 0, 0, 0, 0, next, 0, 1, 4, 0, 0, 0, 0, typ, 0, 0, 0, 0, 0, 0, 0}))
	}
	group6 := with6(ip6B, parse("ff0e::1"))
	bad := func(b []byte) []byte { b[10] ^= 1; return b }

	for _, tc := range []struct {
		name      string
		typ, code uint8
		packet    []byte
		linkGroup bool
		want      Reason
	}{
		{"v4 UDP", 3, 1, udp4(t, 60), false, ReasonNone},
		{"v4 header checksum not looked at", 3, 1, bad(udp4(t, 60)), false, ReasonNone},
		{"v4 echo request", 3, 1, icmp4(8), false, ReasonNone},
		{"v4 echo reply", 3, 1, icmp4(0), false, ReasonNone},
		{"v4 unreachable", 3, 1, icmp4(3), false, ReasonReportICMPError},
		{"v4 redirect", 3, 1, icmp4(5), false, ReasonReportICMPError},
		{"v4 time exceeded", 11, 0, icmp4(11), false, ReasonReportICMPError},
		{"v4 ICMP without a type", 3, 1, oracle4(t, layers.IPv4{Protocol: ProtoICMP}), false, ReasonReportICMPError},
		{"v4 multicast", 3, 1, with4(ip4B, parse("224.0.0.5")), false, ReasonReportGroup},
		{"v4 broadcast", 3, 1, with4(ip4B, limitedBroadcast), false, ReasonReportGroup},
		{"v4 on link broadcast", 3, 1, udp4(t, 60), true, ReasonReportLinkGroup},
		{"v4 fragmentation needed, link broadcast", 3, 4, udp4(t, 60), true, ReasonReportLinkGroup},
		{"v4 type 2 is no packet too big", 2, 0, udp4(t, 60), true, ReasonReportLinkGroup},
		{"v4 first fragment", 3, 1, oracle4(t, layers.IPv4{Protocol: ProtoUDP, Flags: layers.IPv4MoreFragments}, gopacket.Payload("12345678")), false, ReasonNone},
		{"v4 later fragment", 3, 1, oracle4(t, layers.IPv4{Protocol: ProtoUDP, FragOffset: 1}, gopacket.Payload("12345678")), false, ReasonReportFragment},
		{"v4 from 0.0.0.0", 3, 1, with4(un4, ip4A), false, ReasonReportSource},
		{"v4 from 0/8", 3, 1, with4(parse("0.1.2.3"), ip4A), false, ReasonReportSource},
		{"v4 from loopback", 3, 1, with4(parse("127.1.2.3"), ip4A), false, ReasonReportSource},
		{"v4 from multicast", 3, 1, with4(parse("239.1.2.3"), ip4A), false, ReasonReportSource},
		{"v4 from class E", 3, 1, with4(parse("240.0.0.1"), ip4A), false, ReasonReportSource},
		{"v4 from broadcast", 3, 1, with4(limitedBroadcast, ip4A), false, ReasonReportSource},
		{"v4 from 223.255.255.255", 3, 1, with4(parse("223.255.255.255"), ip4A), false, ReasonNone},
		{"v4 cut", 3, 1, udp4(t, 60)[:59], false, ReasonTruncated},
		{"nothing", 3, 1, nil, false, ReasonTruncated},
		{"not IP", 3, 1, []byte{0x50, 0}, false, ReasonIPVersion},

		{"v6 UDP", 1, 3, udp6(t, 60), false, ReasonNone},
		{"v6 echo request", 1, 3, icmp6(128), false, ReasonNone},
		{"v6 unreachable", 1, 3, icmp6(1), false, ReasonReportICMPError},
		{"v6 unknown error", 1, 3, icmp6(127), false, ReasonReportICMPError},
		{"v6 redirect", 1, 3, icmp6(137), false, ReasonReportICMPError},
		{"v6 ICMP of one octet", 1, 3, oracle6(t, layers.IPv6{NextHeader: ProtoICMPv6}, gopacket.Payload([]byte{128})), false, ReasonReportICMPError},
		{"v6 too big about an error", 2, 0, icmp6(1), false, ReasonReportICMPError},
		{"v6 multicast", 1, 3, group6, false, ReasonReportGroup},
		{"v6 multicast, too big", 2, 0, group6, false, ReasonNone},
		{"v6 multicast, unrecognized option", 4, 2, group6, false, ReasonNone},
		{"v6 multicast, unrecognized next header", 4, 1, group6, false, ReasonReportGroup},
		{"v6 multicast, time exceeded code 2", 3, 2, group6, false, ReasonReportGroup},
		{"v6 on link multicast", 1, 3, udp6(t, 60), true, ReasonReportLinkGroup},
		{"v6 on link multicast, too big", 2, 0, group6, true, ReasonNone},
		{"v6 on link multicast, unrecognized option", 4, 2, udp6(t, 60), true, ReasonNone},
		{"v6 from ::", 1, 3, with6(un6, ip6A), false, ReasonReportSource},
		{"v6 from ::, too big", 2, 0, with6(un6, ip6A), false, ReasonReportSource},
		{"v6 from multicast", 1, 3, with6(AllNodes, ip6A), false, ReasonReportSource},
		{"v6 from ::1", 1, 3, with6(netip.IPv6Loopback(), ip6A), false, ReasonReportSource},
		{"v6 from link-local", 1, 3, with6(llB, ip6A), false, ReasonNone},
		{"v6 later fragment of UDP", 1, 3, frag6(ProtoUDP, 8), false, ReasonNone},
		{"v6 later fragment of ICMPv6", 1, 3, frag6(ProtoICMPv6, 8), false, ReasonReportFragment},
		{"v6 first fragment of an echo", 1, 3, frag6(ProtoICMPv6, 0), false, ReasonNone},
		{"v6 echo request behind misplaced options", 1, 3, misplaced(ProtoICMPv6, 128), false, ReasonNone},
		{"v6 unreachable behind misplaced options", 1, 3, misplaced(ProtoICMPv6, 1), false, ReasonReportICMPError},
		{"v6 unreachable behind misplaced options, unrecognized", 4, 1, misplaced(ProtoICMPv6, 1), false, ReasonReportICMPError},
		{"v6 broken chain behind misplaced options", 1, 3, misplaced(ProtoHopByHop, 17)[:60], false, ReasonTruncated},
		{"v6 broken chain", 1, 3, oracle6(t, layers.IPv6{NextHeader: ProtoDestOptions}, gopacket.Payload("1")), false, ReasonIPExtension},
	} {
		t.Run(tc.name, func(t *testing.T) {
			ok, got := MayReport(tc.typ, tc.code, tc.packet, tc.linkGroup)
			if got != tc.want || ok != (tc.want == ReasonNone) {
				t.Errorf("got %v %v, want %v", ok, got, tc.want)
			}
			if ok || tc.linkGroup {
				return
			}
			b, err := AppendICMPError([]byte("head"), ICMPError{Type: tc.typ, Code: tc.code, Src: ip4A, Offending: tc.packet})
			if ReasonOf(err) != tc.want || string(b) != "head" {
				t.Errorf("AppendICMPError: %v, %x", err, b)
			}
		})
	}
}

func TestAppendICMPError_RefusesArguments(t *testing.T) {
	off4, off6 := udp4(t, 60), udp6(t, 60)
	for name, e := range map[string]ICMPError{
		"v4 with a v6 source":      {Type: 3, Code: 1, Src: ip6A, Offending: off4},
		"v4 with a mapped source":  {Type: 3, Code: 1, Src: netip.AddrFrom16(ip4A.As16()), Offending: off4},
		"v4 from 0.0.0.0":          {Type: 3, Code: 1, Src: un4, Offending: off4},
		"v4 without a source":      {Type: 3, Code: 1, Offending: off4},
		"v4 echo reply":            {Type: 0, Src: ip4A, Offending: off4},
		"v4 redirect":              {Type: 5, Src: ip4A, Offending: off4},
		"v4 with a v6 type":        {Type: 1, Code: 3, Src: ip4A, Offending: off4},
		"v4 MTU that does not fit": {Type: 3, Code: 4, MTU: 65536, Src: ip4A, Offending: off4},
		"v4 pointer too large":     {Type: 12, Pointer: 256, Src: ip4A, Offending: off4},
		"v6 with a v4 source":      {Type: 1, Code: 3, Src: ip4A, Offending: off6},
		"v6 type 0":                {Type: 0, Src: ip6A, Offending: off6},
		"v6 type 5":                {Type: 5, Src: ip6A, Offending: off6},
		"v6 echo":                  {Type: 128, Src: ip6A, Offending: off6},
		"v6 from a group":          {Type: 1, Src: AllNodes, Offending: off6},
	} {
		if b, err := AppendICMPError([]byte("head"), e); ReasonOf(err) != ReasonArgument || string(b) != "head" {
			t.Errorf("%s: %v, %x", name, err, b)
		}
	}
}

func TestAppend_NoAllocationWithRoom(t *testing.T) {
	buf := make([]byte, 0, 2048)
	ns := mustND(t, oracleND(t, goodNS()))
	req := mustIP(t, echo4(t, layers.IPv4{}, "ping"))
	off := udp6(t, 1400)
	for name, f := range map[string]func(){
		"ARP":   func() { AppendARPRequest(buf, Broadcast, macA, ip4A, ip4B) },
		"NS":    func() { AppendNeighborSolicitation(buf, macA, ip6A, ip6B) },
		"NA":    func() { AppendNeighborAdvertisement(buf, ns, macA, NAFlags{}) },
		"echo":  func() { _, _ = AppendEchoReply(buf, req, ip4A) },
		"error": func() { _, _ = AppendICMPError(buf, ICMPError{Type: 1, Code: 3, Src: ip6A, Offending: off}) },
	} {
		if n := testing.AllocsPerRun(100, f); n != 0 {
			t.Errorf("%s: %v allocations", name, n)
		}
	}
}
