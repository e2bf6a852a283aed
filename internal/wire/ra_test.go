// SPDX-License-Identifier: Apache-2.0

package wire

import (
	"net/netip"
	"strings"
	"testing"

	"github.com/google/gopacket/layers"
	"pgregory.net/rapid"

	"github.com/parkway-gw/parkway/internal/topology"
)

var ethAllNodes, _ = MulticastMAC(AllNodes)

// fullRA has every option.
func fullRA() *RA {
	return &RA{
		CurHopLimit: 64, Managed: true, OtherConf: true, Preference: topology.PreferHigh, RouterLifetime: 1800,
		ReachableTime: 30000, RetransTimer: 1000, MTU: 1500,
		Prefixes: []RAPrefix{
			{Prefix: netip.MustParsePrefix("2001:db8:1::99/64"), OnLink: true, Autonomous: true, Valid: 2592000, Preferred: 604800},
			{Prefix: netip.MustParsePrefix("2001:db8:2::/48"), OnLink: true, Valid: Forever, Preferred: Forever},
		},
		Routes: []RARoute{
			{netip.MustParsePrefix("::/0"), topology.PreferLow, 1800},
			{netip.MustParsePrefix("2001:db8:b::/48"), topology.PreferHigh, 1800},
			{netip.MustParsePrefix("2001:db8:b::1/128"), topology.PreferMedium, 1800},
		},
		RDNSS: []netip.Addr{ip6A, ip6B}, DNSSL: []string{"example.com", "a.b"}, DNSLifetime: 1800,
	}
}

// option is one for the oracle, which wants the data without type and length.
func option(typ layers.ICMPv6Opt, data ...byte) layers.ICMPv6Option {
	return layers.ICMPv6Option{Type: typ, Data: data}
}

func octets(parts ...any) (out []byte) {
	for _, p := range parts {
		switch p := p.(type) {
		case int:
			out = append(out, byte(p))
		case string:
			out = append(out, p...)
		case netip.Addr:
			out = append(out, p.AsSlice()...)
		case uint32:
			out = append(out, byte(p>>24), byte(p>>16), byte(p>>8), byte(p))
		}
	}
	return out
}

func TestRA_OracleFrame(t *testing.T) {
	a := netip.MustParseAddr
	opts := []layers.ICMPv6Option{ // in the order of the wire
		ndOpt(slla, macA),
		option(layers.ICMPv6OptMTU, octets(0, 0, uint32(1500))...),
		option(layers.ICMPv6OptPrefixInfo, octets(64, 0xc0, uint32(2592000), uint32(604800), uint32(0), a("2001:db8:1::"))...),
		option(layers.ICMPv6OptPrefixInfo, octets(48, 0x80, Forever, Forever, uint32(0), a("2001:db8:2::"))...),
		option(24, octets(0, 0x18, uint32(1800))...),
		option(24, octets(48, 0x08, uint32(1800), 0x20, 1, 0x0d, 0xb8, 0, 0xb, 0, 0)...),
		option(24, octets(128, 0, uint32(1800), a("2001:db8:b::1"))...),
		option(25, octets(0, 0, uint32(1800), ip6A, ip6B)...),
		option(31, octets(0, 0, uint32(1800), 7, "example", 3, "com", 0, 1, "a", 1, "b", 0, 0, 0, 0, 0, 0, 0)...),
	}
	reversed := layers.ICMPv6Options{} // gopacket writes options last to first
	for i := range opts {
		reversed = append(reversed, opts[len(opts)-1-i])
	}
	want := oracleND(t, ndSpec{ethDst: ethAllNodes, ethSrc: macA, src: llA, dst: AllNodes, typ: 134,
		body: &layers.ICMPv6RouterAdvertisement{HopLimit: 64, Flags: 0xc8, RouterLifetime: 1800, ReachableTime: 30000,
			RetransTimer: 1000, Options: reversed}})
	got := AppendRouterAdvertisement([]byte("head"), ethAllNodes, macA, llA, AllNodes, fullRA())
	if string(got[:4]) != "head" {
		t.Errorf("the frame begins %q", got[:4])
	}
	same(t, got[4:], want)
	if nd := mustND(t, got[4:]); nd.SLLA != macA || !nd.Managed || !nd.OtherConf || nd.RouterLifetime != 1800 || nd.CurHopLimit != 64 {
		t.Errorf("read back as %+v", nd)
	}
}

// To a single host, and with nothing said but the router itself.
func TestRA_Unicast(t *testing.T) {
	same(t, AppendRouterAdvertisement(nil, macB, macA, llA, llB, &RA{RouterLifetime: 9000}),
		oracleND(t, ndSpec{ethDst: macB, ethSrc: macA, src: llA, dst: llB, typ: 134,
			body: &layers.ICMPv6RouterAdvertisement{RouterLifetime: 9000, Options: layers.ICMPv6Options{ndOpt(slla, macA)}}}))
}

// RFC 4191 §2.2: the last advertisement of a router has no preference.
func TestRA_CeasingHasNoPreference(t *testing.T) {
	ra := fullRA()
	ra.RouterLifetime = 0
	b := AppendRouterAdvertisement(nil, ethAllNodes, macA, llA, AllNodes, ra)
	if flags := b[14+40+5]; flags != 0xc0 {
		t.Errorf("flags %#x, want M and O alone", flags)
	}
}

func TestRA_RefusesWhatItCannotSay(t *testing.T) {
	for name, spoil := range map[string]func(*RA){
		"IPv4 prefix":            func(ra *RA) { ra.Prefixes[0].Prefix = netip.MustParsePrefix("10.0.0.0/8") },
		"no prefix":              func(ra *RA) { ra.Prefixes[0].Prefix = netip.Prefix{} },
		"IPv4 route":             func(ra *RA) { ra.Routes[0].Prefix = netip.MustParsePrefix("10.0.0.0/8") },
		"IPv4 server":            func(ra *RA) { ra.RDNSS[0] = ip4A },
		"too many servers":       func(ra *RA) { ra.RDNSS = make([]netip.Addr, 128) },
		"empty domain":           func(ra *RA) { ra.DNSSL[0] = "" },
		"label of 64":            func(ra *RA) { ra.DNSSL[0] = strings.Repeat("a", 64) },
		"domain of 254":          func(ra *RA) { ra.DNSSL[0] = strings.Repeat("a.", 126) + "aa" },
		"more than 1,280 octets": func(ra *RA) { ra.Prefixes = slicesRepeat(ra.Prefixes[0], 40) },
	} {
		ra := fullRA()
		spoil(ra)
		if got := AppendRouterAdvertisement([]byte("head"), ethAllNodes, macA, llA, AllNodes, ra); string(got) != "head" {
			t.Errorf("%s: %x", name, got)
		}
	}
	for name, bad := range map[string][2]netip.Addr{"global source": {ip6A, AllNodes}, "IPv4 source": {ip4A, AllNodes}, "IPv4": {llA, ip4A}} {
		if got := AppendRouterAdvertisement(nil, ethAllNodes, macA, bad[0], bad[1], fullRA()); len(got) != 0 {
			t.Errorf("%s: %x", name, got)
		}
	}
	ra := &RA{Prefixes: slicesRepeat(fullRA().Prefixes[0], 38)} // 16 + 8 + 38 × 32 = 1,240
	if got := AppendRouterAdvertisement(nil, ethAllNodes, macA, llA, AllNodes, ra); len(got) != 14+1280 {
		t.Errorf("the largest one has %d octets, want %d", len(got), 14+1280)
	}
}

func slicesRepeat[T any](v T, n int) (out []T) {
	for range n {
		out = append(out, v)
	}
	return out
}

// Whatever is written passes the checks of a receiver (RFC 4861 §6.1.2).
func TestRA_DecodesToItself(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		ra := &RA{
			CurHopLimit: rapid.Byte().Draw(t, "hop"), Managed: rapid.Bool().Draw(t, "M"), OtherConf: rapid.Bool().Draw(t, "O"),
			RouterLifetime: rapid.Uint16().Draw(t, "lifetime"), ReachableTime: rapid.Uint32().Draw(t, "reachable"),
			RetransTimer: rapid.Uint32().Draw(t, "retrans"), MTU: rapid.Uint32().Draw(t, "mtu"), DNSLifetime: rapid.Uint32().Draw(t, "dns"),
			Preference: rapid.SampledFrom([]topology.RouterPreference{topology.PreferHigh, topology.PreferMedium, topology.PreferLow}).Draw(t, "prf"),
			DNSSL:      rapid.SliceOfN(rapid.StringMatching(`[a-z]{1,9}(\.[a-z0-9-]{1,20}){0,3}`), 0, 4).Draw(t, "dnssl"),
		}
		for range rapid.IntRange(0, 4).Draw(t, "n") {
			p := netip.PrefixFrom(gen6(t, "prefix"), rapid.IntRange(0, 128).Draw(t, "bits"))
			ra.Prefixes = append(ra.Prefixes, RAPrefix{Prefix: p, OnLink: true, Valid: 7})
			ra.Routes = append(ra.Routes, RARoute{p, ra.Preference, 7})
			ra.RDNSS = append(ra.RDNSS, p.Addr())
		}
		mac := genMAC(t, "mac")
		nd := mustND(t, AppendRouterAdvertisement(nil, ethAllNodes, mac, llA, AllNodes, ra))
		want := ND{EthDst: ethAllNodes, EthSrc: mac, Src: llA, Dst: AllNodes, Type: RouterAdvertisement, SLLA: mac, SLLAOK: true,
			CurHopLimit: ra.CurHopLimit, Managed: ra.Managed, OtherConf: ra.OtherConf, RouterLifetime: ra.RouterLifetime,
			ReachableTime: ra.ReachableTime, RetransTimer: ra.RetransTimer}
		if nd != want {
			t.Fatalf("got  %+v\nwant %+v", nd, want)
		}
	})
}

// RFC 4861 §6.1.1, line by line; more of it is in TestN1_Refuses.
func TestRouterSolicitationIsChecked(t *testing.T) {
	from := func(src netip.Addr, opts ...layers.ICMPv6Option) ndSpec {
		s := goodRS()
		s.src, s.body = src, &layers.ICMPv6RouterSolicitation{Options: opts}
		return s
	}
	wantReason(t, decodeErr(oracleND(t, from(un6))), ReasonNone)
	wantReason(t, decodeErr(oracleND(t, from(llB))), ReasonNone)
	wantReason(t, decodeErr(oracleND(t, from(ip6B, ndOpt(slla, macB)))), ReasonNone)
	wantReason(t, decodeErr(oracleND(t, from(un6, ndOpt(slla, macB)))), ReasonNDProbe)
	far := goodRS()
	far.hopLimit = 254
	wantReason(t, decodeErr(oracleND(t, far)), ReasonNDHopLimit)
}

func decodeErr(f []byte) error {
	_, err := DecodeND(f)
	return err
}
