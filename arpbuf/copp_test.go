// SPDX-License-Identifier: Apache-2.0

package arpbuf_test

import (
	"testing"

	"github.com/google/gopacket/layers"

	"github.com/parkway-gw/parkway/arpbuf"
	"github.com/parkway-gw/parkway/dpdk"
	"github.com/parkway-gw/parkway/dpdk/dpdktest"
	"github.com/parkway-gw/parkway/forwarder"
	"github.com/parkway-gw/parkway/internal/wire"
)

// Every class has a bucket for each router port: what is over it ends in the worker,
// counted by port and protocol, and the other port's share is untouched. The meters here
// have ten at once and fill once a second; the test takes less than nine.
func TestMeters(t *testing.T) {
	const n, burst = 50, 10
	request := func(int) []byte { return wire.AppendARPRequest(nil, wire.Broadcast, macA, a4, la4) }
	for _, c := range []struct {
		name, protocol, drop string
		frame                func(port int) []byte
		at                   int // index of the frame's port
		answers              bool
	}{
		{"ARP requests", "arp", "punt_rate_limited", request, 0, true},
		{"ARP replies", "arp", "punt_rate_limited", func(int) []byte { return arpReply(hostN(1), macC) }, 1, false},
		{"solicitations", "nd-ns", "punt_rate_limited", func(int) []byte { return wire.AppendNeighborSolicitation(nil, macA, a6, la6) }, 0, true},
		{"advertisements", "nd-na", "punt_rate_limited", func(int) []byte { return advertisement(b6, macB) }, 1, false},
		{"router solicitations", "nd-ra-opts", "punt_rate_limited", func(int) []byte { return solicit(macA, a6) }, 0, false},
		{"TTL, IPv4", "icmp4-error", "ip_ttl_exceeded", func(int) []byte { return udp(t, b4, 0, 1, 0) }, 0, true},
		{"TTL, IPv6", "icmp6-error", "ip_ttl_exceeded", func(int) []byte { return udp(t, b6, 0, 1, 0) }, 0, true},
		{"no route", "icmp4-error", "ip_no_route", func(int) []byte { return udp(t, addr("8.8.8.8"), 0, 64, 0) }, 0, true},
		{"too big", "icmp6-error", "ip_too_big", func(int) []byte { return udp(t, b6, 0, 64, 1450) }, 0, true},
		{"beyond scope", "icmp6-error", "ip_link_local", func(int) []byte { return fromLinkLocal(t, b6) }, 0, true},
		{"closed UDP port, IPv4", "icmp4-error", "punt_rate_limited", func(int) []byte { return udp(t, la4, 0, 64, 0) }, 0, true},
		{"closed UDP port, IPv6", "icmp6-error", "punt_rate_limited", func(int) []byte { return udp(t, la6, 0, 64, 0) }, 0, true},
		{"echo, IPv4", "icmp4-echo", "punt_rate_limited", func(int) []byte { return echo(t, a4, la4, macA, macLA, 64) }, 0, true},
		{"echo, IPv6", "icmp6-echo", "punt_rate_limited", func(int) []byte { return echo(t, a6, la6, macA, macLA, 64) }, 0, true},
		{"TCP, IPv4", "tcp-reset", "punt_rate_limited", func(int) []byte { return tcp(t, a4, la4, 64, layers.TCP{SYN: true}) }, 0, true},
		{"TCP, IPv6", "tcp-reset", "punt_rate_limited", func(int) []byte { return tcp(t, a6, la6, 64, layers.TCP{SYN: true}) }, 0, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			g := start(t, func(f *forwarder.Config, _ *arpbuf.Config) { meter(f, c.protocol, 1, burst) })
			for i := range n {
				g.inject(c.at, c.frame(i))
			}
			g.rest()
			held := g.copp(uint16(c.at))[c.protocol]
			if held < n-burst-9 || held > n-burst || len(g.copp(uint16(c.at))) != 1 || len(g.copp(uint16(1-c.at))) != 0 {
				t.Errorf("held back: %v here, %v at the other port, want %d", g.copp(uint16(c.at)), g.copp(uint16(1-c.at)), n-burst)
			}
			if got := g.drops(c.drop); got != held && got != n { // errors keep the reason for which they are due
				t.Errorf("%d of %d counted as %s", got, held, c.drop)
			}
			if got := uint64(len(g.take(c.at))); c.answers && got != n-held {
				t.Errorf("%d answers, want %d", got, n-held)
			}
		})
	}
}

// N13, and what a meter is for: a flood of requests keeps no answer out, neither at its own
// port nor at another, though control has not turned since it began.
func TestFloodOfRequestsLeavesRoomForAnswers(t *testing.T) {
	for _, port := range []int{0, 1} {
		t.Run([]string{"another port", "the same port"}[port], func(t *testing.T) {
			g := start(t, func(f *forwarder.Config, _ *arpbuf.Config) {
				f.RingSize = 256
				meter(f, "arp", 1, 200)
			})
			g.inject(0, udps(t, hostN(1), 0, 4)...)
			g.rest()
			g.take(1)
			flood := wire.AppendARPRequest(nil, wire.Broadcast, macB, b4, lb4)
			if port == 0 {
				flood = wire.AppendARPRequest(nil, wire.Broadcast, macA, a4, la4)
			}
			for range 3000 {
				g.inject(port, flood)
			}
			g.inject(1, arpReply(hostN(1), macC))
			g.wait1("the flood", func() bool { return g.f.Counters().Rx == g.injected })
			g.rest()
			inOrder(t, flow(t, g.take(1), hostN(1), macC), 0, 4)
			if n := g.drops("punt_rate_limited"); n < 2780 || n > 2800 || g.drops("punt_arp_nd_full") != 0 {
				t.Errorf("%d held back, %s", n, g.counters())
			}
		})
	}
}

// The kinds of errors don't share: a traceroute leaves path MTU discovery its own.
func TestErrorsDoNotSilenceEachOther(t *testing.T) {
	g := start(t, func(f *forwarder.Config, _ *arpbuf.Config) { meter(f, "icmp4-error", 1, 3) })
	for i := range uint32(30) {
		g.inject(0, udp(t, b4, i, 1, 0))
	}
	g.rest()
	g.take(0)
	g.inject(0, udp(t, b4, 0, 64, 1450))
	g.rest()
	if _, typ, code := g.icmp(0); typ != 3 || code != 4 {
		t.Errorf("type %d code %d", typ, code)
	}
}

// Probes to everybody are limited by their own meters, IPv4's apart from IPv6's.
func TestMetersOfProbes(t *testing.T) {
	g := start(t, func(f *forwarder.Config, _ *arpbuf.Config) { meter(f, "arp-resolve", 1, 2) })
	for i := range 6 {
		g.inject(0, udp(t, hostN(i), 0, 64, 0))
	}
	g.inject(0, udp(t, b6, 0, 64, 0))
	g.rest()
	frames := g.take(1)
	requests := count(frames, func(b []byte) bool { a, err := wire.DecodeARP(b); return err == nil && a.Op == wire.ARPRequest })
	if n := count(frames, func(b []byte) bool { return isNS(b, b6) }); requests != 2 || n != 1 {
		t.Errorf("%d requests and %d solicitations, want 2 and 1", requests, n)
	}
}

// A bucket is one for all workers: two that receive the same flood let through no more
// than one would.
func TestMetersAreSharedByWorkers(t *testing.T) {
	const n, burst = 500, 50
	g := start(t, func(f *forwarder.Config, _ *arpbuf.Config) {
		cpus, _ := dpdk.AllowedCPUs()
		f.Workers = []int{cpus.List()[0], cpus.List()[len(cpus.List())-1]}
		meter(f, "icmp4-echo", 1, burst)
	})
	if len(g.f.Workers()) != 2 {
		t.Fatal("one worker")
	}
	ping := echo(t, a4, la4, macA, macLA, 64)
	for range n {
		g.inject(0, ping)
		g.push(g.second, []*dpdk.Mbuf{dpdktest.Packet(t, g.f.Pool(), ping)})
	}
	g.rest()
	held := g.copp(0)["icmp4-echo"]
	if held > 2*n-burst || held < 2*n-burst-9 || uint64(len(g.take(0))) != 2*n-held {
		t.Errorf("%d held back of %d, want %d", held, 2*n, 2*n-burst)
	}
}
