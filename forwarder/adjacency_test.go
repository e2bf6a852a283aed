// SPDX-License-Identifier: Apache-2.0

package forwarder

import (
	"errors"
	"net/netip"
	"testing"
	"time"

	"github.com/parkway-gw/parkway/cgo"
)

// A neighbor learned behind a localnet port: parked for, resolved, moved, released.
func TestAdjacencyLife(t *testing.T) {
	topo := article(route("0.0.0.0/0", "192.168.123.1", ""))
	topo.Switches[2].Ports = append(topo.Switches[2].Ports, SwitchPort{Name: "ext2", Unknown: true})
	g := newGateway(t, topo, 1, Port{IfaceID: "vm1"}, Port{Name: "ext", NetworkName: "physnet1"}, Port{IfaceID: "ext2"})
	const ext = 2 // router port lr0-ext
	peer := mac("02:00:00:00:00:55")
	ip := netip.MustParseAddr("192.168.123.7")
	out := func() []byte { return udp(t, vm1MAC, lrp1MAC, "1.1.0.1", "192.168.123.7", 64, 9) }

	g.send("vm1", 0, out())
	batch := g.Control().Poll(5*time.Second, 0)
	if len(batch.Asks) != 1 || batch.Asks[0].Key.Addr() != ip || batch.Asks[0].Key.RouterPort != ext {
		t.Fatalf("asks %+v", batch.Asks)
	}
	slot := batch.Asks[0].Slot()
	adj, err := g.Adjacency(ext, ip)
	if err != nil {
		t.Fatal(err)
	}
	if again, err := g.Adjacency(ext, ip); again != adj || err != nil {
		t.Errorf("found %d, %v; made %d", again, err, adj)
	}
	g.SetAdjacency(adj, peer, cgo.AdjDraining)
	if _, status := g.Control().Drain(slot, adj); status != cgo.DrainDone {
		t.Errorf("drain: %d", status)
	}
	// No switch port is known to have the MAC: it goes to all that list unknown.
	want := udp(t, extMAC, peer.String(), "1.1.0.1", "192.168.123.7", 63, 9)
	wantFrame(t, g.expect("ext"), want)
	wantFrame(t, g.expect("ext2"), want)
	for g.Control().Open(slot) {
		time.Sleep(100 * time.Microsecond)
	}
	g.SetAdjacency(adj, peer, cgo.AdjReachable)

	for _, port := range []string{"ext2", "ext", "ext2"} { // it is learned, and moves
		g.send(port, 0, udp(t, peer.String(), extMAC, "192.168.123.7", "1.1.0.1", 64, 9))
		g.expect("vm1")
		learn(t, g)
		g.send("vm1", 0, out())
		wantFrame(t, g.expect(port), want)
		g.quiet("ext", "ext2")
	}
	if !g.AdjacencyUsed(adj) || g.AdjacencyUsed(adj) {
		t.Error("used is set by forwarding and cleared by asking")
	}

	g.ReleaseAdjacency(adj)
	g.ReleaseAdjacency(adj) // nothing happens
	g.send("vm1", 0, out())
	if batch = g.Control().Poll(5*time.Second, 0); len(batch.Asks) != 1 {
		t.Errorf("a released neighbor is not asked for: %+v", batch)
	}
	for end := time.Now().Add(5 * time.Second); len(g.adjs.free) == 0; time.Sleep(time.Millisecond) {
		g.Maintain()
		if time.Now().After(end) {
			t.Fatal("the released adjacency does not come back")
		}
	}
	if again, err := g.Adjacency(ext, ip); again != adj || err != nil {
		t.Errorf("used again: %d, %v; want %d", again, err, adj)
	}
}

func learn(t *testing.T, g *gateway) {
	t.Helper()
	for _, l := range g.Control().Poll(5*time.Second, 0).Learns {
		g.LearnMAC(l.Switch, l.SwitchPort, l.MAC())
		return
	}
	t.Fatal("nothing to learn")
}

func TestFixedAdjacenciesStay(t *testing.T) {
	g := newGateway(t, article(route("0.0.0.0/0", "192.168.123.1", "")), 1, Port{IfaceID: "vm1"}, Port{IfaceID: "vm3"})
	gw := g.Gateways()
	if len(gw) != 1 || gw[0].IP != netip.MustParseAddr("192.168.123.1") || !gw[0].MAC.IsZero() {
		t.Fatalf("gateways %v", gw)
	}
	adj, _ := g.Adjacency(gw[0].RouterPort, gw[0].IP)
	g.SetAdjacency(adj, mac("02:00:00:00:00:99"), cgo.AdjReachable)
	g.ReleaseAdjacency(adj)
	if r := g.record(adj); r == nil || r.state != cgo.AdjIncomplete || !r.mac.IsZero() {
		t.Errorf("a released gateway: %+v", r)
	}
	for _, n := range g.Pinned() {
		adj, _ := g.Adjacency(n.RouterPort, n.IP)
		g.SetAdjacency(adj, mac("02:00:00:00:00:99"), cgo.AdjStale)
		g.ReleaseAdjacency(adj)
		if r := g.record(adj); r == nil || r.state != cgo.AdjPermanent || r.mac != n.MAC {
			t.Errorf("a released pinned neighbor: %+v", r)
		}
	}
}

func TestNeighborTableBound(t *testing.T) {
	cfg := testConfig(article(), 1)
	cfg.MaxNeighbors = 10
	f, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	defer stopForwarder(t, f)
	var made []uint32
	for i := range 10 { // beside those that the topology names
		adj, err := f.Adjacency(0, netip.AddrFrom4([4]byte{1, 1, 9, byte(i + 1)}))
		if err != nil {
			t.Fatal(err)
		}
		made = append(made, adj)
	}
	if _, err := f.Adjacency(1, netip.MustParseAddr("fe80::9")); !errors.Is(err, ErrNeighborTableFull) {
		t.Errorf("at the bound: %v", err)
	}
	f.ReleaseAdjacency(made[0]) // no worker is there to wait for
	if _, err := f.Adjacency(1, netip.MustParseAddr("fe80::9")); err != nil {
		t.Errorf("after a release: %v", err)
	}
	for _, bad := range []string{"::ffff:1.2.3.4", "fe80::1%eth0"} {
		if _, err := f.Adjacency(0, netip.MustParseAddr(bad)); err == nil {
			t.Errorf("%s is taken for a neighbor", bad)
		}
	}
	if _, err := f.Adjacency(3, netip.MustParseAddr("1.1.1.1")); err == nil {
		t.Error("there is no router port 3")
	}
}

func TestMACTableBound(t *testing.T) {
	cfg := testConfig(article(), 1)
	cfg.MaxMACs = 8
	f, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	defer stopForwarder(t, f)
	const sw, sp = 2, 5 // sw-ext, ext-localnet
	for i := range 12 {
		f.LearnMAC(sw, sp, MAC{2, 0, 0, 0, 1, byte(i)})
	}
	if got := f.FDBStats().Full; got != 4 {
		t.Errorf("%d MACs found no room, want 4", got)
	}
	f.LearnMAC(sw, sp, mac(extMAC))     // static: the router port's
	f.LearnMAC(0, sp, MAC{2, 1})        // another switch
	f.LearnMAC(0, 0, MAC{2, 2})         // a port that does not learn
	f.LearnMAC(sw, sp, MAC{1, 2})       // a group
	f.LearnMAC(sw, cgo.None, MAC{2, 3}) // no such port
	if got := f.fdb.entries[fdbKey{sw, mac(extMAC)}]; got.switchPort == sp || len(f.fdb.list) != 8 || f.FDBStats().Full != 4 {
		t.Errorf("%+v, learned %d", got, len(f.fdb.list))
	}
}
