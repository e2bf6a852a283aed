// SPDX-License-Identifier: Apache-2.0

package cgo_test

import (
	"encoding/binary"
	"math/rand/v2"
	"net/netip"
	"slices"

	"github.com/google/gopacket/layers"
)

// oddFrame is a frame with what a port may say about it.
type oddFrame struct {
	data  []byte
	cuts  []int  // where a new segment begins, ascending
	flags uint64 // of the mbuf
}

const (
	rxChecksumGood = 1 << 7 // RTE_MBUF_F_RX_IP_CKSUM_GOOD
	rxVLANStripped = 1 << 6 // RTE_MBUF_F_RX_VLAN_STRIPPED, of tag 0 in a new mbuf
)

// frameMaker makes frames for a router port. What is odd about them gets rarer by calm,
// so that some bursts are plain from end to end.
type frameMaker struct {
	*rand.Rand
	calm int
	seq  uint32
}

func pick[T any](r *frameMaker, from ...T) T { return from[r.IntN(len(from))] }

func (r *frameMaker) once(in int) bool { return r.IntN(in*r.calm) == 0 }

// dst4 and dst6 are destinations of every kind of route of the laboratory, martians,
// and those who look like one.
func (r *frameMaker) dst4() netip.Addr {
	last := byte(r.IntN(256))
	if !r.once(4) {
		return netip.AddrFrom4([4]byte{100, byte(64 + r.IntN(gateways)), 0, last})
	}
	return pick(r, netip.AddrFrom4([4]byte{192, 0, 2, last}), netip.AddrFrom4([4]byte{203, 0, 113, last}),
		netip.AddrFrom4([4]byte{172, 16, last, 1}), netip.AddrFrom4([4]byte{10, 0, 2, 50 + last%4}),
		netip.AddrFrom4([4]byte{10, 0, 1, last % 4}), netip.AddrFrom4([4]byte{198, 51, 100, last}),
		router1IP, addr("10.0.2.9"), addr("10.0.1.255"), addr("8.8.8.8"), addr("127.0.0.1"), addr("0.1.2.3"), addr("223.255.255.255"),
		addr("224.0.0.5"), addr("239.1.1.1"), addr("240.1.1.1"), addr("255.255.255.255"), addr("126.255.255.255"), addr("128.0.0.0"))
}

func (r *frameMaker) src4() netip.Addr {
	if !r.once(4) {
		return netip.AddrFrom4([4]byte{10, 0, 1, byte(2 + r.IntN(3))})
	}
	// 10.0.1.65 ends like the router's own, modulo 64.
	return pick(r, router0IP, router1IP, addr("10.0.1.65"), addr("10.0.1.129"), addr("127.9.9.9"), addr("0.0.0.0"), addr("224.1.1.1"),
		addr("255.255.255.255"), addr("223.0.0.1"), addr("1.0.0.1"), addr("10.0.2.65"), addr("10.0.2.51"))
}

func (r *frameMaker) dst6() netip.Addr {
	if !r.once(4) {
		return netip.AddrFrom16([16]byte{0x20, 1, 0xd, 0xb8, 0xa0, byte(r.IntN(gateways)), 15: byte(r.IntN(256))})
	}
	return pick(r, addr("2001:db8:ffff::7"), addr("2001:db8:eeee::7"), addr("2001:db8:2::33"), addr("2001:db8:2::1"), host6, router06, linkLocal0,
		addr("fe80::9"), addr("::"), addr("::1"), addr("::2"), addr("64::1"), addr("fec0::1"), addr("ff02::1"), addr("ff02::1:ff00:1"),
		addr("ff0e::1"), addr("2001:db9::1"))
}

func (r *frameMaker) src6() netip.Addr {
	if !r.once(4) {
		return netip.AddrFrom16([16]byte{0x20, 1, 0xd, 0xb8, 0, 1, 15: byte(2 + r.IntN(3))})
	}
	return pick(r, router06, addr("2001:db8:1::41"), addr("2001:db8:2::1"), addr("2001:db8:2::41"), linkLocal0, addr("fe80::1"), addr("fec0::1"),
		addr("::"), addr("::1"), addr("64::1"), addr("ff02::1"))
}

func (r *frameMaker) payload() []byte {
	n := 4 + r.IntN(60)
	switch {
	case r.once(8):
		n = r.IntN(4)
	case r.once(12):
		n = 500 + r.IntN(1300)
	}
	p := make([]byte, n)
	for i := range p {
		p[i] = byte(r.Uint32())
	}
	r.seq++
	if n >= 4 {
		binary.BigEndian.PutUint32(p[n-4:], r.seq) // tells the packets of a flow apart
	}
	return p
}

func (r *frameMaker) hops() byte {
	if r.once(6) {
		return byte(r.IntN(4))
	}
	return byte(2 + r.IntN(254))
}

// checksum4 makes h's checksum right, by its identification the one that is wanted.
func checksum4(h []byte, want uint16) {
	binary.BigEndian.PutUint16(h[4:], 0)
	binary.BigEndian.PutUint16(h[10:], want)
	sum := uint32(0)
	for i := 0; i+1 < len(h); i += 2 {
		sum += uint32(binary.BigEndian.Uint16(h[i:]))
	}
	for sum > 0xffff {
		sum = sum&0xffff + sum>>16
	}
	binary.BigEndian.PutUint16(h[4:], ^uint16(sum))
}

func (r *frameMaker) ip4() []byte {
	options := []byte(nil)
	if r.once(15) {
		options = pick(r, []byte{1, 1, 1, 0}, []byte{7, 3, 4, 0}, []byte{148, 4, 0, 0}, []byte{131, 3, 4, 0}, []byte{7, 9, 4, 0}, []byte{68, 1, 0, 0})
	}
	p := r.payload()
	n := 20 + len(options)
	h := make([]byte, 20, n+len(p))
	h[0], h[1], h[8], h[9] = byte(0x40|n/4), byte(r.IntN(2)*r.IntN(256)), r.hops(), pick[byte](r, 17, 17, 6, 1, protocol)
	total := n + len(p)
	if r.once(20) {
		total = pick(r, 0, 19, 20, n, total-1, total+1, 0xffff)
	}
	binary.BigEndian.PutUint16(h[2:], uint16(total))
	binary.BigEndian.PutUint16(h[6:], pick[uint16](r, 0, 0, 0, 0x4000, 0x4000, 0x2000, 0x0005))
	src, dst := r.src4().As4(), r.dst4().As4()
	copy(h[12:], src[:])
	copy(h[16:], dst[:])
	h = append(h, options...)
	checksum4(h, pick(r, uint16(r.Uint32()), uint16(r.Uint32()), 0, 1, 0x00ff, 0xfeff, 0xff00, 0xfffe, 0xfeff, 0xffff))
	return append(h, p...)
}

func (r *frameMaker) ip6() []byte {
	p := r.payload()
	proto := pick[byte](r, 17, 17, 17, 6, protocol, protocol)
	switch {
	case r.once(8):
		proto = 58
		if len(p) > 0 {
			p[0] = pick[byte](r, 128, 129, 1, 133, 134, 135, 136, 137)
		}
	case r.once(12):
		proto, p = 0, slices.Concat([]byte{pick[byte](r, 17, 58), 0, 1, 4, 0, 0, 0, 0}, p)
	case r.once(12):
		proto, p = 44, slices.Concat([]byte{17, 0, 0, byte(r.IntN(2)), 0, 0, 0, 1}, p)
	}
	length := len(p)
	if r.once(20) {
		length = pick(r, 0, 1, length+1, max(length, 1)-1, 0xffff)
	}
	h := make([]byte, 40, 40+len(p))
	binary.BigEndian.PutUint32(h, 0x60000000|r.Uint32N(2)*r.Uint32N(1<<28))
	binary.BigEndian.PutUint16(h[4:], uint16(length))
	h[6], h[7] = proto, r.hops()
	src, dst := r.src6().As16(), r.dst6().As16()
	copy(h[8:], src[:])
	copy(h[24:], dst[:])
	return append(h, p...)
}

// make is a frame for the router port that has mac; most are.
func (r *frameMaker) make(mac [6]byte) oddFrame {
	typ, ip := layers.EthernetTypeIPv4, []byte(nil)
	if r.IntN(3) == 0 {
		typ, ip = layers.EthernetTypeIPv6, r.ip6()
	} else {
		ip = r.ip4()
	}
	src := [6]byte{2, 0, 0, 0, 1, byte(r.IntN(20))}
	if r.once(20) {
		mac = pick(r, broadcast, [6]byte{1, 0, 0x5e, 0, 0, 5}, [6]byte{0x33, 0x33, 0, 0, 0, 1}, [6]byte{1, 0x80, 0xc2, 0, 0, 2}, hostMAC,
			router0MAC, router1MAC, router2MAC, strangeMAC, [6]byte{2, 0, 0, 0, 0, 0x66})
	}
	if r.once(20) {
		src = pick(r, [6]byte{}, [6]byte{3, 0, 0, 0, 0, 1}, [6]byte{2}, [6]byte{0, 0, 0, 0, 0, 1}, mac, hostMAC)
	}
	if r.once(25) {
		typ = pick[layers.EthernetType](r, layers.EthernetTypeARP, layers.EthernetTypeIPv4, layers.EthernetTypeIPv6, 0x88cc, 0x88a8)
	}
	head := binary.BigEndian.AppendUint16(slices.Concat(mac[:], src[:]), uint16(typ))
	f := oddFrame{data: slices.Concat(head, ip)}
	r.mutate(&f)
	for at := 1; len(f.cuts) < 3 && r.once(12); {
		if at += r.IntN(64); at >= len(f.data) {
			break
		}
		f.cuts = append(f.cuts, at)
		at++
	}
	return f
}

func (r *frameMaker) mutate(f *oddFrame) {
	if r.once(6) {
		f.data = append(f.data, make([]byte, 1+r.IntN(46))...)
	}
	if r.once(30) {
		f.data = f.data[:min(len(f.data), r.IntN(80))]
	}
	for r.once(12) && len(f.data) > 0 {
		f.data[r.IntN(min(len(f.data), 60))] ^= 1 << r.IntN(8)
	}
	if r.once(15) && len(f.data) >= 12 {
		tag := []byte{0x81, 0, 0, pick[byte](r, 0, 7, 7, 9)}
		f.data = slices.Concat(f.data[:12], tag, f.data[12:])
	}
	if r.once(15) {
		f.flags |= pick[uint64](r, rxChecksumGood, rxVLANStripped)
	}
}
