// SPDX-License-Identifier: Apache-2.0

package arpbuf_test

import (
	"encoding/binary"
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/parkway-gw/parkway/arpbuf"
	"github.com/parkway-gw/parkway/forwarder"
	"github.com/parkway-gw/parkway/internal/wire"
)

// IPv4 whose next hop is IPv6 (RFC 5549): it waits for ND, leaves as it was, and is told
// of in its own family when nobody answers.
func TestIPv4OverIPv6(t *testing.T) {
	for _, nexthop := range []string{"2001:db8:2::9", "fe80::9"} {
		t.Run(nexthop, func(t *testing.T) {
			next, dst := addr(nexthop), addr("192.0.2.7")
			g := start(t, func(f *forwarder.Config, _ *arpbuf.Config) {
				r := &f.Topology.Routers[0]
				r.Ports[1].Networks = r.Ports[1].Networks[1:] // IPv6 only
				r.StaticRoutes = []forwarder.StaticRoute{{Prefix: netip.MustParsePrefix("192.0.2.0/24"), Nexthop: next, OutputPort: "lrp-b"}}
			})
			g.inject(0, udps(t, dst, 0, 5)...)
			g.rest()
			frames := g.take(1)
			if len(frames) != 1 {
				t.Fatalf("%d frames, want one question", len(frames))
			}
			if ns, err := wire.DecodeND(frames[0]); err != nil || ns.Type != wire.NeighborSolicitation || ns.Target != next {
				t.Fatalf("asked %+v, %v", ns, err)
			}
			g.inject(1, advertisement(next, macB))
			g.rest()
			inOrder(t, flow(t, g.take(1), dst, macB), 0, 5)
			g.inject(0, udps(t, dst, 5, 2)...)
			g.rest()
			inOrder(t, flow(t, g.take(1), dst, macB), 5, 2)
			if n := g.state(next); n.State != "REACHABLE" || n.Origin != "nd" {
				t.Errorf("the next hop is %+v", n)
			}
		})
	}
}

// IPv4 that is cut for the link behind an IPv6 next hop waits in its fragments, in order.
func TestFragmentsOverIPv6(t *testing.T) {
	next, dst := addr("2001:db8:2::9"), addr("192.0.2.7")
	g := start(t, func(f *forwarder.Config, _ *arpbuf.Config) {
		f.Topology.Routers[0].StaticRoutes = []forwarder.StaticRoute{{Prefix: netip.MustParsePrefix("192.0.2.0/24"), Nexthop: next}}
	})
	for seq := range uint32(3) {
		f := udp(t, dst, seq, 64, 1440) // port b takes 1400
		f[20] &^= 0x40                  // may be cut
		binary.BigEndian.PutUint16(f[24:], wire.IPv4HeaderChecksum(f[14:34]))
		g.inject(0, f)
	}
	g.rest()
	if n := g.f.Counters().Parked; n != 6 {
		t.Fatalf("%d packets parked, want 6 fragments", n)
	}
	g.take(1)
	g.inject(1, advertisement(next, macB))
	g.rest()
	var offsets []int
	for _, f := range g.take(1) {
		if p, err := wire.DecodeIP(f); err == nil && p.Dst == dst {
			if p.EthDst != macB || f[22] != 63 {
				t.Errorf("to %s with TTL %d", p.EthDst, f[22])
			}
			offsets = append(offsets, 8*(int(f[20]&0x1f)<<8|int(f[21])))
		}
	}
	if !slices.Equal(offsets, []int{0, 1376, 0, 1376, 0, 1376}) {
		t.Errorf("fragments at %v", offsets)
	}
}

// Each family hears as its standards say, whatever the next hop is: of the IPv4 packets one
// (checklist A6), of the IPv6 packets each (N4).
func TestFamiliesOfAFailure(t *testing.T) {
	next := addr("2001:db8:2::9")
	for _, c := range []struct {
		name         string
		first, other netip.Addr
	}{
		{"IPv4 first", addr("192.0.2.7"), addr("2001:db8:99::7")},
		{"IPv6 first", addr("2001:db8:99::7"), addr("192.0.2.7")},
	} {
		t.Run(c.name, func(t *testing.T) {
			g := start(t, func(f *forwarder.Config, _ *arpbuf.Config) {
				f.Topology.Routers[0].StaticRoutes = []forwarder.StaticRoute{
					{Prefix: netip.MustParsePrefix("192.0.2.0/24"), Nexthop: next},
					{Prefix: netip.MustParsePrefix("2001:db8:99::/48"), Nexthop: next}}
			})
			g.inject(0, udps(t, c.first, 0, 3)...)
			g.rest()
			g.inject(0, udps(t, c.other, 0, 3)...)
			g.rest()
			g.pass(4 * time.Second)
			heard := map[uint8]int{}
			for _, f := range g.take(0) {
				if p, err := wire.DecodeIP(f); err == nil {
					heard[p.Version]++
				}
			}
			if heard[4] != 1 || heard[6] != 3 {
				t.Errorf("%d reports by ICMP and %d by ICMPv6, want 1 and 3", heard[4], heard[6])
			}
			if n := g.drops("park_failed"); n != 6 {
				t.Errorf("%d packets failed, want 6", n)
			}
		})
	}
}

func TestIPv4OverIPv6NeverAnswered(t *testing.T) {
	next, dst := addr("2001:db8:2::9"), addr("192.0.2.7")
	g := start(t, func(f *forwarder.Config, _ *arpbuf.Config) {
		f.Topology.Routers[0].StaticRoutes = []forwarder.StaticRoute{{Prefix: netip.MustParsePrefix("192.0.2.0/24"), Nexthop: next}}
	})
	g.inject(0, udps(t, dst, 0, 1)...)
	g.rest()
	for range 4 {
		g.clock.advance(time.Second)
		g.rest()
	}
	p, typ, code := g.icmp(0)
	if typ != wire.ICMPDestUnreachable || code != wire.ICMPHostUnreachable || p.Src != la4 {
		t.Errorf("type %d code %d from %s, want host unreachable from %s", typ, code, p.Src, la4)
	}
	if n := g.drops("park_failed"); n != 1 {
		t.Errorf("%d packets failed, want 1", n)
	}
}

// What the sender hears of routes that lead nowhere: as for Linux's routes of those names.
func TestRejectRoutes(t *testing.T) {
	for _, c := range []struct {
		name      string
		reject    forwarder.Reject
		prefix    string
		dst       string
		typ, code uint8
		drop      string
	}{
		{"unreachable, IPv4", forwarder.RejectUnreachable, "192.0.2.0/24", "192.0.2.7", 3, 1, "ip_route_unreachable"},
		{"unreachable, IPv6", forwarder.RejectUnreachable, "2001:db8:9::/48", "2001:db8:9::7", 1, 0, "ip_route_unreachable"},
		{"prohibit, IPv4", forwarder.RejectProhibit, "192.0.2.0/24", "192.0.2.7", 3, 13, "ip_route_prohibit"},
		{"prohibit, IPv6", forwarder.RejectProhibit, "2001:db8:9::/48", "2001:db8:9::7", 1, 1, "ip_route_prohibit"},
	} {
		t.Run(c.name, func(t *testing.T) {
			g := start(t, func(f *forwarder.Config, _ *arpbuf.Config) {
				f.Topology.Routers[0].StaticRoutes = []forwarder.StaticRoute{{Prefix: netip.MustParsePrefix(c.prefix), Reject: c.reject}}
			})
			g.inject(0, udp(t, addr(c.dst), 0, 64, 0))
			g.rest()
			p, typ, code := g.icmp(0)
			if typ != c.typ || code != c.code || p.EthDst != macA {
				t.Errorf("type %d code %d to %s, want type %d code %d", typ, code, p.EthDst, c.typ, c.code)
			}
			if n := g.drops(c.drop); n != 1 {
				t.Errorf("%d packets counted as %s, want 1", n, c.drop)
			}
		})
	}
}

// A discard says nothing.
func TestDiscardRoute(t *testing.T) {
	g := start(t, func(f *forwarder.Config, _ *arpbuf.Config) {
		f.Topology.Routers[0].StaticRoutes = []forwarder.StaticRoute{{Prefix: netip.MustParsePrefix("192.0.2.0/24"), Discard: true}}
	})
	g.inject(0, udp(t, addr("192.0.2.7"), 0, 64, 0))
	g.rest()
	if n := len(g.take(0)); n != 0 || g.drops("ip_route_discard") != 1 {
		t.Errorf("%d frames go back", n)
	}
}
