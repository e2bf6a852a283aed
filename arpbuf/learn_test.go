// SPDX-License-Identifier: Apache-2.0

package arpbuf_test

import (
	"context"
	"net/netip"
	"testing"
	"time"

	"github.com/parkway-gw/parkway/arpbuf"
	"github.com/parkway-gw/parkway/forwarder"
	"github.com/parkway-gw/parkway/internal/wire"
)

var macC = mac("02:00:00:00:0b:0c")

// flush runs Flush while the test turns the loop.
func (g *gateway) flush(f arpbuf.Filter) int {
	g.t.Helper()
	type result struct {
		n   int
		err error
	}
	done := make(chan result, 1)
	go func() {
		n, err := g.r.Flush(context.Background(), f)
		done <- result{n, err}
	}()
	var res result
	g.wait("flush", func() bool {
		select {
		case res = <-done:
			return true
		default:
			return false
		}
	})
	if res.err != nil {
		g.t.Error(res.err)
	}
	return res.n
}

// resolve makes a neighbor REACHABLE.
func (g *gateway) resolve(f family) {
	g.t.Helper()
	g.inject(0, udp(g.t, f.host, 0, 64, 0))
	g.rest()
	g.inject(1, f.reply(f.host, macB))
	g.rest()
	g.wait("the parked packet to leave", func() bool { c := g.f.Counters(); return c.ParkedNow() == 0 && c.Balance() == 0 })
	if s := g.state(f.host).State; s != "REACHABLE" {
		g.t.Fatalf("%s is %s", f.host, s)
	}
	g.take(1)
}

// After a flush the next packet parks and asks again; none is lost.
func TestFlush(t *testing.T) {
	eachFamily(t, func(t *testing.T, f family) {
		g := start(t, nil)
		for range 3 {
			g.resolve(f)
			if n := g.flush(arpbuf.Filter{RouterPort: "lrp-a"}); n != 0 {
				t.Errorf("%d flushed behind lrp-a, want 0", n)
			}
			if n := g.flush(arpbuf.Filter{Router: "lr0"}); n != 1 {
				t.Errorf("%d flushed, want 1", n)
			}
			g.inject(0, udps(t, f.host, 1, 10)...)
			g.rest()
			if n := g.flush(arpbuf.Filter{}); n != 0 { // packets wait: nothing to forget
				t.Errorf("%d flushed, want 0", n)
			}
			if n := f.probes(g.take(1)); n != 1 {
				t.Errorf("%d probes, want 1", n)
			}
			g.inject(1, f.reply(f.host, macB))
			g.rest()
			inOrder(t, flow(t, g.take(1), f.host, macB), 1, 10)
			g.flush(arpbuf.Filter{IP: f.host})
		}
		if s := g.state(a4).State; s != "PERMANENT" {
			t.Errorf("the configured neighbor is %s", s)
		}
	})
}

// A gateway survives a flush as an entry.
func TestFlushGateway(t *testing.T) {
	g := start(t, nil)
	dst := addr("192.0.2.7")
	for range 2 {
		g.inject(0, udps(t, dst, 0, 2)...)
		g.rest()
		g.inject(1, arpReply(gw4, macB))
		g.rest()
		inOrder(t, flow(t, g.take(1), dst, macB), 0, 2)
		g.flush(arpbuf.Filter{})
		if s := g.state(gw4).State; s != "INCOMPLETE" {
			t.Errorf("flushed gateway is %s", s)
		}
	}
}

// At MaxEntries a new next hop is refused and its packets are counted; those that
// are known go on.
func TestMaxEntries(t *testing.T) {
	g := start(t, func(_ *forwarder.Config, c *arpbuf.Config) { c.MaxEntries = 1 })
	g.resolve(families[0])
	g.inject(0, udps(t, b6, 0, 5)...)
	g.rest()
	g.wait("the refusal", func() bool { c := g.f.Counters(); return c.ParkedNow() == 0 })
	g.checkTotals(arpbuf.ParkedTotals{Parked: 6, Drained: 1, Discarded: 5})
	if n := g.drops("park_neighbors_full"); n != 5 {
		t.Errorf("%d packets found no neighbor entry, want 5", n)
	}
	g.inject(0, udps(t, b4, 0, 5)...)
	g.rest()
	inOrder(t, flow(t, g.take(1), b4, macB), 0, 5)
	if n := g.r.Stats().Neighbors.Refused; n == 0 {
		t.Error("nothing counted as refused")
	}
}

// N13: a table full of neighbors that were never confirmed makes room for a next hop
// that packets wait for. With the defaults forwarder and arpbuf have the same bound.
func TestFullTableMakesRoom(t *testing.T) {
	g := start(t, func(f *forwarder.Config, c *arpbuf.Config) { f.MaxNeighbors, c.MaxEntries = 32, 32 })
	for i := range byte(100) {
		g.inject(1, wire.AppendARPAnnouncement(nil, forwarder.MAC{2, 0, 0, 0, 9, i}, netip.AddrFrom4([4]byte{10, 0, 2, 20 + i})))
	}
	g.rest()
	g.resolve(families[0])
	if s := g.r.Stats(); s.NoAdjacency != 0 || s.Neighbors.Evicted < 60 {
		t.Errorf("no adjacency for %d, %d gave way", s.NoAdjacency, s.Neighbors.Evicted)
	}
	g.checkTotals(arpbuf.ParkedTotals{Parked: 1, Drained: 1})
}

// A2: requests for our addresses are answered, to the asker alone, and teach its
// address (A1). A10: a probe is answered and teaches nothing.
func TestAnswersARP(t *testing.T) {
	g := start(t, nil)
	g.inject(1, wire.AppendARPRequest(nil, wire.Broadcast, macB, b4, lb4))
	g.rest()
	out := g.take(1)
	if len(out) != 1 {
		t.Fatalf("%d frames, want 1", len(out))
	}
	a, err := wire.DecodeARP(out[0])
	if err != nil || a.Op != wire.ARPReply || a.EthDst != macB || a.SenderMAC != macLB || a.SenderIP != lb4 || a.TargetIP != b4 {
		t.Errorf("reply %+v, %v", a, err)
	}
	if n := g.state(b4); n.State != "STALE" || n.MAC != macB {
		t.Errorf("the asker is %+v", n)
	}
	// The asker needs no request now.
	g.inject(0, udps(t, b4, 0, 2)...)
	g.rest()
	inOrder(t, flow(t, g.take(1), b4, macB), 0, 2)

	g.inject(1, wire.AppendARPRequest(nil, wire.Broadcast, macC, addr("0.0.0.0"), lb4))
	g.rest()
	if out := g.take(1); len(out) != 1 {
		t.Errorf("%d answers to an ARP probe, want 1", len(out))
	}
	if s := g.state(addr("0.0.0.0")).State; s != "none" {
		t.Errorf("0.0.0.0 is %s", s)
	}
}

// N7: solicitations for a global and the link-local address are answered.
func TestAnswersND(t *testing.T) {
	g := start(t, nil)
	hostLL, ourLL := wire.LinkLocalFromMAC(macB), wire.LinkLocalFromMAC(macLB)
	for _, target := range []netip.Addr{lb6, ourLL} {
		g.inject(1, wire.AppendNeighborSolicitation(nil, macB, hostLL, target))
		g.rest()
		out := g.take(1)
		if len(out) != 1 {
			t.Fatalf("%d frames for %s, want 1", len(out), target)
		}
		na, err := wire.DecodeND(out[0])
		if err != nil || na.Type != wire.NeighborAdvertisement || na.Target != target || na.TLLA != macLB || !na.Router ||
			!na.Solicited || na.EthDst != macB || na.Dst != hostLL {
			t.Errorf("advertisement %+v, %v", na, err)
		}
	}
	if n := g.state(hostLL); n.State != "STALE" || n.MAC != macB {
		t.Errorf("the asker is %+v", n)
	}
	g.inject(1, wire.AppendNeighborSolicitation(nil, macC, addr("::"), lb6)) // DAD
	g.rest()
	out := g.take(1)
	if len(out) != 1 {
		t.Fatalf("%d answers to DAD, want 1", len(out))
	}
	if na, err := wire.DecodeND(out[0]); err != nil || na.Dst != wire.AllNodes || na.Solicited {
		t.Errorf("answer to DAD %+v, %v", na, err)
	}
}

// What must not be learned is not.
func TestDoesNotLearn(t *testing.T) {
	request := func(mac forwarder.MAC, sender, target string) []byte {
		return wire.AppendARPRequest(nil, wire.Broadcast, mac, addr(sender), addr(target))
	}
	for _, c := range []struct {
		name  string
		frame []byte
		ip    netip.Addr
	}{
		{"reply that nobody asked for", arpReply(b4, macB), b4},
		{"NA for an unknown host", advertisement(b6, macB), b6},
		{"sender beyond the network", request(macB, "10.0.3.9", "10.0.2.1"), addr("10.0.3.9")},
		{"sender is the broadcast address", request(macB, "10.0.2.255", "10.0.2.1"), addr("10.0.2.255")},
		{"sender is the router", request(macB, "10.0.2.1", "10.0.2.9"), lb4},
		{"multicast sender MAC", append(append(wire.Broadcast[:6:6], macB[:]...), // A7: not the frame's, the packet's
			request(mac("03:00:00:00:00:01"), "10.0.2.9", "10.0.2.1")[12:]...), b4},
	} {
		t.Run(c.name, func(t *testing.T) {
			g := start(t, nil)
			g.inject(1, c.frame)
			g.rest()
			if s := g.state(c.ip).State; s != "none" {
				t.Errorf("%s is %s", c.ip, s)
			}
		})
	}
	t.Run("request for others without always_learn", func(t *testing.T) {
		g := start(t, func(c *forwarder.Config, _ *arpbuf.Config) {
			c.Topology.Routers[0].Options.AlwaysLearnFromARPRequest = false
		})
		g.inject(1, request(macB, "10.0.2.9", "10.0.2.10"))
		g.rest()
		if s := g.state(b4).State; s != "none" {
			t.Errorf("%s is %s", b4, s)
		}
	})
}

// A8: after an announcement the next packet goes to the new MAC.
func TestMACMove(t *testing.T) {
	eachFamily(t, func(t *testing.T, f family) {
		g := start(t, nil)
		g.resolve(f)
		g.inject(1, f.reply(f.host, macC))
		g.rest()
		g.inject(0, udps(t, f.host, 0, 1)...)
		g.rest()
		inOrder(t, flow(t, g.take(1), f.host, macC), 0, 1)
		if got := g.r.Stats().Neighbors.Moves; got != 1 {
			t.Errorf("%d moves, want 1", got)
		}
	})
}

// STALE, DELAY and PROBE keep forwarding while unicast probes verify the neighbor.
// When they stay unanswered the entry goes, and the next packet asks everybody: a MAC
// that moved without a word is found again (N10, RFC 4861 7.3.3).
func TestStaleUsedIsProbed(t *testing.T) {
	eachFamily(t, func(t *testing.T, f family) {
		g := start(t, nil)
		g.resolve(f)
		g.clock.advance(45 * time.Second)
		g.turn()
		states := map[string]bool{}
		for i := range uint32(100) { // 10 s
			states[g.state(f.host).State] = true
			if s := g.state(f.host).State; s == "none" || s == "INCOMPLETE" {
				break
			}
			g.inject(0, udp(t, f.host, i, 64, 0))
			g.pass(100 * time.Millisecond)
		}
		frames := g.take(1)
		for _, s := range []string{"STALE", "DELAY", "PROBE"} {
			if !states[s] {
				t.Errorf("never %s", s)
			}
		}
		unicast := count(frames, func(b []byte) bool { return f.probe(b, f.host) && forwarder.MAC(b[:6]) == macB })
		if unicast != 3 {
			t.Errorf("%d unicast probes, want 3", unicast)
		}
		if c := g.f.Counters(); c.Parked > 2 { // the very first, and one that met the deletion
			t.Errorf("%d packets parked", c.Parked)
		}
		seq := flow(t, frames, f.host, macB)
		inOrder(t, seq, 0, uint32(len(seq)))
		if len(seq) < 70 {
			t.Errorf("%d packets forwarded in the meantime", len(seq))
		}
		g.inject(0, udp(t, f.host, 1000, 64, 0))
		g.rest()
		frames = append(frames, g.take(1)...)
		if n := count(frames, func(b []byte) bool { return f.probe(b, f.host) && b[0]&1 != 0 }); n != 1 {
			t.Errorf("%d requests by multicast after the deletion, want 1", n)
		}
	})
}
