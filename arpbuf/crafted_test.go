// SPDX-License-Identifier: Apache-2.0

package arpbuf_test

import (
	"encoding/binary"
	"encoding/hex"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"

	"github.com/parkway-gw/parkway/internal/wire"
)

// craft is a frame for port b and how much of it has to arrive: less is no packet.
type craft struct {
	name  string
	frame []byte
	whole int
}

// crafts are frames from b, a stranger whose MAC and address nobody knows, of every kind
// that the router looks into.
func crafts(t *testing.T) (out []craft) {
	ip := func(name string, f []byte) {
		whole := 14 + int(binary.BigEndian.Uint16(f[16:]))
		if f[14]>>4 == 6 {
			whole = 54 + int(binary.BigEndian.Uint16(f[18:]))
		}
		out = append(out, craft{name, f, whole})
	}
	four := func(name string, dst string, proto layers.IPProtocol, l4 ...byte) {
		l, typ := ipLayer(b4, addr(dst), 64, proto)
		ip(name, serialize(t, ether(macB, macLB, typ), l, gopacket.Payload(l4)))
	}
	six := func(name string, dst string, next layers.IPProtocol, l4 ...byte) {
		l, typ := ipLayer(b6, addr(dst), 64, next)
		ip(name, serialize(t, ether(macB, macLB, typ), l, gopacket.Payload(l4)))
	}
	us4, us6 := lb4.String(), lb6.String()
	datagram := []byte{0, 1, 0, 2, 0, 12, 0, 0, 1, 2, 3, 4}

	for name, f := range map[string][]byte{
		"ARP request":      wire.AppendARPRequest(nil, wire.Broadcast, macB, b4, lb4),
		"ARP reply":        arpReply(b4, macB),
		"ARP announcement": wire.AppendARPAnnouncement(nil, macB, b4),
		"ARP probe":        wire.AppendARPRequest(nil, wire.Broadcast, macB, addr("0.0.0.0"), lb4),
	} {
		out = append(out, craft{name, f, 42})
	}
	ip("NS", wire.AppendNeighborSolicitation(nil, macB, b6, lb6))
	ip("NA", advertisement(b6, macB))
	ip("RS", solicit(macB, b6))
	ip("echo, IPv4", echo(t, b4, lb4, macB, macLB, 64))
	ip("echo, IPv6", echo(t, b6, lb6, macB, macLB, 64))
	four("UDP to the router", us4, 17, datagram...)
	four("SCTP to the router", us4, 132, make([]byte, 24)...)
	four("IGMP", "224.0.0.22", 2, 0x22, 0, 0, 0, 0, 0, 0, 0)
	four("UDP to a host", "10.0.1.2", 17, datagram...)
	four("UDP without a route", "203.0.113.9", 17, datagram...)
	six("UDP to the router, IPv6", us6, 17, datagram...)
	six("UDP to a host, IPv6", "2001:db8:1::2", 17, datagram...)
	six("from a hop-by-hop header on", us6, 0, append([]byte{60, 0, 5, 2, 0, 0, 1, 0, 43, 0, 1, 4, 0, 0, 0, 0, 17, 0, 0, 0, 0, 0, 0, 0}, datagram...)...)
	six("a chain on its way", "2001:db8:1::2", 0, append([]byte{60, 0, 1, 4, 0, 0, 0, 0, 17, 0, 1, 4, 0, 0, 0, 0}, datagram...)...)
	six("MLD", "ff02::16", 0, 58, 0, 5, 2, 0, 0, 1, 0, 143, 0, 0, 0, 0, 0, 0, 0)
	six("an ND fragment", us6, 44, append([]byte{58, 0, 0, 1, 0, 0, 0, 9}, wire.AppendNeighborSolicitation(nil, macB, b6, lb6)[54:]...)...)
	six("AH", us6, 51, append([]byte{17, 4, 0, 0}, make([]byte, 32)...)...)
	for _, dst := range []string{us4, us6} {
		src := b4
		if addr(dst).Is6() {
			src = b6
		}
		l, typ := ipLayer(src, addr(dst), 64, layers.IPProtocolTCP)
		s := &layers.TCP{SrcPort: 1, DstPort: 2, SYN: true, Options: []layers.TCPOption{{OptionType: layers.TCPOptionKindMSS, OptionLength: 4, OptionData: []byte{5, 0xb4}}}}
		_ = s.SetNetworkLayerForChecksum(l.(gopacket.NetworkLayer))
		ip("TCP to "+dst, serialize(t, ether(macB, macLB, typ), l, s))
	}
	f := slices.Clone(out[slices.IndexFunc(out, func(c craft) bool { return c.name == "UDP to a host" })].frame)
	f = slices.Concat(f[:34], []byte{7, 7, 4, 0, 0, 0, 0, 0, 148, 4, 0, 0}, f[34:46])
	f[14], f[17] = 0x48, f[17]+12
	binary.BigEndian.PutUint16(f[24:], wire.IPv4HeaderChecksum(f[14:46]))
	ip("options", f)
	return out
}

// learned is how many neighbors the router has that it was not told of.
func (g *gateway) learned() (n int) {
	for _, e := range g.r.Neighbors() {
		if e.Origin != "static" && e.IP != gw4 {
			n++
		}
	}
	return n
}

// Every kind of frame cut at every length: what is not whole ends under one drop reason,
// makes nothing leave and teaches nothing.
func TestEveryTruncation(t *testing.T) {
	g := start(t, nil)
	none := g.learned()
	for _, c := range crafts(t) {
		for n := range c.whole {
			before := g.f.Counters()
			g.inject(1, c.frame[:n])
			g.rest()
			now := g.f.Counters()
			dropped := uint64(0)
			for i := range now.Drops {
				dropped += now.Drops[i] - before.Drops[i]
			}
			if dropped != 1 || now.Tx != before.Tx || now.Consumed != before.Consumed || now.Parked != before.Parked {
				t.Fatalf("%s cut to %d of %d octets: %d dropped, %d sent, %d consumed, %d parked", c.name, n, c.whole,
					dropped, now.Tx-before.Tx, now.Consumed-before.Consumed, now.Parked-before.Parked)
			}
		}
		if n := g.learned(); n != none {
			t.Fatalf("%s taught %d neighbors in pieces", c.name, n-none)
		}
	}
	if len(g.take(0))+len(g.take(1)) != 0 {
		t.Error("something was sent")
	}
}

// Every octet of every kind changed: no crash, and every packet is accounted for. Lengths
// that claim more than there is are among them.
func TestEveryOctetChanged(t *testing.T) {
	g := start(t, nil)
	for _, c := range crafts(t) {
		for n := range min(c.whole, 14+60) {
			for _, v := range []byte{0, 0xff, c.frame[n] ^ 0x80, c.frame[n] + 1} {
				f := slices.Clone(c.frame)
				f[n] = v
				if binary.BigEndian.Uint16(f[12:]) == 0x0800 && n >= 14 && n < 34 && n != 24 && n != 25 { // past the header's checksum
					h := f[14:min(len(f), 14+max(20, int(f[14]&15)*4))]
					binary.BigEndian.PutUint16(h[10:], wire.IPv4HeaderChecksum(h))
				}
				g.inject(1, f)
			}
		}
		g.rest()
		g.take(0)
		g.take(1)
	}
	if n := g.r.Stats().Refused[wire.ReasonInternal]; n != 0 {
		t.Errorf("%d decoders panicked and were caught", n)
	}
}

// Surprises at the Ethernet layer, on a port without VLANs.
func TestEthernetSurprises(t *testing.T) {
	ping := echo(t, a4, la4, macA, macLA, 64)
	tagged := func(tags ...uint16) []byte { // TPID, TCI, TPID, TCI …
		f := slices.Clone(ping[:12])
		for _, v := range tags {
			f = binary.BigEndian.AppendUint16(f, v)
		}
		return append(f, ping[12:]...)
	}
	for _, c := range []struct {
		name    string
		frame   []byte
		drop    string
		answers int
	}{
		{"priority tag", tagged(0x8100, 0xa000), "", 1},
		{"a VLAN on an untagged port", tagged(0x8100, 7), "l2_unknown_vlan", 0},
		{"VLAN 4095", tagged(0x8100, 0x0fff), "l2_unknown_vlan", 0},
		{"two tags", tagged(0x8100, 7, 0x8100, 8), "l2_unknown_vlan", 0},
		{"a tag behind a priority tag", tagged(0x8100, 0, 0x8100, 7), "lr_ethertype", 0},
		{"a service tag", tagged(0x88a8, 7), "lr_ethertype", 0},
		{"a tag and nothing", tagged(0x8100, 0)[:16], "l2_unknown_vlan", 0},
		{"a length instead of a type", append(slices.Clone(ping[:12]), append([]byte{0, 46}, ping[14:]...)...), "lr_ethertype", 0},
		{"IPv6 that says it is IPv4", append(slices.Clone(ping[:12]), append([]byte{0x86, 0xdd}, ping[14:]...)...), "ip6_bad_version", 0},
		{"jumbo ARP", append(wire.AppendARPRequest(nil, wire.Broadcast, macA, a4, la4), make([]byte, 1400)...), "", 1},
		{"ARP with an address of 250 octets", arpHlen250(t), "control_invalid", 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			g := start(t, nil)
			none := g.learned()
			g.inject(0, c.frame)
			g.rest()
			if out := g.take(0); len(out) != c.answers {
				t.Errorf("%d answers, want %d", len(out), c.answers)
			}
			if c.drop != "" && g.drops(c.drop) != 1 {
				t.Errorf("want one %s: %s", c.drop, g.counters())
			}
			if n := g.learned(); n != none {
				t.Errorf("%d neighbors learned", n-none)
			}
		})
	}
}

func arpHlen250(t *testing.T) []byte {
	b, err := os.ReadFile("../internal/wire/testdata/arp-hlen250.hex")
	if err != nil {
		t.Fatal(err)
	}
	var digits strings.Builder
	for line := range strings.Lines(string(b)) {
		if !strings.HasPrefix(line, "#") {
			digits.WriteString(strings.Join(strings.Fields(line), ""))
		}
	}
	f, err := hex.DecodeString(digits.String())
	if err != nil {
		t.Fatal(err)
	}
	return f
}
