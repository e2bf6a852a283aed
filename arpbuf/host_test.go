// SPDX-License-Identifier: Apache-2.0

package arpbuf_test

import (
	"net/netip"
	"testing"

	"github.com/parkway-gw/parkway/forwarder"
	"github.com/parkway-gw/parkway/internal/wire"
)

// icmp returns the one ICMP packet that left by a port for dst.
func (g *gateway) icmp(port int) (p wire.IP, typ, code uint8) {
	g.t.Helper()
	frames := g.take(port)
	if len(frames) != 1 {
		g.t.Fatalf("%d frames left by port %d, want 1: %x", len(frames), port, frames)
	}
	p, err := wire.DecodeIP(frames[0])
	if err != nil {
		g.t.Fatal(err)
	}
	typ, code, _ = p.ICMPType()
	return p, typ, code
}

// Every address of the router answers a ping, TTL 1 too.
func TestEcho(t *testing.T) {
	g := start(t, nil)
	aLL, ourLL := wire.LinkLocalFromMAC(macA), wire.LinkLocalFromMAC(macLA)
	for _, c := range []struct {
		name     string
		src, dst netip.Addr
		ttl      uint8
	}{
		{"own port, IPv4", a4, la4, 64},
		{"own port, IPv4, TTL 1", a4, la4, 1},
		{"other port, IPv4", a4, lb4, 64},
		{"own port, IPv6", a6, la6, 64},
		{"other port, IPv6", a6, lb6, 1},
		{"link-local to link-local", aLL, ourLL, 64},
		{"global to link-local", a6, ourLL, 64},
	} {
		t.Run(c.name, func(t *testing.T) {
			g.t = t
			g.inject(0, echo(t, c.src, c.dst, macA, macLA, c.ttl))
			g.rest()
			p, typ, _ := g.icmp(0)
			want := uint8(wire.ICMPEchoReply)
			if c.dst.Is6() {
				want = wire.ICMPv6EchoReply
			}
			if typ != want || p.Src != c.dst || p.Dst != c.src || p.EthDst != macA || p.EthSrc != macLA || p.TTL != 64 {
				t.Errorf("type %d from %s (%s) to %s (%s), TTL %d", typ, p.Src, p.EthSrc, p.Dst, p.EthDst, p.TTL)
			}
		})
	}
	g.t = t
}

// RFC 4443 §4.2: a ping to a group of the router's is answered, one to the
// solicited-node group of somebody else is not.
func TestEchoToGroups(t *testing.T) {
	g := start(t, nil)
	for dst, want := range map[netip.Addr]int{
		wire.AllNodes: 1, wire.AllRouters: 1, wire.SolicitedNodeGroup(la6): 1, wire.SolicitedNodeGroup(lb6): 1, // ::1 both
		wire.SolicitedNodeGroup(a6): 0, addr("ff02::fb"): 0, addr("ff0e::1"): 0,
	} {
		group, _ := wire.MulticastMAC(dst)
		g.inject(0, echo(t, a6, dst, macA, group, 64))
		g.rest()
		if got := len(g.take(0)); got != want {
			t.Errorf("%s: %d answers, want %d", dst, got, want)
		}
	}
}

// A ping whose asker is not resolved: the reply is parked like any other packet.
func TestEchoToStranger(t *testing.T) {
	g := start(t, nil)
	g.inject(1, echo(t, b4, lb4, macB, macLB, 64))
	g.rest()
	if out := g.take(1); len(out) != 1 || !isARPRequest(out[0], b4) {
		t.Fatalf("frames %x", out)
	}
	g.inject(1, arpReply(b4, macB))
	g.rest()
	if p, typ, _ := g.icmp(1); typ != wire.ICMPEchoReply || p.EthDst != macB {
		t.Errorf("type %d to %s", typ, p.EthDst)
	}
}

// What can't be forwarded is reported to its sender and counted under its reason.
func TestErrors(t *testing.T) {
	for _, c := range []struct {
		name      string
		frame     func(t *testing.T) []byte
		typ, code uint8
		src       netip.Addr
		mtu       uint32
		drop      string
	}{
		{"TTL, IPv4", func(t *testing.T) []byte { return udp(t, b4, 0, 1, 0) }, 11, 0, la4, 0, "ip_ttl_exceeded"},
		{"TTL, IPv6", func(t *testing.T) []byte { return udp(t, b6, 0, 1, 0) }, 3, 0, la6, 0, "ip_ttl_exceeded"},
		{"no route, IPv4", func(t *testing.T) []byte { return udp(t, addr("8.8.8.8"), 0, 64, 0) }, 3, 0, la4, 0, "ip_no_route"},
		{"no route, IPv6", func(t *testing.T) []byte { return udp(t, addr("2001:db8:9::9"), 0, 64, 0) }, 1, 0, la6, 0, "ip_no_route"},
		{"too big, IPv4", func(t *testing.T) []byte { return udp(t, b4, 0, 64, 1450) }, 3, 4, la4, 1400, "ip_too_big"},
		{"too big, IPv6", func(t *testing.T) []byte { return udp(t, b6, 0, 64, 1450) }, 2, 0, la6, 1400, "ip_too_big"},
		{"beyond scope", func(t *testing.T) []byte { return fromLinkLocal(t, b6) }, 1, 2, wire.LinkLocalFromMAC(macLA), 0, "ip_link_local"},
	} {
		t.Run(c.name, func(t *testing.T) {
			g := start(t, nil)
			g.inject(0, c.frame(t))
			g.rest()
			p, typ, code := g.icmp(0)
			if typ != c.typ || code != c.code || p.Src != c.src || p.EthDst != macA {
				t.Errorf("type %d code %d from %s", typ, code, p.Src)
			}
			if mtu := uint32(p.L4[6])<<8 | uint32(p.L4[7]); mtu != c.mtu {
				t.Errorf("MTU %d, want %d", mtu, c.mtu)
			}
			if n := g.drops(c.drop); n != 1 {
				t.Errorf("%d packets counted as %s, want 1", n, c.drop)
			}
		})
	}
}

func (g *gateway) drops(name string) uint64 {
	c := g.f.Counters()
	for i, info := range forwarder.DropReasons() {
		if info.Name == name {
			return c.Drops[i]
		}
	}
	g.t.Fatalf("no drop reason %q", name)
	return 0
}
