// SPDX-License-Identifier: Apache-2.0

package arpbuf_test

import (
	"net/netip"
	"testing"
	"time"

	"github.com/parkway-gw/parkway/arpbuf"
	"github.com/parkway-gw/parkway/forwarder"
	"github.com/parkway-gw/parkway/internal/wire"
)

func strict(_ *forwarder.Config, ac *arpbuf.Config) { ac.DuplicateDetection = arpbuf.DetectStrict }

// Strict: nobody is answered for either, from an address that has not passed, and a range
// of arp_proxy that has an own address in it makes no exception for that one.
func TestStrictDoesNotStandIn(t *testing.T) {
	g := start(t, func(fc *forwarder.Config, ac *arpbuf.Config) {
		strict(fc, ac)
		ports := fc.Topology.Switches[1].Ports
		for i := range ports {
			if ports[i].RouterPort == "lrp-b" {
				ports[i].ARPProxy = []netip.Prefix{netip.MustParsePrefix("10.0.2.0/26"), netip.MustParsePrefix("2001:db8:2::/112")}
			}
		}
	})
	ask := func() (frames [][]byte) {
		g.inject(1,
			wire.AppendARPRequest(nil, wire.Broadcast, macB, addr("10.0.2.200"), lb4),
			wire.AppendNeighborSolicitation(nil, macB, addr("2001:db8:2::1:1"), lb6),
			wire.AppendNeighborSolicitation(nil, macB, addr("2001:db8:2::1:1"), inRange6))
		g.rest()
		return filter(g.take(1), func(f []byte) bool { _, q := question(f); return !q })
	}
	g.turn()
	for _, f := range ask() {
		t.Errorf("said while probing: % x", f[:min(86, len(f))])
	}
	g.pass(9 * time.Second)
	g.take(1)
	if got := ask(); len(got) != 3 {
		t.Errorf("%d answers afterwards, want 3", len(got))
	}
}

// Strict: what an earlier life has left carries packets at once, and nothing is said from
// an address before it has passed; then the neighbor is verified, alone, and stays.
func TestStrictWithSavedNeighbors(t *testing.T) {
	eachFamily(t, func(t *testing.T, f family) {
		g := saved(t, []arpbuf.SavedNeighbor{{RouterPort: "lrp-b", IP: f.host, MAC: macB, Confirmed: true}}, strict)
		g.turn()
		for i := range uint32(12) {
			g.inject(0, udps(t, f.host, i, 1)...)
			g.rest()
			got := g.take(1)
			inOrder(t, flow(t, got, f.host, macB), i, 1)
			all := count(got, func(frame []byte) bool { return f.probe(frame, f.host) && frame[0]&1 == 1 })
			if all != 0 {
				t.Fatalf("everybody was asked for %s after %d s", f.host, i)
			}
			if n := count(got, func(frame []byte) bool { return f.probe(frame, f.host) && frame[0]&1 == 0 }); n > 0 {
				g.inject(1, f.reply(f.host, macB))
				g.rest()
			}
			g.pass(time.Second)
		}
		if n := g.state(f.host); n.State != "REACHABLE" || n.MAC != macB {
			t.Errorf("%+v", n)
		}
		if n := g.f.Counters().Parked; n != 0 {
			t.Errorf("%d packets were parked", n)
		}
	})
}

// A duplicate is shown as one, with his MAC, while it is asked for anew.
func TestDuplicateUntilUnanswered(t *testing.T) {
	g := start(t, detecting(arpbuf.DetectReport))
	g.turn()
	g.inject(1, arpReply(lb4, macB))
	g.rest()
	g.link("p-b", false)
	g.link("p-b", true)
	for range 3 {
		if a := g.address(lb4); a.State != arpbuf.AddressDuplicate || a.MAC != macB {
			t.Errorf("it is %+v", a)
		}
		g.pass(time.Second)
	}
	g.pass(6 * time.Second)
	g.wantAddress(lb4, arpbuf.AddressUnique, true)
}

// Strict: questions that nobody could hear prove nothing. An address behind a link that is
// down, as at a cold start, is not used before the link is up and the questions are through.
func TestStrictWaitsForTheLink(t *testing.T) {
	g := start(t, strict)
	g.turn()
	g.link("p-b", false)
	g.pass(20 * time.Second)
	for _, ip := range []netip.Addr{lb4, lb6} {
		g.wantAddress(ip, arpbuf.AddressProbing, false)
	}
	g.wantAddress(la4, arpbuf.AddressUnique, true)
	g.take(1)
	g.link("p-b", true)
	g.pass(time.Second)
	g.wantAddress(lb4, arpbuf.AddressProbing, false)
	g.pass(8 * time.Second)
	for _, ip := range []netip.Addr{lb4, lb6} {
		g.wantAddress(ip, arpbuf.AddressUnique, true)
	}
	if q := questions(g.take(1)); q[lb4] != 3 || q[lb6] != 1 {
		t.Errorf("asked for %v", q)
	}
}
