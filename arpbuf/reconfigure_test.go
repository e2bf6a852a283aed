// SPDX-License-Identifier: Apache-2.0

package arpbuf_test

import (
	"context"
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/parkway-gw/parkway/arpbuf"
	"github.com/parkway-gw/parkway/cgo"
	"github.com/parkway-gw/parkway/forwarder"
	"github.com/parkway-gw/parkway/internal/wire"
)

// reconfigure gives the gateway another topology while the test turns the loop.
func (g *gateway) reconfigure(change func(*forwarder.Topology)) forwarder.Change {
	g.t.Helper()
	topo := network()
	change(&topo)
	type result struct {
		change forwarder.Change
		err    error
	}
	done := make(chan result, 1)
	go func() {
		var res result
		p, err := g.f.Prepare(topo)
		if err == nil {
			err = g.r.Reconfigure(context.Background(), func() (err error) {
				res.change, err = p.Commit()
				return err
			})
		}
		res.err = err
		done <- res
	}()
	var res result
	g.wait("reconfiguration", func() bool {
		select {
		case res = <-done:
			return true
		default:
			return false
		}
	})
	if res.err != nil {
		g.t.Fatal(res.err)
	}
	return res.change
}

func (g *gateway) dropped(reason cgo.DropReason) uint64 { return g.f.Counters().Drops[reason] }

func noRoutes(t *forwarder.Topology) { t.Routers[0].StaticRoutes = nil }

// What waits for a next hop whose route is gone is freed; what waits for others waits on.
func TestReconfigureRouteGone(t *testing.T) {
	g := start(t, nil)
	far := addr("192.0.2.77")
	g.inject(0, udps(t, far, 0, 7)...)
	g.inject(0, udps(t, b4, 0, 5)...)
	g.rest()
	g.reconfigure(noRoutes)
	g.rest()
	if n := g.dropped(cgo.DropParkDiscarded); n != 7 {
		t.Errorf("%d packets discarded, want 7", n)
	}
	if parked := g.r.Parked(); len(parked.NextHops) != 1 || parked.NextHops[0].IP != b4 || parked.NextHops[0].Packets != 5 {
		t.Errorf("parked %+v", parked.NextHops)
	}
	if s := g.state(gw4).State; s != "none" {
		t.Errorf("the former gateway is %s", s)
	}
	g.take(1)
	g.inject(1, arpReply(b4, macB))
	g.rest()
	inOrder(t, flow(t, g.take(1), b4, macB), 0, 5)

	// And back again: the next hop is asked for anew.
	g.reconfigure(func(*forwarder.Topology) {})
	g.inject(0, udps(t, far, 7, 3)...)
	g.rest()
	if n := count(g.take(1), func(b []byte) bool { return isARPRequest(b, gw4) }); n != 1 {
		t.Errorf("%d probes for the gateway, want 1", n)
	}
	g.inject(1, arpReply(gw4, macB))
	g.rest()
	inOrder(t, flow(t, g.take(1), far, macB), 7, 3)
}

// A next hop that stays keeps its packets, its probes and its place, whatever else changes.
func TestReconfigureKeepsWaits(t *testing.T) {
	eachFamily(t, func(t *testing.T, f family) {
		g := start(t, nil)
		g.inject(0, udps(t, f.host, 0, 20)...)
		g.rest()
		if n := f.probes(g.take(1)); n != 1 {
			t.Fatalf("%d probes", n)
		}
		g.reconfigure(func(topo *forwarder.Topology) {
			noRoutes(topo)
			topo.StaticMACBindings = []forwarder.StaticMACBinding{{LogicalPort: "lrp-a", IP: addr("10.0.1.77"), MAC: macA}}
		})
		g.inject(0, udps(t, f.host, 20, 10)...)
		g.rest()
		if n := f.probes(g.take(1)); n != 0 {
			t.Errorf("%d probes more", n)
		}
		g.inject(1, f.reply(f.host, macB))
		g.rest()
		inOrder(t, flow(t, g.take(1), f.host, macB), 0, 30)
		g.checkTotals(arpbuf.ParkedTotals{Parked: 30, Drained: 30})
	})
}

// A known neighbor keeps state and MAC; one whose network is gone does not.
func TestReconfigureKeepsNeighbors(t *testing.T) {
	eachFamily(t, func(t *testing.T, f family) {
		g := start(t, nil)
		g.inject(0, udps(t, f.host, 0, 1)...)
		g.rest()
		g.inject(1, f.reply(f.host, macB))
		g.rest()
		g.take(1)
		g.reconfigure(noRoutes)
		g.inject(0, udps(t, f.host, 1, 5)...)
		g.rest()
		frames := g.take(1)
		inOrder(t, flow(t, frames, f.host, macB), 1, 5)
		if n := g.state(f.host); n.State != "REACHABLE" || len(frames) != 5 {
			t.Errorf("%+v, %d frames", n, len(frames))
		}
		g.reconfigure(func(topo *forwarder.Topology) {
			noRoutes(topo)
			topo.Routers[0].Ports[1].Networks = []netip.Prefix{netip.MustParsePrefix("10.0.99.1/24")}
		})
		if n := g.state(f.host); n.State != "none" {
			t.Errorf("a neighbor in no network: %+v", n)
		}
	})
}

// The router speaks for its addresses as they are now, and announces the new ones.
func TestReconfigureAnnouncesAddresses(t *testing.T) {
	g := start(t, func(_ *forwarder.Config, c *arpbuf.Config) { c.Announcements = 2 })
	announced := func(ip netip.Addr, by forwarder.MAC) func([]byte) bool {
		return func(b []byte) bool {
			if ip.Is4() {
				a, err := wire.DecodeARP(b)
				return err == nil && a.SenderIP == ip && a.TargetIP == ip && a.SenderMAC == by
			}
			nd, err := wire.DecodeND(b)
			return err == nil && nd.Type == wire.NeighborAdvertisement && nd.Target == ip && nd.TLLA == by
		}
	}
	g.pass(3 * time.Second)
	g.take(0)
	g.take(1)
	new4, new6 := addr("10.0.3.1"), addr("2001:db8:3::1")
	newMAC := mac("02:00:00:00:0b:77")
	g.reconfigure(func(topo *forwarder.Topology) {
		p := &topo.Routers[0].Ports[1]
		p.Networks = append(p.Networks, netip.PrefixFrom(new4, 24), netip.PrefixFrom(new6, 64))
	})
	g.pass(3 * time.Second)
	frames := g.take(1)
	for _, ip := range []netip.Addr{new4, new6, lb4, lb6} {
		if n := count(frames, announced(ip, macLB)); n != 2 {
			t.Errorf("%s announced %d times, want 2", ip, n)
		}
	}
	if n := len(g.take(0)); n != 0 {
		t.Errorf("%d frames on the port that did not change", n)
	}
	// It answers for the new one.
	g.inject(1, wire.AppendARPRequest(nil, wire.Broadcast, macB, addr("10.0.3.9"), new4))
	g.rest()
	if frames := g.take(1); count(frames, func(b []byte) bool {
		a, err := wire.DecodeARP(b)
		return err == nil && a.Op == wire.ARPReply && a.SenderIP == new4
	}) != 1 {
		t.Errorf("no answer for the new address: %x", frames)
	}
	// Another MAC: neighbors stay, and what leaves carries it.
	g.inject(0, udps(t, b4, 0, 1)...)
	g.rest()
	g.inject(1, arpReply(b4, macB))
	g.rest()
	g.take(1)
	g.reconfigure(func(topo *forwarder.Topology) { topo.Routers[0].Ports[1].MAC = newMAC })
	g.inject(0, udps(t, b4, 1, 1)...)
	g.pass(3 * time.Second)
	frames = g.take(1)
	inOrder(t, flow(t, frames, b4, macB), 1, 1)
	for _, b := range frames {
		if !slices.Equal(b[6:12], newMAC[:]) {
			t.Errorf("a frame leaves with another source: %x", b[:14])
		}
	}
	if n := count(frames, announced(lb4, newMAC)); n != 2 {
		t.Errorf("the new MAC was announced %d times, want 2", n)
	}
}

// A router port goes and comes back: nothing of its neighbors is left, and what waited for
// them is freed.
func TestReconfigureRouterPortGone(t *testing.T) {
	eachFamily(t, func(t *testing.T, f family) {
		g := start(t, nil)
		other := map[string]netip.Addr{"arp": addr("10.0.2.10"), "nd": addr("2001:db8:2::10")}[f.name]
		g.inject(0, udps(t, other, 0, 1)...)
		g.rest()
		g.inject(1, f.reply(other, macB))
		g.rest()
		g.inject(0, udps(t, f.host, 0, 9)...)
		g.rest()
		change := g.reconfigure(func(topo *forwarder.Topology) {
			noRoutes(topo)
			topo.Routers[0].Ports = topo.Routers[0].Ports[:1]
			topo.Switches = topo.Switches[:1]
		})
		if !slices.Contains(change.Lines, "router port lrp-b removed") || !slices.Contains(change.Lines, "switch sw-b removed") {
			t.Errorf("%q", change.Lines)
		}
		g.rest()
		if n := g.dropped(cgo.DropParkDiscarded); n != 9 {
			t.Errorf("%d packets discarded, want 9", n)
		}
		if left := g.r.Neighbors(); slices.ContainsFunc(left, func(n arpbuf.NeighborInfo) bool { return n.RouterPort != "lrp-a" }) {
			t.Errorf("neighbors %+v", left)
		}
		g.take(1)
		g.inject(0, udps(t, f.host, 9, 2)...)
		g.inject(1, f.reply(other, macB))
		g.rest()
		if frames := g.take(1); len(frames) != 0 {
			t.Errorf("%d frames leave by a port that no switch has", len(frames))
		}
		g.reconfigure(func(*forwarder.Topology) {})
		g.inject(0, udps(t, f.host, 11, 5)...)
		g.rest()
		if n := f.probes(g.take(1)); n != 1 {
			t.Errorf("%d probes, want 1", n)
		}
		g.inject(1, f.reply(f.host, macB))
		g.rest()
		inOrder(t, flow(t, g.take(1), f.host, macB), 11, 5)
		if r := g.r.Parked(); r.Totals.InRing != 0 {
			t.Errorf("%+v", r)
		}
	})
}

// A MAC that the configuration comes to know ends the wait, a new one is used at once, and
// without it the neighbor is asked for.
func TestReconfigureBinding(t *testing.T) {
	eachFamily(t, func(t *testing.T, f family) {
		g := start(t, nil)
		bind := func(m forwarder.MAC) func(*forwarder.Topology) {
			return func(topo *forwarder.Topology) {
				topo.StaticMACBindings = []forwarder.StaticMACBinding{{LogicalPort: "lrp-b", IP: f.host, MAC: m}}
			}
		}
		g.inject(0, udps(t, f.host, 0, 6)...)
		g.rest()
		g.take(1)
		g.reconfigure(bind(macB))
		g.rest()
		g.inject(0, udps(t, f.host, 6, 6)...)
		g.rest()
		inOrder(t, flow(t, g.take(1), f.host, macB), 0, 12)
		if n := g.state(f.host); n.State != "PERMANENT" || n.Origin != "static" {
			t.Errorf("%+v", n)
		}
		next := mac("02:00:00:00:0b:0a")
		g.reconfigure(bind(next))
		g.inject(0, udps(t, f.host, 12, 3)...)
		g.rest()
		inOrder(t, flow(t, g.take(1), f.host, next), 12, 3)
		g.reconfigure(func(*forwarder.Topology) {})
		g.inject(0, udps(t, f.host, 15, 3)...)
		g.rest()
		if n := f.probes(g.take(1)); n != 1 {
			t.Errorf("%d probes, want 1", n)
		}
		g.inject(1, f.reply(f.host, macB))
		g.rest()
		inOrder(t, flow(t, g.take(1), f.host, macB), 15, 3)
	})
}

// A gate that comes makes packets wait, one that goes lets them through.
func TestReconfigureGate(t *testing.T) {
	host := addr("10.0.2.20")
	gate := func(on bool) func(*forwarder.Topology) {
		return func(topo *forwarder.Topology) {
			topo.Switches[1].Ports[0].Addresses = []forwarder.PortAddress{{MAC: macB, IPs: []netip.Addr{host}}}
			topo.Switches[1].Ports[0].ParkUntilUp = on
		}
	}
	g := start(t, func(c *forwarder.Config, _ *arpbuf.Config) { gate(true)(&c.Topology) })
	g.inject(0, udps(t, host, 0, 4)...)
	g.rest()
	g.reconfigure(gate(true))
	if n := g.r.Gates(); len(n) != 1 || n[0].Open || n[0].Packets != 4 {
		t.Errorf("gates %+v", n)
	}
	g.reconfigure(gate(false))
	g.rest()
	g.inject(0, udps(t, host, 4, 4)...)
	g.rest()
	inOrder(t, flow(t, g.take(1), host, macB), 0, 8)
	g.reconfigure(gate(true))
	g.inject(0, udps(t, host, 8, 4)...)
	g.rest()
	if n := g.r.Gates(); len(n) != 1 || n[0].Open || n[0].Packets != 4 {
		t.Errorf("gates %+v", n)
	}
	g.reconfigure(noRoutes)
	g.rest()
	if n := g.dropped(cgo.DropParkDiscarded); n != 4 || len(g.r.Gates()) != 0 {
		t.Errorf("%d packets discarded, want 4; gates %+v", n, g.r.Gates())
	}
}

// What a reload brings is looked after like what was there at the start: a new address is
// asked for, one that is gone is forgotten, a next hop that a route names now is resolved
// before there is a packet.
func TestReconfigureLooksAfterWhatIsNew(t *testing.T) {
	g := start(t, func(fc *forwarder.Config, ac *arpbuf.Config) {
		noRoutes(&fc.Topology)
		managing(fc, ac)
		detecting(arpbuf.DetectReport)(fc, ac)
	})
	g.pass(5 * time.Second)
	g.take(0)
	g.take(1)
	fresh := addr("10.0.3.1")
	g.reconfigure(func(topo *forwarder.Topology) {
		p := &topo.Routers[0].Ports[1]
		p.Networks = append(p.Networks, netip.PrefixFrom(fresh, 24))
	})
	g.pass(time.Second)
	g.turn()
	frames := g.take(1)
	if n := questions(frames)[fresh]; n != 1 {
		t.Errorf("%d questions for the new address within a second, want 1", n)
	}
	if n := count(frames, func(f []byte) bool { return isARPRequest(f, gw4) }); n == 0 {
		t.Error("the route's next hop is not asked for")
	}
	g.wantAddress(fresh, arpbuf.AddressProbing, true)
	g.reconfigure(func(*forwarder.Topology) {})
	for _, a := range g.r.Addresses() {
		if a.IP == fresh {
			t.Errorf("an address that is gone: %+v", a)
		}
	}
	g.pass(10 * time.Second)
	if n := questions(g.take(1))[fresh]; n != 0 {
		t.Errorf("%d questions for an address that is gone", n)
	}
}
