// SPDX-License-Identifier: Apache-2.0

package arpbuf_test

import (
	"encoding/binary"
	"net"
	"net/netip"
	"testing"

	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"

	"github.com/parkway-gw/parkway/forwarder"
	"github.com/parkway-gw/parkway/internal/wire"
)

func serialize(t testing.TB, ls ...gopacket.SerializableLayer) []byte {
	t.Helper()
	buf := gopacket.NewSerializeBuffer()
	if err := gopacket.SerializeLayers(buf, gopacket.SerializeOptions{FixLengths: true, ComputeChecksums: true}, ls...); err != nil {
		t.Fatal(err)
	}
	return buf.Bytes()
}

func ether(src, dst forwarder.MAC, typ layers.EthernetType) *layers.Ethernet {
	return &layers.Ethernet{SrcMAC: net.HardwareAddr(src[:]), DstMAC: net.HardwareAddr(dst[:]), EthernetType: typ}
}

// network layer of a packet; TTL or hop limit 64 unless ttl says otherwise.
func ipLayer(src, dst netip.Addr, ttl uint8, p layers.IPProtocol) (gopacket.SerializableLayer, layers.EthernetType) {
	if src.Is4() {
		return &layers.IPv4{Version: 4, IHL: 5, TTL: ttl, Protocol: p, SrcIP: src.AsSlice(), DstIP: dst.AsSlice(),
			Flags: layers.IPv4DontFragment}, layers.EthernetTypeIPv4
	}
	return &layers.IPv6{Version: 6, HopLimit: ttl, NextHeader: p, SrcIP: src.AsSlice(), DstIP: dst.AsSlice()},
		layers.EthernetTypeIPv6
}

// udp is a datagram from host a to dst by its router, numbered seq.
func udp(t testing.TB, dst netip.Addr, seq uint32, ttl uint8, size int) []byte {
	t.Helper()
	src := a4
	if dst.Is6() {
		src = a6
	}
	ip, typ := ipLayer(src, dst, ttl, layers.IPProtocolUDP)
	u := &layers.UDP{SrcPort: 1000, DstPort: 2000}
	if err := u.SetNetworkLayerForChecksum(ip.(gopacket.NetworkLayer)); err != nil {
		t.Fatal(err)
	}
	payload := make([]byte, max(4, size))
	binary.BigEndian.PutUint32(payload, seq)
	return serialize(t, ether(macA, macLA, typ), ip, u, gopacket.Payload(payload))
}

func udps(t testing.TB, dst netip.Addr, from, n uint32) (out [][]byte) {
	for i := range n {
		out = append(out, udp(t, dst, from+i, 64, 0))
	}
	return out
}

// flow returns the numbers of the datagrams to dst among frames, in order.
func flow(t testing.TB, frames [][]byte, dst netip.Addr, dstMAC forwarder.MAC) (seq []uint32) {
	t.Helper()
	for _, f := range frames {
		p, err := wire.DecodeIP(f)
		if err != nil || p.Protocol != wire.ProtoUDP || p.Dst != dst {
			continue
		}
		if p.EthDst != dstMAC || p.TTL != 63 {
			t.Errorf("datagram to %s, TTL %d; want %s, 63", p.EthDst, p.TTL, dstMAC)
		}
		seq = append(seq, binary.BigEndian.Uint32(p.L4[8:]))
	}
	return seq
}

// inOrder demands the numbers from..from+n-1, in order.
func inOrder(t testing.TB, seq []uint32, from, n uint32) {
	t.Helper()
	if len(seq) != int(n) {
		t.Errorf("%d packets arrived, want %d", len(seq), n)
	}
	for i, s := range seq {
		if s != from+uint32(i) {
			t.Fatalf("packet %d is number %d, want %d", i, s, from+uint32(i))
		}
	}
}

// arpReply is ip's answer to the router.
func arpReply(ip netip.Addr, mac forwarder.MAC) []byte {
	return wire.AppendARPReply(nil, wire.ARP{SenderMAC: macLB, SenderIP: lb4, TargetIP: ip}, mac)
}

// advertisement is ip's solicited answer to the router.
func advertisement(ip netip.Addr, mac forwarder.MAC) []byte {
	ns := wire.ND{Type: wire.NeighborSolicitation, EthSrc: macLB, Src: wire.LinkLocalFromMAC(macLB), Target: ip}
	return wire.AppendNeighborAdvertisement(nil, ns, mac, wire.NAFlags{Override: true})
}

func echo(t testing.TB, src, dst netip.Addr, ethSrc, ethDst forwarder.MAC, ttl uint8) []byte {
	t.Helper()
	if src.Is4() {
		ip, typ := ipLayer(src, dst, ttl, layers.IPProtocolICMPv4)
		return serialize(t, ether(ethSrc, ethDst, typ), ip,
			&layers.ICMPv4{TypeCode: layers.CreateICMPv4TypeCode(8, 0), Id: 7, Seq: 9}, gopacket.Payload("hello"))
	}
	ip, typ := ipLayer(src, dst, ttl, layers.IPProtocolICMPv6)
	icmp := &layers.ICMPv6{TypeCode: layers.CreateICMPv6TypeCode(128, 0)}
	if err := icmp.SetNetworkLayerForChecksum(ip.(gopacket.NetworkLayer)); err != nil {
		t.Fatal(err)
	}
	return serialize(t, ether(ethSrc, ethDst, typ), ip, icmp,
		&layers.ICMPv6Echo{Identifier: 7, SeqNumber: 9}, gopacket.Payload("hello"))
}
