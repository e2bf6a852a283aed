// SPDX-License-Identifier: Apache-2.0

package gateway_test

import (
	"bytes"
	"context"
	"io"
	"net"
	"net/netip"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/parkway-gw/parkway/internal/lab"
)

// TestTTLAndChecksums: one router takes one off TTL and hop limit, and whatever
// crosses it has the checksums that tcpdump wants.
func TestTTLAndChecksums(t *testing.T) {
	g := startArticle(t)
	g.wantHops(pc1, pcExt, 1)
}

// TestTwoRouters: two routers in a row, with a switch between them, take two off.
func TestTwoRouters(t *testing.T) {
	east := newEnd("east", "east", "02:00:00:00:10:0a", "10.1.0.10/24 2001:db8:10::10/64", "10.1.0.1 2001:db8:10::1")
	west := newEnd("west", "west", "02:00:00:00:20:0a", "10.2.0.10/24 2001:db8:20::10/64", "10.2.0.1 2001:db8:20::1")
	g := start(t, twoRouters(t))
	g.attach(east, west)
	g.wantHops(east, west, 2)
	for ttl, routers := range map[string][]string{"1": {"10.1.0.1", "2001:db8:10::1"}, "2": {"100.64.0.2", "2001:db8:ff::2"}} {
		g.ping(east, west.ip(0), 1, "-t", ttl).wantSaid(g, "From "+routers[0]+" icmp_seq=1 Time to live exceeded")
		g.ping(east, west.ip(1), 1, "-t", ttl).wantSaid(g, "From "+routers[1]+" icmp_seq=1 Time exceeded: Hop limit")
	}
}

// wantHops sends ICMP, UDP and TCP from a to b and back, and compares what left one
// with what came to the other.
func (g *gateway) wantHops(a, b end, hops int) {
	g.Helper()
	for _, e := range []end{a, b} {
		g.honestChecksums(e)
	}
	atA, atB := g.capture(a.name), g.capture(b.name)
	for i := range families {
		g.ping(a, b.ip(i), 3).wantTTL(g, 64-hops)
		g.ping(b, a.ip(i), 2, "-s", "1400").wantTTL(g, 64-hops)
		g.exchange(a, b, i)
	}
	framesA, framesB := g.frames(atA), g.frames(atB)
	for i, family := range families {
		for _, dir := range []struct {
			from, to  end
			sent, got []lab.Frame
		}{{a, b, framesA, framesB}, {b, a, framesB, framesA}} {
			path := func(p lab.Packet) bool { return p.SrcIP == dir.from.ip(i) && p.DstIP == dir.to.ip(i) }
			sent, got := packets(dir.sent, path), packets(dir.got, path)
			if len(sent) == 0 || len(sent) != len(got) {
				g.Errorf("%s %s to %s: %d packets sent, %d arrived", family, dir.from.name, dir.to.name, len(sent), len(got))
				continue
			}
			// By payload, for the queues of a tap may overtake each other before the gateway.
			arrived := map[string][]lab.Packet{}
			for _, p := range got {
				arrived[string(p.L4)] = append(arrived[string(p.L4)], p.Packet)
			}
			protocols := map[uint8]int{}
			for _, p := range sent {
				protocols[p.Proto]++
				same := arrived[string(p.L4)]
				if len(same) == 0 {
					g.Errorf("%s: does not arrive as it was sent: %v", family, p.Packet)
					continue
				}
				arrived[string(p.L4)] = same[1:]
				if int(p.TTL) != int(same[0].TTL)+hops || p.TTL != 64 {
					g.Errorf("%s: TTL %d sent, %d arrives behind %d routers: %v", family, p.TTL, same[0].TTL, hops, same[0])
				}
			}
			if protocols[lab.ProtoICMP]+protocols[lab.ProtoICMPv6] == 0 || protocols[lab.ProtoTCP] == 0 || protocols[lab.ProtoUDP] == 0 {
				g.Errorf("%s: packets by protocol: %v, want ICMP, TCP and UDP", family, protocols)
			}
		}
	}
	g.wantChecksums(atA)
	g.wantChecksums(atB)
}

// honestChecksums makes a host fill in its checksums itself and send packets of the
// wire's size, so that captures show what is on the wire.
func (g *gateway) honestChecksums(e end) {
	g.Helper()
	_, err := g.hosts[e.name].Run(g.ctx, "ethtool", "-K", e.iface, "tx", "off", "tso", "off", "gso", "off")
	g.must(err)
}

var badChecksum = regexp.MustCompile(`(?i)bad.{0,6}cksum|incorrect|wrong|truncated|malformed|\[bad `)

// wantChecksums has tcpdump -vv verify a capture.
func (g *gateway) wantChecksums(c *lab.Capture) {
	g.Helper()
	out, err := lab.Root.Run(g.ctx, "tcpdump", "-vv", "-n", "-r", c.Path)
	g.must(err)
	for line := range strings.Lines(out) {
		if badChecksum.MatchString(line) {
			g.Errorf("tcpdump -vv: %s", line)
		}
	}
	if !strings.Contains(out, "(correct)") || !strings.Contains(out, "udp sum ok") || !strings.Contains(out, "icmp6 sum ok") {
		g.Errorf("tcpdump -vv verified no TCP, UDP or ICMPv6 checksum:\n%s", out)
	}
}

// exchange sends a few datagrams and a TCP stream from a to b, which echoes them.
func (g *gateway) exchange(a, b end, family int) {
	g.Helper()
	ctx, cancel := context.WithTimeout(g.ctx, 10*time.Second)
	defer cancel()
	data := bytes.Repeat([]byte("0123456789abcde\n"), 1000)
	l := g.listenTCP(b, family)
	defer l.Close()
	go func() {
		if c, err := l.Accept(); err == nil {
			_, _ = io.Copy(c, c)
			c.Close()
		}
	}()
	c := dialIn[*net.TCPConn](g, ctx, a, "tcp", l.Addr().String())
	defer c.Close()
	go func() { _, _ = c.Write(data); _ = c.CloseWrite() }()
	if back, err := io.ReadAll(c); err != nil || !bytes.Equal(back, data) {
		g.Errorf("TCP: %d of %d octets came back: %v", len(back), len(data), err)
	}

	var u *net.UDPConn
	g.must(g.hosts[b.name].Do(func() (err error) {
		u, err = net.ListenUDP("udp", net.UDPAddrFromAddrPort(netip.AddrPortFrom(b.ip(family), 0)))
		return err
	}))
	defer u.Close()
	go func() {
		buf := make([]byte, 2048)
		for {
			n, from, err := u.ReadFromUDPAddrPort(buf)
			if err != nil {
				return
			}
			_, _ = u.WriteToUDPAddrPort(buf[:n], from)
		}
	}()
	s := dialIn[*net.UDPConn](g, ctx, a, "udp", u.LocalAddr().String())
	defer s.Close()
	for _, size := range []int{1, 512, 1447} { // odd sizes: the last octet is padded in the sum
		buf := make([]byte, 2048)
		_, err := s.Write(data[:size])
		g.must(err)
		if n, err := s.Read(buf); err != nil || !bytes.Equal(buf[:n], data[:size]) {
			g.Errorf("UDP: %d of %d octets came back: %v", n, size, err)
		}
	}
}

// listenTCP opens a listener in a host's namespace; it belongs there from then on.
func (g *gateway) listenTCP(e end, family int) *net.TCPListener {
	g.Helper()
	var l *net.TCPListener
	g.must(g.hosts[e.name].Do(func() (err error) {
		l, err = net.ListenTCP("tcp", net.TCPAddrFromAddrPort(netip.AddrPortFrom(e.ip(family), 0)))
		return err
	}))
	return l
}

// dialIn connects from a host's namespace; the connection has ctx's deadline.
func dialIn[T net.Conn](g *gateway, ctx context.Context, e end, network, address string) (c T) {
	g.Helper()
	deadline, _ := ctx.Deadline()
	g.must(g.hosts[e.name].Do(func() error {
		// An address leaves one candidate, so Dial makes its socket on this thread.
		d := net.Dialer{Deadline: deadline, FallbackDelay: -1}
		conn, err := d.Dial(network, address)
		if err != nil {
			return err
		}
		c = conn.(T)
		return c.SetDeadline(deadline)
	}))
	return c
}
