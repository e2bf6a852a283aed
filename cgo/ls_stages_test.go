// SPDX-License-Identifier: Apache-2.0

package cgo_test

import (
	"bytes"
	"encoding/binary"
	"net/netip"
	"testing"

	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"

	"github.com/parkway-gw/parkway/cgo"
)

// The switch of these tests: hosts a and b, a localnet port with VLAN 7, a router port.
const (
	lanA = iota
	lanB
	lanWire
	lanRouter
)

var (
	macA = [6]byte{2, 0, 0, 0, 0, 0xa}
	macB = [6]byte{2, 0, 0, 0, 0, 0xb}
	macW = [6]byte{2, 0, 0, 0, 0, 0xc} // somebody on the wire
	ipA  = addr("10.0.1.10")
	ipB  = addr("10.0.1.11")
	ip6A = addr("2001:db8:1::a")
	ip6B = addr("2001:db8:1::b")
	llA  = addr("fe80::ff:fe00:a")
)

type lan struct{ *bench }

// newLAN publishes that switch; change may alter it before.
func newLAN(t *testing.T, change func(*cgo.TableSpec)) lan {
	b := newBench(t, defaults())
	spec := cgo.TableSpec{
		Ports: []cgo.Port{{Port: b.in.port, SwitchPort: lanA}, {Port: b.out.port, SwitchPort: lanB},
			{Port: b.third.port, SwitchPort: cgo.None, VLANs: map[uint16]uint16{7: lanWire}}},
		SwitchPorts: []cgo.SwitchPort{
			lanA:      {Kind: cgo.SwitchPortVIF, Port: b.in.port},
			lanB:      {Kind: cgo.SwitchPortVIF, Port: b.out.port},
			lanWire:   {Kind: cgo.SwitchPortLocalnet, Port: b.third.port, VLAN: 7, Unknown: true},
			lanRouter: {Kind: cgo.SwitchPortRouter, RouterPort: 0},
		},
		Switches: []cgo.Switch{{RouterPorts: []uint16{0}, Flood: []uint16{lanA, lanB, lanWire}, Unknown: []uint16{lanWire},
			Known: []cgo.KnownAddress{{IP: ipB, MAC: macB, SwitchPort: lanB}, {IP: ip6B, MAC: macB, SwitchPort: lanB},
				{IP: ipA, MAC: macA, SwitchPort: lanA}, {IP: ip6A, MAC: macA, SwitchPort: lanA},
				{IP: router0IP, MAC: router0MAC, SwitchPort: lanRouter}, {IP: router06, MAC: router0MAC, SwitchPort: lanRouter}}}},
		RouterPorts: []cgo.RouterPort{{MAC: router0MAC, SwitchPort: lanRouter, MTU: 1500, Own: []netip.Addr{router0IP, router06}}},
		Routers:     []cgo.Router{{}},
		NextHops:    []cgo.NextHop{{Kind: cgo.NextHopDrop, Reason: cgo.DropIPNoRoute}},
	}
	if change != nil {
		change(&spec)
	}
	tables, err := cgo.NewTables(spec)
	if err != nil {
		t.Fatal(err)
	}
	b.dp.Publish(tables).Free() // no worker runs by itself
	b.know(0, macA, lanA)
	b.know(0, macB, lanB)
	return lan{b}
}

// reach takes what left by a, b and the wire since the last call.
func (l lan) reach() (a, b, wire [][]byte) { return sent(l.in), sent(l.out), sent(l.third) }

func (l lan) wantDrop(reason string, n uint64) {
	l.t.Helper()
	if c := l.dp.Counters(); c.Drops[dropByName(l.t, reason)] != n {
		l.t.Errorf("want %d %s: %v", n, reason, nonzero(c))
	}
}

func arpFrame(t testing.TB, src, dst [6]byte, op uint16, sha [6]byte, spa netip.Addr, tpa netip.Addr) []byte {
	return frame(t, eth(src, dst, layers.EthernetTypeARP), &layers.ARP{AddrType: layers.LinkTypeEthernet,
		Protocol: layers.EthernetTypeIPv4, HwAddressSize: 6, ProtAddressSize: 4, Operation: op, SourceHwAddress: sha[:],
		SourceProtAddress: spa.AsSlice(), DstHwAddress: make([]byte, 6), DstProtAddress: tpa.AsSlice()})
}

func solicitedNode(target netip.Addr) (netip.Addr, [6]byte) {
	a := target.As16()
	return netip.AddrFrom16([16]byte{0xff, 2, 11: 1, 12: 0xff, a[13], a[14], a[15]}), [6]byte{0x33, 0x33, 0xff, a[13], a[14], a[15]}
}

// nsFrame asks for target, as src; with a source link-layer address unless that is zero.
func nsFrame(t testing.TB, mac [6]byte, src, target netip.Addr, sll [6]byte) []byte {
	dst, dstMAC := solicitedNode(target)
	ip := ip6(src, dst, 255)
	ip.NextHeader = layers.IPProtocolICMPv6
	icmp := &layers.ICMPv6{TypeCode: layers.CreateICMPv6TypeCode(135, 0)}
	_ = icmp.SetNetworkLayerForChecksum(ip)
	ns := &layers.ICMPv6NeighborSolicitation{TargetAddress: target.AsSlice()}
	if sll != ([6]byte{}) {
		ns.Options = layers.ICMPv6Options{{Type: layers.ICMPv6OptSourceAddress, Data: sll[:]}}
	}
	return frame(t, eth(mac, dstMAC, layers.EthernetTypeIPv6), ip, icmp, ns)
}

func naFrame(t testing.TB, mac, dst [6]byte, src, to, target netip.Addr, tll [6]byte) []byte {
	ip := ip6(src, to, 255)
	ip.NextHeader = layers.IPProtocolICMPv6
	icmp := &layers.ICMPv6{TypeCode: layers.CreateICMPv6TypeCode(136, 0)}
	_ = icmp.SetNetworkLayerForChecksum(ip)
	na := &layers.ICMPv6NeighborAdvertisement{Flags: 0x20, TargetAddress: target.AsSlice(),
		Options: layers.ICMPv6Options{{Type: layers.ICMPv6OptTargetAddress, Data: tll[:]}}}
	return frame(t, eth(mac, dst, layers.EthernetTypeIPv6), ip, icmp, na)
}

// Requests for a known host are answered by the switch, to the asker alone.
func TestSwitchAnswersForKnownHosts(t *testing.T) {
	l := newLAN(t, nil)
	l.send(l.in, arpFrame(t, macA, broadcast, 1, macA, ipA, ipB))
	a, b, wire := l.reach()
	if len(a) != 1 || len(b)+len(wire) != 0 {
		t.Fatalf("%d frames to the asker, %d and %d to others", len(a), len(b), len(wire))
	}
	want := frame(t, eth(macB, macA, layers.EthernetTypeARP), &layers.ARP{AddrType: layers.LinkTypeEthernet,
		Protocol: layers.EthernetTypeIPv4, HwAddressSize: 6, ProtAddressSize: 4, Operation: 2, SourceHwAddress: macB[:],
		SourceProtAddress: ipB.AsSlice(), DstHwAddress: macA[:], DstProtAddress: ipA.AsSlice()})
	if !bytes.Equal(a[0], want) {
		t.Errorf("answer\n%x\nwant\n%x", a[0], want)
	}
	for _, withSLL := range [][6]byte{macA, {}} {
		l.send(l.in, nsFrame(t, macA, ip6A, ip6B, withSLL))
		a, b, wire = l.reach()
		if len(a) != 1 || len(b)+len(wire) != 0 {
			t.Fatalf("%d frames to the asker, %d and %d to others", len(a), len(b), len(wire))
		}
		if want := naFrame(t, macB, macA, ip6B, ip6A, ip6B, macB); !sameNA(a[0], want, 0x60) {
			t.Errorf("answer\n%x\nwant\n%x", a[0], want)
		}
	}
	// A stranger that looks for duplicates has no address to answer to.
	l.send(l.in, nsFrame(t, macA, addr("::"), ip6B, [6]byte{}))
	a, _, _ = l.reach()
	if want := naFrame(t, macB, [6]byte{0x33, 0x33, 5: 1}, ip6B, addr("ff02::1"), ip6B, macB); len(a) != 1 || !sameNA(a[0], want, 0x20) {
		t.Errorf("answer %x\nwant   %x", a, want)
	}
}

// sameNA compares but for the flags, and verifies the checksum.
func sameNA(got, want []byte, flags byte) bool {
	if len(got) != len(want) || got[58] != flags {
		return false
	}
	sum := func(f []byte) uint32 {
		s := uint32(len(f)-54) + 58
		for i := 22; i < len(f); i += 2 {
			s += uint32(binary.BigEndian.Uint16(f[i:]))
		}
		for s > 0xffff {
			s = s&0xffff + s>>16
		}
		return s
	}
	g, w := bytes.Clone(got), bytes.Clone(want)
	if sum(g) != 0xffff {
		return false
	}
	for _, f := range [][]byte{g, w} {
		f[56], f[57], f[58] = 0, 0, 0
	}
	return bytes.Equal(g, w)
}

// What the switch must not answer is flooded, as it came.
func TestSwitchDoesNotAnswer(t *testing.T) {
	badSum := nsFrame(t, macA, ip6A, ip6B, macA)
	badSum[57] ^= 1
	oneHop := nsFrame(t, macA, ip6A, ip6B, macA)
	oneHop[21] = 254
	zeroOption := nsFrame(t, macA, ip6A, ip6B, macA)
	zeroOption[79] = 0
	foreign := arpFrame(t, macA, broadcast, 1, macA, ipA, ipB)
	foreign[15] = 6 // hardware type IEEE 802
	for name, f := range map[string][]byte{
		"for nobody that is known": arpFrame(t, macA, broadcast, 1, macA, ipA, addr("10.0.1.99")),
		"own address":              arpFrame(t, macA, broadcast, 1, macA, addr("0.0.0.0"), ipA),
		"announcement":             arpFrame(t, macA, broadcast, 1, macA, ipB, ipB),
		"reply":                    arpFrame(t, macA, broadcast, 2, macA, ipA, ipB),
		"foreign":                  foreign,
		"own IPv6 address":         nsFrame(t, macA, addr("::"), ip6A, [6]byte{}),
		"unknown IPv6 address":     nsFrame(t, macA, ip6A, addr("2001:db8:1::99"), macA),
		"wrong checksum":           badSum,
		"not from this link":       oneHop,
		"option of no length":      zeroOption,
		"cut":                      nsFrame(t, macA, ip6A, ip6B, macA)[:70],
	} {
		t.Run(name, func(t *testing.T) {
			l := newLAN(t, nil)
			l.send(l.in, f)
			if a, b, wire := l.reach(); len(a) != 0 || len(b) != 1 || len(wire) != 1 || !bytes.Equal(b[0], f) {
				t.Errorf("%d frames to the asker, %d to b and %d to the wire", len(a), len(b), len(wire))
			}
		})
	}
	t.Run("from the wire", func(t *testing.T) { // where other nodes answer, too
		l := newLAN(t, nil)
		f := arpFrame(t, macW, broadcast, 1, macW, addr("10.0.1.50"), ipB)
		l.send(l.third, append(append(bytes.Clone(f[:12]), 0x81, 0, 0, 7), f[12:]...))
		if a, b, wire := l.reach(); len(a) != 1 || len(b) != 1 || len(wire) != 0 {
			t.Errorf("%d, %d and %d", len(a), len(b), len(wire))
		}
	})
	t.Run("gate", func(t *testing.T) { // who is not up yet has no address
		l := newLAN(t, func(s *cgo.TableSpec) { s.SwitchPorts[lanB].Gated = true })
		l.dp.ArmGate(lanB)
		ask := arpFrame(t, macA, broadcast, 1, macA, ipA, ipB)
		l.send(l.in, ask)
		if a, b, _ := l.reach(); len(a) != 0 || len(b) != 1 {
			t.Errorf("the switch answers for a host that is not up")
		}
		l.send(l.out, plain(t, macB, macA))
		l.reach()
		l.send(l.in, ask)
		if a, b, _ := l.reach(); len(a) != 1 || len(b) != 0 {
			t.Errorf("the switch does not answer for a host that is up")
		}
	})
}

// Requests for a router's address reach that router and nobody else.
func TestRequestsForARouterReachItAlone(t *testing.T) {
	l := newLAN(t, nil)
	l.send(l.in, arpFrame(t, macA, broadcast, 1, macA, ipA, router0IP), nsFrame(t, macA, ip6A, router06, macA))
	wire := arpFrame(t, macW, broadcast, 1, macW, addr("10.0.1.50"), router0IP)
	l.send(l.third, append(append(bytes.Clone(wire[:12]), 0x81, 0, 0, 7), wire[12:]...))
	if a, b, w := l.reach(); len(a)+len(b)+len(w) != 0 {
		t.Errorf("flooded: %d, %d, %d", len(a), len(b), len(w))
	}
	batch := l.poll()
	if len(batch.ARPND) != 3 || cgo.MetaOf(batch.ARPND[0]).RouterPort != 0 || cgo.MetaOf(batch.ARPND[1]).Why != cgo.PuntND {
		t.Errorf("the router gets %d of 3", len(batch.ARPND))
	}
	l.consume(batch)
	l.send(l.in, arpFrame(t, macA, broadcast, 1, macA, router0IP, router0IP)) // a conflict is everybody's
	if _, b, w := l.reach(); len(b) != 1 || len(w) != 1 {
		t.Errorf("an announcement of the router's address by another is not flooded")
	}
	if batch := l.poll(); len(batch.ARPND) != 1 {
		t.Errorf("the router does not hear of it")
	} else {
		l.consume(batch)
	}
}

// A frame with a second tag, or a service tag, goes nowhere.
func TestInnerTags(t *testing.T) {
	for name, f := range map[string][]byte{
		"second tag":         tagged(t, macA, broadcast, 0),
		"service tag":        frame(t, eth(macA, macB, 0x88a8), gopacket.Payload("\x00\x07\x08\x00hello hello")),
		"second service tag": tagged(t, macA, [6]byte{2, 9, 9, 9, 9, 9}, 0),
	} {
		t.Run(name, func(t *testing.T) {
			l := newLAN(t, nil)
			switch name {
			case "second tag":
				f = append(append(bytes.Clone(f[:16]), 0x81, 0, 0, 7), f[16:]...)
			case "second service tag":
				f = append(append(bytes.Clone(f[:16]), 0x88, 0xa8, 0, 7), f[16:]...)
			}
			l.send(l.in, f)
			l.wantDrop("l2_inner_tag", 1)
			if a, b, w := l.reach(); len(a)+len(b)+len(w) != 0 {
				t.Error("it leaves")
			}
		})
	}
}

// A frame too long for the port it leaves by ends here, not in the driver.
func TestFramesLongerThanThePort(t *testing.T) {
	l := newLAN(t, func(s *cgo.TableSpec) {
		s.SwitchPorts[lanB].MTU = 600
		s.SwitchPorts[lanWire].MTU = 600
	})
	long := func(dst [6]byte, octets int) []byte {
		return append(frame(t, eth(macA, dst, 0x88b5), gopacket.Payload("x"))[:14], make([]byte, octets)...)
	}
	l.send(l.in, long(macB, 600), long(macB, 601), long(strangeMAC, 600), long(strangeMAC, 601))
	if _, b, w := l.reach(); len(b) != 1 || len(w) != 1 || len(w[0]) != 618 {
		t.Errorf("%d and %d frames left, want those of 600 octets", len(b), len(w))
	}
	l.wantDrop("out_mtu", 2)
}

// Each class of frame has its own limit, a port its own, and known unicast none.
func TestStormControl(t *testing.T) {
	storm := cgo.StormControl{Broadcast: 20, Multicast: 30, UnknownUnicast: 40}
	for _, c := range []struct {
		reason string
		dst    [6]byte
		least  int // at once: 16 or a tenth of a second's
	}{
		{"storm_broadcast", broadcast, 16},
		{"storm_multicast", [6]byte{0x33, 0x33, 0, 0, 0, 0x42}, 16},
		{"storm_unknown_unicast", strangeMAC, 16},
		{"", macB, 200},
	} {
		t.Run(c.reason, func(t *testing.T) {
			l := newLAN(t, func(s *cgo.TableSpec) { s.SwitchPorts[lanA].Storm = storm })
			var frames [][]byte
			for range 200 {
				frames = append(frames, plain(t, macA, c.dst))
			}
			l.send(l.in, frames...)
			_, b, w := l.reach()
			got := max(len(b), len(w))
			if got < c.least || c.reason != "" && got > c.least+10 {
				t.Errorf("%d of 200 pass, want about %d", got, c.least)
			}
			if c.reason == "" {
				return
			}
			l.wantDrop(c.reason, uint64(200-got))
			n := l.dp.SwitchPortCounters(lanA)
			if sum := n.StormBroadcast + n.StormMulticast + n.StormUnknownUnicast; sum != uint64(200-got) || n.Security != 0 {
				t.Errorf("the port counts %+v", n)
			}
			if other := l.dp.SwitchPortCounters(lanB); other != (cgo.SwitchPortCounters{}) {
				t.Errorf("another port counts %+v", other)
			}
			l.send(l.out, plain(t, macB, c.dst)) // another port's frames are not in it
			if a, _, w := l.reach(); len(a)+len(w) == 0 {
				t.Error("another port is limited too")
			}
			l.dp.ResetSwitchPort(lanA)
			l.send(l.in, plain(t, macA, c.dst))
			if _, b, w := l.reach(); len(b)+len(w) == 0 || l.dp.SwitchPortCounters(lanA) != (cgo.SwitchPortCounters{}) {
				t.Error("the port is not as new after a reset")
			}
		})
	}
}

// A MAC that is in use is told of at most once per look; one that is not used, not.
func TestMACSeen(t *testing.T) {
	l := newLAN(t, nil)
	l.know(0, macW, lanWire)
	if l.dp.MACSeen(0, macW) {
		t.Error("seen before it spoke")
	}
	l.send(l.third, tagged(t, macW, macA, 7), tagged(t, macW, macA, 7))
	if !l.dp.MACSeen(0, macW) || l.dp.MACSeen(0, macW) {
		t.Error("want it seen once")
	}
	if l.dp.MACSeen(0, strangeMAC) || l.dp.MACSeen(1, macW) {
		t.Error("what is not in the table was seen")
	}
	if batch := l.poll(); len(batch.Learns) != 0 {
		t.Errorf("learned %+v", batch.Learns)
	}
}
