// SPDX-License-Identifier: Apache-2.0

package arpbuf_test

import (
	"fmt"
	"maps"
	"net/netip"
	"testing"
	"time"

	"github.com/parkway-gw/parkway/arpbuf"
	"github.com/parkway-gw/parkway/forwarder"
)

// twoWays has 192.0.2.0/24 behind gw4 and another next hop.
func twoWays(other netip.Addr, manage bool) func(*forwarder.Config, *arpbuf.Config) {
	return func(fc *forwarder.Config, ac *arpbuf.Config) {
		ac.ManageRoutes = manage
		r := &fc.Topology.Routers[0]
		r.StaticRoutes = append(r.StaticRoutes, forwarder.StaticRoute{Prefix: r.StaticRoutes[0].Prefix, Nexthop: other})
	}
}

// ways sends a packet of each of 64 flows and says how many left to which MAC; a packet
// that did not leave at once is an error.
func (g *gateway) ways() map[forwarder.MAC]int {
	g.t.Helper()
	const flows = 64
	g.take(0)
	g.take(1)
	for i := range flows {
		g.inject(0, udps(g.t, netip.MustParseAddr(fmt.Sprintf("192.0.2.%d", 1+i)), 0, 1)...)
	}
	g.rest()
	out := map[forwarder.MAC]int{}
	n := 0
	for port := range g.out {
		for _, f := range g.take(port) {
			if f[12] == 8 && f[13] == 0 && f[23] == 17 {
				out[forwarder.MAC(f[:6])]++
				n++
			}
		}
	}
	if n != flows {
		g.t.Errorf("%d of %d packets left at once, to %v", n, flows, out)
	}
	return out
}

// A next hop that is dead from the start leaves its group before there is a packet, and
// returns with its first answer, still without one: nothing waits for it, nothing is lost.
func TestGroupWithoutTraffic(t *testing.T) {
	other, macO := addr("10.0.2.253"), mac("02:00:00:00:0b:fd")
	g := start(t, twoWays(other, true))
	g.turn()
	g.inject(1, arpReply(other, macO))
	g.pass(4 * time.Second)
	if s := g.state(gw4).State; s != "FAILED" {
		t.Fatalf("%s is %s", gw4, s)
	}
	if got := g.ways(); got[macO] != 64 {
		t.Errorf("with one of two dead: %v", got)
	}
	g.take(1)
	for g.asked4(gw4) == 0 { // its hold-off ends
		g.pass(100 * time.Millisecond)
	}
	if s := g.state(gw4).State; s != "FAILED" {
		t.Errorf("while it is asked for it is %s", s)
	}
	g.inject(1, arpReply(gw4, macB))
	g.rest()
	if got := g.ways(); got[macB] == 0 || got[macO] == 0 {
		t.Errorf("it answers, and flows go to %v", got)
	}
	if c := g.f.Counters(); c.Parked != 0 || g.drops("neighbor_failed") != 0 {
		t.Errorf("%d packets parked, %d dropped", c.Parked, g.drops("neighbor_failed"))
	}
}

// A next hop whose link goes down leaves its group at once, not when probes have failed;
// the group is whole again when it has answered, or if its MAC is configured, with the link.
func TestGroupAndLinks(t *testing.T) {
	g := start(t, twoWays(a4, true))
	g.turn()
	g.inject(1, arpReply(gw4, macB))
	g.rest()
	both := g.ways()
	if both[macA] == 0 || both[macB] == 0 {
		t.Fatalf("flows go to %v", both)
	}
	g.link("p-b", false)
	if got := g.ways(); got[macA] != 64 {
		t.Errorf("port b is down, and flows go to %v", got)
	}
	g.link("p-b", true)
	g.pass(100 * time.Millisecond)
	if got := g.ways(); got[macA] != 64 {
		t.Errorf("port b is up, its next hop has not answered, and flows go to %v", got)
	}
	g.inject(1, arpReply(gw4, macB))
	g.rest()
	if got := g.ways(); !maps.Equal(got, both) {
		t.Errorf("flows went to %v, and now to %v", both, got)
	}
	g.link("p-a", false)
	if got := g.ways(); got[macB] != 64 {
		t.Errorf("port a is down, and flows go to %v", got)
	}
	g.link("p-a", true)
	if got := g.ways(); !maps.Equal(got, both) {
		t.Errorf("flows went to %v, and now to %v", both, got)
	}
	if n := g.f.Counters().Parked; n != 0 {
		t.Errorf("%d packets parked", n)
	}
}
