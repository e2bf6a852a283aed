// SPDX-License-Identifier: Apache-2.0

package arpbuf_test

import (
	"context"
	"errors"
	"net/netip"
	"testing"
	"time"

	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"

	"github.com/parkway-gw/parkway/arpbuf"
	"github.com/parkway-gw/parkway/forwarder"
	"github.com/parkway-gw/parkway/internal/topology"
	"github.com/parkway-gw/parkway/internal/wire"
)

// advertising gives lrp-b router advertisements, every 200 to 600 s when periodic.
func advertising(periodic bool, change ...func(*forwarder.RAConfigs)) func(*forwarder.Config, *arpbuf.Config) {
	return func(fc *forwarder.Config, _ *arpbuf.Config) {
		ra := &fc.Topology.Routers[0].Ports[1].RA
		*ra = forwarder.RAConfigs{AddressMode: topology.SLAAC, SendPeriodic: periodic, MTU: 1400,
			RDNSS: []netip.Addr{addr("2001:db8:2::53")}, DNSSL: []string{"example.com"}}
		for _, c := range change {
			c(ra)
		}
	}
}

// solicit is a router solicitation from src, with mac as SLLA unless src is ::.
func solicit(mac forwarder.MAC, src netip.Addr) []byte {
	eth, _ := wire.MulticastMAC(wire.AllRouters)
	ip := &layers.IPv6{Version: 6, HopLimit: 255, NextHeader: layers.IPProtocolICMPv6, SrcIP: src.AsSlice(), DstIP: wire.AllRouters.AsSlice()}
	icmp := &layers.ICMPv6{TypeCode: layers.CreateICMPv6TypeCode(133, 0)}
	_ = icmp.SetNetworkLayerForChecksum(ip)
	rs := &layers.ICMPv6RouterSolicitation{}
	if !src.IsUnspecified() {
		rs.Options = layers.ICMPv6Options{{Type: layers.ICMPv6OptSourceAddress, Data: mac[:]}}
	}
	buf := gopacket.NewSerializeBuffer()
	if err := gopacket.SerializeLayers(buf, gopacket.SerializeOptions{FixLengths: true, ComputeChecksums: true},
		ether(mac, eth, layers.EthernetTypeIPv6), ip, icmp, rs); err != nil {
		panic(err)
	}
	return buf.Bytes()
}

// ras takes what lrp-b sent, which must be router advertisements of its own.
func (g *gateway) ras() (out []wire.ND) {
	g.t.Helper()
	for _, f := range g.take(1) {
		nd, err := wire.DecodeND(f)
		if err != nil || nd.Type != wire.RouterAdvertisement || nd.Src != wire.LinkLocalFromMAC(macLB) || nd.SLLA != macLB || nd.EthSrc != macLB {
			g.t.Errorf("no advertisement of ours: %+v, %v", nd, err)
			continue
		}
		out = append(out, nd)
	}
	return out
}

// until lets time pass, at most limit, until something was advertised, and says when.
func (g *gateway) until(limit time.Duration) ([]wire.ND, time.Duration) {
	g.t.Helper()
	const step = 50 * time.Millisecond
	for d := time.Duration(0); d <= limit; d += step {
		g.turn()
		g.rest()
		if got := g.ras(); len(got) > 0 {
			return got, d
		}
		g.clock.advance(step)
	}
	return nil, limit
}

func wantToAll(t *testing.T, got []wire.ND) {
	t.Helper()
	eth, _ := wire.MulticastMAC(wire.AllNodes)
	if len(got) != 1 || got[0].Dst != wire.AllNodes || got[0].EthDst != eth {
		t.Errorf("not one advertisement to all nodes: %+v", got)
	}
}

// What an advertisement says, read by gopacket.
func TestRASays(t *testing.T) {
	for _, c := range []struct {
		name               string
		mode               topology.AddressMode
		periodic           bool
		flags, prefixFlags byte
		lifetime           uint16
		valid              []byte
	}{
		{"SLAAC", topology.SLAAC, true, 0, 0xc0, 1800, []byte{0, 0x27, 0x8d, 0, 0, 9, 0x3a, 0x80}},
		{"stateless", topology.DHCPv6Stateless, true, 0x40, 0xc0, 1800, []byte{0, 0x27, 0x8d, 0, 0, 9, 0x3a, 0x80}},
		{"stateful", topology.DHCPv6Stateful, true, 0x80, 0x80, 1800, []byte{0, 0x27, 0x8d, 0, 0, 9, 0x3a, 0x80}},
		{"on request", topology.SLAAC, false, 0, 0xc0, 65535, []byte{255, 255, 255, 255, 255, 255, 255, 255}},
	} {
		t.Run(c.name, func(t *testing.T) {
			g := start(t, advertising(c.periodic, func(ra *forwarder.RAConfigs) { ra.AddressMode = c.mode }))
			g.inject(1, solicit(macB, addr("::")))
			g.rest()
			g.pass(500 * time.Millisecond)
			frames := g.take(1)
			if len(frames) != 1 {
				t.Fatalf("%d frames, want 1", len(frames))
			}
			p := gopacket.NewPacket(frames[0], layers.LayerTypeEthernet, gopacket.Default)
			ra, ok := p.Layer(layers.LayerTypeICMPv6RouterAdvertisement).(*layers.ICMPv6RouterAdvertisement)
			if !ok {
				t.Fatal(p)
			}
			if ra.HopLimit != 64 || ra.Flags != c.flags || ra.RouterLifetime != c.lifetime {
				t.Errorf("%+v", ra)
			}
			options := map[layers.ICMPv6Opt][]byte{}
			for _, o := range ra.Options {
				options[o.Type] = o.Data
			}
			prefix := options[layers.ICMPv6OptPrefixInfo]
			if len(ra.Options) != 5 || len(prefix) != 30 || prefix[0] != 64 || prefix[1] != c.prefixFlags || string(prefix[2:10]) != string(c.valid) ||
				netip.AddrFrom16([16]byte(prefix[14:])) != addr("2001:db8:2::") {
				t.Errorf("options %x", options)
			}
		})
	}
}

// RFC 4861 §6.2.6: who has an address is answered alone and within half a second.
func TestRouterSolicitationIsAnswered(t *testing.T) {
	for name, periodic := range map[string]bool{"also periodic": true, "on request": false} {
		t.Run(name, func(t *testing.T) {
			g := start(t, advertising(periodic))
			g.pass(40 * time.Second) // beyond the first ones
			g.take(1)
			delays := map[time.Duration]bool{}
			host := wire.LinkLocalFromMAC(macB)
			for range 10 {
				g.inject(1, solicit(macB, host), solicit(macB, host))
				g.rest()
				got, after := g.until(time.Second)
				if len(got) != 1 || got[0].Dst != host || got[0].EthDst != macB || after > 500*time.Millisecond {
					t.Fatalf("after %v: %+v", after, got)
				}
				delays[after] = true
				g.pass(time.Second)
				if more := g.ras(); len(more) != 0 {
					t.Errorf("answered twice: %+v", more)
				}
			}
			if len(delays) < 2 {
				t.Errorf("ten answers, all after %v", delays)
			}
			if n := g.state(host); n.State != "STALE" || n.MAC != macB {
				t.Errorf("who asked is %+v", n)
			}
			if s := g.r.Stats(); s.RouterSolicitations != 20 {
				t.Errorf("%d solicitations counted, want 20", s.RouterSolicitations)
			}
		})
	}
}

// Who has no address yet is answered to all nodes; these are at least three seconds apart.
func TestRouterSolicitationWithoutAddress(t *testing.T) {
	g := start(t, advertising(false))
	none := addr("::")
	g.inject(1, solicit(macB, none))
	g.rest()
	got, after := g.until(time.Second)
	wantToAll(t, got)
	if after > 500*time.Millisecond {
		t.Errorf("answered after %v", after)
	}
	for range 5 {
		for range 20 {
			g.inject(1, solicit(macB, none))
		}
		g.rest()
		got, after = g.until(5 * time.Second)
		wantToAll(t, got)
		if after < 2950*time.Millisecond || after > 3550*time.Millisecond { // until looks every 50 ms
			t.Errorf("the next one came %v later, want 3 s and a random delay", after)
		}
	}
	g.pass(2000 * time.Second)
	if got := g.ras(); len(got) != 0 {
		t.Errorf("without send_periodic: %+v", got)
	}
	if s := g.state(none).State; s != "none" {
		t.Errorf(":: is %s", s)
	}
}

// Many who ask at once get one answer to all, after as many of their own as are allowed.
func TestRouterSolicitationFlood(t *testing.T) {
	g := start(t, advertising(false))
	for i := range byte(200) {
		m := forwarder.MAC{2, 0, 0, 0, 7, i}
		g.inject(1, solicit(m, wire.LinkLocalFromMAC(m)))
	}
	g.rest()
	g.pass(time.Second)
	got := g.ras()
	toAll := 0
	for _, nd := range got {
		if nd.Dst == wire.AllNodes {
			toAll++
		}
	}
	if toAll != 1 || len(got) > 1+32 {
		t.Errorf("%d advertisements, %d of them to all nodes; want at most 33 and 1", len(got), toAll)
	}
}

// What is no valid solicitation, or comes where nothing is advertised, gets no answer.
func TestRouterSolicitationIsIgnored(t *testing.T) {
	g := start(t, advertising(false))
	spoil := func(f func([]byte)) []byte { b := solicit(macB, addr("::")); f(b); return b }
	g.inject(1,
		spoil(func(b []byte) { b[21] = 254 }),        // hop limit
		spoil(func(b []byte) { b[56] ^= 1 }),         // checksum
		solicit(macLB, wire.LinkLocalFromMAC(macLB)), // our own, come back
		wire.AppendRouterAdvertisement(nil, forwarder.MAC{0x33, 0x33, 0, 0, 0, 1}, macB, wire.LinkLocalFromMAC(macB), wire.AllNodes, &wire.RA{RouterLifetime: 1800})) // another router
	g.inject(0, solicit(macA, wire.LinkLocalFromMAC(macA)))
	g.rest()
	g.pass(5 * time.Second)
	if n := len(g.take(1)) + len(g.take(0)); n != 0 {
		t.Errorf("%d frames sent", n)
	}
}

// RFC 4861 §6.2.4: three at most 16 s apart, then 200 to 600 s.
func TestPeriodicRAs(t *testing.T) {
	g := start(t, advertising(true))
	got, after := g.until(time.Second)
	wantToAll(t, got)
	if after > 500*time.Millisecond {
		t.Errorf("the first one came after %v", after)
	}
	for range 2 {
		got, after = g.until(20 * time.Second)
		wantToAll(t, got)
		if after < 3*time.Second || after > 16100*time.Millisecond {
			t.Errorf("one of the first came after %v", after)
		}
	}
	for range 3 {
		g.pass(199 * time.Second)
		if more := g.ras(); len(more) != 0 {
			t.Errorf("within 200 s: %+v", more)
		}
		got = nil
		for range 402 {
			if g.pass(time.Second); len(got) == 0 {
				got = g.ras()
			}
			if len(got) > 0 {
				break
			}
		}
		wantToAll(t, got)
	}
}

// A link that comes up hears the first ones again, yet not sooner than three seconds
// after the last.
func TestRAsAtLinkUp(t *testing.T) {
	g := start(t, advertising(true))
	g.until(time.Second)
	g.link("p-b", false)
	g.link("p-b", true)
	got, after := g.until(4 * time.Second)
	wantToAll(t, got)
	if after < 2900*time.Millisecond {
		t.Errorf("again after %v", after)
	}
	for range 2 {
		got, _ = g.until(17 * time.Second)
		wantToAll(t, got)
	}
}

// RFC 4861 §6.2.5: at the end, periodic ones say that the router goes; hosts that got
// theirs on request keep it, as nobody would give it back.
func TestCeasingRA(t *testing.T) {
	for name, periodic := range map[string]bool{"periodic": true, "on request": false} {
		t.Run(name, func(t *testing.T) {
			g := start(t, advertising(periodic))
			ctx, cancel := context.WithCancel(context.Background())
			done := make(chan error, 1)
			go func() { done <- g.r.Run(ctx) }()
			g.turn = func() { time.Sleep(100 * time.Microsecond) }
			<-g.r.Ready()
			g.inject(1, solicit(macB, addr("::")))
			g.rest()
			g.clock.advance(500 * time.Millisecond)
			var got []wire.ND
			g.wait("the first one", func() bool { got = append(got, g.ras()...); return len(got) > 0 })
			wantToAll(t, got)
			cancel()
			if err := <-done; err != nil && !errors.Is(err, context.Canceled) {
				t.Error(err)
			}
			g.rest()
			got = g.ras()
			if !periodic {
				if len(got) != 0 {
					t.Errorf("at the end: %+v", got)
				}
				return
			}
			wantToAll(t, got)
			if len(got) == 1 && got[0].RouterLifetime != 0 {
				t.Errorf("the last one has the lifetime %d", got[0].RouterLifetime)
			}
		})
	}
}
