// SPDX-License-Identifier: Apache-2.0

package forwarder

import (
	"net/netip"
	"path/filepath"
	"testing"
	"time"

	"github.com/parkway-gw/parkway/cgo"
)

// Control changes neighbors and MACs as fast as it can under a worker at full speed;
// nothing is lost from the books, and indexes come back.
func TestChurnUnderTraffic(t *testing.T) {
	in := filepath.Join(t.TempDir(), "in.pcap")
	writePcap(t, in, udp(t, vm1MAC, lrp1MAC, "1.1.0.1", "192.168.123.7", 64, 9))
	cfg := testConfig(article(), 1)
	cfg.MaxNeighbors = 32
	cfg.Ports = []Port{{Name: "in", Device: "net_pcap_c0,rx_pcap=" + in + ",infinite_rx=1", IfaceID: "vm1"},
		{Name: "out", Device: "net_null_c0,no-rx=1", NetworkName: "physnet1"}}
	f, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	defer nothingLeft(t)
	defer stopForwarder(t, f)
	if err := f.Start(); err != nil {
		t.Fatal(err)
	}
	const ext = 2
	target := netip.MustParseAddr("192.168.123.7")
	rounds, full := 0, 0
	for end := time.Now().Add(300 * time.Millisecond); time.Now().Before(end); rounds++ {
		adj, err := f.Adjacency(ext, target)
		if err != nil {
			full++
			f.Maintain()
			continue
		}
		peer := MAC{2, 0, 0, 0, 2, byte(rounds % 4)}
		f.SetAdjacency(adj, peer, cgo.AdjReachable)
		f.LearnMAC(2, 5, peer)
		batch := f.Control().Poll(0, 0)
		for i := range batch.Asks {
			f.Control().Drain(batch.Asks[i].Slot(), adj)
		}
		f.ReleaseAdjacency(adj)
	}
	c := f.Counters()
	if rounds == 0 || c.Tx == 0 || full == rounds {
		t.Errorf("%d rounds, %d at the bound, %+v", rounds, full, c)
	}
	t.Logf("%d rounds, %d at the bound, %d packets sent, %d parked", rounds, full, c.Tx, c.Parked)
}

// Flows spread over the members of a route, and each stays on its own.
func TestECMP(t *testing.T) {
	topo := article(route("10.0.0.0/8", "192.168.123.1", ""), route("10.0.0.0/8", "1.2.0.3", ""))
	topo.StaticMACBindings = []StaticMACBinding{binding("lr0-ext", netip.MustParseAddr("192.168.123.1"), mac("02:00:00:00:00:99"))}
	g := newGateway(t, topo, 1, Port{IfaceID: "vm1"}, Port{IfaceID: "vm3"}, Port{Name: "ext", NetworkName: "physnet1"})
	count := map[string]int{}
	for flow := range 32 {
		dst := netip.AddrFrom4([4]byte{10, 0, 0, byte(flow + 1)}).String()
		var first string
		for range 2 {
			g.send("vm1", 0, udp(t, vm1MAC, lrp1MAC, "1.1.0.1", dst, 64, 9))
			port := g.whichOf("vm3", "ext")
			if count[port]++; first != "" && port != first {
				t.Errorf("the flow to %s left by %s, then by %s", dst, first, port)
			}
			first = port
		}
	}
	if count["vm3"] < 8 || count["ext"] < 8 {
		t.Errorf("32 flows, two packets each: %v", count)
	}
}

// whichOf returns the port by which the next packet leaves.
func (g *gateway) whichOf(ports ...string) string {
	g.t.Helper()
	for end := time.Now().Add(5 * time.Second); time.Now().Before(end); {
		for _, p := range ports {
			if g.receive(p, 0) != nil {
				return p
			}
		}
	}
	g.t.Fatalf("nothing leaves by %v", ports)
	return ""
}
