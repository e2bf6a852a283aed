// SPDX-License-Identifier: Apache-2.0

package forwarder

import (
	"net/netip"
	"testing"
	"time"

	"github.com/parkway-gw/parkway/cgo"
)

// A neighbor whose MAC no switch port is known to have leaves by the only one that lists
// unknown, wherever changes take that, until the MAC turns up.
func TestTheOnlyPortThatListsUnknown(t *testing.T) {
	const ext = 2 // router port lr0-ext
	peer, ip := mac("02:00:00:00:00:55"), netip.MustParseAddr("192.168.123.7")
	topo := func(ports ...SwitchPort) Topology {
		topo := article()
		topo.Switches[2].Ports = append(ports, cable("lr0-ext"))
		return topo
	}
	out, open := localnet("ext-localnet", "physnet1", 0), SwitchPort{Name: "ext2", Unknown: true}
	g := newGateway(t, topo(out), 1, Port{IfaceID: "vm1"}, Port{Name: "ext", NetworkName: "physnet1"}, Port{IfaceID: "ext2"})
	frame := udp(t, vm1MAC, lrp1MAC, "1.1.0.1", ip.String(), 64, 9)
	want := udp(t, extMAC, peer.String(), "1.1.0.1", ip.String(), 63, 9)
	leaves := func(adj uint32, straight bool, ports ...string) {
		t.Helper()
		if is := g.egress(g.record(adj)) != cgo.OutSwitch; is != straight {
			t.Errorf("leaves straight by a port: %v, want %v", is, straight)
		}
		g.send("vm1", 0, frame)
		for _, port := range ports {
			wantFrame(t, g.expect(port), want)
		}
		g.quiet("ext", "ext2")
	}
	apply := func(ports ...SwitchPort) {
		t.Helper()
		if _, err := g.Apply(topo(ports...)); err != nil {
			t.Fatal(err)
		}
	}

	g.send("vm1", 0, frame)
	batch := g.Control().Poll(5*time.Second, 0)
	if len(batch.Asks) != 1 {
		t.Fatalf("asks %+v", batch.Asks)
	}
	adj, err := g.Adjacency(ext, ip)
	if err != nil {
		t.Fatal(err)
	}
	if g.egress(g.record(adj)) != cgo.OutSwitch {
		t.Error("a neighbor without a MAC has a port")
	}
	slot := batch.Asks[0].Slot()
	g.SetAdjacency(adj, peer, cgo.AdjDraining)
	g.Control().Drain(slot, adj)
	wantFrame(t, g.expect("ext"), want)
	for end := time.Now().Add(5 * time.Second); g.Control().Open(slot); time.Sleep(100 * time.Microsecond) {
		if time.Now().After(end) {
			t.Fatal("the slot stays open")
		}
	}
	g.SetAdjacency(adj, peer, cgo.AdjReachable)
	leaves(adj, true, "ext")
	if g.AdjacencyPort(adj) != cgo.None {
		t.Error("the switch claims to know where the MAC is")
	}

	apply(out, open) // a second one
	leaves(adj, false, "ext", "ext2")
	g.send("ext2", 0, udp(t, peer.String(), extMAC, ip.String(), "1.1.0.1", 64, 9)) // it is learned there
	g.expect("vm1")
	learn(t, g)
	leaves(adj, true, "ext2")
	apply(out) // and goes with its port
	leaves(adj, true, "ext")

	apply(out, vif("ext2", peer.String())) // placed at a port that lists nothing else
	leaves(adj, true, "ext2")
	apply(out, vif("ext2", vm2MAC))
	leaves(adj, true, "ext")

	apply(open) // instead of the first
	leaves(adj, true, "ext2")
	apply(SwitchPort{Name: "elsewhere", Unknown: true}) // unbound here
	leaves(adj, false)
	g.drops("l2_unknown_destination", 1)
	apply(out)
	leaves(adj, true, "ext")
}
