// SPDX-License-Identifier: Apache-2.0

package gateway_test

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/parkway-gw/parkway/internal/lab"
)

const (
	gatedPort = "sw2-port3" // PC3's
	datagrams = 100         // of each family
	udpPort   = 7007
)

// gatedParked is what `show parked -o json` says beyond parkedView.
type gatedParked struct {
	NextHops []struct {
		RouterPort    string `json:"router_port"`
		IP            string
		Packets       int
		OldestSeconds float64 `json:"oldest_seconds"`
		WaitingFor    string  `json:"waiting_for"`
		Port          string
		Probes        int
	} `json:"next_hops"`
}

// gateOpen says whether packets for the gated port pass.
func (g *gateway) gateOpen() (bool, error) {
	var topology struct {
		Switches []struct {
			Ports []struct {
				Name string
				Gate *struct{ Open bool }
			}
		}
	}
	out := g.cli("show", "-o", "json")
	if err := json.Unmarshal([]byte(out), &topology); err != nil {
		return false, err
	}
	for _, sw := range topology.Switches {
		for _, p := range sw.Ports {
			if p.Name == gatedPort && p.Gate != nil {
				return p.Gate.Open, nil
			}
		}
	}
	return false, fmt.Errorf("show tells of no gate at %s:\n%s", gatedPort, out)
}

// startGated is the article's network without PC3: its interface is there, and down.
// What is for PC3 waits.
func startGated(t *testing.T) *gateway {
	t.Helper()
	const addresses = `2001:db8:2::13"]}`
	g := start(t, seed(t, addresses, strings.TrimSuffix(addresses, "}")+", park_until: up}"))
	g.attach(pc1)
	for _, gw := range pc1.Gateways { // PC1's own questions are over
		g.ping(pc1, gw, 1).wantAll(g)
	}
	g.plug(pc3)
	// While the tap was the gateway's, the kernel may have spoken for it.
	g.must(lab.Wait(g.ctx, "the gate to be closed", func() error {
		open, err := g.gateOpen()
		if err == nil && open {
			err = errors.New("it is open")
		}
		return err
	}))
	return g
}

// listen opens a socket for all of a host's addresses, those to come included.
func (g *gateway) listen(e end) *net.UDPConn {
	g.Helper()
	var conn *net.UDPConn
	g.must(g.hosts[e.name].Do(func() (err error) {
		conn, err = net.ListenUDP("udp", &net.UDPAddr{Port: udpPort})
		return err
	}))
	g.Cleanup(func() { _ = conn.Close() })
	raw, err := conn.SyscallConn()
	g.must(err)
	g.must(raw.Control(func(fd uintptr) { // all datagrams of a test have room
		err = unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_RCVBUFFORCE, 4<<20)
	}))
	g.must(err)
	deadline, _ := g.ctx.Deadline()
	g.must(conn.SetReadDeadline(deadline))
	return conn
}

// sendNumbered sends datagrams from PC1 to addresses of PC3, numbered from first.
func (g *gateway) sendNumbered(first, n uint32, to ...netip.Addr) {
	g.Helper()
	for _, ip := range to {
		conn := dialIn[*net.UDPConn](g, g.ctx, pc1, "udp", netip.AddrPortFrom(ip, udpPort).String())
		for i := range n {
			_, err := conn.Write(binary.BigEndian.AppendUint32(nil, first+i))
			g.must(err)
		}
		g.must(conn.Close())
	}
}

// wantNumbered reads n datagrams of each family and asserts that they come in order.
func (g *gateway) wantNumbered(conn *net.UDPConn, first, n uint32, families int) {
	g.Helper()
	next := map[bool]uint32{true: first, false: first} // by whether it is IPv4
	buf := make([]byte, 64)
	for range int(n) * families {
		size, from, err := conn.ReadFromUDPAddrPort(buf)
		if err != nil {
			g.Fatalf("%v; next of IPv4 %d, of IPv6 %d", err, next[true], next[false])
		}
		v4 := from.Addr().Unmap().Is4()
		if got := binary.BigEndian.Uint32(buf[:size]); got != next[v4] {
			g.Fatalf("datagram %d from %s, want %d", got, from, next[v4])
		}
		next[v4]++
	}
}

// waitParked waits until n packets wait for each address, for longer than any next hop
// may be waited for.
func (g *gateway) waitParked(n int, ips ...netip.Addr) {
	g.Helper()
	g.must(lab.Wait(g.ctx, "packets to wait at the gate for longer than max_age", func() error {
		rows := show[gatedParked](g, "parked").NextHops
		if len(rows) != len(ips) {
			return fmt.Errorf("%+v", rows)
		}
		for i, row := range rows {
			if row.IP != ips[i].String() || row.RouterPort != "lrp2" || row.Packets != n || row.WaitingFor != "up" ||
				row.Port != gatedPort || row.OldestSeconds < 4 || row.Probes < 4 {
				return fmt.Errorf("%+v", row)
			}
		}
		return nil
	}))
}

// wantGateDrained asserts what the counters say when nothing was lost at the gate.
func (g *gateway) wantGateDrained(packets int) {
	g.Helper()
	var parked parkedView
	g.must(lab.Wait(g.ctx, "nothing to be parked", func() error {
		if parked = show[parkedView](g, "parked"); parked.Totals.InRing != 0 {
			return fmt.Errorf("%+v", parked)
		}
		return nil
	}))
	if t := parked.Totals; t.Parked != packets || t.Drained != packets {
		g.Errorf("totals %+v, want %d parked and drained", t, packets)
	}
}

// TestPodComesUp: what is for a pod that is not there yet waits for it, and all of it
// arrives in order when it comes up: because its kernel speaks, or, with a kernel that
// says nothing by itself, because the gateway asks.
func TestPodComesUp(t *testing.T) {
	t.Run("and speaks", func(t *testing.T) {
		g := startGated(t)
		conn := g.listen(pc3)
		ips := []netip.Addr{pc3.ip(0), pc3.ip(1)}
		g.sendNumbered(0, datagrams, ips...)
		g.waitParked(datagrams, ips...)
		if n := neighborOf(show[[]neighborView](g, "neighbors"), ips[0]); n.State != "PERMANENT" || n.MAC != pc3.MAC.String() {
			t.Errorf("PC3 is %+v", n)
		}
		g.must(g.hosts[pc3.name].Setup(g.ctx, pc3.iface, pc3.Host))
		g.sendNumbered(datagrams, datagrams, ips...)
		g.wantNumbered(conn, 0, 2*datagrams, 2)
		if open, err := g.gateOpen(); !open || err != nil {
			t.Errorf("the gate is open: %v, %v", open, err)
		}
		for family := range families {
			g.ping(pc1, pc3.ip(family), 3).wantTTL(g, 63)
		}
	})
	t.Run("and is silent", func(t *testing.T) {
		g := startGated(t)
		conn := g.listen(pc3)
		g.sendNumbered(0, datagrams, pc3.ip(0))
		g.waitParked(datagrams, pc3.ip(0))
		ns, mute := g.hosts[pc3.name], pc3.Host
		mute.Addrs, mute.Gateways = mute.Addrs[:1], mute.Gateways[:1]
		g.must(ns.Sysctl("net/ipv6/conf/"+pc3.iface+"/disable_ipv6", "1"))
		g.must(ns.Setup(g.ctx, pc3.iface, mute))
		g.wantNumbered(conn, 0, datagrams, 1)
		g.wantGateDrained(datagrams)
	})
}

// TestPortRelease: a command lets go what waits for a host that neither speaks nor
// answers.
func TestPortRelease(t *testing.T) {
	g := startGated(t)
	conn := g.listen(pc3)
	g.sendNumbered(0, datagrams, pc3.ip(0))
	ns := g.hosts[pc3.name]
	for _, args := range []string{"link set dev %s address " + pc3.MAC.String(), "addr add " + pc3.Addrs[0].String() + " dev %s"} {
		_, err := ns.Run(g.ctx, "ip", strings.Fields(fmt.Sprintf(args, pc3.iface))...)
		g.must(err)
	}
	g.must(ns.Mute(g.ctx, pc3.iface))
	g.waitParked(datagrams, pc3.ip(0))
	if out, want := g.cli("port", "release", gatedPort), fmt.Sprintf("released %d\n", datagrams); out != want {
		t.Errorf("port release: %q, want %q", out, want)
	}
	g.wantNumbered(conn, 0, datagrams, 1)
	g.wantGateDrained(datagrams)
	if out := g.cli("port", "release", gatedPort); out != "released 0\n" {
		t.Errorf("port release again: %q", out)
	}
	out, err := lab.Root.Run(g.ctx, parkway, "--socket", g.socket, "port", "release", "sw2-port4")
	if err == nil || !strings.Contains(out+err.Error(), gatedPort) {
		t.Errorf("port release of a port without a gate: %v\n%s", err, out)
	}
}

// TestLinkDownDiscards: what waits for a next hop behind a port whose link goes down is
// freed, and counted.
func TestLinkDownDiscards(t *testing.T) {
	const waiting = 5
	g := start(t, seed(t, "max_age: 3s ", "max_age: 90s ", "mcast_solicit: 3", "mcast_solicit: 90"))
	g.attach(pc1)
	for _, gw := range pc1.Gateways {
		g.ping(pc1, gw, 1).wantAll(g)
	}
	g.must(lab.Wait(g.ctx, "the link to be up", func() error { // this tap stays the gateway's
		if link := portsByName(g)["p-ext"]["link"]; link != "up" {
			return fmt.Errorf("it is %v", link)
		}
		return nil
	}))
	before := time.Now()
	ips := onExt(50)
	g.sendNumbered(0, waiting, ips...)
	inRing := func(want int) func() error {
		return func() error {
			if p := show[parkedView](g, "parked"); p.Totals.InRing != want {
				return fmt.Errorf("%+v", p)
			}
			return nil
		}
	}
	g.must(lab.Wait(g.ctx, "the packets to be parked", inRing(waiting*len(ips))))
	_, err := g.ns.Run(g.ctx, "ip", "link", "set", "dev", pcExt.iface, "down")
	g.must(err)
	g.must(lab.Wait(g.ctx, "nothing to be parked", inRing(0)))
	t.Logf("parked and discarded in %v", time.Since(before).Round(time.Millisecond))
	if p := show[parkedView](g, "parked").Totals; p.Discarded != waiting*len(ips) || p.Failed+p.Expired+p.Drained != 0 {
		t.Errorf("totals %+v, want all discarded", p)
	}
	drops, _ := show[map[string]any](g, "counters")["drops"].(map[string]any)
	if n := drops["park_discarded"]; n != float64(waiting*len(ips)) {
		t.Errorf("park_discarded is %v, want %d", n, waiting*len(ips))
	}
	for _, ip := range ips {
		if n := neighborOf(show[[]neighborView](g, "neighbors"), ip); n.State == "REACHABLE" || n.State == "FAILED" {
			t.Errorf("%s is %s", ip, n.State)
		}
	}
}
