// SPDX-License-Identifier: Apache-2.0

package wire

import (
	"errors"
	"fmt"
	"io"
	"net/netip"
	"testing"

	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"
	"pgregory.net/rapid"

	"github.com/parkway-gw/parkway/internal/topology"
)

func TestN5_SolicitedNodeGroup(t *testing.T) {
	for in, want := range map[string]string{
		"2001:db8::1":           "ff02::1:ff00:1",
		"fe80::200:1ff:fe00:1":  "ff02::1:ff00:1",
		"4037::1:800:200e:8c6c": "ff02::1:ff0e:8c6c", // RFC 4291 §2.7.1
	} {
		if got := SolicitedNodeGroup(netip.MustParseAddr(in)); got != netip.MustParseAddr(want) {
			t.Errorf("%s: %v, want %s", in, got, want)
		}
	}
	for _, bad := range []netip.Addr{{}, ip4A, netip.AddrFrom16(ip4A.As16())} {
		if got := SolicitedNodeGroup(bad); got.IsValid() {
			t.Errorf("%v: %v", bad, got)
		}
	}
}

func TestMulticastMAC(t *testing.T) {
	for in, want := range map[string]string{
		"ff02::1:ff4e:1234": "33:33:ff:4e:12:34",
		"ff02::1":           "33:33:00:00:00:01",
		"224.0.0.1":         "01:00:5e:00:00:01",
		"239.255.1.2":       "01:00:5e:7f:01:02", // the high bit is lost
		"255.255.255.255":   "ff:ff:ff:ff:ff:ff",
	} {
		if got, ok := MulticastMAC(netip.MustParseAddr(in)); !ok || got.String() != want {
			t.Errorf("%s: %v %v, want %s", in, got, ok, want)
		}
	}
	for _, a := range []netip.Addr{{}, ip4A, ip6A, un6, un4} {
		if got, ok := MulticastMAC(a); ok || !got.IsZero() {
			t.Errorf("%v: %v", a, got)
		}
	}
}

func TestLinkLocalFromMAC(t *testing.T) {
	for in, want := range map[string]string{
		"00:00:01:ff:00:01": "fe80::200:1ff:feff:1",
		"02:0a:7f:00:01:29": "fe80::a:7fff:fe00:129",
		"34:56:78:9a:bc:de": "fe80::3656:78ff:fe9a:bcde", // RFC 2464 §5
	} {
		mac, err := topology.ParseMAC(in)
		if err != nil {
			t.Fatal(err)
		}
		if got := LinkLocalFromMAC(mac); got != netip.MustParseAddr(want) {
			t.Errorf("%s: %v, want %s", in, got, want)
		}
	}
}

func TestChecksum_KnownValue(t *testing.T) {
	// RFC 1071 §3: the words 0001 f203 f4f5 f6f7 sum to ddf2.
	if got := Sum(0, []byte{0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7}); got != 0xddf2 {
		t.Errorf("Sum = %04x", got)
	}
	if got := Sum(0, []byte{0x12}); got != 0x1200 {
		t.Errorf("odd: %04x", got)
	}
	if got := Sum(0xffff, []byte{0, 1}); got != 1 {
		t.Errorf("fold: %x", got)
	}
	if got := IPv4HeaderChecksum(make([]byte, 19)); got != 0 {
		t.Errorf("short header: %x", got)
	}
}

func TestChecksum_Oracle(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		data := rapid.SliceOfN(rapid.Byte(), 0, 300).Draw(t, "data")
		cut := rapid.IntRange(0, len(data)/2).Draw(t, "cut") * 2
		if whole, parts := Sum(0, data), Sum(Sum(0, data[:cut]), data[cut:]); whole != parts {
			t.Fatalf("whole %x, in parts %x", whole, parts)
		}

		// gopacket's UDP, over both pseudo headers.
		udp := &layers.UDP{SrcPort: 1, DstPort: 2}
		v4 := &layers.IPv4{Version: 4, TTL: 1, Protocol: layers.IPProtocolUDP, SrcIP: nip(gen4(t, "s4")), DstIP: nip(gen4(t, "d4"))}
		_ = udp.SetNetworkLayerForChecksum(v4)
		b := serialize(t, v4, udp, gopacket.Payload(data))
		checkUDP(t, b, 20)
		if got := IPv4HeaderChecksum(b[:20]); byte(got>>8) != b[10] || byte(got) != b[11] {
			t.Fatalf("IPv4 header: %04x in %x", got, b[:20])
		}
		v6 := &layers.IPv6{Version: 6, HopLimit: 1, NextHeader: layers.IPProtocolUDP, SrcIP: nip(gen6(t, "s6")), DstIP: nip(gen6(t, "d6"))}
		_ = udp.SetNetworkLayerForChecksum(v6)
		checkUDP(t, serialize(t, v6, udp, gopacket.Payload(data)), 40)
	})
}

// checkUDP expects the checksum of the UDP datagram at offset hlen to fit.
func checkUDP(t *rapid.T, packet []byte, hlen int) {
	p, err := DecodeIPPacket(packet)
	if err != nil || len(packet)-len(p.L4) != hlen {
		t.Fatalf("%v, %+v", err, p)
	}
	if got := Checksum(PseudoHeaderSum(p.Src, p.Dst, ProtoUDP, len(p.L4)), p.L4); got != 0 {
		t.Fatalf("UDP checksum off by %04x in %x", got, packet)
	}
}

func TestReason(t *testing.T) {
	seen := map[string]bool{}
	for r := ReasonNone; r < NumReasons; r++ {
		if s := r.String(); s == "" || s == "unknown" || seen[s] {
			t.Errorf("reason %d has label %q", r, s)
		} else {
			seen[s] = true
		}
	}
	if NumReasons.String() != "unknown" {
		t.Error("label past the end")
	}
	if ReasonOf(nil) != ReasonNone || ReasonOf(io.EOF) != ReasonInternal {
		t.Error("ReasonOf of nil or of a stranger")
	}
	err := fmt.Errorf("port p1: %w", ReasonNDCode)
	if ReasonOf(err) != ReasonNDCode || !errors.Is(err, ReasonNDCode) {
		t.Errorf("wrapped: %v", err)
	}
}

func TestBelt_TurnsAPanicIntoAReason(t *testing.T) {
	f := func() (a ARP, err error) {
		defer belt(&a, &err)
		a.Op = ARPReply
		panic("boom")
	}
	if a, err := f(); ReasonOf(err) != ReasonInternal || a != (ARP{}) {
		t.Errorf("%+v, %v", a, err)
	}
}
