// SPDX-License-Identifier: Apache-2.0

package arpbuf_test

import (
	"context"
	"errors"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"

	"github.com/parkway-gw/parkway/arpbuf"
	"github.com/parkway-gw/parkway/cgo"
	"github.com/parkway-gw/parkway/forwarder"
	"github.com/parkway-gw/parkway/internal/wire"
)

// lost4 lives behind a gated switch port that no port is bound to.
var lost4 = addr("10.0.2.99")

// gated has packets for b and the gateway wait until somebody behind port b is heard,
// and far longer than for a next hop that is being resolved.
func gated(fc *forwarder.Config, ac *arpbuf.Config) {
	sw := &fc.Topology.Switches[1]
	sw.Ports[0] = forwarder.SwitchPort{Name: "b", ParkUntilUp: true,
		Addresses: []forwarder.PortAddress{{MAC: macB, IPs: []netip.Addr{b4, b6, gw4}}}}
	sw.Ports = append(sw.Ports, forwarder.SwitchPort{Name: "lost", ParkUntilUp: true,
		Addresses: []forwarder.PortAddress{{MAC: macC, IPs: []netip.Addr{lost4}}}})
	ac.MaxAge, ac.GatedMaxAge = time.Nanosecond, time.Hour
}

// do runs f while the test turns the loop.
func (g *gateway) do(what string, f func() error) error {
	g.t.Helper()
	done := make(chan error, 1)
	go func() { done <- f() }()
	g.wait(what, func() bool { return len(done) > 0 })
	return <-done
}

func (g *gateway) link(port string, up bool) {
	g.t.Helper()
	if err := g.do("link", func() error { return g.r.PortLink(context.Background(), port, up) }); err != nil {
		g.t.Error(err)
	}
}

func (g *gateway) release(name string) (packets int, err error) {
	g.t.Helper()
	err = g.do("release", func() (err error) {
		packets, err = g.r.Release(context.Background(), name)
		return err
	})
	return packets, err
}

// gate is what the resolver says of the gate at port b.
func (g *gateway) gate() arpbuf.GateInfo {
	for _, info := range g.r.Gates() {
		if info.Port == "b" {
			return info
		}
	}
	return arpbuf.GateInfo{}
}

func rarp(mac forwarder.MAC) []byte {
	request := gopacket.Payload(append([]byte{0, 1, 8, 0, 6, 4, 0, 3}, make([]byte, 38)...)) // RFC 903
	return append(append(append(wire.Broadcast[:6:6], mac[:]...), 0x80, 0x35), request...)
}

// What packets at a gate waited for: the first frame from the port, whatever it is.
func TestGateOpensWithTheFirstFrame(t *testing.T) {
	for name, frame := range map[string]func(f family) []byte{
		"gratuitous ARP": func(family) []byte { return wire.AppendARPAnnouncement(nil, macB, b4) },
		"RARP":           func(family) []byte { return rarp(macB) },
		"unsolicited NA": func(family) []byte {
			return wire.AppendNeighborAnnouncement(nil, macB, wire.LinkLocalFromMAC(macB), b6, wire.NAFlags{Override: true})
		},
		"answer":   func(f family) []byte { return f.reply(f.host, macB) },
		"IPv4":     func(family) []byte { return echo(t, b4, a4, macB, macLB, 64) },
		"stranger": func(family) []byte { return wire.AppendARPAnnouncement(nil, macC, addr("10.0.2.77")) },
	} {
		t.Run(name, func(t *testing.T) {
			eachFamily(t, func(t *testing.T, f family) {
				g := start(t, gated)
				began := g.clock.Now()
				g.inject(0, udps(t, f.host, 0, 64)...)
				g.rest()
				g.pass(10 * time.Second)
				rows := g.r.Parked().NextHops
				if len(rows) != 1 || rows[0].Packets != 64 || rows[0].WaitingFor != "up" || rows[0].Port != "b" || rows[0].Probes != 5 ||
					rows[0].RouterPort != "lrp-b" || rows[0].IP != f.host {
					t.Fatalf("parked: %+v", rows)
				}
				if gi := g.gate(); gi.Open || gi.Packets != 64 || gi.Since.After(began) {
					t.Errorf("the gate is %+v", gi)
				}
				if n := g.state(f.host); n.State != "PERMANENT" || n.MAC != macB {
					t.Errorf("the neighbor is %+v", n)
				}
				g.take(1)
				g.inject(1, frame(f))
				g.rest()
				inOrder(t, flow(t, g.take(1), f.host, macB), 0, 64)
				g.inject(0, udps(t, f.host, 64, 5)...)
				g.rest()
				inOrder(t, flow(t, g.take(1), f.host, macB), 64, 5)
				g.checkTotals(arpbuf.ParkedTotals{Parked: 64, Drained: 64})
				if c := g.f.Counters(); c.GateParked != 64 || c.DrainedOf(cgo.ParkGated) != 64 || c.GateParkedNow() != 0 {
					t.Errorf("at gates: %d parked, %d drained", c.GateParked, c.DrainedOf(cgo.ParkGated))
				}
				if gi := g.gate(); !gi.Open || gi.Packets != 0 || gi.Since != g.clock.Now() {
					t.Errorf("the gate is %+v", gi)
				}
				if len(g.r.Parked().NextHops) != 0 {
					t.Errorf("still parked: %+v", g.r.Parked())
				}
			})
		})
	}
}

// What a gated host says of itself changes nothing but the gate, and its questions are
// answered.
func TestGatedHostSpeaks(t *testing.T) {
	g := start(t, gated)
	g.inject(1, wire.AppendARPRequest(nil, wire.Broadcast, macB, b4, lb4))
	g.inject(1, wire.AppendARPAnnouncement(nil, macC, b4))
	g.rest()
	if a, err := wire.DecodeARP(g.take(1)[0]); err != nil || a.Op != wire.ARPReply || a.SenderMAC != macLB {
		t.Errorf("the answer is %+v, %v", a, err)
	}
	if n := g.state(b4); n.State != "PERMANENT" || n.MAC != macB || n.Origin != "static" {
		t.Errorf("the neighbor is %+v", n)
	}
	g.inject(0, udps(t, b4, 0, 3)...)
	g.rest()
	inOrder(t, flow(t, g.take(1), b4, macB), 0, 3)
	g.checkTotals(arpbuf.ParkedTotals{})
}

// A command opens the gate as a frame does, under either name.
func TestRelease(t *testing.T) {
	for _, name := range []string{"b", "p-b"} {
		t.Run(name, func(t *testing.T) {
			g := start(t, gated)
			g.inject(0, udps(t, b4, 0, 20)...)
			g.inject(0, udps(t, b6, 0, 10)...)
			g.rest()
			g.take(1)
			if n, err := g.release(name); n != 30 || err != nil {
				t.Errorf("released %d, %v; want 30", n, err)
			}
			g.rest()
			frames := g.take(1)
			inOrder(t, flow(t, frames, b4, macB), 0, 20)
			inOrder(t, flow(t, frames, b6, macB), 0, 10)
			if n, err := g.release(name); n != 0 || err != nil || !g.gate().Open {
				t.Errorf("released again: %d, %v", n, err)
			}
			g.link("p-a", false) // another's
			if !g.gate().Open {
				t.Error("closed by another port's link")
			}
			g.link("p-b", false)
			g.inject(0, udps(t, b4, 20, 5)...)
			g.rest()
			if gi := g.gate(); gi.Open || gi.Packets != 5 {
				t.Errorf("after link down the gate is %+v", gi)
			}
			g.checkTotals(arpbuf.ParkedTotals{Parked: 35, Drained: 30, InRing: 5})
			if n, err := g.release(name); n != 5 || err != nil { // the operator knows better
				t.Errorf("released %d, %v; want 5", n, err)
			}
			g.rest()
			inOrder(t, flow(t, g.take(1), b4, macB), 20, 5)
		})
	}
}

func TestReleaseOfNoGate(t *testing.T) {
	t.Run("another name", func(t *testing.T) {
		g := start(t, gated)
		for _, name := range []string{"a", "p-a", "lrp-b", "nobody", ""} {
			if _, err := g.release(name); !errors.Is(err, arpbuf.ErrNoGate) || !strings.Contains(err.Error(), "there are b, lost") {
				t.Errorf("%q: %v", name, err)
			}
		}
	})
	t.Run("no gates", func(t *testing.T) {
		g := start(t, nil)
		if _, err := g.release("b"); !errors.Is(err, arpbuf.ErrNoGate) || !strings.Contains(err.Error(), "there is none") {
			t.Errorf("%v", err)
		}
		if len(g.r.Gates()) != 0 {
			t.Errorf("gates: %+v", g.r.Gates())
		}
	})
}

// Link down closes the gate. Nothing that waits there is freed by it, by link up or by
// another link down; the next first frame sends it all.
func TestLinkDownClosesTheGate(t *testing.T) {
	eachFamily(t, func(t *testing.T, f family) {
		g := start(t, gated)
		g.inject(1, wire.AppendARPAnnouncement(nil, macB, b4))
		g.rest()
		for round := range uint32(3) {
			from := 30 * round
			g.inject(0, udps(t, f.host, from, 10)...)
			g.rest()
			inOrder(t, flow(t, g.take(1), f.host, macB), from, 10)
			g.link("p-b", false)
			g.inject(0, udps(t, f.host, from+10, 10)...)
			g.rest()
			g.link("p-b", false)
			g.pass(6 * time.Second)
			if frames := g.take(1); len(frames) != 0 {
				t.Errorf("%d frames left by a port that is down", len(frames))
			}
			g.link("p-b", true)
			g.inject(0, udps(t, f.host, from+20, 10)...)
			g.rest()
			if frames := g.take(1); f.probes(frames) != 1 || len(frames) != 1 {
				t.Errorf("%d frames after link up, %d of them questions; want 1", len(frames), f.probes(frames))
			}
			if gi := g.gate(); gi.Open || gi.Packets != 20 {
				t.Errorf("after link up the gate is %+v", gi)
			}
			g.inject(1, f.reply(f.host, macB))
			g.rest()
			inOrder(t, flow(t, g.take(1), f.host, macB), from+10, 20)
		}
		g.checkTotals(arpbuf.ParkedTotals{Parked: 60, Drained: 60})
	})
}

// A gate that closes while it drains into a full transmit queue: what control has in
// hand is counted, the rest waits on, and order holds.
func TestGateClosesWhileDraining(t *testing.T) {
	g := startWith(t, 32, gated)
	g.inject(0, udps(t, b4, 0, 200)...)
	g.rest()
	g.take(1)
	g.inject(1, wire.AppendARPAnnouncement(nil, macB, b4))
	for g.out[1].Len() < 32 {
		g.r.Turn()
	}
	done := make(chan error, 1)
	go func() { done <- g.r.PortLink(context.Background(), "p-b", false) }()
	for len(done) == 0 {
		g.r.Turn() // without taking anything from the queue
	}
	g.rest()
	first := flow(t, g.take(1), b4, macB)
	inOrder(t, first, 0, 32)
	c, full := g.f.Counters(), int(g.drops("tx_full"))
	if waiting := g.gate().Packets; full == 0 || waiting == 0 || 32+full+waiting != 200 || c.ParkedNow() != int64(waiting) {
		t.Errorf("%d wait, %d counted as tx_full, of 200", waiting, full)
	}
	g.inject(1, wire.AppendARPAnnouncement(nil, macB, b4))
	g.wait("the gate to open", func() bool { return g.gate().Open })
	g.rest()
	rest := flow(t, g.take(1), b4, macB)
	if lost := 200 - 32 - len(rest); lost != int(g.drops("tx_full")) {
		t.Errorf("%d lost, %d counted", lost, g.drops("tx_full"))
	}
	for i, seq := range rest {
		if int(seq) < 32+full || i > 0 && seq <= rest[i-1] {
			t.Fatalf("packet %d is number %d", i, seq)
		}
	}
}

// A frame proves that a link is up that the driver calls down.
func TestFrameFromADownPortOpensTheGate(t *testing.T) {
	g := start(t, gated)
	g.link("p-b", false)
	g.inject(0, udps(t, b4, 0, 3)...)
	g.rest()
	g.inject(1, rarp(macB))
	g.rest()
	inOrder(t, flow(t, g.take(1), b4, macB), 0, 3)
	g.link("p-b", false) // and now it is
	g.inject(0, udps(t, b4, 3, 1)...)
	g.rest()
	g.checkTotals(arpbuf.ParkedTotals{Parked: 4, Drained: 3, InRing: 1})
}

// An interface that the driver can't see any more closes the gate and nothing else, and
// may be up: packets that wait ask.
func TestPortLost(t *testing.T) {
	g := start(t, gated)
	lost := func(port string) {
		t.Helper()
		if err := g.do("lost port", func() error { return g.r.PortLost(context.Background(), port) }); err != nil {
			t.Error(err)
		}
	}
	g.inject(1, rarp(macB)) // the gateway's own kernel, before the tap went to the pod
	g.rest()
	g.inject(0, udps(t, addr("10.0.2.50"), 0, 3)...) // not gated
	g.rest()
	lost("p-a")
	if !g.gate().Open {
		t.Error("closed by another port's loss")
	}
	lost("p-b")
	g.rest()
	g.checkTotals(arpbuf.ParkedTotals{Parked: 3, InRing: 3})
	g.take(1)
	g.inject(0, udps(t, b4, 0, 5)...)
	g.rest()
	g.link("p-b", false)
	lost("p-b")
	g.rest()
	if n := count(g.take(1), func(b []byte) bool { return isARPRequest(b, b4) }); n != 2 {
		t.Errorf("%d probes, want 2: at the begin and when the link was not down any more", n)
	}
	g.inject(1, arpReply(b4, macB))
	g.rest()
	inOrder(t, flow(t, g.take(1), b4, macB), 0, 5)
}

// Nobody can appear behind a port that nothing is bound to: no questions, but packets
// wait, and a command sends them to where everything for such a port ends.
func TestGateWithoutBinding(t *testing.T) {
	g := start(t, gated)
	g.inject(0, udps(t, lost4, 0, 5)...)
	g.rest()
	g.pass(20 * time.Second)
	if n := len(g.take(1)) + len(g.take(0)); n != 0 {
		t.Errorf("%d frames", n)
	}
	rows := g.r.Parked().NextHops
	if len(rows) != 1 || rows[0].Port != "lost" || rows[0].Packets != 5 || rows[0].Probes != 0 {
		t.Errorf("parked: %+v", rows)
	}
	if n, err := g.release("lost"); n != 5 || err != nil {
		t.Errorf("released %d, %v", n, err)
	}
	g.rest()
	if n := g.drops("out_port_unbound"); n != 5 {
		t.Errorf("%d packets counted as out_port_unbound, want 5", n)
	}
}

// A route's next hop behind a gate: what the route takes waits there.
func TestGatewayBehindAGate(t *testing.T) {
	g := start(t, gated)
	dst := addr("192.0.2.77")
	g.inject(0, udps(t, dst, 0, 30)...)
	g.rest()
	if frames := g.take(1); len(frames) != 1 || !isARPRequest(frames[0], gw4) {
		t.Fatalf("frames %x", frames)
	}
	g.pass(10 * time.Second)
	if g.flush(arpbuf.Filter{}) != 0 || g.state(gw4).State != "PERMANENT" {
		t.Errorf("the gateway is %+v", g.state(gw4))
	}
	g.take(1)
	g.inject(1, arpReply(gw4, macB))
	g.rest()
	inOrder(t, flow(t, g.take(1), dst, macB), 0, 30)
	g.link("p-b", false)
	g.inject(0, udps(t, dst, 30, 2)...)
	g.rest()
	g.checkTotals(arpbuf.ParkedTotals{Parked: 32, Drained: 30, InRing: 2})
}

// The first frame from a gated host in the same burst as its own traffic: TTL errors,
// pings and the like for it find the gate open.
func TestGatedHostPings(t *testing.T) {
	g := start(t, gated)
	ip, typ := ipLayer(b4, la4, 64, layers.IPProtocolICMPv4)
	ping := serialize(t, ether(macB, macLB, typ), ip, &layers.ICMPv4{TypeCode: layers.CreateICMPv4TypeCode(8, 0)}, gopacket.Payload("x"))
	g.inject(1, ping)
	g.rest()
	if p, typ, _ := g.icmp(1); typ != wire.ICMPEchoReply || p.EthDst != macB {
		t.Errorf("type %d to %s", typ, p.EthDst)
	}
}
