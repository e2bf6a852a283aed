// SPDX-License-Identifier: Apache-2.0

package wire

import (
	"bytes"
	"encoding/hex"
	"net"
	"net/netip"
	"os"
	"strings"

	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"
	"pgregory.net/rapid"

	"github.com/parkway-gw/parkway/internal/topology"
)

// gopacket builds the packets that this package's encoders are compared with
// and its decoders are fed. It sees no hostile octets here, except where a test
// catches its panics.

var (
	macA = topology.MAC{0x02, 0x0a, 0x7f, 0x00, 0x01, 0x29} // ours
	macB = topology.MAC{0x00, 0x00, 0x01, 0x00, 0x00, 0x01} // a neighbor's
	macM = topology.MAC{0x01, 0x00, 0x5e, 0x00, 0x00, 0x01} // a group's

	ip4A = netip.MustParseAddr("192.168.123.254")
	ip4B = netip.MustParseAddr("192.168.123.1")
	ip6A = netip.MustParseAddr("2001:db8:f0f0::1")
	ip6B = netip.MustParseAddr("2001:db8:f0f0::4e:1234")
	llA  = netip.MustParseAddr("fe80::a:7fff:fe00:129")
	llB  = netip.MustParseAddr("fe80::200:1ff:fe00:1")
	un6  = netip.IPv6Unspecified()
	un4  = netip.IPv4Unspecified()
)

type tb interface {
	Helper()
	Fatalf(string, ...any)
	Errorf(string, ...any)
}

func hw(m topology.MAC) net.HardwareAddr { return net.HardwareAddr(m[:]) }
func nip(a netip.Addr) net.IP            { return net.IP(a.AsSlice()) }

func serialize(t tb, ls ...gopacket.SerializableLayer) []byte {
	t.Helper()
	buf := gopacket.NewSerializeBuffer()
	opts := gopacket.SerializeOptions{FixLengths: true, ComputeChecksums: true}
	if err := gopacket.SerializeLayers(buf, opts, ls...); err != nil {
		t.Fatalf("gopacket: %v", err)
	}
	return bytes.Clone(buf.Bytes())
}

func gEther(dst, src topology.MAC, typ layers.EthernetType) *layers.Ethernet {
	return &layers.Ethernet{DstMAC: hw(dst), SrcMAC: hw(src), EthernetType: typ}
}

// frame puts an Ethernet header before an IP packet.
func frame(dst, src topology.MAC, packet []byte) []byte {
	typ := uint16(etherTypeIPv4)
	if packet[0]>>4 == 6 {
		typ = etherTypeIPv6
	}
	return append(appendEthernet(nil, dst, src, typ), packet...)
}

func oracleARP(t tb, ethDst, ethSrc topology.MAC, op uint16, sha topology.MAC, spa netip.Addr, tha topology.MAC, tpa netip.Addr) []byte {
	return serialize(t, gEther(ethDst, ethSrc, layers.EthernetTypeARP), &layers.ARP{
		AddrType: layers.LinkTypeEthernet, Protocol: layers.EthernetTypeIPv4, Operation: op,
		SourceHwAddress: sha[:], SourceProtAddress: spa.AsSlice(),
		DstHwAddress: tha[:], DstProtAddress: tpa.AsSlice(),
	})
}

// ndSpec describes an ND frame for the oracle; the zero value of a field that
// has a default in oracleND is that default.
type ndSpec struct {
	ethDst, ethSrc topology.MAC
	src, dst       netip.Addr
	hopLimit       uint8 // 255
	typ, code      uint8
	body           gopacket.SerializableLayer
}

func oracleND(t tb, s ndSpec) []byte {
	if s.hopLimit == 0 {
		s.hopLimit = 255
	}
	ip := &layers.IPv6{Version: 6, HopLimit: s.hopLimit, NextHeader: layers.IPProtocolICMPv6, SrcIP: nip(s.src), DstIP: nip(s.dst)}
	icmp := &layers.ICMPv6{TypeCode: layers.CreateICMPv6TypeCode(s.typ, s.code)}
	_ = icmp.SetNetworkLayerForChecksum(ip)
	return serialize(t, gEther(s.ethDst, s.ethSrc, layers.EthernetTypeIPv6), ip, icmp, s.body)
}

func ndOpt(kind layers.ICMPv6Opt, m topology.MAC) layers.ICMPv6Option {
	return layers.ICMPv6Option{Type: kind, Data: m[:]}
}

func nsBody(target netip.Addr, opts ...layers.ICMPv6Option) *layers.ICMPv6NeighborSolicitation {
	return &layers.ICMPv6NeighborSolicitation{TargetAddress: nip(target), Options: opts}
}

func naBody(flags uint8, target netip.Addr, opts ...layers.ICMPv6Option) *layers.ICMPv6NeighborAdvertisement {
	return &layers.ICMPv6NeighborAdvertisement{Flags: flags, TargetAddress: nip(target), Options: opts}
}

// fixND makes the lengths and the checksum of an edited ND frame right again.
func fixND(f []byte) []byte {
	ip := f[etherHeaderLen:]
	ip[4], ip[5] = byte((len(ip)-40)>>8), byte(len(ip)-40)
	m := ip[40:]
	if len(m) < 4 {
		return f
	}
	m[2], m[3] = 0, 0
	c := Checksum(PseudoHeaderSum(netip.AddrFrom16([16]byte(ip[8:24])), netip.AddrFrom16([16]byte(ip[24:40])), ProtoICMPv6, len(m)), m)
	m[2], m[3] = byte(c>>8), byte(c)
	return f
}

func readHex(t tb, path string) []byte {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatalf("%v", err)
	}
	var digits strings.Builder
	for line := range strings.Lines(string(text)) {
		if !strings.HasPrefix(line, "#") {
			digits.WriteString(strings.Join(strings.Fields(line), ""))
		}
	}
	b, err := hex.DecodeString(digits.String())
	if err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	return b
}

// same compares octets; gopacket pads frames to 60, encoders here do not.
func same(t tb, got, want []byte) {
	t.Helper()
	if len(want) == 60 && len(got) < 60 && len(got) > 0 {
		if len(bytes.TrimRight(want[len(got):], "\x00")) != 0 {
			t.Fatalf("got only %d octets of\n%x", len(got), want)
		}
		want = want[:len(got)]
	}
	if !bytes.Equal(got, want) {
		t.Fatalf("got\n%x\nwant\n%x", got, want)
	}
}

func wantReason(t tb, err error, want Reason) {
	t.Helper()
	if got := ReasonOf(err); got != want {
		t.Errorf("got %v, want %v", got, want)
	}
}

func genMAC(t *rapid.T, name string) topology.MAC {
	return topology.MAC(rapid.SliceOfN(rapid.Byte(), 6, 6).Draw(t, name))
}

func gen4(t *rapid.T, name string) netip.Addr {
	return netip.AddrFrom4([4]byte(rapid.SliceOfN(rapid.Byte(), 4, 4).Draw(t, name)))
}

// gen6 draws an address that a host can have.
func gen6(t *rapid.T, name string) netip.Addr {
	b := [16]byte(rapid.SliceOfN(rapid.Byte(), 16, 16).Draw(t, name))
	b[0] = 0x20
	return netip.AddrFrom16(b)
}
