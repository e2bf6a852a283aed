// SPDX-License-Identifier: Apache-2.0

package golden

import (
	"net"
	"slices"

	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"
)

// The frames are made by gopacket, so that neither the router's own code nor the
// lab's has a say in what goes in.

// frame puts layers together with right lengths and checksums.
func frame(stack ...gopacket.SerializableLayer) []byte {
	return build(gopacket.SerializeOptions{FixLengths: true, ComputeChecksums: true}, stack...)
}

// asWritten leaves lengths and checksums as the layers have them.
func asWritten(stack ...gopacket.SerializableLayer) []byte {
	return build(gopacket.SerializeOptions{}, stack...)
}

func build(o gopacket.SerializeOptions, stack ...gopacket.SerializableLayer) []byte {
	var network gopacket.NetworkLayer
	for _, l := range stack {
		if n, ok := l.(gopacket.NetworkLayer); ok {
			network = n
		}
		if c, ok := l.(interface {
			SetNetworkLayerForChecksum(gopacket.NetworkLayer) error
		}); ok {
			if err := c.SetNetworkLayerForChecksum(network); err != nil {
				panic(err)
			}
		}
	}
	b := gopacket.NewSerializeBuffer()
	if err := gopacket.SerializeLayers(b, o, stack...); err != nil {
		panic(err)
	}
	return append([]byte(nil), b.Bytes()...)
}

func mac(s string) net.HardwareAddr {
	m, err := net.ParseMAC(s)
	if err != nil {
		panic(err)
	}
	return m
}

// ip keeps IPv4 addresses in four octets, as the layers want them.
func ip(s string) net.IP {
	a := net.ParseIP(s)
	if a == nil {
		panic("no address: " + s)
	}
	if four := a.To4(); four != nil {
		return four
	}
	return a
}

func ether(dst, src string, t layers.EthernetType) *layers.Ethernet {
	return &layers.Ethernet{DstMAC: mac(dst), SrcMAC: mac(src), EthernetType: t}
}

func tag(vid uint16, priority uint8, t layers.EthernetType) *layers.Dot1Q {
	return &layers.Dot1Q{VLANIdentifier: vid, Priority: priority, Type: t}
}

const (
	ip4  = layers.EthernetTypeIPv4
	ip6  = layers.EthernetTypeIPv6
	arp  = layers.EthernetTypeARP
	vlan = layers.EthernetTypeDot1Q
)

// v4 and v6 are headers of UDP packets with TTL 64; mend them where a case needs.
func v4(src, dst string, mend ...func(*layers.IPv4)) *layers.IPv4 {
	h := &layers.IPv4{Version: 4, IHL: 5, TTL: 64, Id: 0x1234, Protocol: layers.IPProtocolUDP, SrcIP: ip(src), DstIP: ip(dst)}
	for _, m := range mend {
		m(h)
	}
	return h
}

func v6(src, dst string, mend ...func(*layers.IPv6)) *layers.IPv6 {
	h := &layers.IPv6{Version: 6, HopLimit: 64, NextHeader: layers.IPProtocolUDP, SrcIP: ip(src), DstIP: ip(dst)}
	for _, m := range mend {
		m(h)
	}
	return h
}

func ttl(n uint8) func(*layers.IPv4) { return func(h *layers.IPv4) { h.TTL = n } }
func hop(n uint8) func(*layers.IPv6) { return func(h *layers.IPv6) { h.HopLimit = n } }

func udp(src, dst uint16) *layers.UDP {
	return &layers.UDP{SrcPort: layers.UDPPort(src), DstPort: layers.UDPPort(dst)}
}

// text is a payload of n octets.
func text(n int) gopacket.Payload {
	p := make([]byte, n)
	for i := range p {
		p[i] = "parkway "[i%8]
	}
	return p
}

// udp4 and udp6 are whole frames.
func udp4(dstMAC, srcMAC, src, dst string, mend ...func(*layers.IPv4)) []byte {
	return frame(ether(dstMAC, srcMAC, ip4), v4(src, dst, mend...), udp(4000, 9), text(26))
}

func udp6(dstMAC, srcMAC, src, dst string, mend ...func(*layers.IPv6)) []byte {
	return frame(ether(dstMAC, srcMAC, ip6), v6(src, dst, mend...), udp(4000, 9), text(26))
}

func ping4(dstMAC, srcMAC, src, dst string, seq uint16, mend ...func(*layers.IPv4)) []byte {
	h := v4(src, dst, mend...)
	h.Protocol = layers.IPProtocolICMPv4
	return frame(ether(dstMAC, srcMAC, ip4), h,
		&layers.ICMPv4{TypeCode: layers.CreateICMPv4TypeCode(layers.ICMPv4TypeEchoRequest, 0), Id: 77, Seq: seq}, text(32))
}

func ping6(dstMAC, srcMAC, src, dst string, seq uint16, mend ...func(*layers.IPv6)) []byte {
	h := v6(src, dst, mend...)
	h.NextHeader = layers.IPProtocolICMPv6
	return frame(ether(dstMAC, srcMAC, ip6), h,
		&layers.ICMPv6{TypeCode: layers.CreateICMPv6TypeCode(layers.ICMPv6TypeEchoRequest, 0)},
		&layers.ICMPv6Echo{Identifier: 77, SeqNumber: seq}, text(32))
}

// tcp4 and tcp6 are segments of host a's, SYN unless mended.
func tcp4(src, dst string, mend ...func(*layers.TCP)) []byte {
	return frame(ether(routerA, hostA, ip4), v4(src, dst, func(h *layers.IPv4) { h.Protocol = layers.IPProtocolTCP }), segment(mend))
}

func tcp6(src, dst string, mend ...func(*layers.TCP)) []byte {
	return frame(ether(routerA, hostA, ip6), v6(src, dst, func(h *layers.IPv6) { h.NextHeader = layers.IPProtocolTCP }), segment(mend))
}

func segment(mend []func(*layers.TCP)) *layers.TCP {
	s := &layers.TCP{SrcPort: 40000, DstPort: 22, Seq: 1000, SYN: true, Window: 65535}
	for _, m := range mend {
		m(s)
	}
	return s
}

// options4 is a datagram from host a to host b with these octets as IPv4 options, which no
// library has a say in.
func options4(octets []byte) []byte {
	f := udp4(routerA, hostA, a4, b4)
	f = slices.Concat(f[:34], octets, f[34:])
	h := f[14 : 34+len(octets)]
	h[0], h[3] = byte(0x40|len(h)/4), h[3]+byte(len(octets))
	h[10], h[11] = 0, 0
	sum := uint32(0)
	for i := 0; i < len(h); i += 2 {
		sum += uint32(h[i])<<8 | uint32(h[i+1])
	}
	sum = ^(sum>>16 + sum&0xffff)
	h[10], h[11] = byte(sum>>8), byte(sum)
	return f
}

func whoHas(dstMAC, srcMAC, src, dst string) []byte {
	return frame(ether(dstMAC, srcMAC, arp), &layers.ARP{
		AddrType: layers.LinkTypeEthernet, Protocol: ip4, HwAddressSize: 6, ProtAddressSize: 4, Operation: layers.ARPRequest,
		SourceHwAddress: mac(srcMAC), SourceProtAddress: ip(src), DstHwAddress: make([]byte, 6), DstProtAddress: ip(dst),
	})
}

// solicit is a neighbor solicitation to the solicited-node group.
func solicit(srcMAC, src, target string) []byte {
	t := ip(target)
	group := append(ip("ff02::1:ff00:0")[:13:13], t[13:]...)
	h := v6(src, group.String(), hop(255))
	h.NextHeader = layers.IPProtocolICMPv6
	return frame(ether(net.HardwareAddr{0x33, 0x33, 0xff, t[13], t[14], t[15]}.String(), srcMAC, ip6), h,
		&layers.ICMPv6{TypeCode: layers.CreateICMPv6TypeCode(layers.ICMPv6TypeNeighborSolicitation, 0)},
		&layers.ICMPv6NeighborSolicitation{TargetAddress: t, Options: layers.ICMPv6Options{{Type: layers.ICMPv6OptSourceAddress, Data: mac(srcMAC)}}})
}

// changed is a copy of a frame with octets overwritten from an offset on.
func changed(f []byte, at int, octets ...byte) []byte {
	f = append([]byte(nil), f...)
	copy(f[at:], octets)
	return f
}
