// SPDX-License-Identifier: Apache-2.0

package arpbuf_test

import (
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/parkway-gw/parkway/arpbuf"
	"github.com/parkway-gw/parkway/forwarder"
	"github.com/parkway-gw/parkway/internal/wire"
)

func managing(_ *forwarder.Config, ac *arpbuf.Config) { ac.ManageRoutes = true }

// unicastTo counts questions for ip to its MAC alone.
func unicastTo(frames [][]byte, ip netip.Addr) int {
	return count(frames, func(f []byte) bool { return isARPRequest(f, ip) && f[0]&1 == 0 })
}

func (g *gateway) asked4(ip netip.Addr) int {
	return count(g.take(1), func(f []byte) bool { return isARPRequest(f, ip) })
}

// A next hop that a route names is asked for before there is a packet, and kept.
func TestNextHopsAreManaged(t *testing.T) {
	g := start(t, managing)
	g.turn()
	g.rest()
	if n := g.asked4(gw4); n != 1 {
		t.Fatalf("asked for %d times at the start, want 1", n)
	}
	g.inject(1, arpReply(gw4, macB))
	g.rest()
	g.inject(0, udps(t, addr("192.0.2.7"), 0, 3)...)
	g.rest()
	inOrder(t, flow(t, g.take(1), addr("192.0.2.7"), macB), 0, 3)
	if n := g.f.Counters().Parked; n != 0 {
		t.Errorf("%d packets parked", n)
	}
	// No packet for minutes: unicast questions alone, a good minute apart at most, and
	// it is never anything but usable.
	unicast := 0
	for range 300 {
		g.pass(time.Second)
		frames := g.take(1)
		n := unicastTo(frames, gw4)
		if all := count(frames, func(f []byte) bool { return isARPRequest(f, gw4) }); all != n {
			t.Fatal("everybody was asked")
		}
		if unicast += n; n > 0 {
			g.inject(1, arpReply(gw4, macB))
			g.rest()
		}
	}
	if unicast < 5 || unicast > 15 {
		t.Errorf("verified %d times in five minutes", unicast)
	}
	g.inject(0, udps(t, addr("192.0.2.7"), 3, 1)...)
	g.rest()
	if n := g.f.Counters().Parked; n != 0 {
		t.Errorf("%d packets parked", n)
	}
}

// One that is dead stays FAILED, is asked for now and then without traffic, and is back
// with the first answer.
func TestDeadNextHopReturns(t *testing.T) {
	g := start(t, managing)
	g.pass(4 * time.Second)
	if s := g.state(gw4).State; s != "FAILED" {
		t.Fatalf("it is %s", s)
	}
	if n := g.asked4(gw4); n != 3 {
		t.Errorf("asked for %d times, want 3", n)
	}
	asked := 0
	for range 120 {
		g.pass(time.Second)
		if s := g.state(gw4).State; s != "FAILED" {
			t.Fatalf("it is %s", s)
		}
		asked += g.asked4(gw4)
	}
	if asked < 4 || asked > 5 { // after 5, 15, 35, 75 s
		t.Errorf("asked for %d times in two minutes", asked)
	}
	g.inject(1, arpReply(gw4, macB))
	g.rest()
	if s := g.state(gw4).State; s != "REACHABLE" {
		t.Errorf("it answered and is %s", s)
	}
	g.inject(0, udps(t, addr("192.0.2.7"), 0, 1)...)
	g.rest()
	inOrder(t, flow(t, g.take(1), addr("192.0.2.7"), macB), 0, 1)
}

// While packets come for a dead next hop and have no other, their senders hear so: after
// each hold-off some wait while it is asked for three times. Those behind them, and all
// while it is held off, are dropped.
func TestDeadNextHopIsReported(t *testing.T) {
	g := start(t, managing)
	g.pass(4 * time.Second)
	g.take(0)
	errors := 0
	for range 120 {
		g.inject(0, udps(t, addr("192.0.2.7"), 0, 1)...)
		g.pass(500 * time.Millisecond)
		errors += count(g.take(0), func(f []byte) bool { return f[12] == 8 && f[13] == 0 && f[23] == 1 && f[34] == 3 && f[35] == 1 })
	}
	if errors < 3 || errors > 4 { // at 8, 21, 44 s, and from 4 s on
		t.Errorf("%d host unreachable in a minute", errors)
	}
	if n := g.drops("neighbor_failed"); n < 60 {
		t.Errorf("%d packets found it held off", n)
	}
	g.inject(1, arpReply(gw4, macB))
	g.rest()
	g.inject(0, udps(t, addr("192.0.2.7"), 0, 1)...)
	g.rest()
}

// A link that comes up has it asked for at once, whatever the hold-off; one that is down
// is not asked on.
func TestManagedAtLinkUp(t *testing.T) {
	g := start(t, managing)
	g.pass(60 * time.Second)
	g.take(1)
	g.link("p-b", false)
	g.pass(100 * time.Second)
	if n := g.asked4(gw4); n != 0 {
		t.Errorf("asked for %d times on a dead link", n)
	}
	g.link("p-b", true)
	g.pass(100 * time.Millisecond)
	if n := g.asked4(gw4); n != 1 {
		t.Errorf("asked for %d times at link up, want 1", n)
	}
	g.inject(1, arpReply(gw4, macB))
	g.rest()
	g.inject(0, udps(t, addr("192.0.2.7"), 0, 1)...)
	g.rest()
	inOrder(t, flow(t, g.take(1), addr("192.0.2.7"), macB), 0, 1)
	if n := g.f.Counters().Parked; n != 0 {
		t.Errorf("%d packets parked", n)
	}
}

// A thousand of them keep to the rate of probes.
func TestManagedKeepTheRate(t *testing.T) {
	const hops = 300
	g := start(t, func(fc *forwarder.Config, ac *arpbuf.Config) {
		ac.ManageRoutes, ac.ProbeRate = true, 50
		r := &fc.Topology.Routers[0]
		r.Ports[1].Networks = append(r.Ports[1].Networks, netip.MustParsePrefix("10.9.0.1/16"))
		for i := range hops {
			r.StaticRoutes = append(r.StaticRoutes, forwarder.StaticRoute{
				Prefix:  netip.PrefixFrom(netip.AddrFrom4([4]byte{198, 18, byte(i >> 8), byte(i)}), 32),
				Nexthop: netip.AddrFrom4([4]byte{10, 9, byte(1 + i>>8), byte(i)})})
		}
	})
	perSecond, all := 0, map[netip.Addr]bool{}
	for range 20 {
		n := 0
		for range 10 {
			g.pass(100 * time.Millisecond)
			for _, f := range g.take(1) {
				if a, err := wire.DecodeARP(f); err == nil && a.Op == wire.ARPRequest {
					all[a.TargetIP] = true
					n++
				}
			}
		}
		perSecond = max(perSecond, n)
	}
	if perSecond > 101 { // a second's rate and the burst
		t.Errorf("%d questions in a second", perSecond)
	}
	if len(all) != hops+1 {
		t.Errorf("%d of %d asked for", len(all), hops+1)
	}
}

// Dead next hops of routes, which nobody waits for, are asked for once before anybody and
// then behind everybody: a stranger's packet waits for no repetition of theirs.
func TestManagedMakeRoomForPackets(t *testing.T) {
	const hops = 100
	g := start(t, func(fc *forwarder.Config, ac *arpbuf.Config) {
		ac.ManageRoutes, ac.ProbeRate = true, 20
		r := &fc.Topology.Routers[0]
		r.Ports[1].Networks = append(r.Ports[1].Networks, netip.MustParsePrefix("10.9.0.1/16"))
		for i := range hops {
			r.StaticRoutes = append(r.StaticRoutes, forwarder.StaticRoute{
				Prefix:  netip.PrefixFrom(netip.AddrFrom4([4]byte{198, 18, 0, byte(i)}), 32),
				Nexthop: netip.AddrFrom4([4]byte{10, 9, 1, byte(i)})})
		}
	})
	g.pass(5 * time.Second) // 20 at once and 20 a second: each has had its first
	seen := map[netip.Addr]bool{}
	for _, ip := range g.asked() {
		seen[ip] = true
	}
	if len(seen) != hops+1 {
		t.Fatalf("%d of %d asked for", len(seen), hops+1)
	}
	// All of them have repetitions due by now, and soon hold-offs that end.
	for i := range 10 {
		g.cold(hostN(i))
		g.pass(300 * time.Millisecond) // five tokens
		if !slices.Contains(g.asked(), hostN(i)) {
			t.Fatalf("%s was not asked for within 300 ms, after %d s", hostN(i), 5+i)
		}
		g.pass(700 * time.Millisecond)
		g.take(1)
	}
	g.pass(4 * time.Second)
}

// But once packets wait for it, a route's next hop comes before strangers, also when its
// repetition has its place among the last already.
func TestManagedHurriesForPackets(t *testing.T) {
	g := start(t, func(fc *forwarder.Config, ac *arpbuf.Config) {
		probeRate(1)(fc, ac)
		ac.ManageRoutes, ac.RetransTime = true, 3*time.Second
	})
	g.turn() // gw4 is asked for, and takes the token
	g.cold(strangers(9)...)
	g.pass(3500 * time.Millisecond) // its repetition is due
	if got := g.asked(); !slices.Equal(got, append([]netip.Addr{gw4}, strangers(3)...)) {
		t.Fatalf("asked for %v", got)
	}
	g.cold(addr("192.0.2.9")) // by gw4
	g.pass(time.Second)
	if got := g.asked(); !slices.Equal(got, []netip.Addr{gw4}) {
		t.Errorf("then asked for %v, want %s", got, gw4)
	}
	g.inject(1, arpReply(gw4, macB))
	g.pass(20 * time.Second) // the strangers' packets end
}

// N5: who waits is the router itself, from another address than the link-local one.
func TestN5_SolicitsFromThePacketsSource(t *testing.T) {
	source := func(frames [][]byte, ip netip.Addr) (out []netip.Addr) {
		for _, f := range frames {
			if nd, err := wire.DecodeND(f); err == nil && nd.Type == wire.NeighborSolicitation && nd.Target == ip {
				out = append(out, nd.Src)
				if !nd.SLLAOK || nd.SLLA != macLB {
					t.Errorf("without our MAC: %+v", nd)
				}
			}
		}
		return out
	}
	ll := wire.LinkLocalFromMAC(macLB)
	t.Run("forwarded", func(t *testing.T) {
		g := start(t, nil)
		g.inject(0, udps(t, b6, 0, 1)...) // another's packet: any address of ours
		g.rest()
		if got := source(g.take(1), b6); len(got) != 1 || got[0] != ll {
			t.Errorf("for another's packet from %v, want %s", got, ll)
		}
		g.pass(4 * time.Second) // in vain
	})
	// An echo request to our global address, from a host that is not known: the answer waits.
	for _, own := range []netip.Addr{lb6, la6} {
		t.Run(own.String(), func(t *testing.T) {
			g := start(t, func(fc *forwarder.Config, _ *arpbuf.Config) {
				fc.Topology.Routers[0].Options.AlwaysLearnFromARPRequest = false
			})
			g.inject(1, echo(t, b6, own, macB, macLB, 64))
			g.rest()
			want := own
			if own == la6 { // not an address of the port that asks
				want = ll
			}
			if got := source(g.take(1), b6); len(got) != 1 || got[0] != want {
				t.Errorf("for an answer from %s it came from %v, want %s", own, got, want)
			}
			g.inject(1, advertisement(b6, macB))
			g.rest()
			g.wait("the answer", func() bool { c := g.f.Counters(); return c.ParkedNow() == 0 && c.Balance() == 0 })
		})
	}
}
