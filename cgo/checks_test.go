// SPDX-License-Identifier: Apache-2.0

package cgo_test

import (
	"encoding/binary"
	"net/netip"
	"testing"

	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"
)

// Each bad packet is dropped for its own reason and for no other, and nothing leaves.
func TestEveryCheckHasItsReason(t *testing.T) {
	good := func() []byte { return udp4(t, addr("192.0.2.1"), 1) }
	edit := func(f []byte, at int, bytes ...byte) []byte { copy(f[at:], bytes); return f }
	resum := func(f []byte) []byte { // make the header checksum right again
		h := f[14 : 14+int(f[14]&0xf)*4]
		h[10], h[11] = 0, 0
		binary.BigEndian.PutUint16(h[10:], ^sum(h))
		return f
	}
	from := func(src string) []byte {
		return frame(t, eth(hostMAC, router0MAC, layers.EthernetTypeIPv4), ip4(addr(src), addr("192.0.2.1"), 64), gopacket.Payload("x"))
	}
	to := func(dst string) []byte {
		return frame(t, eth(hostMAC, router0MAC, layers.EthernetTypeIPv4), ip4(hostIP, addr(dst), 64), gopacket.Payload("x"))
	}
	v6 := func(src, dst string) []byte {
		return frame(t, eth(hostMAC, router0MAC, layers.EthernetTypeIPv6), ip6(netip.MustParseAddr(src), netip.MustParseAddr(dst), 64), gopacket.Payload("x"))
	}
	good6 := func() []byte { return v6("2001:db8:1::2", "2001:db8:ffff::1") }

	for _, c := range []struct {
		reason string
		frame  []byte
	}{
		{"l2_truncated", make([]byte, 13)},
		{"l2_bad_source", edit(good(), 6, 0, 0, 0, 0, 0, 0)},
		{"l2_bad_source", edit(good(), 6, 1)},
		{"l2_reserved_group", edit(good(), 0, 0x01, 0x80, 0xc2, 0, 0, 0x0e)},
		{"l2_unknown_vlan", edit(good(), 12, 0x81, 0, 0, 5)},
		{"l2_unknown_vlan", edit(good(), 12, 0x81, 0)[:16]},
		{"l2_same_port", edit(good(), 0, hostMAC[:]...)},
		{"out_port_unbound", edit(good(), 0, 2, 0, 0, 0, 0, 0x66)},
		{"lr_ethertype", edit(good(), 12, 0x88, 0xcc)},
		{"ip4_truncated", good()[:33]},
		{"ip4_truncated", edit(good()[:34+4], 14, 0x4f)},
		{"ip4_bad_version", edit(good(), 14, 0x55)},
		{"ip4_bad_header_length", edit(good(), 14, 0x44)},
		{"ip4_bad_total_length", resum(edit(good(), 16, 0, 19))},
		{"ip4_bad_total_length", resum(edit(good(), 16, 0xff, 0xff))},
		{"ip4_bad_checksum", edit(good(), 24, 0, 0)},
		{"ip4_bad_checksum", edit(good(), 22, 63)},
		{"ip_martian_source", from("0.1.2.3")},
		{"ip_martian_source", from("127.0.0.1")},
		{"ip_martian_source", from("224.0.0.1")},
		{"ip_martian_source", from("240.0.0.1")},
		{"ip_martian_source", from("255.255.255.255")},
		{"ip_source_is_own", from("10.0.1.1")},
		{"ip_martian_destination", to("127.0.0.1")},
		{"ip_martian_destination", to("0.0.0.0")},
		{"ip_martian_destination", to("240.1.1.1")},
		{"ip_martian_destination", to("255.255.255.255")},
		{"ip_multicast", to("224.0.0.251")},
		{"ip_multicast", to("239.1.2.3")},
		{"ip_subnet_broadcast", to("10.0.1.255")},
		{"ip_route_discard", to("198.51.100.9")},
		{"ip6_truncated", good6()[:53]},
		{"ip6_bad_version", edit(good6(), 14, 0x50)},
		{"ip6_bad_payload_length", edit(good6(), 18, 0xff)},
		{"ip6_bad_payload_length", edit(good6(), 18, 0, 0, 0)}, // hop-by-hop options with a jumbo payload
		{"ip_martian_source", v6("ff02::1", "2001:db8:ffff::1")},
		{"ip_martian_source", v6("::", "2001:db8:ffff::1")},
		{"ip_martian_source", v6("::1", "2001:db8:ffff::1")},
		{"ip_source_is_own", v6("2001:db8:1::1", "2001:db8:ffff::1")},
		{"ip_martian_destination", v6("2001:db8:1::2", "::1")},
		{"ip_martian_destination", v6("2001:db8:1::2", "::")},
		{"ip_multicast", v6("2001:db8:1::2", "ff0e::1")},
		{"ip_nd_not_forwarded", edit(edit(edit(good6(), 20, 58), 54, 135), 21, 255)},
		{"ip_link_local", v6("2001:db8:1::2", "fe80::99")},
		{"ip_nd_not_forwarded", edit(edit(edit(v6("fe80::99", "2001:db8:ffff::1"), 20, 58), 54, 135), 21, 255)},
	} {
		t.Run(c.reason, func(t *testing.T) {
			b := newBench(t, defaults())
			b.send(b.in, c.frame)
			counters := b.dp.Counters()
			if counters.Drops[dropByName(t, c.reason)] != 1 || counters.Tx != 0 || counters.Originated != 0 {
				t.Errorf("want one %s: %v", c.reason, nonzero(counters))
			}
		})
	}
}

// Every prefix of good packets, and every single damaged octet: nothing crashes, the
// law holds, and no more leaves than arrived.
func TestDamagedPackets(t *testing.T) {
	b := newBench(t, defaults())
	b.store(gatewayAdj, gatewayMAC, lspExternal, 4)
	for _, f := range [][]byte{udp4(t, addr("192.0.2.1"), 1), udp6(t, addr("2001:db8:ffff::1"), 1), udp6(t, linkLocal0, 1)} {
		for n := range len(f) {
			b.send(b.in, f[:n])
			bad := append([]byte(nil), f...)
			for _, v := range []byte{0, 0xff, bad[n] ^ 0x80, bad[n] + 1} {
				bad[n] = v
				b.send(b.in, bad)
				b.send(b.third, bad)
			}
			batch := b.poll()
			for _, m := range append(batch.ARPND, batch.IP...) {
				b.dp.Control().Consume(m)
			}
			b.balanced()
			sent(b.in)
			sent(b.out)
			sent(b.third)
		}
	}
}

// Padding behind the IP packet does not travel on (RFC 894), whatever the segments.
func TestPaddingIsCutOff(t *testing.T) {
	b := newBench(t, defaults())
	b.store(gatewayAdj, gatewayMAC, lspExternal, 4)
	f := frame(t, eth(hostMAC, router0MAC, layers.EthernetTypeIPv4), ip4(hostIP, addr("192.0.2.1"), 64), gopacket.Payload("x"))
	f = f[:14+21] // the serializer pads to 60 itself
	b.send(b.in, append(append([]byte(nil), f...), []byte("left over from another packet")...))
	out := sent(b.out)
	if len(out) != 1 || len(out[0]) != len(f) {
		t.Fatalf("a packet of %d octets left as %d", len(f), len(out[0]))
	}
}
