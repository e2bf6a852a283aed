// SPDX-License-Identifier: Apache-2.0

package arpbuf_test

import (
	"context"
	"fmt"
	"net/netip"
	"testing"
	"time"

	"github.com/parkway-gw/parkway/arpbuf"
	"github.com/parkway-gw/parkway/forwarder"
	"github.com/parkway-gw/parkway/internal/wire"
)

func announcing(_ *forwarder.Config, c *arpbuf.Config) {
	c.Announcements = arpbuf.DefaultConfig().Announcements
}

// announced counts, by address, the announcements among frames, and demands that they
// are as they must be.
func announced(t *testing.T, frames [][]byte, mac forwarder.MAC) map[netip.Addr]int {
	t.Helper()
	out := map[netip.Addr]int{}
	for _, f := range frames {
		if a, err := wire.DecodeARP(f); err == nil {
			if a.Op != wire.ARPRequest || !a.IsGratuitous() || a.EthDst != wire.Broadcast || a.EthSrc != mac || a.SenderMAC != mac {
				t.Errorf("not an announcement: %+v", a)
			}
			out[a.SenderIP]++
			continue
		}
		na, err := wire.DecodeND(f)
		all, _ := wire.MulticastMAC(wire.AllNodes)
		if err != nil || na.Type != wire.NeighborAdvertisement || na.Solicited || !na.Router || !na.Override ||
			na.TLLA != mac || na.EthSrc != mac || na.EthDst != all || na.Dst != wire.AllNodes || na.Src != na.Target {
			t.Errorf("not an announcement: %+v, %v", na, err)
		}
		out[na.Target]++
	}
	return out
}

// wantAnnounced demands n announcements of each address of a port and no other frame.
func (g *gateway) wantAnnounced(port, n int) {
	g.t.Helper()
	own, mac := []netip.Addr{la4, la6, wire.LinkLocalFromMAC(macLA)}, macLA
	if port == 1 {
		own, mac = []netip.Addr{lb4, lb6, wire.LinkLocalFromMAC(macLB)}, macLB
	}
	got := announced(g.t, g.take(port), mac)
	want := 0
	for _, ip := range own {
		if got[ip] != n {
			g.t.Errorf("%s was announced %d times, want %d", ip, got[ip], n)
		}
		if n > 0 {
			want++
		}
	}
	if len(got) != want {
		g.t.Errorf("announced on port %d: %v", port, got)
	}
}

// A9, N12: at start every address of every router port is announced, three times and a
// second apart, and then no more.
func TestAnnouncesItself(t *testing.T) {
	g := start(t, announcing)
	g.turn()
	g.rest()
	for range 3 {
		g.wantAnnounced(0, 1)
		g.wantAnnounced(1, 1)
		g.pass(900 * time.Millisecond)
		g.wantAnnounced(0, 0)
		g.pass(100 * time.Millisecond)
	}
	g.pass(10 * time.Second)
	g.wantAnnounced(0, 0)
	g.wantAnnounced(1, 0)
	if s := g.r.Stats(); s.ARPAnnouncements != 6 || s.NDAnnouncements != 12 {
		t.Errorf("%d ARP and %d ND announcements, want 6 and 12", s.ARPAnnouncements, s.NDAnnouncements)
	}
	if at := g.r.TurnWait(); at != 5*time.Millisecond {
		t.Errorf("with nothing to announce, the next turn may wait %v", at)
	}
}

// A link that comes up, or a tap that goes to another namespace, hears it anew; other
// links do not.
func TestAnnouncesAtLinkUp(t *testing.T) {
	g := start(t, announcing)
	g.pass(3 * time.Second)
	g.take(0)
	g.take(1)
	again := func(n int) {
		t.Helper()
		g.wantAnnounced(1, 1)
		g.pass(3 * time.Second)
		g.wantAnnounced(1, n-1)
		g.wantAnnounced(0, 0)
	}
	g.link("p-b", false)
	g.pass(time.Second)
	g.wantAnnounced(1, 0)
	g.link("p-b", true)
	g.rest()
	again(3)
	g.link("p-b", true)
	g.rest()
	again(3)

	done := make(chan error, 1)
	go func() { done <- g.r.PortLost(context.Background(), "p-b") }()
	g.wait("PortLost", func() bool { return len(done) == 1 })
	g.rest()
	again(3)

	// Up in the middle of a series: it starts over, it does not run twice.
	g.link("p-b", true)
	g.pass(1500 * time.Millisecond)
	g.wantAnnounced(1, 2)
	g.link("p-b", true)
	g.rest()
	again(3)
}

// With a thousand addresses every one gets its turn, a bounded number at a time.
func TestAnnouncementsAreSpread(t *testing.T) {
	const ports, each = 20, 50
	ip := func(i, j int) netip.Addr { return manyIP(i*each + j) }
	g := start(t, func(fc *forwarder.Config, ac *arpbuf.Config) {
		announcing(fc, ac)
		manyAddresses(fc, ports, each)
	})
	perTurn, seen := 0, map[netip.Addr]int{}
	last := uint64(0)
	for range 150 { // 6 s: three rounds of 1,000 a second
		g.turn()
		g.rest()
		s := g.r.Stats()
		perTurn = max(perTurn, int(s.ARPAnnouncements+s.NDAnnouncements-last))
		last = s.ARPAnnouncements + s.NDAnnouncements
		for _, f := range g.take(1) {
			if a, err := wire.DecodeARP(f); err == nil {
				seen[a.SenderIP]++
			}
		}
		g.clock.advance(40 * time.Millisecond)
	}
	if perTurn > 32*2 { // rest turns once more
		t.Errorf("%d announcements between two looks", perTurn)
	}
	for i := range ports {
		for j := range each {
			if seen[ip(i, j)] != 3 {
				t.Fatalf("%s was announced %d times, want 3", ip(i, j), seen[ip(i, j)])
			}
		}
	}
	if n := g.drops("inject_full"); n != 0 {
		t.Errorf("%d announcements found no room", n)
	}
}

// A router port behind which nobody is says nothing.
func TestNobodyToAnnounceTo(t *testing.T) {
	g := start(t, func(fc *forwarder.Config, ac *arpbuf.Config) {
		announcing(fc, ac)
		r := &fc.Topology.Routers[0]
		r.Ports = append(r.Ports, forwarder.RouterPort{Name: "lrp-c", MAC: mac("02:00:00:00:0c:01"),
			Networks: []netip.Prefix{netip.MustParsePrefix("10.0.3.1/24")}})
		fc.Topology.Switches = append(fc.Topology.Switches, forwarder.Switch{Name: "sw-c",
			Ports: []forwarder.SwitchPort{{Name: "to-lrp-c", Type: forwarder.PortRouter, RouterPort: "lrp-c"}}})
	})
	g.pass(5 * time.Second)
	if s := g.r.Stats(); s.ARPAnnouncements != 6 || s.NDAnnouncements != 12 {
		t.Errorf("%d ARP and %d ND announcements, want 6 and 12", s.ARPAnnouncements, s.NDAnnouncements)
	}
}

// RFC 5227 §2.4(c): somebody else with an address of ours is contradicted once in ten
// seconds, however often he says so, and counted every time.
func TestConflictIsDefended(t *testing.T) {
	for _, c := range []struct {
		name  string
		frame []byte
		ip    netip.Addr
	}{
		{"gratuitous ARP", wire.AppendARPReply(nil, wire.ARP{SenderMAC: wire.Broadcast, SenderIP: lb4, TargetIP: lb4}, macB), lb4},
		{"ARP request for another", wire.AppendARPRequest(nil, wire.Broadcast, macB, lb4, b4), lb4},
		{"unsolicited NA", wire.AppendNeighborAnnouncement(nil, macB, lb6, lb6, wire.NAFlags{Override: true}), lb6},
		{"NS for another", wire.AppendNeighborSolicitation(nil, macB, lb6, addr("2001:db8:2::77")), lb6},
		{"NS without SLLA", nsWithoutSLLA(macB, lb6, addr("2001:db8:2::77")), lb6},
	} {
		t.Run(c.name, func(t *testing.T) {
			g := start(t, nil)
			for round := range 3 {
				for range 5 {
					g.inject(1, c.frame)
				}
				g.rest()
				if got := announced(t, g.take(1), macLB); got[c.ip] != 1 || len(got) != 1 {
					t.Errorf("round %d: defended by %v", round, got)
				}
				g.pass(9900 * time.Millisecond)
				g.inject(1, c.frame)
				g.rest()
				if got := announced(t, g.take(1), macLB); len(got) != 0 {
					t.Errorf("round %d: again within ten seconds: %v", round, got)
				}
				g.pass(100 * time.Millisecond)
			}
			s := g.r.Stats()
			if s.Conflicts != 18 || s.Defended != 3 {
				t.Errorf("%d conflicts, %d times defended; want 18 and 3", s.Conflicts, s.Defended)
			}
			if got := g.r.Conflicts(); len(got) != 2 || got[0] != (arpbuf.PortConflicts{RouterPort: "lrp-a"}) ||
				got[1] != (arpbuf.PortConflicts{RouterPort: "lrp-b", Count: 18}) {
				t.Errorf("by router port: %+v", got)
			}
			if s := g.state(c.ip).State; s != "none" {
				t.Errorf("our own address is a neighbor: %s", s)
			}
		})
	}
}

// Each address has its own ten seconds.
func TestConflictsOfTwoAddresses(t *testing.T) {
	g := start(t, nil)
	for range 3 {
		g.inject(1, wire.AppendARPAnnouncement(nil, macB, lb4), wire.AppendNeighborAnnouncement(nil, macB, lb6, lb6, wire.NAFlags{}))
	}
	g.rest()
	frames := g.take(1)
	replies := count(frames, func(f []byte) bool { a, err := wire.DecodeARP(f); return err == nil && a.Op == wire.ARPReply })
	if replies != 3 || len(frames) != 5 { // a request for our address is answered, too
		t.Errorf("%d ARP replies and %d frames, want 3 and 5", replies, len(frames))
	}
	if s := g.r.Stats(); s.Defended != 2 {
		t.Errorf("%d times defended, want 2", s.Defended)
	}
}

// RFC 4862 §5.4.3: a probe for an address of ours is answered to all nodes, at once and
// every time; it is a question and not a conflict.
func TestDuplicateProbeIsAnswered(t *testing.T) {
	g := start(t, nil)
	for _, ip := range []netip.Addr{lb6, wire.LinkLocalFromMAC(macLB)} {
		for range 3 {
			g.inject(1, wire.AppendNeighborSolicitation(nil, macC, addr("::"), ip))
			g.rest()
			if got := announced(t, g.take(1), macLB); got[ip] != 1 || len(got) != 1 {
				t.Errorf("answered by %v", got)
			}
		}
	}
	if s := g.r.Stats(); s.Conflicts != 0 || s.Advertisements != 6 {
		t.Errorf("%d conflicts, %d advertisements; want 0 and 6", s.Conflicts, s.Advertisements)
	}
}

// nsWithoutSLLA is a multicast solicitation that names no link-layer address.
func nsWithoutSLLA(mac forwarder.MAC, src, target netip.Addr) []byte {
	f := wire.AppendNeighborSolicitation(nil, mac, src, target)
	f = f[:len(f)-8]
	msg := f[54:]
	f[18], f[19], msg[2], msg[3] = 0, byte(len(msg)), 0, 0
	sum := wire.Checksum(wire.PseudoHeaderSum(src, wire.SolicitedNodeGroup(target), wire.ProtoICMPv6, len(msg)), msg)
	msg[2], msg[3] = byte(sum>>8), byte(sum)
	return f
}

// manyAddresses adds router ports with addresses of networks of their own to switch b.
func manyAddresses(fc *forwarder.Config, ports, each int) {
	r, sw := &fc.Topology.Routers[0], &fc.Topology.Switches[1]
	for i := range ports {
		name := fmt.Sprintf("lrp-%d", i)
		p := forwarder.RouterPort{Name: name, MAC: forwarder.MAC{2, 1, 0, 0, 0, byte(i)}}
		for j := range each {
			p.Networks = append(p.Networks, netip.PrefixFrom(manyIP(i*each+j), 24))
		}
		r.Ports = append(r.Ports, p)
		sw.Ports = append(sw.Ports, forwarder.SwitchPort{Name: "to-" + name, Type: forwarder.PortRouter, RouterPort: name})
	}
}

func manyIP(i int) netip.Addr { return netip.AddrFrom4([4]byte{172, 16 + byte(i>>8), byte(i), 1}) }
