// SPDX-License-Identifier: Apache-2.0

package arpbuf_test

import (
	"net/netip"
	"testing"
	"time"

	"github.com/parkway-gw/parkway/arpbuf"
	"github.com/parkway-gw/parkway/forwarder"
	"github.com/parkway-gw/parkway/internal/topology"
	"github.com/parkway-gw/parkway/internal/wire"
)

func detecting(mode arpbuf.DuplicateDetection) func(*forwarder.Config, *arpbuf.Config) {
	return func(_ *forwarder.Config, ac *arpbuf.Config) { ac.DuplicateDetection = mode }
}

// question reports a router's probe for an own address, and for which.
func question(f []byte) (netip.Addr, bool) {
	if a, err := wire.DecodeARP(f); err == nil {
		return a.TargetIP, a.IsProbe() && a.EthDst == wire.Broadcast
	}
	nd, err := wire.DecodeND(f)
	return nd.Target, err == nil && nd.IsDAD() && nd.Dst == wire.SolicitedNodeGroup(nd.Target)
}

// questions counts them by address.
func questions(frames [][]byte) map[netip.Addr]int {
	out := map[netip.Addr]int{}
	for _, f := range frames {
		if ip, ok := question(f); ok {
			out[ip]++
		}
	}
	return out
}

// address is what is known of an own address.
func (g *gateway) address(ip netip.Addr) arpbuf.AddressInfo {
	g.t.Helper()
	for _, a := range g.r.Addresses() {
		if a.IP == ip {
			return a
		}
	}
	g.t.Fatalf("no address %s", ip)
	return arpbuf.AddressInfo{}
}

func (g *gateway) wantAddress(ip netip.Addr, state arpbuf.AddressState, inUse bool) {
	g.t.Helper()
	if a := g.address(ip); a.State != state || a.InUse != inUse {
		g.t.Errorf("%s is %s, in use %v; want %s, %v", ip, a.State, a.InUse, state, inUse)
	}
}

// A9, N12: each own address is asked for from 0.0.0.0 three times, one to two seconds apart
// (RFC 5227 §2.1.1), or from :: once (RFC 4862 §5.4.2), and again when its link comes up.
// By default it is used meanwhile.
func TestA9_OwnAddressesAreProbed(t *testing.T) {
	g := start(t, detecting(arpbuf.DetectReport))
	ll := wire.LinkLocalFromMAC(macLB)
	g.turn()
	g.wantAddress(lb4, arpbuf.AddressProbing, true)
	g.inject(1, wire.AppendARPRequest(nil, wire.Broadcast, macB, b4, lb4))
	g.rest()
	if n := count(g.take(1), func(f []byte) bool { a, err := wire.DecodeARP(f); return err == nil && a.Op == wire.ARPReply }); n != 1 {
		t.Errorf("%d answers while probing, want 1", n)
	}
	round := func() {
		t.Helper()
		var at []time.Duration
		seen := map[netip.Addr]int{}
		for now := time.Duration(0); now < 8*time.Second; now += 100 * time.Millisecond {
			for ip, n := range questions(g.take(1)) {
				seen[ip] += n
				if ip == lb4 {
					at = append(at, now)
				}
			}
			g.pass(100 * time.Millisecond)
		}
		if len(seen) != 3 || seen[lb4] != 3 || seen[lb6] != 1 || seen[ll] != 1 {
			t.Errorf("asked for %v", seen)
		}
		if len(at) == 3 && (at[0] > 1200*time.Millisecond || at[1]-at[0] < 900*time.Millisecond || at[1]-at[0] > 2200*time.Millisecond ||
			at[2]-at[1] < 900*time.Millisecond || at[2]-at[1] > 2200*time.Millisecond) {
			t.Errorf("for %s at %v", lb4, at)
		}
		for _, ip := range []netip.Addr{lb4, lb6, ll} {
			g.wantAddress(ip, arpbuf.AddressUnique, true)
		}
	}
	round()
	g.take(0)
	g.link("p-b", false)
	g.link("p-b", true)
	round()
	if n := len(questions(g.take(0))); n != 0 {
		t.Errorf("the other link's port was asked about, too: %d", n)
	}
	if s := g.r.Stats(); s.ARPProbes != 9 || s.DADSolicitations != 6 {
		t.Errorf("%d ARP probes and %d solicitations, want 9 and 6", s.ARPProbes, s.DADSolicitations)
	}
}

// Nobody else's frames, and our own come back, are no duplicate.
func TestOwnProbesComeBack(t *testing.T) {
	g := start(t, detecting(arpbuf.DetectStrict))
	for range 80 {
		g.pass(100 * time.Millisecond)
		g.inject(1, g.take(1)...) // a loop
		g.rest()
	}
	for _, ip := range []netip.Addr{lb4, lb6, wire.LinkLocalFromMAC(macLB)} {
		g.wantAddress(ip, arpbuf.AddressUnique, true)
	}
	if s := g.r.Stats(); s.Conflicts != 0 {
		t.Errorf("%d conflicts with ourselves", s.Conflicts)
	}
}

// who claims an address: the answers that a duplicate gives, and his own questions.
func claims(ip netip.Addr) map[string][]byte {
	if ip.Is4() {
		return map[string][]byte{
			"reply": wire.AppendARPReply(nil, wire.ARP{SenderMAC: macLB, SenderIP: netip.IPv4Unspecified(), TargetIP: ip}, macB),
			"probe": wire.AppendARPRequest(nil, wire.Broadcast, macB, netip.IPv4Unspecified(), ip),
		}
	}
	return map[string][]byte{
		"advertisement": wire.AppendNeighborAnnouncement(nil, macB, ip, ip, wire.NAFlags{Override: true}),
		"solicitation":  wire.AppendNeighborSolicitation(nil, macB, netip.IPv6Unspecified(), ip),
	}
}

// A duplicate that answers is reported with its MAC, counted, contradicted, and asked for
// again after a minute; the address stays in use.
func TestDuplicateIsReported(t *testing.T) {
	for _, ip := range []netip.Addr{lb4, lb6} {
		for _, kind := range []string{"reply", "advertisement"} {
			frame, ok := claims(ip)[kind]
			if !ok {
				continue
			}
			t.Run(ip.String()+" "+kind, func(t *testing.T) {
				g := start(t, detecting(arpbuf.DetectReport))
				g.pass(1200 * time.Millisecond)
				g.take(1)
				g.inject(1, frame)
				g.rest()
				g.wantAddress(ip, arpbuf.AddressDuplicate, true)
				if a := g.address(ip); a.MAC != topology.MAC(macB) || a.Conflicts != 1 || a.RouterPort != "lrp-b" {
					t.Errorf("%+v", a)
				}
				if got := announced(t, g.take(1), macLB); got[ip] != 1 {
					t.Errorf("contradicted by %v", got)
				}
				g.pass(59 * time.Second)
				if n := questions(g.take(1))[ip]; n != 0 {
					t.Errorf("asked for %d times within a minute", n)
				}
				g.pass(9 * time.Second) // he has gone
				g.wantAddress(ip, arpbuf.AddressUnique, true)
				if a := g.address(ip); !a.MAC.IsZero() || a.Conflicts != 1 {
					t.Errorf("afterwards %+v", a)
				}
			})
		}
	}
}

// Strict: nothing is said for or from an address before it has passed.
func TestStrictDetection(t *testing.T) {
	g := start(t, func(_ *forwarder.Config, ac *arpbuf.Config) {
		ac.DuplicateDetection, ac.Announcements = arpbuf.DetectStrict, 3
	})
	g.turn()
	ask := func() {
		g.inject(1, wire.AppendARPRequest(nil, wire.Broadcast, macB, b4, lb4), wire.AppendNeighborSolicitation(nil, macB, b6, lb6))
		g.inject(0, udp(t, gw4, 0, 64, 0)) // for which somebody must be asked
		g.rest()
	}
	ask()
	for range 9 {
		g.pass(100 * time.Millisecond)
		g.rest()
	}
	for _, f := range g.take(1) {
		if _, ok := question(f); !ok {
			t.Errorf("said while probing: % x", f[:min(60, len(f))])
		}
	}
	if s := g.r.Stats(); s.NoSource == 0 {
		t.Error("nothing was asked from nowhere")
	}
	g.wantAddress(lb4, arpbuf.AddressProbing, false)
	g.pass(8 * time.Second)
	g.wantAddress(lb4, arpbuf.AddressUnique, true)
	if got := announced(t, filter(g.take(1), func(f []byte) bool { _, q := question(f); return !q && !isARPRequest(f, gw4) }), macLB); got[lb4] < 1 || got[lb6] < 1 {
		t.Errorf("then announced %v", got)
	}
	ask()
	if got := g.take(1); count(got, isReplyFrom(lb4)) != 1 || count(got, isReplyFrom(lb6)) != 1 {
		t.Errorf("not answered for afterwards: %d frames", len(got))
	}
	// At link up it is in use already and stays so.
	g.link("p-b", false)
	g.link("p-b", true)
	g.turn()
	g.wantAddress(lb4, arpbuf.AddressProbing, true)
	g.pass(3 * time.Second) // the packets that waited for the gateway come of age
}

// Strict: a duplicate, also one that only wants the address like us, is never used until
// he has gone.
func TestStrictDuplicate(t *testing.T) {
	for _, ip := range []netip.Addr{lb4, lb6} {
		for kind, frame := range claims(ip) {
			t.Run(ip.String()+" "+kind, func(t *testing.T) {
				g := start(t, func(_ *forwarder.Config, ac *arpbuf.Config) {
					ac.DuplicateDetection, ac.Announcements = arpbuf.DetectStrict, 3
				})
				g.pass(200 * time.Millisecond)
				g.take(1)
				g.inject(1, frame)
				g.rest()
				g.wantAddress(ip, arpbuf.AddressDuplicate, false)
				g.pass(20 * time.Second)
				g.inject(1, wire.AppendARPRequest(nil, wire.Broadcast, macB, b4, lb4), wire.AppendNeighborSolicitation(nil, macB, b6, lb6))
				g.rest()
				got := g.take(1)
				if count(got, isReplyFrom(ip)) != 0 || announcedOf(got, ip) != 0 {
					t.Error("it is answered for, or announced")
				}
				other := map[netip.Addr]netip.Addr{lb4: lb6, lb6: lb4}[ip]
				if count(got, isReplyFrom(other)) != 1 || announcedOf(got, other) < 3 {
					t.Errorf("the other address is not in use: %d, %d", count(got, isReplyFrom(other)), announcedOf(got, other))
				}
				g.pass(50 * time.Second)
				g.wantAddress(ip, arpbuf.AddressUnique, true)
				if announcedOf(g.take(1), ip) == 0 {
					t.Error("not announced once he has gone")
				}
			})
		}
	}
}

// With detection off nobody is asked, and conflicts are noted all the same.
func TestNoDetection(t *testing.T) {
	g := start(t, nil)
	g.pass(10 * time.Second)
	if got := g.take(1); len(got) != 0 {
		t.Errorf("%d frames", len(got))
	}
	g.wantAddress(lb4, arpbuf.AddressUnchecked, true)
	g.inject(1, wire.AppendARPAnnouncement(nil, macB, lb4))
	g.rest()
	if a := g.address(lb4); a.State != arpbuf.AddressDuplicate || a.MAC != topology.MAC(macB) || !a.InUse {
		t.Errorf("%+v", a)
	}
}

// Many addresses are asked for at a bounded rate.
func TestDetectionIsSpread(t *testing.T) {
	const ports, each = 20, 50
	g := start(t, func(fc *forwarder.Config, ac *arpbuf.Config) {
		ac.DuplicateDetection = arpbuf.DetectStrict
		manyAddresses(fc, ports, each)
	})
	perTurn, last := uint64(0), uint64(0)
	for range 600 {
		g.turn()
		g.collect()
		s := g.r.Stats()
		perTurn = max(perTurn, s.ARPProbes+s.DADSolicitations-last)
		last = s.ARPProbes + s.DADSolicitations
		g.clock.advance(20 * time.Millisecond)
	}
	g.rest()
	if perTurn > 32 {
		t.Errorf("%d questions at once", perTurn)
	}
	for _, a := range g.r.Addresses() {
		if a.State != arpbuf.AddressUnique || !a.InUse {
			t.Fatalf("%+v", a)
		}
	}
}

// isReplyFrom reports the router's answer for an address.
func isReplyFrom(ip netip.Addr) func([]byte) bool {
	return func(f []byte) bool {
		if a, err := wire.DecodeARP(f); err == nil {
			return a.Op == wire.ARPReply && a.SenderIP == ip
		}
		nd, err := wire.DecodeND(f)
		return err == nil && nd.Type == wire.NeighborAdvertisement && nd.Solicited && nd.Target == ip
	}
}

// announcedOf counts the announcements of an address.
func announcedOf(frames [][]byte, ip netip.Addr) int {
	return count(frames, func(f []byte) bool {
		if a, err := wire.DecodeARP(f); err == nil {
			return a.IsGratuitous() && a.SenderIP == ip
		}
		nd, err := wire.DecodeND(f)
		return err == nil && nd.Type == wire.NeighborAdvertisement && !nd.Solicited && nd.Target == ip
	})
}

func filter(frames [][]byte, keep func([]byte) bool) (out [][]byte) {
	for _, f := range frames {
		if keep(f) {
			out = append(out, f)
		}
	}
	return out
}
