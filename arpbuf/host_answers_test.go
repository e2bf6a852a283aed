// SPDX-License-Identifier: Apache-2.0

package arpbuf_test

import (
	"encoding/binary"
	"net/netip"
	"slices"
	"testing"

	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"

	"github.com/parkway-gw/parkway/arpbuf"
	"github.com/parkway-gw/parkway/dpdk"
	"github.com/parkway-gw/parkway/dpdk/dpdktest"
	"github.com/parkway-gw/parkway/forwarder"
	"github.com/parkway-gw/parkway/internal/wire"
)

// meter gives a protocol a limit on every router port.
func meter(f *forwarder.Config, protocol string, rate, burst uint32) {
	t := &f.Topology
	t.Meters = append(t.Meters, forwarder.Meter{Name: "m-" + protocol, Rate: rate, Burst: burst})
	if len(t.CoPP) == 0 {
		t.CoPP = []forwarder.CoPP{{Name: "copp0"}}
	}
	t.CoPP[0].Meters = append(t.CoPP[0].Meters, forwarder.CoPPMeter{Protocol: protocol, Meter: "m-" + protocol})
	for i := range t.Routers {
		t.Routers[i].CoPP = "copp0"
	}
}

// copp is what the meters of a router port have kept back, by protocol.
func (g *gateway) copp(routerPort uint16) map[string]uint64 {
	out := map[string]uint64{}
	for _, c := range g.f.CoPP() {
		if c.RouterPort == routerPort && c.Dropped > 0 {
			out[c.Protocol] = c.Dropped
		}
	}
	return out
}

// payload is an IP packet of host a's to dst with these octets behind the IP header.
func payload(t testing.TB, src, dst netip.Addr, ttl uint8, proto layers.IPProtocol, octets ...byte) []byte {
	ip, typ := ipLayer(src, dst, ttl, proto)
	return serialize(t, ether(macA, macLA, typ), ip, gopacket.Payload(octets))
}

func fromLinkLocal(t testing.TB, dst netip.Addr) []byte {
	return payload(t, wire.LinkLocalFromMAC(macA), dst, 64, layers.IPProtocol(wire.ProtoUDP), 0, 1, 0, 2, 0, 8, 0, 0)
}

// tcp is a segment of host a's to dst.
func tcp(t testing.TB, src, dst netip.Addr, ttl uint8, s layers.TCP) []byte {
	ip, typ := ipLayer(src, dst, ttl, layers.IPProtocolTCP)
	s.SrcPort, s.DstPort = 40000, 22
	if err := s.SetNetworkLayerForChecksum(ip.(gopacket.NetworkLayer)); err != nil {
		t.Fatal(err)
	}
	return serialize(t, ether(macA, macLA, typ), ip, &s)
}

func ours() map[string][2]netip.Addr { // asker and own address
	aLL := wire.LinkLocalFromMAC(macA)
	return map[string][2]netip.Addr{
		"IPv4": {a4, la4}, "IPv6": {a6, la6}, "the other port's, IPv4": {a4, lb4}, "the other port's, IPv6": {a6, lb6},
		"link-local": {aLL, wire.LinkLocalFromMAC(macLA)}, "global to link-local": {a6, wire.LinkLocalFromMAC(macLA)},
	}
}

// A closed port of every own address answers with a reset, TTL 1 too; a reset is never
// answered.
func TestTCPReset(t *testing.T) {
	g := start(t, nil)
	for name, a := range ours() {
		for _, ttl := range []uint8{64, 1} {
			g.inject(0, tcp(t, a[0], a[1], ttl, layers.TCP{SYN: true, Seq: 100}), tcp(t, a[0], a[1], ttl, layers.TCP{RST: true, Seq: 100}))
			g.rest()
			frames := g.take(0)
			if len(frames) != 1 {
				t.Fatalf("%s: %d frames, want one reset", name, len(frames))
			}
			p, err := wire.DecodeIP(frames[0])
			if err != nil || p.Src != a[1] || p.Dst != a[0] || p.EthDst != macA || p.Protocol != wire.ProtoTCP || p.TTL != 64 ||
				p.L4[13] != 0x14 || binary.BigEndian.Uint32(p.L4[8:]) != 101 {
				t.Errorf("%s: %v %+v", name, err, p)
			}
		}
	}
	if n := g.drops("local_port_closed"); n != 12 {
		t.Errorf("%d counted as local_port_closed, want 12", n)
	}
	if n := g.drops("local_unsupported"); n != 12 {
		t.Errorf("%d resets counted as local_unsupported, want 12", n)
	}
}

// UDP ports, protocols and headers that nobody here knows: the sender hears of each, from
// the address that it wrote to.
func TestLocalErrors(t *testing.T) {
	g := start(t, nil)
	for name, a := range ours() {
		four := a[1].Is4()
		want := func(kind string, frame []byte, typ, code uint8, pointer uint32) {
			t.Helper()
			g.t = t
			g.inject(0, frame)
			g.rest()
			p, gotType, gotCode := g.icmp(0)
			if gotType != typ || gotCode != code || p.Src != a[1] || p.Dst != a[0] || p.EthDst != macA {
				t.Errorf("%s, %s: type %d code %d from %s", name, kind, gotType, gotCode, p.Src)
			}
			if got := binary.BigEndian.Uint32(p.L4[4:]); got != pointer {
				t.Errorf("%s, %s: pointer %d, want %d", name, kind, got, pointer)
			}
		}
		ip, typ := ipLayer(a[0], a[1], 1, layers.IPProtocolUDP)
		u := &layers.UDP{SrcPort: 1, DstPort: 33434}
		_ = u.SetNetworkLayerForChecksum(ip.(gopacket.NetworkLayer))
		closed := serialize(t, ether(macA, macLA, typ), ip, u, gopacket.Payload("traceroute"))
		sctp := payload(t, a[0], a[1], 64, 132, make([]byte, 24)...)
		if four {
			want("UDP", closed, 3, 3, 0)
			want("SCTP", sctp, 3, 2, 0)
			continue
		}
		want("UDP", closed, 1, 4, 0)
		want("SCTP", sctp, 4, 1, 6)
		want("SCTP behind options", payload(t, a[0], a[1], 64, 60, append([]byte{132, 0, 1, 4, 0, 0, 0, 0}, make([]byte, 24)...)...), 4, 1, 40)
		want("an unknown option", payload(t, a[0], a[1], 64, 60, append([]byte{17, 0, 0x9e, 4, 0, 0, 0, 0}, make([]byte, 8)...)...), 4, 2, 42)
		want("a route that goes on", payload(t, a[0], a[1], 64, 43, append([]byte{17, 0, 0, 1, 0, 0, 0, 0}, make([]byte, 8)...)...), 4, 0, 42)
	}
}

// What gets no answer: another ICMP message, damage, fragments, no next header.
func TestLocalUnanswered(t *testing.T) {
	fragment := func(t *testing.T, src, dst netip.Addr, offset uint16, more bool) []byte {
		f := echo(t, src, dst, macA, macLA, 64)
		if src.Is4() {
			h := f[14:34]
			binary.BigEndian.PutUint16(h[6:], offset/8)
			if more {
				h[6] |= 0x20
			}
			binary.BigEndian.PutUint16(h[10:], wire.IPv4HeaderChecksum(h))
			return f
		}
		v := offset
		if more {
			v |= 1
		}
		return payload(t, src, dst, 64, 44, append([]byte{58, 0, byte(v >> 8), byte(v), 0, 0, 0, 9}, f[54:]...)...)
	}
	damaged := func(f []byte, at int) []byte { f[at] ^= 1; return f }
	for _, c := range []struct {
		name, drop string
		frame      func(t *testing.T) []byte
	}{
		{"echo reply", "local_unsupported", func(t *testing.T) []byte { return payload(t, a4, la4, 64, 1, 0, 0, 0xff, 0xff, 0, 0, 0, 0) }},
		{"an ICMPv6 error", "local_unsupported", func(t *testing.T) []byte { return payload(t, a6, la6, 64, 58, 1, 0, 0, 0, 0, 0, 0, 0) }},
		{"no next header", "local_unsupported", func(t *testing.T) []byte { return payload(t, a6, la6, 64, 59, 1, 2, 3) }},
		{"an option to be silent about", "local_unsupported", func(t *testing.T) []byte {
			return payload(t, a6, la6, 64, 60, append([]byte{17, 0, 0x5e, 4, 0, 0, 0, 0}, make([]byte, 8)...)...)
		}},
		{"first fragment, IPv4", "local_fragment", func(t *testing.T) []byte { return fragment(t, a4, la4, 0, true) }},
		{"later fragment, IPv4", "local_fragment", func(t *testing.T) []byte { return fragment(t, a4, la4, 800, false) }},
		{"first fragment, IPv6", "local_fragment", func(t *testing.T) []byte { return fragment(t, a6, la6, 0, true) }},
		{"later fragment, IPv6", "local_fragment", func(t *testing.T) []byte { return fragment(t, a6, la6, 800, false) }},
		{"from itself, to a group", "ip_source_is_own", func(t *testing.T) []byte {
			return echo(t, la6, netip.MustParseAddr("ff02::1"), macA, forwarder.MAC{0x33, 0x33, 0, 0, 0, 1}, 64)
		}},
		{"from itself, by a group's MAC", "ip_source_is_own", func(t *testing.T) []byte {
			return echo(t, la6, la6, macA, forwarder.MAC{0x33, 0x33, 0, 0, 0, 1}, 64)
		}},
		{"echo checksum", "control_invalid", func(t *testing.T) []byte { return damaged(echo(t, a4, la4, macA, macLA, 64), 38) }},
		{"UDP checksum", "control_invalid", func(t *testing.T) []byte { return damaged(udp(t, la6, 0, 64, 0), 55) }},
		{"TCP checksum", "control_invalid", func(t *testing.T) []byte { return damaged(tcp(t, a4, la4, 64, layers.TCP{SYN: true}), 38) }},
		{"TCP cut short", "control_invalid", func(t *testing.T) []byte { return payload(t, a4, la4, 64, 6, make([]byte, 12)...) }},
		{"UDP cut short", "control_invalid", func(t *testing.T) []byte { return payload(t, a6, la6, 64, 17, 0, 1, 0, 2) }},
		{"a broken chain", "control_invalid", func(t *testing.T) []byte { return payload(t, a6, la6, 64, 60, 17, 200, 1, 4, 0, 0, 0, 0) }},
		{"an endless chain", "control_invalid", func(t *testing.T) []byte {
			var chain []byte
			for range 100 {
				chain = append(chain, 60, 0, 1, 4, 0, 0, 0, 0)
			}
			return payload(t, a6, la6, 64, 60, chain...)
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			g := start(t, nil)
			g.inject(0, c.frame(t))
			g.rest()
			if n := g.drops(c.drop); n != 1 {
				t.Errorf("%d counted as %s: %s", n, c.drop, g.counters())
			}
			if out := g.take(0); len(out) != 0 {
				t.Errorf("answered: %x", out)
			}
		})
	}
}

// An atomic fragment is no fragment (RFC 6946), and options that need nothing done are
// passed over.
func TestEchoBehindHeaders(t *testing.T) {
	g := start(t, nil)
	ping := echo(t, a6, la6, macA, macLA, 64)[54:]
	for name, headers := range map[string][]byte{
		"atomic fragment": {44, 58, 0, 0, 0, 0, 0, 0, 9},
		"hop-by-hop":      {0, 58, 0, 5, 2, 0, 0, 1, 0},
		"routing done":    {43, 58, 0, 4, 0, 0, 0, 0, 0},
	} {
		g.inject(0, payload(t, a6, la6, 64, layers.IPProtocol(headers[0]), append(slices.Clone(headers[1:]), ping...)...))
		g.rest()
		if out := g.take(0); len(out) != 1 {
			t.Errorf("%s: %d answers; %s", name, len(out), g.counters())
		}
	}
}

// RFC 1812 §4.3.3.5: options that make no sense are reported with the octet at fault.
func TestBadOptionsAreReported(t *testing.T) {
	g := start(t, nil)
	f := udp(t, b4, 0, 64, 0)
	f = slices.Concat(f[:34], []byte{1, 7, 99, 0}, f[34:])
	h := f[14:38]
	h[0], h[3] = 0x46, h[3]+4
	binary.BigEndian.PutUint16(h[10:], wire.IPv4HeaderChecksum(h))
	g.inject(0, f)
	g.rest()
	if p, typ, code := g.icmp(0); typ != 12 || code != 0 || p.L4[4] != 21 || p.Src != la4 {
		t.Errorf("type %d code %d pointer %d from %s", typ, code, p.L4[4], p.Src)
	}
	if n := g.drops("ip4_bad_options"); n != 1 {
		t.Errorf("%d counted", n)
	}
}

// I5: errors say where the packet came in, or by the option, where they leave. The second
// packet comes in by port b from a host behind port a.
func TestSourceOfErrors(t *testing.T) {
	for egress, want := range map[bool]netip.Addr{false: lb4, true: la4} {
		t.Run(want.String(), func(t *testing.T) {
			g := start(t, func(f *forwarder.Config, _ *arpbuf.Config) {
				f.Topology.Routers[0].Options.ICMPErrorsFromEgress = egress
			})
			astray := udp(t, addr("10.0.2.77"), 0, 1, 0) // host a's source address
			copy(astray, macLB[:])
			copy(astray[6:], macB[:])
			g.inject(1, astray)
			g.rest()
			if p, typ, _ := g.icmp(0); typ != 11 || p.Src != want {
				t.Errorf("type %d from %s", typ, p.Src)
			}
		})
	}
}

// The error leaves as the route table of the port says that the packet came in by: there
// the sender is behind port a, in the main table behind port b.
func TestSourceOfErrorsInRouteTable(t *testing.T) {
	far := netip.MustParsePrefix("198.51.100.0/24")
	g := start(t, func(f *forwarder.Config, _ *arpbuf.Config) {
		r := &f.Topology.Routers[0]
		r.Options.ICMPErrorsFromEgress = true
		r.Ports[1].RouteTable = "t"
		r.StaticRoutes = append(r.StaticRoutes,
			forwarder.StaticRoute{Prefix: far, Nexthop: gw4},
			forwarder.StaticRoute{Prefix: far, Nexthop: a4, RouteTable: "t"})
	})
	dying := udp(t, addr("10.0.2.77"), 0, 1, 0)
	copy(dying, macLB[:])
	copy(dying[6:], macB[:])
	src := far.Addr().Next().As4()
	copy(dying[26:], src[:])
	dying[24], dying[25] = 0, 0
	binary.BigEndian.PutUint16(dying[24:], wire.IPv4HeaderChecksum(dying[14:34]))
	g.inject(1, dying)
	g.rest()
	if p, typ, _ := g.icmp(0); typ != 11 || p.Src != la4 || p.Dst != far.Addr().Next() {
		t.Errorf("type %d from %s to %s", typ, p.Src, p.Dst)
	}
}

// longEcho is an echo request of n octets of IP with DF set, in IPv4, as it comes in by port a.
func longEcho(t *testing.T, src, dst netip.Addr, n int) []byte {
	message := make([]byte, n-20)
	if src.Is6() {
		message = message[20:]
		message[0] = 128
		binary.BigEndian.PutUint16(message[2:], wire.Checksum(wire.PseudoHeaderSum(src, dst, wire.ProtoICMPv6, len(message)), message))
	} else {
		message[0] = 8
		binary.BigEndian.PutUint16(message[2:], wire.Checksum(0, message))
	}
	protocol := layers.IPProtocolICMPv4
	if src.Is6() {
		protocol = layers.IPProtocolICMPv6
	}
	ip, typ := ipLayer(src, dst, 64, protocol)
	if v4, ok := ip.(*layers.IPv4); ok {
		v4.Flags = layers.IPv4DontFragment
	}
	return serialize(t, ether(macA, macLA, typ), ip, gopacket.Payload(message))
}

// A question that came by a wide port and whose answer leaves by a narrow one is answered,
// in fragments, whatever its DF says.
func TestEchoByANarrowerPort(t *testing.T) {
	for _, asker := range []netip.Addr{addr("10.0.2.77"), addr("2001:db8:2::77")} {
		t.Run(asker.String(), func(t *testing.T) {
			g := start(t, func(f *forwarder.Config, _ *arpbuf.Config) {
				f.Topology.Switches[1].Ports[0].Addresses = []forwarder.PortAddress{{MAC: macB, IPs: []netip.Addr{addr("10.0.2.77"), addr("2001:db8:2::77")}}}
			})
			to := la4
			if asker.Is6() {
				to = la6
			}
			g.inject(0, longEcho(t, asker, to, 1450))
			g.rest()
			out := g.take(1)
			if len(out) != 2 || g.drops("ip_too_big") != 0 {
				t.Fatalf("%d frames; %s", len(out), g.counters())
			}
			for _, f := range out {
				if p, err := wire.DecodeIP(f); err != nil || !p.IsFragment() || p.Dst != asker || len(p.Packet) > 1400 {
					t.Errorf("%v: %+v", err, p)
				}
			}
		})
	}
}

// Nothing is quoted that is not there: the packet claims more than arrived, or comes in
// several segments; and no more of it than its length says.
func TestQuotesWhatIsThere(t *testing.T) {
	g := start(t, nil)
	f := udp(t, b4, 7, 1, 100)
	g.inject(0, append(slices.Clone(f), "left over from another packet"...))
	g.rest()
	if p, _, _ := g.icmp(0); len(p.L4) != 8+len(f)-14 {
		t.Errorf("%d octets quoted of %d", len(p.L4)-8, len(f)-14)
	}
	claims := slices.Clone(f)
	binary.BigEndian.PutUint16(claims[16:], 1400)
	binary.BigEndian.PutUint16(claims[24:], wire.IPv4HeaderChecksum(claims[14:34]))
	g.inject(0, claims)
	g.rest()
	if n := g.drops("ip4_bad_total_length"); n != 1 || len(g.take(0)) != 0 {
		t.Errorf("%d counted: %s", n, g.counters())
	}
	g.chain(0, f, 60) // in segments of 60 octets
	g.rest()
	if p, _, _ := g.icmp(0); len(p.L4) != 8+len(f)-14 || string(p.L4[8+20+8+4:]) != string(f[14+20+8+4:]) {
		t.Errorf("of a chain: %d octets quoted of %d: %x", len(p.L4)-8, len(f)-14, p.L4)
	}
}

// chain has a frame arrive in segments of n octets.
func (g *gateway) chain(port int, frame []byte, n int) {
	g.t.Helper()
	var head *dpdk.Mbuf
	for part := range slices.Chunk(frame, n) {
		m := dpdktest.Packet(g.t, g.f.Pool(), part)
		if head == nil {
			head = m
		} else if !head.Chain(m) {
			g.t.Fatal("too many segments")
		}
	}
	g.push(g.in[port], []*dpdk.Mbuf{head})
}

// I2 at the MTU: the first fragment of a packet is reported, a later one is not.
func TestErrorsAboutFragments(t *testing.T) {
	for _, c := range []struct {
		name   string
		offset uint16
		want   int
	}{{"first", 0, 1}, {"later", 185, 0}} {
		t.Run(c.name, func(t *testing.T) {
			g := start(t, nil)
			f := udp(t, b4, 0, 64, 1450) // with DF
			h := f[14:34]
			binary.BigEndian.PutUint16(h[6:], 0x4000|c.offset)
			if c.offset == 0 {
				h[6] |= 0x20
			}
			binary.BigEndian.PutUint16(h[10:], wire.IPv4HeaderChecksum(h))
			g.inject(0, f)
			g.rest()
			if n := len(g.take(0)); n != c.want || g.drops("ip_too_big") != 1 {
				t.Errorf("%d errors, want %d; %s", n, c.want, g.counters())
			}
		})
	}
}

// RFC 8200 §4: extension headers of others are no business of a router's, whatever they
// ask for.
func TestExtensionHeadersTravel(t *testing.T) {
	g := start(t, nil)
	for name, headers := range map[string][]byte{
		"unknown hop-by-hop option": {0, 59, 0, 0xde, 4, 0, 0, 0, 0},
		"unknown option":            {60, 59, 0, 0x9e, 4, 0, 0, 0, 0},
		"routing":                   {43, 59, 0, 0, 3, 0, 0, 0, 0},
		"a chain that breaks off":   {60, 60, 200, 1, 4, 0, 0, 0, 0},
		"later fragment":            {44, 17, 0, 0, 8, 0, 0, 0, 9},
		"unknown":                   {200, 1, 2, 3},
	} {
		ip, typ := ipLayer(b6, a6, 64, layers.IPProtocol(headers[0]))
		in := serialize(t, ether(macB, macLB, typ), ip, gopacket.Payload(headers[1:]))
		g.inject(1, in)
		g.rest()
		out := g.take(0)
		if len(out) != 1 || out[0][21] != 63 || !slices.Equal(out[0][22:], in[22:14+40+len(headers)-1]) {
			t.Errorf("%s: left as %x; %s", name, out, g.counters())
		}
	}
}
