// SPDX-License-Identifier: Apache-2.0

package arpbuf_test

import (
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/parkway-gw/parkway/arpbuf"
	"github.com/parkway-gw/parkway/dpdk/dpdktest"
	"github.com/parkway-gw/parkway/forwarder"
	"github.com/parkway-gw/parkway/internal/wire"
)

// from gives a frame another Ethernet source.
func from(frame []byte, src forwarder.MAC) []byte {
	out := slices.Clone(frame)
	copy(out[6:12], src[:])
	return out
}

// bare is an advertisement without link-layer address: an answer to a unicast question.
func bare(src forwarder.MAC, target netip.Addr) []byte {
	f := advertisement(target, src)
	f = f[:len(f)-8]
	msg := f[54:]
	f[18], f[19], msg[2], msg[3] = 0, byte(len(msg)), 0, 0
	nd := wire.PseudoHeaderSum(netip.AddrFrom16([16]byte(f[22:38])), netip.AddrFrom16([16]byte(f[38:54])), wire.ProtoICMPv6, len(msg))
	sum := wire.Checksum(nd, msg)
	msg[2], msg[3] = byte(sum>>8), byte(sum)
	return f
}

// A claim of a MAC that the frame does not come from is counted and teaches nothing,
// neither a new neighbor nor a known one, and answers no question.
func TestForeignSenders(t *testing.T) {
	learning := func(fc *forwarder.Config, _ *arpbuf.Config) {
		fc.Topology.Routers[0].Options.LearnFromUnsolicitedNA = true
	}
	for _, c := range []struct {
		name   string
		frame  []byte
		about  netip.Addr
		reason wire.Reason
	}{
		{"ARP request", wire.AppendARPRequest(nil, wire.Broadcast, macB, b4, lb4), b4, wire.ReasonARPSenderForeign},
		{"ARP reply", arpReply(b4, macB), b4, wire.ReasonARPSenderForeign},
		{"gratuitous ARP", wire.AppendARPAnnouncement(nil, macB, b4), b4, wire.ReasonARPSenderForeign},
		{"NS", wire.AppendNeighborSolicitation(nil, macB, b6, lb6), b6, wire.ReasonNDLinkForeign},
		{"NA", advertisement(b6, macB), b6, wire.ReasonNDLinkForeign},
		{"unsolicited NA", wire.AppendNeighborAnnouncement(nil, macB, b6, b6, wire.NAFlags{Override: true}), b6, wire.ReasonNDLinkForeign},
	} {
		t.Run(c.name, func(t *testing.T) {
			g := start(t, learning)
			g.inject(1, from(c.frame, macC))
			g.rest()
			if s := g.state(c.about).State; s != "none" {
				t.Errorf("the neighbor is %s", s)
			}
			if n := g.r.Stats().Refused[c.reason]; n != 1 {
				t.Errorf("counted %d times", n)
			}
			// Known, and waited for.
			f := families[0]
			if c.about.Is6() {
				f = families[1]
			}
			g.resolve(f)
			moved := slices.Clone(c.frame)
			g.inject(1, from(moved, macC))
			g.inject(0, udps(t, c.about, 1, 1)...)
			g.rest()
			if n := g.state(c.about); n.MAC != macB || n.State != "REACHABLE" {
				t.Errorf("afterwards %+v", n)
			}
			inOrder(t, flow(t, g.take(1), c.about, macB), 1, 1)
		})
	}
	t.Run("NA without MAC", func(t *testing.T) { // confirms nothing for another
		g := start(t, nil)
		g.resolve(families[1])
		g.pass(50 * time.Second)
		if s := g.state(b6).State; s != "STALE" {
			t.Fatalf("it is %s", s)
		}
		g.inject(1, bare(macC, b6))
		g.rest()
		if s := g.state(b6).State; s != "STALE" {
			t.Errorf("another made it %s", s)
		}
		g.inject(1, bare(macB, b6))
		g.rest()
		if s := g.state(b6).State; s != "REACHABLE" {
			t.Errorf("it made itself %s", s)
		}
	})
}

// The operator is told when it is a next hop that is needed, not about noise.
func TestForeignAnswerIsTold(t *testing.T) {
	eachFamily(t, func(t *testing.T, f family) {
		var log dpdktest.Log
		g := start(t, func(_ *forwarder.Config, ac *arpbuf.Config) { ac.Logger = log.Logger() })
		answer := from(f.reply(f.host, macB), macC)
		told := func() int { return strings.Count(log.String(), "neighbors.foreign_sender: accept") }
		g.inject(1, answer)
		g.rest()
		if told() != 0 {
			t.Errorf("nobody needs it:\n%s", log.String())
		}
		g.inject(0, udp(t, f.host, 0, 64, 0))
		g.rest()
		g.inject(1, answer, answer)
		g.rest()
		if text := log.String(); told() != 1 || !strings.Contains(text, "ethernet_source="+macC.String()) || !strings.Contains(text, "ip="+f.host.String()) {
			t.Errorf("the log says\n%s", text)
		}
		g.pass(4 * time.Second)
	})
}

// Exceptions: a virtual router's MAC, and everybody where the operator says so.
func TestForeignSenderExceptions(t *testing.T) {
	for _, c := range []struct {
		name    string
		claimed forwarder.MAC
		tune    func(*forwarder.Config, *arpbuf.Config)
	}{
		{"VRRP", mac("00:00:5e:00:01:07"), nil},
		{"VRRP for IPv6", mac("00:00:5e:00:02:07"), nil},
		{"accepted", macC, func(_ *forwarder.Config, ac *arpbuf.Config) { ac.AcceptForeignSender = true }},
	} {
		t.Run(c.name, func(t *testing.T) {
			eachFamily(t, func(t *testing.T, f family) {
				g := start(t, c.tune)
				g.inject(0, udps(t, f.host, 0, 2)...)
				g.rest()
				g.inject(1, from(f.reply(f.host, c.claimed), macB))
				g.rest()
				g.wait("what waits", func() bool { c := g.f.Counters(); return c.ParkedNow() == 0 && c.Balance() == 0 })
				inOrder(t, flow(t, g.take(1), f.host, c.claimed), 0, 2)
			})
		})
	}
	// What is no virtual router's, though it looks like one.
	g := start(t, nil)
	for _, m := range []string{"00:00:5e:00:03:07", "00:00:5e:00:00:07", "02:00:5e:00:01:07", "00:01:5e:00:01:07"} {
		g.inject(1, from(wire.AppendARPRequest(nil, wire.Broadcast, mac(m), b4, lb4), macB))
	}
	g.rest()
	if n := g.r.Stats().Refused[wire.ReasonARPSenderForeign]; n != 4 || g.state(b4).State != "none" {
		t.Errorf("refused %d of 4, the neighbor is %s", n, g.state(b4).State)
	}
}

// N9, RFC 9131 §6.1: where the router listens, an advertisement of a host that nobody
// asked for makes a STALE entry, and packets for it need no question. Not of one that
// is not on the link, or does not say its MAC.
func TestN9_UnsolicitedAdvertisement(t *testing.T) {
	t.Run("unsolicited", func(t *testing.T) { unasked(t, false) })
	t.Run("solicited", func(t *testing.T) { unasked(t, true) })
}

func unasked(t *testing.T, solicited bool) {
	frame := wire.AppendNeighborAnnouncement(nil, macB, b6, b6, wire.NAFlags{})
	if solicited {
		frame = advertisement(b6, macB)
	}
	g := start(t, func(fc *forwarder.Config, _ *arpbuf.Config) {
		fc.Topology.Routers[0].Options.LearnFromUnsolicitedNA = true
	})
	off := addr("2001:db8:77::1")
	g.inject(1, frame, wire.AppendNeighborAnnouncement(nil, macC, off, off, wire.NAFlags{Override: true}), bare(macC, addr("2001:db8:2::77")))
	g.rest()
	if n := g.state(b6); n.State != "STALE" || n.MAC != macB {
		t.Errorf("it is %+v", n)
	}
	for _, ip := range []netip.Addr{off, addr("2001:db8:2::77")} {
		if s := g.state(ip).State; s != "none" {
			t.Errorf("%s is %s", ip, s)
		}
	}
	g.inject(0, udps(t, b6, 0, 2)...)
	g.rest()
	got := g.take(1)
	inOrder(t, flow(t, got, b6, macB), 0, 2)
	if families[1].probes(got) != 0 {
		t.Error("it was asked for")
	}
}

// However many advertise, the table keeps its bound, and who has answered stays.
func TestN9_Flood(t *testing.T) {
	g := start(t, func(fc *forwarder.Config, ac *arpbuf.Config) {
		fc.Topology.Routers[0].Options.LearnFromUnsolicitedNA = true
		fc.MaxNeighbors, ac.MaxEntries = 32, 32
	})
	g.resolve(families[1])
	for i := range 200 {
		ip := netip.AddrFrom16([16]byte{0x20, 1, 0x0d, 0xb8, 0, 2, 14: byte(i >> 8), 15: byte(i)}).Next().Next()
		if ip == b6 {
			continue
		}
		g.inject(1, wire.AppendNeighborAnnouncement(nil, forwarder.MAC{2, 9, 0, 0, 1, byte(i)}, ip, ip, wire.NAFlags{Override: true}))
		if i%50 == 0 {
			g.rest()
		}
	}
	g.rest()
	if n := len(g.r.Neighbors()); n != 35 { // two are configured, one a route names
		t.Errorf("%d neighbors", n)
	}
	if n := g.state(b6); n.State != "REACHABLE" {
		t.Errorf("who answered is %s", n.State)
	}
}

// A neighbor that goes to and fro is damped, said so once, shown, and keeps the MAC that
// answered.
func TestFlappingNeighbor(t *testing.T) {
	eachFamily(t, func(t *testing.T, f family) {
		g := start(t, nil)
		g.resolve(f)
		say := func(m forwarder.MAC) []byte {
			if f.host.Is4() {
				return wire.AppendARPAnnouncement(nil, m, f.host)
			}
			return wire.AppendNeighborAnnouncement(nil, m, f.host, f.host, wire.NAFlags{Override: true})
		}
		for i := range uint32(20) {
			m := []forwarder.MAC{macC, macB}[i%2]
			g.inject(1, say(m))
			g.rest()
			if i < 5 { // each is followed by the next packet
				g.inject(0, udps(t, f.host, i, 1)...)
				g.rest()
				inOrder(t, flow(t, g.take(1), f.host, m), i, 1)
			}
		}
		if n := g.state(f.host); n.MAC != macB || !n.Flapping {
			t.Errorf("afterwards %+v", n)
		}
		if n := g.r.Stats().Neighbors; n.Moves != 5 || n.Damped < 7 {
			t.Errorf("%d moves, %d damped", n.Moves, n.Damped)
		}
		g.inject(0, udps(t, f.host, 5, 1)...)
		g.rest()
		inOrder(t, flow(t, g.take(1), f.host, macB), 5, 1)
	})
}
