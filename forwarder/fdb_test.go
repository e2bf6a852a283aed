// SPDX-License-Identifier: Apache-2.0

package forwarder

import (
	"net/netip"
	"testing"
	"time"

	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"
)

const (
	strangerMAC = "02:00:00:00:00:77"
	otherMAC    = "02:00:00:00:00:78"
)

// aging is a switch with a host and two ports of strangers, and a clock in the test's hand.
func aging(t *testing.T, seconds uint32, limit int) (*gateway, *time.Duration) {
	topo := Topology{Switches: []Switch{{Name: "sw", FDBAgeThreshold: seconds, Ports: []SwitchPort{
		vif("a", vm1MAC), {Name: "c", Unknown: true, MACLimit: limit}, {Name: "d", Unknown: true}}}}}
	g := newGateway(t, topo, 1, Port{IfaceID: "a"}, Port{IfaceID: "c"}, Port{IfaceID: "d"})
	now := new(time.Duration)
	*now = time.Hour
	g.fdb.clock = func() time.Duration { return *now }
	return g, now
}

func (g *gateway) port(name string) uint16 {
	for i, n := range g.SwitchPorts() {
		if n == name {
			return uint16(i)
		}
	}
	g.t.Fatalf("no switch port %s", name)
	return 0
}

// where is the port that a MAC is known at, "" for none.
func (g *gateway) where(s string) string {
	for _, e := range g.MACs() {
		if e.MAC == mac(s) {
			return e.SwitchPort
		}
	}
	return ""
}

func serialize(t *testing.T, ls ...gopacket.SerializableLayer) []byte {
	t.Helper()
	buf := gopacket.NewSerializeBuffer()
	if err := gopacket.SerializeLayers(buf, gopacket.SerializeOptions{FixLengths: true, ComputeChecksums: true}, ls...); err != nil {
		t.Fatal(err)
	}
	return append([]byte(nil), buf.Bytes()...)
}

func from(t *testing.T, src string) []byte {
	return udp(t, src, vm1MAC, "10.0.0.2", "10.0.0.1", 64, 10)
}

// A MAC that is heard stays, one that is not goes and is flooded to; static ones stay.
func TestMACsAge(t *testing.T) {
	g, now := aging(t, 300, 0)
	for _, m := range []string{strangerMAC, otherMAC} {
		g.LearnMAC(0, g.port("c"), mac(m))
	}
	g.Maintain()
	*now += 299 * time.Second
	g.send("c", 0, from(t, otherMAC))
	g.expect("a")
	g.Maintain()
	if g.where(strangerMAC) != "c" || g.where(otherMAC) != "c" {
		t.Fatalf("gone too early: %+v", g.MACs())
	}
	*now += 2 * time.Second
	g.Maintain()
	if g.where(strangerMAC) != "" || g.where(otherMAC) != "c" || g.where(vm1MAC) != "a" {
		t.Fatalf("want the one that was heard: %+v", g.MACs())
	}
	g.send("a", 0, udp(t, vm1MAC, strangerMAC, "10.0.0.1", "10.0.0.2", 64, 10))
	g.expect("c")
	g.expect("d")
	*now += 301 * time.Second
	g.Maintain()
	if s := g.FDBStats(); s.Learned != 0 || s.Aged != 2 || g.where(vm1MAC) != "a" {
		t.Errorf("%+v, %+v", s, g.MACs())
	}
}

// Without a threshold nothing ages, as in OVN.
func TestMACsDoNotAge(t *testing.T) {
	g, now := aging(t, 0, 0)
	g.LearnMAC(0, g.port("c"), mac(strangerMAC))
	for range 3 {
		*now += 1000 * time.Hour
		g.Maintain()
	}
	if g.where(strangerMAC) != "c" {
		t.Error("it is gone")
	}
}

// At a port's limit newcomers are flooded to; who moves there from elsewhere is no longer
// where it was; and room that comes free is used.
func TestMACLimit(t *testing.T) {
	g, _ := aging(t, 0, 2)
	c, d := g.port("c"), g.port("d")
	ms := []string{strangerMAC, otherMAC, "02:00:00:00:00:79"}
	g.LearnMAC(0, c, mac(ms[0]))
	g.LearnMAC(0, c, mac(ms[1]))
	g.LearnMAC(0, c, mac(ms[2]))
	if g.where(ms[2]) != "" {
		t.Error("learned beyond the limit")
	}
	g.LearnMAC(0, d, mac(ms[2]))
	g.LearnMAC(0, c, mac(ms[2]))
	if g.where(ms[2]) != "" {
		t.Error("it is still where it was")
	}
	g.LearnMAC(0, d, mac(ms[0])) // moves away
	g.LearnMAC(0, c, mac(ms[2]))
	if g.where(ms[0]) != "d" || g.where(ms[2]) != "c" {
		t.Errorf("%+v", g.MACs())
	}
	for _, p := range g.SwitchPortStatus() {
		if p.SwitchPort == "c" && (p.Learned != 2 || p.MACLimit != 2 || p.Limited != 2) {
			t.Errorf("%+v", p)
		}
	}
	if s := g.FDBStats(); s.Learned != 3 || s.Moves != 1 || s.Limited != 2 {
		t.Errorf("%+v", s)
	}
}

// A MAC that flaps between ports is counted, and the list stays whole whoever leaves it.
func TestMACFlapsAndFlush(t *testing.T) {
	g, _ := aging(t, 300, 0)
	c, d := g.port("c"), g.port("d")
	g.LearnMAC(0, d, mac(otherMAC))
	for range 5 {
		g.LearnMAC(0, c, mac(strangerMAC))
		g.LearnMAC(0, d, mac(strangerMAC))
	}
	for _, e := range g.MACs() {
		if e.MAC == mac(strangerMAC) && (e.Moves != 9 || e.Static || e.SwitchPort != "d") {
			t.Errorf("%+v", e)
		}
	}
	g.LearnMAC(0, c, mac(vm1MAC)) // static: neither moves nor counts
	if g.where(vm1MAC) != "a" || g.FDBStats().Moves != 9 {
		t.Errorf("%+v", g.MACs())
	}
	if n := g.FlushMACs(func(_, sp uint16, _ MAC) bool { return sp == c }); n != 0 {
		t.Errorf("%d flushed where there is none", n)
	}
	if n := g.FlushMACs(func(_, sp uint16, m MAC) bool { return m == mac(otherMAC) }); n != 1 || g.where(strangerMAC) != "d" {
		t.Errorf("%d flushed: %+v", n, g.MACs())
	}
	g.ForgetMACs(d)
	if s := g.FDBStats(); s.Learned != 0 || len(g.MACs()) != 1 || g.fdb.byPort[d] != 0 {
		t.Errorf("%+v, %+v", s, g.MACs())
	}
}

// A table that is looked at in parts: each MAC once a cycle, however many there are.
func TestAgingIsBounded(t *testing.T) {
	g, now := aging(t, 10, 0)
	g.cfg.MaxMACs = 60
	for i := range 60 {
		g.LearnMAC(0, g.port("c"), MAC{2, 9, 0, 0, 0, byte(i)})
	}
	if s := g.FDBStats(); s.Learned != 60 || s.Full != 0 {
		t.Fatalf("%+v", s)
	}
	g.LearnMAC(0, g.port("c"), mac(strangerMAC))
	*now += 11 * time.Second
	g.Maintain()
	if s := g.FDBStats(); s.Learned != 0 || s.Full != 1 || s.Aged != 60 {
		t.Errorf("%+v", s)
	}
	g.Maintain()
}

// A port that fills the table with MACs takes no room from others: who has less than an
// equal share gets it, who has that does not, and what the topology places stays.
func TestMACsAreShared(t *testing.T) {
	g, _ := aging(t, 0, 0)
	g.cfg.MaxMACs = 60
	c, d := g.port("c"), g.port("d")
	for i := range 1000 {
		g.LearnMAC(0, c, MAC{2, 9, 0, 0, byte(i >> 8), byte(i)})
	}
	for i := range 40 {
		g.LearnMAC(0, d, MAC{2, 8, 0, 0, 0, byte(i)})
	}
	for i := range 1000 { // on and on
		g.LearnMAC(0, c, MAC{2, 7, 0, 0, byte(i >> 8), byte(i)})
	}
	for i := range 30 {
		if m := (MAC{2, 8, 0, 0, 0, byte(i)}); g.where(m.String()) != "d" {
			t.Fatalf("%s is not known: c has %d, d %d", m, g.fdb.byPort[c], g.fdb.byPort[d])
		}
	}
	if s := g.FDBStats(); g.fdb.byPort[c] != 30 || g.fdb.byPort[d] != 30 || s.Learned != 60 || s.Full != 940+40+1000 {
		t.Errorf("c has %d, d %d: %+v", g.fdb.byPort[c], g.fdb.byPort[d], s)
	}
	if g.where(vm1MAC) != "a" || len(g.MACs()) != 61 {
		t.Errorf("%d entries, the host's at %q", len(g.MACs()), g.where(vm1MAC))
	}
}

// The responder, port security and MTU as the topology has them.
func TestSwitchPortFeatures(t *testing.T) {
	a, b := vif("a", vm1MAC), vif("b", vm2MAC)
	a.Addresses[0].IPs = []netip.Addr{netip.MustParseAddr("10.0.0.1")}
	b.Addresses[0].IPs = []netip.Addr{netip.MustParseAddr("10.0.0.2")}
	b.PortSecurity = []PortSecurity{{MAC: mac(vm2MAC), Prefixes: []netip.Prefix{netip.MustParsePrefix("10.0.0.2/32")}}}
	b.StormControl = StormControl{Broadcast: 1}
	quiet := vif("q", vm3MAC)
	quiet.Addresses[0].IPs, quiet.NoARPNDRsp = []netip.Addr{netip.MustParseAddr("10.0.0.3")}, true
	g := newGateway(t, Topology{Switches: []Switch{{Name: "sw", Ports: []SwitchPort{a, b, quiet}}}}, 1,
		Port{IfaceID: "a"}, Port{IfaceID: "b"}, Port{IfaceID: "q"})
	ask := func(ip string) []byte {
		m := mac(vm1MAC)
		eth := &layers.Ethernet{SrcMAC: m[:], DstMAC: layers.EthernetBroadcast, EthernetType: layers.EthernetTypeARP}
		return serialize(t, eth, &layers.ARP{AddrType: 1, Protocol: 0x800, HwAddressSize: 6, ProtAddressSize: 4, Operation: 1,
			SourceHwAddress: m[:], SourceProtAddress: []byte{10, 0, 0, 1}, DstHwAddress: make([]byte, 6),
			DstProtAddress: netip.MustParseAddr(ip).AsSlice()})
	}
	g.send("a", 0, ask("10.0.0.2"))
	if arp, ok := g.expect("a").Layer(layers.LayerTypeARP).(*layers.ARP); !ok || arp.Operation != 2 || [6]byte(arp.SourceHwAddress) != mac(vm2MAC) {
		t.Errorf("answer %+v", arp)
	}
	g.quiet("b", "q")
	g.send("a", 0, ask("10.0.0.3"))
	g.expect("b")
	g.expect("q")
	g.quiet("a")
	g.send("b", 0, udp(t, vm2MAC, vm1MAC, "10.0.0.9", "10.0.0.1", 64, 10))
	g.drops("port_sec_ip", 1)
	g.send("a", 0, udp(t, vm1MAC, vm3MAC, "10.0.0.1", "10.0.0.3", 64, 1600))
	g.drops("out_mtu", 1)
}
