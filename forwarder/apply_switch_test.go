// SPDX-License-Identifier: Apache-2.0

package forwarder

import (
	"net/netip"
	"testing"
	"time"

	"github.com/google/gopacket/layers"

	"github.com/parkway-gw/parkway/internal/topology"
)

// apply changes the topology, as often as nothing must go wrong.
func (g *gateway) apply(t Topology) {
	g.t.Helper()
	if _, err := g.Apply(t); err != nil {
		g.t.Fatal(err)
	}
	g.resolverLetsGo()
	g.Maintain()
}

// rests lets numbers of what is gone be given again.
func (g *gateway) rests() {
	for i := range g.changes.quarantine.list {
		g.changes.quarantine.list[i].since = time.Now().Add(-quarantineTime)
	}
	g.changes.quarantine.next = time.Time{}
	g.Maintain()
}

// listed demands that what only learned MACs have agrees with the table.
func (g *gateway) listed() {
	g.t.Helper()
	byPort := map[uint16]int{}
	for i, l := range g.fdb.list {
		v, known := g.fdb.entries[l.key]
		if !known || v.static || int(v.at) != i {
			g.t.Fatalf("%d is %v: %+v, %v", i, l.key, v, known)
		}
		byPort[v.switchPort]++
	}
	for sp, n := range g.fdb.byPort {
		if byPort[sp] != n {
			g.t.Fatalf("switch port %d has learned %d, and counts %d", sp, byPort[sp], n)
		}
	}
}

// What was learned outlives a change behind ports that stay, ages by what is in force now,
// and goes with its port, or when the topology places it.
func TestLearnedMACsAndChanges(t *testing.T) {
	g, now := aging(t, 0, 0)
	topo := func(age uint32, ports ...SwitchPort) Topology {
		return Topology{Switches: []Switch{{Name: "sw", FDBAgeThreshold: age, Ports: append([]SwitchPort{vif("a", vm1MAC)}, ports...)}}}
	}
	c, d := SwitchPort{Name: "c", Unknown: true}, SwitchPort{Name: "d", Unknown: true}
	ms := []string{strangerMAC, otherMAC, "02:00:00:00:00:79", "02:00:00:00:00:7a"}
	for i, m := range ms {
		g.LearnMAC(0, g.port([]string{"c", "d"}[i%2]), mac(m))
	}
	g.apply(topo(0, vif("x", vm2MAC), d, c))
	for i, m := range ms {
		if got := g.where(m); got != []string{"c", "d"}[i%2] {
			t.Errorf("%s is at %q after a change beside it", m, got)
		}
	}
	g.listed()

	placed := d
	placed.Addresses = []PortAddress{{MAC: mac(ms[0])}}
	g.apply(topo(300, placed, c))
	g.listed()
	if s := g.FDBStats(); g.where(ms[0]) != "d" || s.Learned != 3 {
		t.Errorf("placed at d it is at %q; %+v", g.where(ms[0]), s)
	}
	*now += 400 * time.Second
	g.Maintain()
	if s := g.FDBStats(); s.Learned != 0 || s.Aged != 3 {
		t.Errorf("with a threshold of 300 s now: %+v", s)
	}
	g.LearnMAC(0, g.port("c"), mac(ms[1]))
	g.LearnMAC(0, g.port("d"), mac(ms[2]))
	g.apply(topo(300, d))
	g.listed()
	if g.where(ms[0]) != "" || g.where(ms[1]) != "" || g.where(ms[2]) != "d" || len(g.MACs()) != 2 {
		t.Errorf("without c, and nothing placed: %+v", g.MACs())
	}
	limited := d
	limited.MACLimit = 1
	g.apply(topo(300, limited))
	g.LearnMAC(0, g.port("d"), mac(ms[3]))
	if g.where(ms[3]) != "" || g.FDBStats().Limited != 1 {
		t.Error("the new mac_limit does not count")
	}
	g.apply(topo(300, SwitchPort{Name: "x"}))
	g.rests()
	g.apply(topo(300, SwitchPort{Name: "y"}, SwitchPort{Name: "z"}, SwitchPort{Name: "w"}))
	if s := g.FDBStats(); s.Limited != 1 || len(g.fdb.limited) != 0 {
		t.Errorf("a count has gone back: %+v", s)
	}
}

// A number's next bearer has full buckets, and counts from nothing.
func TestNumbersStartAnew(t *testing.T) {
	topo := func(name string, rate uint32) Topology {
		guest := vif(name, vm2MAC)
		guest.StormControl = StormControl{Broadcast: 1}
		return Topology{
			Switches: []Switch{{Name: "sw", Ports: []SwitchPort{vif("a", vm1MAC), guest}},
				{Name: "sw2", Ports: []SwitchPort{vif("b", vm3MAC), cable("lrp-" + name)}}},
			Routers: []Router{{Name: "r", CoPP: "c", Ports: []RouterPort{lrp("lrp-"+name, lrp1MAC, "10.0.0.254/24")}}},
			Meters:  []topology.Meter{{Name: "m", Rate: rate, Burst: 1}},
			CoPP:    []topology.CoPP{{Name: "c", Meters: []topology.CoPPMeter{{Protocol: "arp", Meter: "m"}}}},
		}
	}
	g := newGateway(t, topo("x", 1), 1, Port{IfaceID: "a"}, Port{IfaceID: "x"}, Port{IfaceID: "y"}, Port{IfaceID: "b"})
	ask := func(from, target string) []byte {
		m := mac(from)
		eth := &layers.Ethernet{SrcMAC: m[:], DstMAC: layers.EthernetBroadcast, EthernetType: layers.EthernetTypeARP}
		return serialize(t, eth, &layers.ARP{AddrType: 1, Protocol: 0x800, HwAddressSize: 6, ProtAddressSize: 4, Operation: 1,
			SourceHwAddress: m[:], SourceProtAddress: []byte{10, 0, 0, 1}, DstHwAddress: make([]byte, 6),
			DstProtAddress: netip.MustParseAddr(target).AsSlice()})
	}
	punted := func(want int) {
		t.Helper()
		n := 0
		for end := time.Now().Add(5 * time.Second); n < want && time.Now().Before(end); {
			batch := g.Control().Poll(0, 0)
			for _, m := range batch.ARPND {
				g.Control().Consume(m)
				n++
			}
		}
		if n != want {
			t.Errorf("%d ARP requests reach control, want %d", n, want)
		}
	}
	state := func(name string) (drops, refused uint64) {
		for _, s := range g.SwitchPortStatus() {
			if s.SwitchPort == name {
				drops = s.StormBroadcast
			}
		}
		for _, c := range g.CoPP() {
			if c.Protocol == "arp" {
				refused += c.Dropped
			}
		}
		return drops, refused
	}
	for range 40 {
		g.send("x", 0, ask(vm2MAC, "10.0.9.9"))
	}
	g.drops("storm_broadcast", 24)
	for range 5 {
		g.send("b", 0, ask(vm3MAC, "10.0.0.254"))
	}
	g.drops("punt_rate_limited", 4)
	punted(1)
	if drops, refused := state("x"); drops != 24 || refused != 4 {
		t.Errorf("%d and %d counted", drops, refused)
	}
	g.apply(topo("x", 1)) // nothing is new
	if drops, refused := state("x"); drops != 24 || refused != 4 {
		t.Errorf("%d and %d counted after a change beside them", drops, refused)
	}
	sp, rp := g.port("x"), g.plan.numbers.routerPorts
	bare := Topology{Switches: topo("x", 1).Switches[:1]}
	bare.Switches[0].Ports = bare.Switches[0].Ports[:1]
	g.apply(bare)
	g.rests()
	g.apply(topo("y", 1))
	if g.port("y") != sp || len(g.plan.routerPorts) != len(rp.at) {
		t.Fatalf("y has number %d, want that of x, %d; %d router ports", g.port("y"), sp, len(g.plan.routerPorts))
	}
	if drops, refused := state("y"); drops != 0 || refused != 0 {
		t.Errorf("what is new counts %d and %d", drops, refused)
	}
	g.send("y", 0, ask(vm2MAC, "10.0.9.9"))
	g.expect("a")
	g.send("b", 0, ask(vm3MAC, "10.0.0.254"))
	punted(1)
	g.apply(topo("y", 1_000_000)) // a meter's new values count at once
	for range 3 {
		g.send("b", 0, ask(vm3MAC, "10.0.0.254"))
		punted(1)
	}
	if _, refused := state("y"); refused != 0 {
		t.Errorf("%d refused at a million per second", refused)
	}
}

// Control's own packets leave by what the table of their port says, as a change makes it.
func TestEgressByRouteTable(t *testing.T) {
	topo := article(route("203.0.113.0/24", "192.168.123.1", ""), route("203.0.113.0/24", "1.2.0.9", ""))
	topo.Routers[0].StaticRoutes[1].RouteTable = "blue"
	g := newGateway(t, topo, 1, Port{IfaceID: "vm1"})
	want := func(port string) {
		t.Helper()
		if out := g.Control().Egress(g.plan.numbersOfPort("lrp1"), netip.MustParseAddr("203.0.113.7")); out != g.plan.numbersOfPort(port) {
			t.Errorf("it leaves by router port %d, want %s", out, port)
		}
	}
	want("lr0-ext")
	topo = article(topo.Routers[0].StaticRoutes...)
	topo.Routers[0].Ports[0].RouteTable = "blue"
	g.apply(topo)
	want("lrp2")
}

func (p *plan) numbersOfPort(name string) uint16 {
	for i := range p.routerPorts {
		if p.routerPorts[i].info.Port.Name == name {
			return uint16(i)
		}
	}
	return 0xffff
}
