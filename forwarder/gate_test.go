// SPDX-License-Identifier: Apache-2.0

package forwarder

import (
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/parkway-gw/parkway/cgo"
)

func gatedTopology() Topology {
	topo := article(route("198.51.100.0/24", "1.2.0.3", ""))
	sw1, sw2 := &topo.Switches[0], &topo.Switches[1]
	sw1.Ports[1].ParkUntilUp = true
	sw2.Ports[0].ParkUntilUp = true
	// A second router sees vm2 too, but not at the address that a binding places elsewhere.
	sw1.Ports = append(sw1.Ports, cable("lrp3"))
	topo.Routers = append(topo.Routers, Router{Name: "lr1",
		Ports: []RouterPort{lrp("lrp3", "00:00:01:ff:00:03", "1.1.254.253/16", "2001:db8:1::3/64")}})
	topo.StaticMACBindings = []StaticMACBinding{binding("lrp3", netip.MustParseAddr("1.1.0.2"), mac("02:00:00:00:00:99")),
		binding("lrp1", netip.MustParseAddr("1.1.0.77"), mac(vm2MAC))}
	return topo
}

// A gate lists the hosts that its port lists, from every router port that has them for
// neighbors.
func TestGates(t *testing.T) {
	p := mustCompile(t, gatedTopology())
	names := []string{}
	for _, g := range p.gates {
		names = append(names, g.Name)
		if p.switchPorts[g.SwitchPort].name != g.Name || !p.switchPorts[g.SwitchPort].table.Gated {
			t.Errorf("gate %s is switch port %d, %+v", g.Name, g.SwitchPort, p.switchPorts[g.SwitchPort])
		}
	}
	if !slices.Equal(names, []string{"vm2", "vm3"}) {
		t.Fatalf("gates %v", names)
	}
	behind := func(g Gate) (out []string) {
		for _, n := range g.Neighbors {
			out = append(out, p.routerPorts[n.RouterPort].info.Port.Name+" "+n.IP.String()+" "+n.MAC.String())
		}
		slices.Sort(out)
		return out
	}
	if got, want := behind(p.gates[0]), []string{"lrp1 1.1.0.2 " + vm2MAC, "lrp1 2001:db8:1::12 " + vm2MAC, "lrp3 2001:db8:1::12 " + vm2MAC}; !slices.Equal(got, want) {
		t.Errorf("behind vm2: %v, want %v", got, want)
	}
	// The next hop of a route is one of them.
	if got, want := behind(p.gates[1]), []string{"lrp2 1.2.0.3 " + vm3MAC, "lrp2 2001:db8:2::13 " + vm3MAC}; !slices.Equal(got, want) {
		t.Errorf("behind vm3: %v, want %v", got, want)
	}
	for i, sp := range p.switchPorts {
		if sp.table.Gated != (sp.name == "vm2" || sp.name == "vm3") {
			t.Errorf("switch port %d, %s: gated %v", i, sp.name, sp.table.Gated)
		}
	}
	if p = mustCompile(t, article()); len(p.gates) != 0 {
		t.Errorf("gates %v where none is asked for", p.gates)
	}
}

// Park rings for gates take memory only where there are gates.
func TestGatedParkDefaults(t *testing.T) {
	limits := func(topo Topology) ParkLimits { return Config{Topology: topo}.withDefaults().Park.Gated }
	if got, want := limits(gatedTopology()), (ParkLimits{NextHops: 256, PacketsPerNextHop: 256, MaxPackets: 1024}); got != want {
		t.Errorf("with gates: %+v, want %+v", got, want)
	}
	if got := limits(article()); got != (ParkLimits{}) {
		t.Errorf("without gates: %+v", got)
	}
}

// switchPort returns a switch port's index.
func (g *gateway) switchPort(name string) uint16 {
	g.t.Helper()
	i := slices.Index(g.SwitchPorts(), name)
	if i < 0 {
		g.t.Fatalf("no switch port is called %q", name)
	}
	return uint16(i)
}

// appeared waits for frames to be handled and returns the switch ports that were
// reported.
func (g *gateway) appeared(wait time.Duration) (out []uint16) {
	for _, l := range g.Control().Poll(wait, 0).Appeared {
		out = append(out, l.SwitchPort)
	}
	return out
}

// An armed gate reports the first frame, once; a disarmed one none; a port that is not
// gated none either.
func TestArmGate(t *testing.T) {
	g := newGateway(t, gatedTopology(), 1, Port{IfaceID: "vm1"}, Port{IfaceID: "vm2"})
	vm1, vm2 := g.switchPort("vm1"), g.switchPort("vm2")
	frame := func(from, to string) []byte { return udp(t, from, to, "1.1.0.8", "1.1.0.9", 64, 9) }
	speak := func() { // of vm2: the frame goes to vm1
		t.Helper()
		g.send("vm2", 0, frame(vm2MAC, vm1MAC))
		g.expect("vm1")
	}
	speak()
	if got := g.appeared(0); len(got) != 0 {
		t.Errorf("%v reported unasked", got)
	}
	for range 2 {
		g.ArmGate(vm1)
		g.ArmGate(vm2)
		g.send("vm1", 0, frame(vm1MAC, vm2MAC))
		g.expect("vm2")
		speak()
		speak()
		if got := g.appeared(5 * time.Second); !slices.Equal(got, []uint16{vm2}) {
			t.Errorf("%v reported, want %d", got, vm2)
		}
	}
	g.ArmGate(vm2)
	g.DisarmGate(vm2)
	speak()
	if got := g.appeared(0); len(got) != 0 {
		t.Errorf("%v reported after DisarmGate", got)
	}
	g.ArmGate(cgo.None) // no such port
}

func TestPortSwitchPorts(t *testing.T) {
	topo := gatedTopology()
	topo.Switches[1].Ports = append(topo.Switches[1].Ports, localnet("sw2-ext", "physnet1", 200))
	g := newGateway(t, topo, 1, Port{Name: "p1", IfaceID: "vm1"}, Port{Name: "trunk", NetworkName: "physnet1"}, Port{Name: "idle", IfaceID: "nobody"})
	named := func(list []uint16) (out []string) {
		for _, sp := range list {
			out = append(out, g.SwitchPorts()[sp])
		}
		return out
	}
	for port, want := range map[string][]string{"p1": {"vm1"}, "trunk": {"sw2-ext", "ext-localnet"}, "idle": nil, "vm1": nil, "": nil} {
		if got := named(g.PortSwitchPorts(port)); !slices.Equal(got, want) {
			t.Errorf("port %q has %v, want %v", port, got, want)
		}
	}
	for lrp, want := range [][]string{{"vm1"}, {"sw2-ext"}, {"ext-localnet"}, {"vm1"}} { // lrp1, lrp2, lr0-ext, lrp3
		if got := named(g.RouterPortSwitchPorts(uint16(lrp))); !slices.Equal(got, want) {
			t.Errorf("router port %d has %v, want %v", lrp, got, want)
		}
	}
	if got := g.RouterPortSwitchPorts(4); got != nil {
		t.Errorf("a router port that is not there has %v", got)
	}
}

// What was learned behind one port is forgotten, with the way of the adjacencies that
// lead there; the rest stays, and its place in the bound is free again.
func TestForgetMACs(t *testing.T) {
	topo := article()
	ext := &topo.Switches[2]
	ext.Ports = append(ext.Ports, SwitchPort{Name: "ext2", Unknown: true, Addresses: vif("", "02:00:00:00:02:00").Addresses})
	g := newGateway(t, topo, 1, Port{IfaceID: "vm1"}, Port{Name: "ext", NetworkName: "physnet1"}, Port{IfaceID: "ext2"})
	const sw, lr0ext = 2, 2
	one, two := g.switchPort("ext-localnet"), g.switchPort("ext2")
	peers := []MAC{{2, 0, 0, 0, 1, 1}, {2, 0, 0, 0, 1, 2}, mac("02:00:00:00:02:00")}
	var adjs []uint32
	for i, peer := range peers {
		adj, err := g.Adjacency(lr0ext, netip.AddrFrom4([4]byte{192, 168, 123, byte(7 + i)}))
		if err != nil {
			t.Fatal(err)
		}
		if got := g.AdjacencyPort(adj); got != cgo.None {
			t.Errorf("without a MAC it leaves by %d", got)
		}
		g.SetAdjacency(adj, peer, cgo.AdjReachable)
		adjs = append(adjs, adj)
	}
	want := func(when string, ports ...uint16) {
		t.Helper()
		for i, adj := range adjs {
			if got := g.AdjacencyPort(adj); got != ports[i] {
				t.Errorf("%s neighbor %d leaves by %d, want %d", when, i, got, ports[i])
			}
		}
	}
	to := func(i int) []byte {
		return udp(t, vm1MAC, lrp1MAC, "1.1.0.1", "192.168.123."+string('7'+byte(i)), 64, 9)
	}
	at := func(i int) []byte {
		return udp(t, extMAC, peers[i].String(), "1.1.0.1", "192.168.123."+string('7'+byte(i)), 63, 9)
	}
	want("at first", cgo.None, cgo.None, two)
	g.LearnMAC(sw, one, peers[0])
	g.LearnMAC(sw, two, peers[1])
	want("learned:", one, two, two)
	g.send("vm1", 0, to(0))
	wantFrame(t, g.expect("ext"), at(0))
	g.quiet("ext2")

	g.ForgetMACs(one)
	want("one port down:", cgo.None, two, two)
	g.send("vm1", 0, to(0))
	wantFrame(t, g.expect("ext"), at(0))
	wantFrame(t, g.expect("ext2"), at(0))
	g.send("vm1", 0, to(1))
	wantFrame(t, g.expect("ext2"), at(1))
	g.quiet("ext", "ext2")

	g.ForgetMACs(two)
	g.ForgetMACs(two)
	want("both down:", cgo.None, cgo.None, two) // the topology places the last
	if len(g.fdb.list) != 0 {
		t.Errorf("%d MACs count as learned", len(g.fdb.list))
	}
	g.LearnMAC(sw, two, peers[0])
	want("learned anew:", two, cgo.None, two)
	g.SetAdjacency(adjs[0], MAC{}, cgo.AdjIncomplete)
	g.ReleaseAdjacency(adjs[1])
	if a, b := g.AdjacencyPort(adjs[0]), g.AdjacencyPort(adjs[1]); a != cgo.None || b != cgo.None {
		t.Errorf("INCOMPLETE leaves by %d, released by %d", a, b)
	}
	if got := g.AdjacencyPort(1 << 20); got != cgo.None {
		t.Errorf("an adjacency that is not there leaves by %d", got)
	}
}
