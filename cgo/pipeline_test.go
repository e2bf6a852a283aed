// SPDX-License-Identifier: Apache-2.0

package cgo_test

import (
	"bytes"
	"encoding/binary"
	"testing"

	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"

	"github.com/parkway-gw/parkway/cgo"
)

// decode parses a frame and fails the test when a checksum of it is wrong.
func decode(t *testing.T, f []byte) gopacket.Packet {
	t.Helper()
	p := gopacket.NewPacket(f, layers.LayerTypeEthernet, gopacket.Default)
	if p.NetworkLayer() == nil && p.Layer(layers.LayerTypeDot1Q) == nil {
		t.Fatalf("what left is no packet: %v", p)
	}
	if ip, ok := p.NetworkLayer().(*layers.IPv4); ok && sum(ip.Contents) != 0xffff {
		t.Errorf("IPv4 checksum of what left is wrong: %v", p)
	}
	return p
}

func sum(b []byte) uint16 {
	var s uint32
	for i := 0; i+1 < len(b); i += 2 {
		s += uint32(binary.BigEndian.Uint16(b[i:]))
	}
	for s > 0xffff {
		s = s>>16 + s&0xffff
	}
	return uint16(s)
}

func one(t *testing.T, frames [][]byte) gopacket.Packet {
	t.Helper()
	if len(frames) != 1 {
		t.Fatalf("%d frames left, want 1", len(frames))
	}
	return decode(t, frames[0])
}

func wantEthernet(t *testing.T, p gopacket.Packet, src, dst [6]byte) {
	t.Helper()
	e := p.Layer(layers.LayerTypeEthernet).(*layers.Ethernet)
	if !bytes.Equal(e.SrcMAC, src[:]) || !bytes.Equal(e.DstMAC, dst[:]) {
		t.Errorf("left as %v > %v, want %x > %x", e.SrcMAC, e.DstMAC, src, dst)
	}
}

func TestRoutesIPv4ThroughAGateway(t *testing.T) {
	b := newBench(t, defaults())
	b.store(gatewayAdj, gatewayMAC, lspExternal, cgo.AdjReachable)
	for ttl := 2; ttl < 256; ttl++ { // every carry of the incremental checksum
		ip := ip4(hostIP, addr("192.0.2.77"), uint8(ttl))
		b.send(b.in, frame(t, eth(hostMAC, router0MAC, layers.EthernetTypeIPv4), ip, gopacket.Payload("12345678")))
		p := one(t, sent(b.out))
		wantEthernet(t, p, router1MAC, gatewayMAC)
		if got := p.NetworkLayer().(*layers.IPv4).TTL; int(got) != ttl-1 {
			t.Fatalf("TTL %d left as %d", ttl, got)
		}
	}
	if !b.dp.AdjacencyUsed(gatewayAdj) {
		t.Error("the adjacency does not say that it was used")
	}
	if b.dp.AdjacencyUsed(gatewayAdj) {
		t.Error("the used bit did not clear")
	}
}

func TestRoutesIPv6ToAConnectedNeighbor(t *testing.T) {
	b := newBench(t, defaults())
	n := b.adjacency(1, addr("2001:db8:2::99"))
	b.store(n, strangeMAC, lspExternal, cgo.AdjStale)
	b.send(b.in, udp6(t, addr("2001:db8:2::99"), 1))
	p := one(t, sent(b.out))
	wantEthernet(t, p, router1MAC, strangeMAC)
	if got := p.NetworkLayer().(*layers.IPv6).HopLimit; got != 63 {
		t.Errorf("hop limit left as %d, want 63", got)
	}
}

func TestAnUnknownEgressPortIsLookedUpInTheSwitch(t *testing.T) {
	b := newBench(t, defaults())
	n := b.adjacency(0, addr("10.0.1.3"))
	b.store(n, strangeMAC, cgo.OutSwitch, cgo.AdjReachable)
	b.send(b.in, udp4(t, addr("10.0.1.3"), 1))
	f := sent(b.third) // the only port of the switch that lists unknown, VLAN 7
	if len(f) != 1 {
		t.Fatalf("%d frames left", len(f))
	}
	p := decode(t, f[0])
	if v, ok := p.Layer(layers.LayerTypeDot1Q).(*layers.Dot1Q); !ok || v.VLANIdentifier != 7 {
		t.Errorf("left without tag 7: %v", p)
	}
	wantEthernet(t, p, router0MAC, strangeMAC)
}

func TestTwoRoutersTakeTwoHops(t *testing.T) {
	b := newBench(t, defaults())
	n := b.adjacency(2, addr("10.0.2.60"))
	b.store(n, strangeMAC, lspExternal, cgo.AdjReachable)
	// 172.16/16 leads to the second router, which knows no such network; 10.0.2.60 it
	// would know, but the first router is connected to that itself.
	b.send(b.in, udp4(t, addr("172.16.1.1"), 1))
	batch := b.poll()
	if len(batch.IP) != 1 || cgo.MetaOf(batch.IP[0]).Why != cgo.PuntNoRoute || cgo.MetaOf(batch.IP[0]).RouterPort != 2 {
		t.Fatalf("the second router did not see the packet: %+v", batch)
	}
	p := decode(t, append([]byte(nil), batch.IP[0].Bytes()...))
	if ttl := p.NetworkLayer().(*layers.IPv4).TTL; ttl != 63 {
		t.Errorf("TTL %d after one router, want 63", ttl)
	}
	b.dp.Control().Drop(batch.IP[0], cgo.DropIPNoRoute)
}

func TestECMPKeepsAFlowAndSpreadsFlows(t *testing.T) {
	b := newBench(t, defaults())
	members := map[byte]int{}
	for flow := range 200 {
		ip := ip4(hostIP, addr("203.0.113.5"), 9)
		ip.Protocol = layers.IPProtocolUDP
		u := &layers.UDP{SrcPort: layers.UDPPort(1000 + flow), DstPort: 53}
		_ = u.SetNetworkLayerForChecksum(ip)
		f := frame(t, eth(hostMAC, router0MAC, layers.EthernetTypeIPv4), ip, u, gopacket.Payload("x"))
		b.send(b.in, f, f)
		out := sent(b.out)
		if len(out) != 2 || out[0][5] != out[1][5] {
			t.Fatal("one flow took two paths")
		}
		members[out[0][5]]++
	}
	if members[0x51] < 60 || members[0x52] < 60 {
		t.Errorf("200 flows over two members: %v", members)
	}
}

func TestPuntsSayWhy(t *testing.T) {
	ip := func(dst string, ttl uint8) []byte {
		return frame(t, eth(hostMAC, router0MAC, layers.EthernetTypeIPv4), ip4(hostIP, addr(dst), ttl), gopacket.Payload("x"))
	}
	arp := frame(t, eth(hostMAC, router0MAC, layers.EthernetTypeARP), &layers.ARP{AddrType: 1, Protocol: 0x800,
		HwAddressSize: 6, ProtAddressSize: 4, Operation: 1, SourceHwAddress: hostMAC[:], SourceProtAddress: hostIP.AsSlice(),
		DstHwAddress: make([]byte, 6), DstProtAddress: router0IP.AsSlice()})
	for _, c := range []struct {
		name  string
		frame []byte
		why   cgo.PuntWhy
	}{
		{"ARP by unicast", arp, cgo.PuntARP},
		{"own address", ip("10.0.1.1", 64), cgo.PuntLocal},
		{"own address at TTL 1", ip("10.0.1.1", 1), cgo.PuntLocal},
		{"another port's own address", ip("10.0.2.1", 1), cgo.PuntLocal},
		{"TTL 1 to forward", ip("192.0.2.1", 1), cgo.PuntTTL},
		{"TTL 0 to forward", ip("192.0.2.1", 0), cgo.PuntTTL},
		{"no route", ip("100.64.0.1", 64), cgo.PuntNoRoute},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := newBench(t, defaults())
			b.send(b.in, c.frame)
			batch := b.poll()
			all := append(batch.ARPND, batch.IP...)
			if len(all) != 1 {
				t.Fatalf("%d packets came to control", len(all))
			}
			if got := cgo.MetaOf(all[0]).Why; got != c.why {
				t.Errorf("why %d, want %d", got, c.why)
			}
			if !bytes.HasPrefix(c.frame, all[0].Bytes()) { // but for Ethernet padding
				t.Errorf("the punted packet is not as it came:\n%x\n%x", c.frame, all[0].Bytes())
			}
			b.dp.Control().Consume(all[0])
		})
	}
}

func TestTooBig(t *testing.T) {
	s := defaults()
	s.mtu = 600
	b := newBench(t, s)
	b.store(gatewayAdj, gatewayMAC, lspExternal, cgo.AdjReachable)
	big := func(flags layers.IPv4Flag, payload int) []byte {
		ip := ip4(hostIP, addr("192.0.2.1"), 64)
		ip.Flags = flags
		return frame(t, eth(hostMAC, router0MAC, layers.EthernetTypeIPv4), ip, gopacket.Payload(make([]byte, payload)))
	}
	b.send(b.in, big(layers.IPv4DontFragment, 580))
	one(t, sent(b.out))
	b.send(b.in, big(layers.IPv4DontFragment, 581))
	batch := b.poll()
	if len(batch.IP) != 1 || cgo.MetaOf(batch.IP[0]).Why != cgo.PuntTooBig || cgo.MetaOf(batch.IP[0]).MTU != 600 {
		t.Fatalf("with DF: %+v", batch.IP)
	}
	b.dp.Control().Drop(batch.IP[0], cgo.DropIPTooBig)
	b.send(b.in, big(0, 581))
	if out := sent(b.out); len(out) != 2 {
		t.Errorf("without DF: left in %d", len(out))
	}
	v6 := func(payload int) []byte {
		return frame(t, eth(hostMAC, router0MAC, layers.EthernetTypeIPv6), ip6(host6, addr("2001:db8:ffff::1"), 64), gopacket.Payload(make([]byte, payload)))
	}
	b.send(b.in, v6(560))
	one(t, sent(b.out))
	b.send(b.in, v6(561))
	batch = b.poll()
	if len(batch.IP) != 1 || cgo.MetaOf(batch.IP[0]).Why != cgo.PuntTooBig || cgo.MetaOf(batch.IP[0]).MTU != 600 {
		t.Fatalf("IPv6: %+v", batch.IP)
	}
	b.dp.Control().Drop(batch.IP[0], cgo.DropIPTooBig)
}

func TestPuntRingsAreApartAndBounded(t *testing.T) {
	s := defaults()
	s.ringSize = 64 // holds 63
	b := newBench(t, s)
	local := frame(t, eth(hostMAC, router0MAC, layers.EthernetTypeIPv4), ip4(hostIP, router0IP, 64), gopacket.Payload("x"))
	for range 100 {
		b.send(b.in, local)
	}
	if c := b.dp.Counters(); c.Drops[dropByName(t, "punt_ip_full")] != 37 {
		t.Errorf("100 packets into a ring of 63: %v", nonzero(c))
	}
	ns := frame(t, eth(hostMAC, router0MAC, layers.EthernetTypeARP), gopacket.Payload(make([]byte, 28)))
	b.send(b.in, ns)
	batch := b.poll()
	b.consume(batch)
	if len(batch.ARPND) != 1 {
		t.Error("a flood to the router's address kept ARP out")
	}
}

func dropByName(t *testing.T, name string) cgo.DropReason {
	t.Helper()
	for r := range cgo.DropReason(cgo.DropCount) {
		if r.String() == name {
			return r
		}
	}
	t.Fatalf("no drop reason %q", name)
	return 0
}

func TestInjectedPacketsAreRoutedUntouched(t *testing.T) {
	b := newBench(t, defaults())
	n := b.adjacency(0, hostIP)
	b.store(n, hostMAC, lspHost, cgo.AdjPermanent)
	m, err := b.pool.Alloc()
	if err != nil {
		t.Fatal(err)
	}
	f := frame(t, eth([6]byte{}, [6]byte{}, layers.EthernetTypeIPv4), ip4(router0IP, hostIP, 64), gopacket.Payload("pong"))
	if err := m.AppendBytes(f); err != nil {
		t.Fatal(err)
	}
	b.dp.Control().Route(m, 1, 0)
	b.w.Poll()
	p := one(t, sent(b.in))
	wantEthernet(t, p, router0MAC, hostMAC)
	if ttl := p.NetworkLayer().(*layers.IPv4).TTL; ttl != 64 {
		t.Errorf("TTL of our own packet left as %d", ttl)
	}
}

func TestInjectRingFull(t *testing.T) {
	s := defaults()
	s.ringSize = 32
	b := newBench(t, s)
	for range 40 {
		m, err := b.pool.Alloc()
		if err != nil {
			t.Fatal(err)
		}
		_ = m.AppendBytes(make([]byte, 60))
		b.dp.Control().Route(m, 0, 0)
	}
	if c := b.dp.Counters(); c.Drops[dropByName(t, "inject_full")] != 9 {
		t.Errorf("40 packets into a ring of 31: %v", nonzero(c))
	}
}
