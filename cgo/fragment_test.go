// SPDX-License-Identifier: Apache-2.0

package cgo_test

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"testing"

	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"

	"github.com/parkway-gw/parkway/cgo"
	"github.com/parkway-gw/parkway/dpdk"
)

func benchOfMTU(t *testing.T, mtu uint16) *bench {
	s := defaults()
	s.mtu = mtu
	b := newBench(t, s)
	b.resolve(cgo.AdjReachable)
	return b
}

// whole is an IPv4 packet from the host by way of the gateway, n octets of payload long,
// none of them like its neighbors; id begins it too.
func whole(t testing.TB, id uint16, n int, mend ...func(*layers.IPv4)) []byte {
	ip := ip4(hostIP, addr("192.0.2.1"), 64)
	ip.Id, ip.TOS = id, 0xb9
	for _, m := range mend {
		m(ip)
	}
	payload := make([]byte, n)
	for i := range payload {
		payload[i] = byte(i*7 + i>>8)
	}
	if n >= 2 {
		binary.BigEndian.PutUint16(payload, id)
	}
	return frame(t, eth(hostMAC, router0MAC, layers.EthernetTypeIPv4), ip, gopacket.Payload(payload))
}

// ipOf parses a frame's IPv4 header, options and all, and returns it with its payload.
func ipOf(t testing.TB, f []byte) (*layers.IPv4, []byte) {
	t.Helper()
	ip, ok := gopacket.NewPacket(f, layers.LayerTypeEthernet, gopacket.Default).NetworkLayer().(*layers.IPv4)
	if !ok {
		t.Fatalf("no IPv4: %x", f)
	}
	if sum(ip.Contents) != 0xffff {
		t.Errorf("wrong header checksum: %x", ip.Contents)
	}
	return ip, f[14+len(ip.Contents) : 14+int(ip.Length)]
}

// train checks that frames are a packet's fragments, in order, each within the MTU and as
// long as it may be, and puts them together. in is the packet as it arrived.
func train(t *testing.T, in []byte, frames [][]byte, mtu int) {
	t.Helper()
	want, payload := ipOf(t, in)
	var got []byte
	for i, f := range frames {
		ip, part := ipOf(t, f)
		last := i == len(frames)-1
		if len(f) != 14+int(ip.Length) || int(ip.Length) > mtu || (!last && int(ip.Length)+8 <= mtu) {
			t.Errorf("fragment %d: a frame of %d octets, a packet of %d, MTU %d", i, len(f), ip.Length, mtu)
		}
		if !last && len(part)%8 != 0 {
			t.Errorf("fragment %d has %d octets of payload", i, len(part))
		}
		if int(ip.FragOffset)*8 != int(want.FragOffset)*8+len(got) {
			t.Errorf("fragment %d is at %d, want %d behind %d", i, ip.FragOffset*8, len(got), want.FragOffset*8)
		}
		flags := want.Flags
		if !last {
			flags |= layers.IPv4MoreFragments
		}
		if ip.Flags != flags || ip.Id != want.Id || ip.TOS != want.TOS || ip.TTL != want.TTL-1 || ip.Protocol != want.Protocol ||
			!ip.SrcIP.Equal(want.SrcIP) || !ip.DstIP.Equal(want.DstIP) {
			t.Errorf("fragment %d: %+v\nwant like %+v", i, ip, want)
		}
		got = append(got, part...)
	}
	if !bytes.Equal(got, payload) {
		t.Errorf("put together they are not what was sent: %d octets, want %d", len(got), len(payload))
	}
}

// RFC 791 3.2: fragments of any size put together are what was sent, octet by octet.
func TestFragmentsPutTogether(t *testing.T) {
	for _, mtu := range []int{68, 576, 600, 1000, 1006} {
		t.Run(fmt.Sprint(mtu), func(t *testing.T) {
			b := benchOfMTU(t, uint16(mtu))
			per := (mtu - 20) / 8 * 8
			for _, n := range []int{mtu - 21, mtu - 20, mtu - 19, mtu - 12, mtu - 11, 2*per - 1, 2 * per, 2*per + 1, 3 * per, 3*per + 7, 1480} {
				if n > 1480 {
					continue
				}
				in := whole(t, uint16(n), n)
				b.send(b.in, in)
				out := sent(b.out)
				want := (n + per - 1) / per
				if n <= mtu-20 {
					want = 1
				}
				if len(out) != want {
					t.Errorf("%d octets of payload left in %d fragments, want %d", n, len(out), want)
				}
				train(t, in, out, mtu)
				for _, f := range out {
					if !bytes.Equal(f[:6], gatewayMAC[:]) || !bytes.Equal(f[6:12], router1MAC[:]) {
						t.Fatalf("left with the header %x", f[:14])
					}
				}
			}
			b.wantDrops(map[cgo.DropReason]uint64{cgo.DropIPTooBig: 0})
		})
	}
}

// What is a fragment already is cut like any other: offsets go on from its own and the
// last keeps its MF. The reserved bit travels too.
func TestFragmentsOfFragments(t *testing.T) {
	b := benchOfMTU(t, 600)
	for _, flags := range []layers.IPv4Flag{0, layers.IPv4MoreFragments, layers.IPv4EvilBit} {
		for _, offset := range []uint16{0, 1, 185, 8191 - 184} {
			n := 1480
			if offset > 8000 {
				n = 1450 // ends at octet 65,506
			}
			in := whole(t, 77, n, func(ip *layers.IPv4) { ip.Flags, ip.FragOffset = flags, offset })
			b.send(b.in, in)
			out := sent(b.out)
			if len(out) != 3 {
				t.Fatalf("flags %v at %d: left in %d fragments", flags, offset, len(out))
			}
			train(t, in, out, 600)
		}
	}
}

// withOptions is whole with these octets as options, which no library has a say in.
func withOptions(t *testing.T, n int, octets []byte) []byte {
	f := whole(t, 9, n)
	f = append(f[:34:34], append(append([]byte(nil), octets...), f[34:]...)...)
	h := f[14 : 34+len(octets)]
	h[0] = byte(0x40 | len(h)/4)
	binary.BigEndian.PutUint16(h[2:], uint16(len(h)+n))
	h[10], h[11] = 0, 0
	binary.BigEndian.PutUint16(h[10:], ^sum(h))
	return f
}

// RFC 791 3.1: options with the copied flag go into every fragment, the others into the
// first only.
func TestOptionsInFragments(t *testing.T) {
	var (
		recordRoute = []byte{7, 7, 4, 0, 0, 0, 0}                   // not copied
		security    = []byte{130, 7, 8, 192, 0, 2, 9}               // copied
		alert       = []byte{148, 4, 0, 0}                          // copied
		stamp       = []byte{68, 12, 13, 1, 0, 0, 0, 0, 0, 0, 0, 0} // not copied
	)
	all := func(parts ...[]byte) (out []byte) {
		for _, p := range parts {
			out = append(out, p...)
		}
		for len(out)%4 != 0 {
			out = append(out, 0)
		}
		return out
	}
	for _, c := range []struct {
		name      string
		in, later []byte
	}{
		{"not copied", all(recordRoute), nil},
		{"copied", all(security), all(security)},
		{"mixed", all(recordRoute, []byte{1}, security, stamp, []byte{1, 1}, alert), all(security, alert)},
		{"40 octets", bytes.Repeat(alert, 10), bytes.Repeat(alert, 10)},
		{"nothing but padding", []byte{1, 1, 1, 0}, nil},
		{"behind the end of the list", all(alert, []byte{0}, []byte{131, 3, 4}), alert},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := benchOfMTU(t, 400)
			in := withOptions(t, 1000, c.in)
			b.send(b.in, in)
			frames := sent(b.out)
			if len(frames) != 3 {
				t.Fatalf("left in %d fragments", len(frames))
			}
			var got []byte
			for i, f := range frames {
				want := c.later
				if i == 0 {
					want = c.in
				}
				header := int(f[14]&0xf) * 4
				if have := f[34 : 14+header]; !bytes.Equal(have, want) {
					t.Errorf("fragment %d has the options %x, want %x", i, have, want)
				}
				at := int(binary.BigEndian.Uint16(f[20:])&0x1fff) * 8
				if sum(f[14:14+header]) != 0xffff || at != len(got) || len(f) > 14+400 || int(binary.BigEndian.Uint16(f[16:])) != len(f)-14 {
					t.Errorf("fragment %d is at %d, want %d: %x", i, at, len(got), f[:14+header])
				}
				got = append(got, f[14+header:]...)
			}
			if !bytes.Equal(got, in[34+len(c.in):]) {
				t.Error("put together they are not what was sent")
			}
		})
	}
}

// A burst of which every packet leaves in three, and some as they are: nothing is
// overtaken, and each packet counts as consumed, its fragments as originated.
func TestFragmentsKeepTheirPlace(t *testing.T) {
	b := benchOfMTU(t, 600)
	var in [][]byte
	for i := range cgo.Burst {
		n := 1480
		if i%5 == 3 {
			n = 100
		}
		in = append(in, whole(t, uint16(i), n))
	}
	b.send(b.in, in...)
	out := sent(b.out)
	for i, f := range in {
		n := 3
		if i%5 == 3 {
			n = 1
		}
		if len(out) < n {
			t.Fatalf("packet %d is missing", i)
		}
		train(t, f, out[:n], 600)
		out = out[n:]
	}
	if len(out) != 0 {
		t.Errorf("%d frames too many", len(out))
	}
	if c := b.dp.Counters(); c.Rx != 64 || c.Consumed != 51 || c.Originated != 153 || c.Tx != 166 {
		t.Errorf("%v", nonzero(c))
	}
}

// Unresolved next hops park fragments, in order, and a ring of the default size takes the
// most that a packet can leave in.
func TestFragmentsParkAndDrainInOrder(t *testing.T) {
	s := defaults()
	s.mtu = 600
	b := newBench(t, s)
	in := [][]byte{whole(t, 1, 100), whole(t, 2, 1480), whole(t, 3, 1480), whole(t, 4, 20), whole(t, 5, 1480)}
	b.send(b.in, in[:3]...)
	ask := b.ask()
	b.resolve(cgo.AdjDraining)
	b.send(b.in, in[3])
	if got, status := b.dp.Control().Drain(ask.Slot(), gatewayAdj); got != 8 || status != cgo.DrainDone {
		t.Fatalf("drained %d, status %d", got, status)
	}
	b.resolve(cgo.AdjReachable)
	b.send(b.in, in[4])
	out := sent(b.out)
	if len(out) != 11 {
		t.Fatalf("%d frames left, want 11", len(out))
	}
	for i, n := range []int{1, 3, 3, 1, 3} {
		train(t, in[i], out[:n], 600)
		out = out[n:]
	}
}

// A burst whose parts the fragmenter hands on one by one parks as one.
func TestABurstOfFragmentsParksAsOne(t *testing.T) {
	s := defaults()
	s.mtu, s.park.PacketsPerNextHop = 600, 256
	b := newBench(t, s)
	var in [][]byte
	for i := range 40 {
		in = append(in, whole(t, uint16(i), 1480))
	}
	b.send(b.in, in...)
	ask := b.ask()
	b.resolve(cgo.AdjDraining)
	if got, _ := b.dp.Control().Drain(ask.Slot(), gatewayAdj); got != 120 {
		t.Fatalf("drained %d, want 120", got)
	}
	out := sent(b.out)
	for i := range in {
		train(t, in[i], out[3*i:3*i+3], 600)
	}
}

func TestUnfragmentable(t *testing.T) {
	for _, c := range []struct {
		name string
		mtu  uint16
		in   []byte
		left int // fragments
	}{
		{"as many as may be", 68, whole(t, 1, 1488), 31},
		{"32", 68, whole(t, 1, 32*48), 32},
		{"33", 68, whole(t, 1, 32*48+1), 0},
		{"ends at octet 65,535", 600, whole(t, 1, 1479, func(ip *layers.IPv4) { ip.FragOffset = 8191 - 187 }), 3}, // 20 + 64,032 + 1,479 = 65,531
		{"ends behind it", 600, whole(t, 1, 1484, func(ip *layers.IPv4) { ip.FragOffset = 8191 - 187 }), 0},
		{"begins at the last offset", 600, whole(t, 1, 1480, func(ip *layers.IPv4) { ip.FragOffset = 8191 }), 0},
		{"no room for eight octets", 67, withOptions(t, 1000, bytes.Repeat([]byte{148, 4, 0, 0}, 10)), 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := benchOfMTU(t, c.mtu)
			b.send(b.in, c.in)
			drops := uint64(0)
			if c.left == 0 {
				drops = 1
			}
			if out := sent(b.out); len(out) != c.left {
				t.Errorf("left in %d fragments, want %d", len(out), c.left)
			}
			b.wantDrops(map[cgo.DropReason]uint64{dropByName(t, "ip_unfragmentable"): drops})
		})
	}
}

// A packet leaves in all its fragments or not at all.
func TestNoMbufsForFragments(t *testing.T) {
	b := benchOfMTU(t, 600)
	var held []*dpdk.Mbuf
	in := whole(t, 1, 1480)
	b.send(b.in, in) // so that this thread's cache is filled
	train(t, in, sent(b.out), 600)
	for {
		m, err := b.pool.Alloc()
		if err != nil {
			break
		}
		held = append(held, m)
	}
	for _, free := range []int{1, 2} { // 1 for the packet itself
		dpdk.FreeBulk(held[:free])
		held = held[free:]
		b.send(b.in, in)
		if out := sent(b.out); len(out) != 0 {
			t.Errorf("with %d mbufs free %d fragments left", free, len(out))
		}
	}
	dpdk.FreeBulk(held)
	b.wantDrops(map[cgo.DropReason]uint64{dropByName(t, "ip_fragment_no_mbuf"): 2})
	b.send(b.in, in)
	train(t, in, sent(b.out), 600)
}

// Fragments on their way to another router of this node are more than a burst.
func TestFragmentsCrossRouters(t *testing.T) {
	b := benchOfMTU(t, 100)
	n := b.adjacency(2, addr("10.0.2.60"))
	b.store(n, strangeMAC, lspExternal, cgo.AdjReachable)
	to := func(ip *layers.IPv4) { ip.DstIP = addr("172.16.1.1").AsSlice() }
	var in [][]byte
	for i := range cgo.Burst {
		in = append(in, whole(t, uint16(i), 1480, to))
	}
	b.send(b.in, in...) // the second router has no route for them
	const fragments = 64 * 19
	if c := b.dp.Counters(); c.Originated != fragments || c.Drops[dropByName(t, "lr_too_many_routers")] != 0 {
		t.Errorf("%v", nonzero(c))
	}
	seen := 0
	for batch := b.poll(); !batch.Empty(); batch = b.poll() {
		for _, m := range batch.IP {
			ip, part := ipOf(t, m.Bytes())
			if cgo.MetaOf(m).Why != cgo.PuntNoRoute || cgo.MetaOf(m).RouterPort != 2 || ip.TTL != 63 {
				t.Errorf("%+v: %v", cgo.MetaOf(m), ip)
			}
			if at := int(ip.FragOffset) * 8; at != seen%19*80 || int(ip.Id) != seen/19 || !bytes.Equal(part, in[ip.Id][34+at:34+at+len(part)]) {
				t.Fatalf("fragment %d is %v", seen, ip)
			}
			seen++
			b.dp.Control().Consume(m)
		}
	}
	if seen != b.settings.ringSize-1 { // the rest found the ring to control full
		t.Errorf("%d came to control", seen)
	}
}
