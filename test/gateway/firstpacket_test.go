// SPDX-License-Identifier: Apache-2.0

package gateway_test

import (
	"encoding/binary"
	"net"
	"net/netip"
	"os"
	"strconv"
	"testing"
	"time"

	"github.com/parkway-gw/parkway/internal/lab"
)

// TestFirstPacketBesideLinux measures how long the first packet to a next hop takes
// whose MAC nobody knows: from the sender's write to the receiver's read, question and
// answer in between. Parkway with its taps and Linux forwarding between veths take
// turns, so that whatever else the machine does hits both. PARKWAY_ROUNDS sets the
// number of rounds.
func TestFirstPacketBesideLinux(t *testing.T) {
	rounds := 30
	if s := os.Getenv("PARKWAY_ROUNDS"); s != "" {
		n, err := strconv.Atoi(s)
		if err != nil || n < 1 {
			t.Fatalf("PARKWAY_ROUNDS=%q is no number of rounds", s)
		}
		rounds = n
	}
	g := startArticle(t)
	linux := newLinuxRouter(g)
	for family, name := range families {
		over := map[string]*firstPacket{
			"Parkway": newFirstPacket(g, g.hosts[pc1.name], g.hosts[pcExt.name], pcExt.ip(family)),
			"Linux":   newFirstPacket(g, linux.near, linux.far, linux.farEnd.ip(family)),
		}
		took := map[string][]time.Duration{}
		for range rounds {
			g.cli("neighbor", "flush")
			g.must(g.hosts[pcExt.name].FlushNeighbors(g.ctx, pcExt.iface))
			took["Parkway"] = append(took["Parkway"], over["Parkway"].send())
			g.must(linux.router.FlushNeighbors(g.ctx, "r1"))
			g.must(linux.far.FlushNeighbors(g.ctx, linux.farEnd.iface))
			took["Linux"] = append(took["Linux"], over["Linux"].send())
		}
		for who, times := range took {
			t.Logf("%s: first packet by %s: %s (%d rounds)", name, who, spread(times), rounds)
		}
	}
}

// linuxRouter is a kernel that forwards between two hosts.
type linuxRouter struct {
	near, router, far *lab.NS
	farEnd            end
}

func newLinuxRouter(g *gateway) *linuxRouter {
	g.Helper()
	l := &linuxRouter{near: g.lab.NS(g, "lx-near"), router: g.lab.NS(g, "lx-router"), far: g.lab.NS(g, "lx-far")}
	nearEnd := newEnd("lx-near", "n0", "02:00:00:00:01:02", "10.1.0.2/24 2001:db8:a1::2/64", "10.1.0.1 2001:db8:a1::1")
	l.farEnd = newEnd("lx-far", "f0", "02:00:00:00:02:02", "10.2.0.2/24 2001:db8:a2::2/64", "10.2.0.1 2001:db8:a2::1")
	g.must(lab.Veth(g.ctx, l.near, nearEnd.iface, l.router, "r0"))
	g.must(lab.Veth(g.ctx, l.router, "r1", l.far, l.farEnd.iface))
	for _, key := range []string{"net/ipv4/ip_forward", "net/ipv6/conf/all/forwarding"} {
		g.must(l.router.Sysctl(key, "1"))
	}
	for ns, ifname := range map[*lab.NS]string{l.near: nearEnd.iface, l.far: l.farEnd.iface} {
		_, err := ns.Run(g.ctx, "ip", "link", "set", "dev", ifname, "up") // without it the other end has no carrier
		g.must(err)
	}
	g.must(l.router.Setup(g.ctx, "r0", newEnd("", "r0", "02:00:00:00:01:01", "10.1.0.1/24 2001:db8:a1::1/64", "").Host))
	g.must(l.router.Setup(g.ctx, "r1", newEnd("", "r1", "02:00:00:00:02:01", "10.2.0.1/24 2001:db8:a2::1/64", "").Host))
	g.must(l.near.Setup(g.ctx, nearEnd.iface, nearEnd.Host))
	g.must(l.far.Setup(g.ctx, l.farEnd.iface, l.farEnd.Host))
	return l
}

// firstPacket sends numbered datagrams from one namespace to another.
type firstPacket struct {
	g        *gateway
	from, to *net.UDPConn
	sent     uint64
}

func newFirstPacket(g *gateway, from, to *lab.NS, dst netip.Addr) *firstPacket {
	g.Helper()
	f := &firstPacket{g: g}
	at := netip.AddrPortFrom(dst, 7001)
	g.must(to.Do(func() (err error) {
		f.to, err = net.ListenUDP("udp", net.UDPAddrFromAddrPort(at))
		return err
	}))
	g.must(from.Do(func() (err error) {
		f.from, err = net.DialUDP("udp", nil, net.UDPAddrFromAddrPort(at))
		return err
	}))
	g.Cleanup(func() { _, _ = f.to.Close(), f.from.Close() })
	f.send() // the sender knows its gateway from here on
	return f
}

// send returns the time from write to read of one datagram.
func (f *firstPacket) send() time.Duration {
	f.g.Helper()
	f.sent++
	arrived := make(chan time.Time, 1)
	errs := make(chan error, 1)
	f.g.must(f.to.SetReadDeadline(time.Now().Add(5 * time.Second)))
	go func() {
		var b [64]byte
		for {
			n, err := f.to.Read(b[:])
			if err != nil {
				errs <- err
				return
			}
			if n == 8 && binary.BigEndian.Uint64(b[:]) == f.sent {
				arrived <- time.Now()
				return
			}
		}
	}()
	start := time.Now()
	if _, err := f.from.Write(binary.BigEndian.AppendUint64(nil, f.sent)); err != nil {
		f.g.Fatal(err)
	}
	select {
	case at := <-arrived:
		return at.Sub(start)
	case err := <-errs:
		f.g.Fatalf("datagram %d did not arrive: %v", f.sent, err)
		return 0
	}
}
