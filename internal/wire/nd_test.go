// SPDX-License-Identifier: Apache-2.0

package wire

import (
	"net/netip"
	"testing"

	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"
	"pgregory.net/rapid"

	"github.com/parkway-gw/parkway/internal/topology"
)

const (
	slla = layers.ICMPv6OptSourceAddress
	tlla = layers.ICMPv6OptTargetAddress
)

func mustND(t tb, f []byte) ND {
	t.Helper()
	nd, err := DecodeND(f)
	if err != nil {
		t.Fatalf("DecodeND: %v\n%x", err, f)
	}
	return nd
}

// goodNS is what a neighbor sends to resolve our address.
func goodNS() ndSpec {
	group := SolicitedNodeGroup(ip6A)
	eth, _ := MulticastMAC(group)
	return ndSpec{ethDst: eth, ethSrc: macB, src: ip6B, dst: group, typ: 135, body: nsBody(ip6A, ndOpt(slla, macB))}
}

// goodNA is its answer to ours.
func goodNA() ndSpec {
	return ndSpec{ethDst: macA, ethSrc: macB, src: ip6B, dst: ip6A, typ: 136, body: naBody(0x60, ip6B, ndOpt(tlla, macB))}
}

func goodRS() ndSpec {
	dst := netip.MustParseAddr("ff02::2")
	eth, _ := MulticastMAC(dst)
	return ndSpec{ethDst: eth, ethSrc: macB, src: llB, dst: dst, typ: 133,
		body: &layers.ICMPv6RouterSolicitation{Options: layers.ICMPv6Options{ndOpt(slla, macB)}}}
}

func goodRA() ndSpec {
	eth, _ := MulticastMAC(AllNodes)
	return ndSpec{ethDst: eth, ethSrc: macB, src: llB, dst: AllNodes, typ: 134,
		body: &layers.ICMPv6RouterAdvertisement{HopLimit: 64, Flags: 0x80, RouterLifetime: 1800, ReachableTime: 30000,
			RetransTimer: 1000, Options: layers.ICMPv6Options{ndOpt(slla, macB)}}}
}

func TestDecodeND_OracleFrames(t *testing.T) {
	ns, na, rs, ra := goodNS(), goodNA(), goodRS(), goodRA()
	for name, tc := range map[string]struct {
		frame []byte
		want  ND
	}{
		"NS": {oracleND(t, ns), ND{EthDst: ns.ethDst, EthSrc: macB, Src: ip6B, Dst: ns.dst,
			Type: NeighborSolicitation, Target: ip6A, SLLA: macB, SLLAOK: true}},
		"NA": {oracleND(t, na), ND{EthDst: macA, EthSrc: macB, Src: ip6B, Dst: ip6A,
			Type: NeighborAdvertisement, Target: ip6B, TLLA: macB, TLLAOK: true, Solicited: true, Override: true}},
		"RS": {oracleND(t, rs), ND{EthDst: rs.ethDst, EthSrc: macB, Src: llB, Dst: rs.dst,
			Type: RouterSolicitation, SLLA: macB, SLLAOK: true}},
		"RA": {oracleND(t, ra), ND{EthDst: ra.ethDst, EthSrc: macB, Src: llB, Dst: AllNodes,
			Type: RouterAdvertisement, SLLA: macB, SLLAOK: true, CurHopLimit: 64, Managed: true,
			RouterLifetime: 1800, ReachableTime: 30000, RetransTimer: 1000}},
	} {
		t.Run(name, func(t *testing.T) {
			if got := mustND(t, tc.frame); got != tc.want {
				t.Errorf("got  %+v\nwant %+v", got, tc.want)
			}
			padded := append(append([]byte(nil), tc.frame...), 0xde, 0xad)
			if got := mustND(t, padded); got != tc.want {
				t.Errorf("with Ethernet padding: got %+v", got)
			}
		})
	}
}

func TestN1_FlagsOfAnAdvertisement(t *testing.T) {
	for flags := range 8 {
		s := goodNA()
		s.body = naBody(uint8(flags<<5), ip6B)
		got := mustND(t, oracleND(t, s))
		if got.Router != (flags&4 != 0) || got.Solicited != (flags&2 != 0) || got.Override != (flags&1 != 0) || got.TLLAOK {
			t.Errorf("flags %03b: %+v", flags, got)
		}
	}
}

func TestN1_Refuses(t *testing.T) {
	mcast := netip.MustParseAddr("ff02::1:2")
	edit := func(s ndSpec, f func(*ndSpec)) []byte { f(&s); return oracleND(t, s) }
	raw := func(s ndSpec, f func([]byte) []byte) []byte { return f(oracleND(t, s)) }
	// cut drops n octets from the end and makes the lengths and checksum right.
	cut := func(s ndSpec, n int) []byte {
		return raw(s, func(b []byte) []byte { return fixND(b[:len(b)-n]) })
	}
	for _, tc := range []struct {
		name  string
		frame []byte
		want  Reason
	}{
		{"NS hop limit 254", edit(goodNS(), func(s *ndSpec) { s.hopLimit = 254 }), ReasonNDHopLimit},
		{"NA hop limit 1", edit(goodNA(), func(s *ndSpec) { s.hopLimit = 1 }), ReasonNDHopLimit},
		{"RS hop limit 64", edit(goodRS(), func(s *ndSpec) { s.hopLimit = 64 }), ReasonNDHopLimit},
		{"RA hop limit 64", edit(goodRA(), func(s *ndSpec) { s.hopLimit = 64 }), ReasonNDHopLimit},
		{"NS checksum", raw(goodNS(), func(b []byte) []byte { b[56] ^= 1; return b }), ReasonNDChecksum},
		{"NS changed target", raw(goodNS(), func(b []byte) []byte { b[77] ^= 1; return b }), ReasonNDChecksum},
		{"NA changed source", raw(goodNA(), func(b []byte) []byte { b[37] ^= 1; return b }), ReasonNDChecksum},
		{"NS code", edit(goodNS(), func(s *ndSpec) { s.code = 1 }), ReasonNDCode},
		{"NA code", edit(goodNA(), func(s *ndSpec) { s.code = 1 }), ReasonNDCode},
		{"RS code", edit(goodRS(), func(s *ndSpec) { s.code = 1 }), ReasonNDCode},
		{"RA code", edit(goodRA(), func(s *ndSpec) { s.code = 1 }), ReasonNDCode},
		{"NS of 24", cut(goodNS(), 8), ReasonNone},
		{"NS of 23", cut(goodNS(), 9), ReasonNDLength},
		{"NA of 20", cut(goodNA(), 12), ReasonNDLength},
		{"RA of 15", cut(goodRA(), 9), ReasonNDLength},
		{"RS of 7", cut(goodRS(), 9), ReasonNDLength},
		{"ICMP of 3", cut(goodNS(), 29), ReasonTruncated},
		{"IPv6 without payload", raw(goodNS(), func(b []byte) []byte { b[19] = 0; return b[:54] }), ReasonTruncated},
		{"payload length beyond the frame", raw(goodNS(), func(b []byte) []byte { return b[:len(b)-1] }), ReasonTruncated},
		{"IPv6 header cut", raw(goodNS(), func(b []byte) []byte { return b[:53] }), ReasonTruncated},
		{"Ethernet header only", raw(goodNS(), func(b []byte) []byte { return b[:14] }), ReasonTruncated},
		{"Ethernet header cut", raw(goodNS(), func(b []byte) []byte { return b[:9] }), ReasonTruncated},
		{"tagged", raw(goodNS(), func(b []byte) []byte { b[12], b[13] = 0x81, 0; return b }), ReasonTagged},
		{"IPv4 EtherType", raw(goodNS(), func(b []byte) []byte { b[12], b[13] = 0x08, 0; return b }), ReasonEtherType},
		{"version 4", raw(goodNS(), func(b []byte) []byte { b[14] = 0x45; return b }), ReasonIPVersion},
		{"option length 0", raw(goodNS(), func(b []byte) []byte { b[79] = 0; return fixND(b) }), ReasonNDOption},
		{"unknown option length 0", raw(goodNS(), func(b []byte) []byte { b[78], b[79] = 200, 0; return fixND(b) }), ReasonNDOption},
		{"option past the end", raw(goodNS(), func(b []byte) []byte { b[78], b[79] = 200, 2; return fixND(b) }), ReasonNDOption},
		{"option of 7 octets", cut(goodNS(), 1), ReasonNDOption},
		{"SLLA of 16 octets", raw(goodNS(), func(b []byte) []byte { b[79] = 2; return fixND(append(b, make([]byte, 8)...)) }), ReasonNDOption},
		{"NA option length 0", raw(goodNA(), func(b []byte) []byte { b[79] = 0; return fixND(b) }), ReasonNDOption},
		{"unknown option", raw(goodNS(), func(b []byte) []byte { b[78] = 200; return fixND(b) }), ReasonNone},

		{"NS target multicast", edit(goodNS(), func(s *ndSpec) { s.body = nsBody(mcast) }), ReasonNDTarget},
		{"NA target multicast", edit(goodNA(), func(s *ndSpec) { s.body = naBody(0x60, mcast) }), ReasonNDTarget},
		{"NS target ::", edit(goodNS(), func(s *ndSpec) { s.body = nsBody(un6) }), ReasonNDTarget},
		{"NA target ::1", edit(goodNA(), func(s *ndSpec) { s.body = naBody(0x60, netip.IPv6Loopback()) }), ReasonNDTarget},
		{"NS from multicast", edit(goodNS(), func(s *ndSpec) { s.src = mcast }), ReasonNDSource},
		{"NS from ::1", edit(goodNS(), func(s *ndSpec) { s.src = netip.IPv6Loopback() }), ReasonNDSource},
		{"NA from ::", edit(goodNA(), func(s *ndSpec) { s.src = un6 }), ReasonNDSource},
		{"RA from global", edit(goodRA(), func(s *ndSpec) { s.src = ip6B }), ReasonNDSource},

		{"NS from ::", edit(goodNS(), func(s *ndSpec) { s.src, s.body = un6, nsBody(ip6A) }), ReasonNone},
		{"NS from :: with SLLA", edit(goodNS(), func(s *ndSpec) { s.src = un6 }), ReasonNDProbe},
		{"NS from :: to unicast", edit(goodNS(), func(s *ndSpec) { s.src, s.dst, s.body = un6, ip6A, nsBody(ip6A) }), ReasonNDProbe},
		{"NS from :: to all nodes", edit(goodNS(), func(s *ndSpec) { s.src, s.dst, s.body = un6, AllNodes, nsBody(ip6A) }), ReasonNDProbe},
		{"RS from ::", edit(goodRS(), func(s *ndSpec) { s.src, s.body = un6, &layers.ICMPv6RouterSolicitation{} }), ReasonNone},
		{"RS from :: with SLLA", edit(goodRS(), func(s *ndSpec) { s.src = un6 }), ReasonNDProbe},

		{"NA to all nodes", edit(goodNA(), func(s *ndSpec) { s.dst, s.body = AllNodes, naBody(0x20, ip6B) }), ReasonNone},
		{"NA to all nodes, S", edit(goodNA(), func(s *ndSpec) { s.dst = AllNodes }), ReasonNDSolicited},

		{"redirect", edit(goodNS(), func(s *ndSpec) { s.typ = 137 }), ReasonNotND},
		{"echo request", edit(goodNS(), func(s *ndSpec) { s.typ = 128 }), ReasonNotND},
		{"UDP", raw(goodNS(), func(b []byte) []byte { b[20] = ProtoUDP; return b }), ReasonNotND},
	} {
		t.Run(tc.name, func(t *testing.T) {
			nd, err := DecodeND(tc.frame)
			wantReason(t, err, tc.want)
			if err != nil && nd != (ND{}) {
				t.Errorf("refused, but returned %+v", nd)
			}
		})
	}
}

// behind puts extension headers, whose last one names ICMPv6, before the
// message of an ND frame.
func behind(f []byte, first byte, ext ...byte) []byte {
	out := append(append([]byte(nil), f[:54]...), ext...)
	out = append(out, f[54:]...)
	n := len(out) - 54
	out[18], out[19], out[20] = byte(n>>8), byte(n), first
	return out
}

func TestN2_RefusesExtensionHeaders(t *testing.T) {
	hbh := []byte{58, 0, 1, 4, 0, 0, 0, 0}
	echo := goodNS()
	echo.typ = 128
	for name, tc := range map[string]struct {
		frame []byte
		want  Reason
	}{
		"atomic fragment":            {behind(oracleND(t, goodNS()), 44, 58, 0, 0, 0, 0, 0, 0, 1), ReasonNDFragment},
		"first fragment":             {behind(oracleND(t, goodNA()), 44, 58, 0, 0, 1, 0, 0, 0, 1), ReasonNDFragment},
		"later fragment":             {behind(oracleND(t, goodNS()), 44, 58, 0, 0, 8, 0, 0, 0, 1), ReasonNDFragment},
		"later fragment of anything": {behind(oracleND(t, echo), 44, 58, 0, 0, 8, 0, 0, 0, 1), ReasonNDFragment},
		"echo in a first fragment":   {behind(oracleND(t, echo), 44, 58, 0, 0, 1, 0, 0, 0, 1), ReasonNotND},
		"RA in a fragment":           {behind(oracleND(t, goodRA()), 44, 58, 0, 0, 0, 0, 0, 0, 1), ReasonNDFragment},
		"RS in a fragment":           {behind(oracleND(t, goodRS()), 44, 58, 0, 0, 0, 0, 0, 0, 1), ReasonNDFragment},
		"options, then fragment":     {behind(oracleND(t, goodNS()), 60, 44, 0, 1, 4, 0, 0, 0, 0, 58, 0, 0, 0, 0, 0, 0, 1), ReasonNDFragment},
		"hop-by-hop":                 {behind(oracleND(t, goodNS()), 0, hbh...), ReasonNDExtension},
		"destination options":        {behind(oracleND(t, goodNA()), 60, hbh...), ReasonNDExtension},
		"echo behind options":        {behind(oracleND(t, echo), 60, hbh...), ReasonNotND},
		"extension past the payload": {behind(oracleND(t, goodNS()), 60, 58, 200, 1, 4, 0, 0, 0, 0), ReasonIPExtension},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := DecodeND(tc.frame)
			wantReason(t, err, tc.want)
		})
	}
}

func TestND_OptionsOfOtherMessagesAreIgnored(t *testing.T) {
	ns, na := goodNS(), goodNA()
	ns.body = nsBody(ip6A, ndOpt(tlla, macB))
	na.body = naBody(0, ip6B, ndOpt(slla, macB))
	for _, s := range []ndSpec{ns, na} {
		if nd := mustND(t, oracleND(t, s)); nd.SLLAOK || nd.TLLAOK {
			t.Errorf("%+v", nd)
		}
	}
	ns.body = nsBody(ip6A, ndOpt(slla, macA), ndOpt(slla, macB)) // gopacket writes options last to first
	if nd := mustND(t, oracleND(t, ns)); nd.SLLA != macB {
		t.Errorf("of two options, got %v, want the first on the wire", nd.SLLA)
	}
}

func TestA7_ND_LinkLayerAddressMustBeOneStations(t *testing.T) {
	for name, tc := range map[string]struct {
		mac  topology.MAC
		want Reason
	}{
		"unicast":   {macB, ReasonNone},
		"zero":      {topology.MAC{}, ReasonNDLinkLayer},
		"multicast": {macM, ReasonNDLinkLayer},
		"broadcast": {Broadcast, ReasonNDLinkLayer},
		"own":       {macA, ReasonNDLinkOwn},
	} {
		t.Run(name, func(t *testing.T) {
			ns, na := goodNS(), goodNA()
			ns.body, na.body = nsBody(ip6A, ndOpt(slla, tc.mac)), naBody(0x60, ip6B, ndOpt(tlla, tc.mac))
			wantReason(t, mustND(t, oracleND(t, ns)).Check(macA), tc.want)
			wantReason(t, mustND(t, oracleND(t, na)).Check(macA), tc.want)
		})
	}
	na := goodNA()
	na.body = naBody(0x60, ip6B)
	wantReason(t, mustND(t, oracleND(t, na)).Check(macA), ReasonNone)
}

func TestN5_MulticastSolicitation(t *testing.T) {
	got := AppendNeighborSolicitation(nil, macA, ip6A, ip6B)
	same(t, got, oracleND(t, ndSpec{
		ethDst: topology.MAC{0x33, 0x33, 0xff, 0x4e, 0x12, 0x34}, ethSrc: macA,
		src: ip6A, dst: netip.MustParseAddr("ff02::1:ff4e:1234"), typ: 135, body: nsBody(ip6B, ndOpt(slla, macA))}))
	if nd := mustND(t, got); !nd.SLLAOK || nd.IsDAD() {
		t.Errorf("%+v", nd)
	}
}

func TestN12_DuplicateAddressProbe(t *testing.T) {
	got := AppendNeighborSolicitation(nil, macA, un6, ip6A)
	group := SolicitedNodeGroup(ip6A)
	eth, _ := MulticastMAC(group)
	same(t, got, oracleND(t, ndSpec{ethDst: eth, ethSrc: macA, src: un6, dst: group, typ: 135, body: nsBody(ip6A)}))
	if nd := mustND(t, got); !nd.IsDAD() {
		t.Errorf("%+v", nd)
	}
}

func TestN10_UnicastProbe(t *testing.T) {
	same(t, AppendNeighborProbe(nil, macB, macA, llA, ip6B),
		oracleND(t, ndSpec{ethDst: macB, ethSrc: macA, src: llA, dst: ip6B, typ: 135, body: nsBody(ip6B, ndOpt(slla, macA))}))
	if got := AppendNeighborProbe(nil, macB, macA, un6, ip6B); len(got) != 0 {
		t.Errorf("probe from ::: %x", got)
	}
}

func TestN7_SolicitedAdvertisement(t *testing.T) {
	macC := topology.MAC{2, 0, 0, 0, 0, 0xcc}
	ns := mustND(t, oracleND(t, goodNS()))
	want := ndSpec{ethDst: macB, ethSrc: macA, src: ip6A, dst: ip6B, typ: 136, body: naBody(0xe0, ip6A, ndOpt(tlla, macA))}
	same(t, AppendNeighborAdvertisement(nil, ns, macA, NAFlags{Router: true, Override: true}), oracleND(t, want))

	want.body = naBody(0x40, ip6A, ndOpt(tlla, macA))
	same(t, AppendNeighborAdvertisement(nil, ns, macA, NAFlags{}), oracleND(t, want))

	ns.SLLA = macC // goes to the station that the option names
	want.ethDst = macC
	same(t, AppendNeighborAdvertisement(nil, ns, macA, NAFlags{}), oracleND(t, want))

	want.ethDst = macB
	for _, m := range []topology.MAC{{}, macM, Broadcast} { // an option that nobody should follow
		ns.SLLA = m
		same(t, AppendNeighborAdvertisement(nil, ns, macA, NAFlags{}), oracleND(t, want))
	}
	ns.SLLAOK = false
	same(t, AppendNeighborAdvertisement(nil, ns, macA, NAFlags{}), oracleND(t, want))

	ns.Type = NeighborAdvertisement
	if got := AppendNeighborAdvertisement(nil, ns, macA, NAFlags{}); len(got) != 0 {
		t.Errorf("answered an advertisement: %x", got)
	}
}

func TestN7_AnswerToDuplicateProbeGoesToAllNodes(t *testing.T) {
	s := goodNS()
	s.src, s.body = un6, nsBody(ip6A)
	ns := mustND(t, oracleND(t, s))
	eth, _ := MulticastMAC(AllNodes)
	same(t, AppendNeighborAdvertisement(nil, ns, macA, NAFlags{Router: true, Override: true}),
		oracleND(t, ndSpec{ethDst: eth, ethSrc: macA, src: ip6A, dst: AllNodes, typ: 136, body: naBody(0xa0, ip6A, ndOpt(tlla, macA))}))
}

func TestN12_UnsolicitedAdvertisement(t *testing.T) {
	same(t, AppendNeighborAnnouncement(nil, macA, llA, ip6A, NAFlags{Router: true, Override: true}),
		oracleND(t, ndSpec{ethDst: topology.MAC{0x33, 0x33, 0, 0, 0, 1}, ethSrc: macA, src: llA, dst: AllNodes, typ: 136,
			body: naBody(0xa0, ip6A, ndOpt(tlla, macA))}))
}

func TestAppendND_RefusesOtherFamilies(t *testing.T) {
	head := []byte("head")
	for _, bad := range []netip.Addr{{}, ip4A, netip.AddrFrom16(ip4A.As16())} {
		for name, got := range map[string][]byte{
			"NS source":    AppendNeighborSolicitation(head, macA, bad, ip6B),
			"NS target":    AppendNeighborSolicitation(head, macA, ip6A, bad),
			"probe target": AppendNeighborProbe(head, macB, macA, ip6A, bad),
			"NA target":    AppendNeighborAdvertisement(head, ND{Type: NeighborSolicitation, Src: ip6B, Target: bad}, macA, NAFlags{}),
			"NA dst":       AppendNeighborAdvertisement(head, ND{Type: NeighborSolicitation, Src: bad, Target: ip6A}, macA, NAFlags{}),
			"announcement": AppendNeighborAnnouncement(head, macA, ip6A, bad, NAFlags{}),
		} {
			if string(got) != "head" {
				t.Errorf("%s %v: %x", name, bad, got)
			}
		}
	}
}

func TestND_EncodedDecodesToItself(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		mac, neighbor := genMAC(t, "mac"), genMAC(t, "neighbor")
		src, target := gen6(t, "src"), gen6(t, "target")
		flags := NAFlags{Router: rapid.Bool().Draw(t, "R"), Override: rapid.Bool().Draw(t, "O")}
		group := SolicitedNodeGroup(target)
		ethGroup, _ := MulticastMAC(group)
		ethAll, _ := MulticastMAC(AllNodes)
		head := rapid.SliceOfN(rapid.Byte(), 0, 5).Draw(t, "head")

		check := func(name string, f []byte, want ND) {
			got := mustND(t, f[len(head):])
			if got != want {
				t.Fatalf("%s: got %+v\nwant %+v", name, got, want)
			}
		}
		ns := ND{EthDst: ethGroup, EthSrc: mac, Src: src, Dst: group, Type: NeighborSolicitation, Target: target, SLLA: mac, SLLAOK: true}
		check("NS", AppendNeighborSolicitation(head, mac, src, target), ns)
		probe := ns
		probe.EthDst, probe.Dst = neighbor, target
		check("probe", AppendNeighborProbe(head, neighbor, mac, src, target), probe)
		check("announcement", AppendNeighborAnnouncement(head, mac, src, target, flags), ND{EthDst: ethAll, EthSrc: mac, Src: src, Dst: AllNodes,
			Type: NeighborAdvertisement, Target: target, TLLA: mac, TLLAOK: true, Router: flags.Router, Override: flags.Override})
		to := mac
		if unusable(mac) {
			to = ns.EthSrc
		}
		check("NA", AppendNeighborAdvertisement(head, ns, neighbor, flags), ND{EthDst: to, EthSrc: neighbor, Src: target, Dst: src,
			Type: NeighborAdvertisement, Target: target, TLLA: neighbor, TLLAOK: true, Router: flags.Router, Solicited: true, Override: flags.Override})
	})
}

func FuzzDecodeND(f *testing.F) {
	f.Add(AppendNeighborSolicitation(nil, macA, ip6A, ip6B))
	f.Add(AppendNeighborAnnouncement(nil, macA, ip6A, ip6A, NAFlags{Router: true}))
	for _, s := range []ndSpec{goodNS(), goodNA(), goodRS(), goodRA()} {
		f.Add(oracleND(f, s))
	}
	f.Add(AppendRouterAdvertisement(nil, ethAllNodes, macA, llA, AllNodes, fullRA()))
	unspecified := goodRS()
	unspecified.src, unspecified.body = un6, &layers.ICMPv6RouterSolicitation{}
	f.Add(oracleND(f, unspecified))
	f.Fuzz(func(t *testing.T, b []byte) {
		// Half of the runs would die at the checksum; mend it in a copy.
		if len(b) >= 58 {
			fixed := append([]byte(nil), b...)
			fuzzND(t, fixND(fixed))
		}
		fuzzND(t, b)
	})
}

func fuzzND(t *testing.T, b []byte) {
	nd, err := DecodeND(b)
	if err != nil {
		if ReasonOf(err) == ReasonInternal || nd != (ND{}) {
			t.Fatalf("%v with %+v", err, nd)
		}
		return
	}
	if nd.Target.IsValid() && notAHost(nd.Target) || nd.Solicited && nd.Dst.IsMulticast() {
		t.Fatalf("accepted %+v", nd)
	}
	_ = nd.Check(macA)
	// gopacket reads the same fields.
	p := gopacket.NewPacket(b, layers.LayerTypeEthernet, gopacket.Default)
	switch l := p.Layer(layers.LayerTypeICMPv6NeighborSolicitation).(type) {
	case *layers.ICMPv6NeighborSolicitation:
		if nd.Type != NeighborSolicitation || !l.TargetAddress.Equal(nip(nd.Target)) {
			t.Fatalf("gopacket %v, got %+v", l.TargetAddress, nd)
		}
	default:
		if nd.Type == NeighborSolicitation {
			t.Fatalf("gopacket sees no solicitation in %x", b)
		}
	}
	if nd.Type == NeighborSolicitation {
		na, err := DecodeND(AppendNeighborAdvertisement(nil, nd, macA, NAFlags{Router: true}))
		if isV6(nd.Src) && isV6(nd.Target) && (err != nil || na.Target != nd.Target || na.Solicited == nd.IsDAD()) {
			t.Fatalf("answer %+v, %v", na, err)
		}
	}
}
