// SPDX-License-Identifier: Apache-2.0

package kernel

import (
	"encoding/binary"
	"fmt"
	"net/netip"
	"strings"

	"github.com/parkway-gw/parkway/forwarder"
)

// IP protocols and extension headers of the test's packets.
const (
	hopByHop, icmp4, tcp, udp, routing, fragment, gre, authentication = 0, 1, 6, 17, 43, 44, 47, 51
	icmp6, noNext, destinationOptions, experiment                     = 58, 59, 60, 253
)

// draft is a packet while it is put together.
type draft struct {
	s        *scenario
	id       uint16
	src, dst netip.Addr
	ttl      uint8
	length   int // octets of the IP packet to aim at
	about    []string
	bad      string
}

func (d *draft) say(format string, args ...any) {
	d.about = append(d.about, fmt.Sprintf(format, args...))
}

// makePacket makes a case: a sound packet as a rule, with one thing odd about it.
func (s *scenario) makePacket(id uint16, t targets) *packet {
	w := s.rand.IntN(len(s.wires))
	port := s.wires[w].port
	v4 := port.GatewayMTU < 1280 || s.oneIn(2)
	d := &draft{s: s, id: id, src: s.source(t, v4, port), dst: s.destination(t, v4),
		ttl: pick[uint8](s, 64, 64, 64, 64, 64, 64, 255, 255, 2, 2, 1, 1, 0)}
	d.length = 60 + s.rand.IntN(60)
	if s.oneIn(3) {
		d.length = int(pick(s, s.wires...).port.GatewayMTU) + pick(s, -9, -1, 0, 1, 8, 100)
	}
	d.length = min(d.length, int(port.GatewayMTU)) // what a link of that MTU carries
	var ip []byte
	etherType := uint16(0x86dd)
	if v4 {
		etherType, ip = 0x0800, d.ipv4()
	} else {
		ip = d.ipv6()
	}
	dst := port.MAC
	switch s.rand.IntN(50) {
	case 0:
		dst = forwarder.MAC{0x06, 1, 2, 3, 4, 5}
		d.say("to another MAC")
	case 1:
		dst = forwarder.MAC{0xff, 0xff, 0xff, 0xff, 0xff, 0xff}
		d.say("to the broadcast MAC")
	case 2:
		dst = forwarder.MAC{0x01, 0, 0x5e, 0, 0, 1}
		d.say("to a multicast MAC")
	}
	src := neighborMAC(port.Name, d.src)
	frame := append(append([]byte{}, dst[:]...), src[:]...)
	frame = append(binary.BigEndian.AppendUint16(frame, etherType), ip...)
	if s.oneIn(20) && len(ip) < int(port.GatewayMTU)-20 {
		frame = append(frame, []byte("Ethernet padding")...)
		d.say("padded")
	}
	return &packet{id: id, wire: w, frame: frame, about: strings.Join(d.about, ", "), bad: d.bad}
}

// payload is n octets that tell which packet they are from, whatever is lost of them.
func (d *draft) payload(n int) []byte {
	b := make([]byte, 0, max(n, 0)+8)
	for len(b) < n {
		b = append(b, 'P', 'w', byte(d.id>>8), byte(d.id), byte(len(b)>>8), byte(len(b)), 'k', '.')
	}
	return b[:max(n, 0)]
}

// transport is an upper layer and its payload, n octets in all.
func (d *draft) transport(v4 bool, n int) (proto uint8, b []byte) {
	icmp, request, reply := uint8(icmp4), uint8(8), uint8(0)
	if !v4 {
		icmp, request, reply = icmp6, 128, 129
	}
	rest := d.payload(n - 8)
	switch d.s.rand.IntN(10) {
	case 0, 1, 2:
		proto, b = udp, d.words(1024+d.id, pick[uint16](d.s, 9, 53, 179, 546, 33434, 33500), uint16(8+len(rest)), 0)
	case 3:
		proto = tcp
		b = d.words(1024+d.id, pick[uint16](d.s, 22, 80, 179, 443), d.id, 1, 0, 0, 0x5000|pick[uint16](d.s, 0x02, 0x10, 0x12, 0x04, 0x11), 65535, 0, 0)
		rest = d.payload(n - 20)
	case 4, 5, 6:
		proto, b = icmp, append([]byte{request, 0, 0, 0}, d.words(0x7077, d.id)...)
		d.say("echo request")
	case 7:
		proto, b = icmp, append([]byte{reply, 0, 0, 0}, d.words(0x7078, d.id)...)
		d.say("echo reply")
	case 8:
		proto, b, rest = d.icmpMessage(v4, icmp, n)
	default:
		proto, b = pick[uint8](d.s, gre, 89, 132, experiment), d.payload(8)
	}
	b = append(b, rest...)
	d.checksum(proto, b)
	return proto, b
}

// icmpMessage is an ICMP error, or one of other types; ND for IPv6.
func (d *draft) icmpMessage(v4 bool, icmp uint8, n int) (uint8, []byte, []byte) {
	types := []uint8{1, 2, 3, 4, 100, 127, 130, 133, 134, 135, 136, 137, 138, 200, 255}
	if v4 {
		types = []uint8{3, 4, 5, 11, 12, 9, 10, 13, 17, 40, 42, 255}
	}
	typ := pick(d.s, types...)
	d.say("ICMP type %d", typ)
	return icmp, append([]byte{typ, 0, 0, 0}, d.words(0, d.id)...), d.payload(max(n-8, 40))
}

func (d *draft) words(list ...uint16) (b []byte) {
	for _, w := range list {
		b = binary.BigEndian.AppendUint16(b, w)
	}
	return b
}

// checksum fills in that of the upper layer.
func (d *draft) checksum(proto uint8, b []byte) {
	at := map[uint8]int{icmp4: 2, icmp6: 2, udp: 6, tcp: 16}[proto]
	if at == 0 || len(b) < at+2 {
		return
	}
	sum := uint32(0)
	if proto != icmp4 {
		sum = add(add(uint32(len(b))+uint32(proto), d.src.AsSlice()), d.dst.AsSlice())
	}
	c := ^fold(add(sum, b))
	if c == 0 && proto == udp {
		c = 0xffff
	}
	binary.BigEndian.PutUint16(b[at:], c)
}

// add is the sum of RFC 1071 before it is folded.
func add(sum uint32, b []byte) uint32 {
	for i := 0; i+1 < len(b); i += 2 {
		sum += uint32(b[i])<<8 | uint32(b[i+1])
	}
	if len(b)%2 == 1 {
		sum += uint32(b[len(b)-1]) << 8
	}
	return sum
}

func fold(sum uint32) uint16 {
	for sum > 0xffff {
		sum = sum>>16 + sum&0xffff
	}
	return uint16(sum)
}
