// SPDX-License-Identifier: Apache-2.0

package cgo_test

import (
	"fmt"
	"net/netip"
	"testing"

	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"

	"github.com/parkway-gw/parkway/cgo"
	"github.com/parkway-gw/parkway/dpdk"
)

// member sends one frame into the group and returns the last octet of the MAC it left to.
func (b *bench) member(f []byte) byte {
	b.t.Helper()
	b.send(b.in, f)
	frames := sent(b.out)
	if len(frames) != 1 {
		b.t.Fatalf("%d frames left: %v", len(frames), nonzero(b.dp.Counters()))
	}
	return frames[0][5]
}

// six is a packet for the group with a chain of extension headers, each given whole but for
// its first octet, the type of the next one.
func six(t testing.TB, src netip.Addr, label uint32, l4 []byte, proto byte, chain ...[]byte) []byte {
	t.Helper()
	var body []byte
	first := proto
	for i := len(chain) - 1; i >= 0; i-- {
		body = append(append([]byte{first}, chain[i][1:]...), body...)
		first = chain[i][0]
	}
	ip := ip6(src, addr("2001:db8:eeee::7"), 64)
	ip.FlowLabel, ip.NextHeader = label, layers.IPProtocol(first)
	return frame(t, eth(hostMAC, router0MAC, layers.EthernetTypeIPv6), ip, gopacket.Payload(append(body, l4...)))
}

// A flow keeps its path whatever stands before its ports, and its fragments share one.
func TestFlowHash(t *testing.T) {
	b := newBench(t, defaults())
	hop := []byte{0, 0, 1, 4, 0, 0, 0, 0} // one that pads
	options := []byte{60, 1, 1, 12, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}
	auth := []byte{51, 4, 0, 0, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}
	atomic := []byte{44, 0, 0, 0, 0, 0, 0, 7}
	first := []byte{44, 0, 0, 1, 0, 0, 0, 7}
	later := []byte{44, 0, 0, 0x40, 0, 0, 0, 7}
	byPorts, byHost, strayed := map[byte]int{}, map[byte]int{}, 0
	for i := range 64 {
		src := addr(fmt.Sprintf("2001:db8:1::1:%x", i))
		tcp := append([]byte{0x10, byte(i), 0, 80}, make([]byte, 16)...)
		want := b.member(six(t, src, 0, tcp, 6))
		byPorts[b.member(six(t, host6, 0, tcp, 6))]++
		for name, f := range map[string][]byte{
			"flow label":      six(t, src, 0xabcde, tcp, 6),
			"hop-by-hop":      six(t, src, 0, tcp, 6, hop),
			"all of them":     six(t, src, 9, tcp, 6, hop, options, auth),
			"atomic fragment": six(t, src, 0, tcp, 6, atomic),
		} {
			if got := b.member(f); got != want {
				t.Errorf("flow %d, %s: goes to %x, without to %x", i, name, got, want)
			}
		}
		head := b.member(six(t, src, 0, tcp, 6, first))
		byHost[head]++
		if got := b.member(six(t, src, 0, make([]byte, 16), 6, later)); got != head {
			t.Errorf("flow %d: a later fragment goes to %x, the first one to %x", i, got, head)
		}
		if got := b.member(six(t, src, 0, tcp, 6, first, options)); got != head {
			strayed++
		}
		v4 := func(offset uint16, flags layers.IPv4Flag, payload []byte) []byte {
			ip := ip4(addr(fmt.Sprintf("10.0.1.%d", 2+i)), addr("203.0.113.7"), 64)
			ip.Protocol, ip.FragOffset, ip.Flags = layers.IPProtocolTCP, offset, flags
			return frame(t, eth(hostMAC, router0MAC, layers.EthernetTypeIPv4), ip, gopacket.Payload(payload))
		}
		if a, z := b.member(v4(0, layers.IPv4MoreFragments, tcp)), b.member(v4(9, 0, make([]byte, 40))); a != z {
			t.Errorf("flow %d: IPv4 fragments go to %x and %x", i, a, z)
		}
	}
	if len(byPorts) != 2 || len(byHost) != 2 || strayed > 0 {
		t.Errorf("by ports %v, by host %v, %d first fragments strayed", byPorts, byHost, strayed)
	}
	// What can't be looked behind has no ports, and does no harm.
	long := make([][]byte, 12)
	for i := range long {
		long[i] = options
	}
	b.member(six(t, host6, 0, make([]byte, 20), 6, long...))
	b.member(six(t, host6, 0, nil, 6, []byte{60, 200, 0, 0, 0, 0, 0, 0}))
	b.member(six(t, host6, 0, []byte{1, 2}, 17))
}

// A bucket that is stored is where the next packet goes.
func TestStoreBucket(t *testing.T) {
	b := newBench(t, defaults())
	for _, member := range []uint8{1, 0, 1} {
		for bucket := range uint32(8) {
			b.dp.StoreBucket(0, bucket, member)
		}
		for i := range 16 {
			if got := b.member(udp4From(t, addr(fmt.Sprintf("10.0.1.%d", 2+i)), addr("203.0.113.7"), i)); got != 0x51+member {
				t.Errorf("a packet goes to %x, every bucket to %x", got, 0x51+member)
			}
		}
	}
}

// A mark stays with its packet while it is parked, punted, cut, and on its way to another
// router; packets without one have none, whatever their mbuf carried before.
func TestMarks(t *testing.T) {
	s := defaults()
	to := func(prefix string) [][]cgo.Test {
		p := netip.MustParsePrefix(prefix)
		mask := [4]byte{255, 255, 255, 0}
		return [][]cgo.Test{{{Field: cgo.TestDst, Value: p.Addr().AsSlice(), Mask: mask[:]}}}
	}
	s.policies = []cgo.Policy{
		{Clauses: to("10.0.2.0/24"), Mark: 7, Counter: 3},
		{Clauses: to("172.16.5.0/24"), Mark: 9, Counter: 4},
	}
	b := newBench(t, s)
	marks := func(dst string, frames ...[]byte) (out []uint32) {
		t.Helper()
		b.send(b.in, frames...)
		batch := b.poll()
		for _, ask := range batch.Asks {
			if ask.Key.Addr() != addr(dst) || !b.dp.Control().Claim(ask.Slot()) {
				t.Fatalf("asked for %s", ask.Key.Addr())
			}
			var m [8]*dpdk.Mbuf
			for _, one := range m[:b.dp.Control().Take(ask.Slot(), m[:])] {
				out = append(out, cgo.MetaOf(one).Mark)
				b.dp.Control().Drop(one, cgo.DropParkDiscarded)
			}
			b.dp.Control().Handback(ask.Slot())
		}
		for _, m := range batch.IP {
			out = append(out, cgo.MetaOf(m).Mark)
		}
		b.consume(batch)
		b.w.Poll()
		return out
	}
	want := func(got []uint32, want ...uint32) {
		t.Helper()
		if fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("marks %v, want %v", got, want)
		}
	}
	want(marks("10.0.2.33", udp4(t, addr("10.0.2.33"), 0), udp4(t, addr("10.0.2.33"), 1)), 7, 7)
	want(marks("10.0.2.254", udp4(t, addr("192.0.2.1"), 0)), 0)
	big := ip4(hostIP, addr("10.0.2.33"), 64)
	want(marks("10.0.2.33", frame(t, eth(hostMAC, router0MAC, layers.EthernetTypeIPv4), big, gopacket.Payload(make([]byte, 2000)))), 7, 7)
	df := ip4(hostIP, addr("10.0.2.33"), 64)
	df.Flags = layers.IPv4DontFragment
	want(marks("", frame(t, eth(hostMAC, router0MAC, layers.EthernetTypeIPv4), df, gopacket.Payload(make([]byte, 2000)))), 7)
	// The second router has no route for it, and says so with the first one's mark.
	want(marks("", udp4(t, addr("172.16.5.9"), 0), udp4(t, addr("172.16.6.9"), 0)), 9, 0)
	if n3, n4 := b.dp.PolicyPackets(3), b.dp.PolicyPackets(4); n3 != 4 || n4 != 1 {
		t.Errorf("the policies count %d and %d packets, want 4 and 1", n3, n4)
	}
}

// Tables that would lead C astray are refused.
func TestTablesRefuseRoutes(t *testing.T) {
	none := cgo.NextHop{Kind: cgo.NextHopDrop, Reason: cgo.DropIPNoRoute}
	for name, spec := range map[string]cgo.TableSpec{
		"group":   {NextHops: []cgo.NextHop{none, {Kind: cgo.NextHopECMP, Count: 1, Group: 1}}, Groups: []cgo.Group{{Buckets: []uint8{0}}}},
		"members": {NextHops: []cgo.NextHop{none, {Kind: cgo.NextHopECMP, First: 1, Count: 2}}, Groups: []cgo.Group{{Buckets: []uint8{0}}}},
		"bucket":  {NextHops: []cgo.NextHop{none, {Kind: cgo.NextHopECMP, Count: 2}}, Groups: []cgo.Group{{Buckets: []uint8{2}}}},
		"three":   {NextHops: []cgo.NextHop{none}, Groups: []cgo.Group{{Buckets: []uint8{0, 0, 0}}}},
		"empty":   {NextHops: []cgo.NextHop{none}, Groups: []cgo.Group{{}}},
		"table":   {NextHops: []cgo.NextHop{none}, RouterPorts: []cgo.RouterPort{{Table: 1}}, Routers: []cgo.Router{{}}},
		"source":  {NextHops: []cgo.NextHop{none}, Routers: []cgo.Router{{BySource: 1}}},
		"reroute": {NextHops: []cgo.NextHop{none}, Routers: []cgo.Router{{Policies: []cgo.Policy{{NextHop: 1}}}}},
		"counter": {NextHops: []cgo.NextHop{none}, Routers: []cgo.Router{{Policies: []cgo.Policy{{Counter: cgo.MaxPolicies}}}}},
	} {
		if tables, err := cgo.NewTables(spec); err == nil {
			tables.Free()
			t.Errorf("%s: accepted", name)
		}
	}
}

// What workers look up in a large IPv6 table is what is in it. See dpdk.FIB6.Walk.
func TestRoutesIPv6ByALargeTable(t *testing.T) {
	s := defaults()
	s.tbl8v6 = 8192
	b := newBench(t, s)
	if b.fib6.Walk() == nil {
		t.Fatal("the table is not walked")
	}
	b.store(b.adjacency(1, addr("2001:db8:2::99")), strangeMAC, lspExternal, cgo.AdjStale)
	b.send(b.in, udp6(t, addr("2001:db8:2::99"), 1), udp6(t, addr("2001:db9::1"), 1), udp6(t, addr("2001:db8:2::99"), 2))
	if n := len(sent(b.out)); n != 2 {
		t.Errorf("%d packets left, want the 2 with a route", n)
	}
}
