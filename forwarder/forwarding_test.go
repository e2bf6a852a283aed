// SPDX-License-Identifier: Apache-2.0

package forwarder

import (
	"encoding/binary"
	"fmt"
	"testing"

	"github.com/google/gopacket/layers"
)

func TestSwitching(t *testing.T) {
	topo := Topology{Switches: []Switch{
		{Name: "sw", Ports: []SwitchPort{vif("a", vm1MAC), vif("b", vm2MAC), {Name: "c", Unknown: true}, {Name: "d", Unknown: true}}},
		{Name: "other", Ports: []SwitchPort{vif("x", vm3MAC)}},
	}}
	g := newGateway(t, topo, 1, Port{IfaceID: "a"}, Port{IfaceID: "b"}, Port{IfaceID: "c"}, Port{IfaceID: "d"}, Port{IfaceID: "x"})

	known := udp(t, vm1MAC, vm2MAC, "10.0.0.1", "10.0.0.2", 64, 10)
	g.send("a", 0, known)
	wantFrame(t, g.expect("b"), known)
	g.quiet("a", "c", "d", "x")

	unknown := udp(t, vm1MAC, "02:00:00:00:00:77", "10.0.0.1", "10.0.0.2", 64, 10)
	g.send("a", 0, unknown)
	wantFrame(t, g.expect("c"), unknown)
	wantFrame(t, g.expect("d"), unknown)
	g.quiet("a", "b", "x")

	broadcast := udp(t, vm1MAC, "ff:ff:ff:ff:ff:ff", "10.0.0.1", "255.255.255.255", 64, 10)
	g.send("a", 0, broadcast)
	for _, p := range []string{"b", "c", "d"} {
		wantFrame(t, g.expect(p), broadcast)
	}
	g.quiet("a", "x")

	g.send("c", 0, udp(t, "02:00:00:00:00:77", vm1MAC, "10.0.0.2", "10.0.0.1", 64, 10))
	g.expect("a")
	learns := g.Control().Poll(0, 0).Learns
	if len(learns) != 1 || g.SwitchPorts()[learns[0].SwitchPort] != "c" {
		t.Fatalf("learned %+v", learns)
	}
	g.LearnMAC(learns[0].Switch, learns[0].SwitchPort, learns[0].MAC())
	g.send("a", 0, unknown)
	wantFrame(t, g.expect("c"), unknown)
	g.quiet("b", "d", "x")
}

// routed checks a packet of either family through one router, and what becomes of
// its TTL, its addresses and its checksums: all as if it had been made that way.
func TestRouting(t *testing.T) {
	for _, workers := range []int{1, 2} {
		t.Run(fmt.Sprint(workers, " workers"), func(t *testing.T) {
			g := newGateway(t, article(), workers, Port{IfaceID: "vm1"}, Port{IfaceID: "vm3"})
			for q := range workers {
				for _, ip := range [][2]string{{"1.1.0.1", "1.2.0.3"}, {"2001:db8:1::11", "2001:db8:2::13"}} {
					for payload := range 3 {
						g.send("vm1", q, udp(t, vm1MAC, lrp1MAC, ip[0], ip[1], 64, payload))
						wantFrame(t, g.expect("vm3"), udp(t, lrp2MAC, vm3MAC, ip[0], ip[1], 63, payload))
						g.send("vm3", q, udp(t, vm3MAC, lrp2MAC, ip[1], ip[0], 2, payload))
						wantFrame(t, g.expect("vm1"), udp(t, lrp1MAC, vm1MAC, ip[1], ip[0], 1, payload))
						padded := append(udp(t, vm1MAC, lrp1MAC, ip[0], ip[1], 64, payload), "padding"...)
						g.send("vm1", q, padded)
						wantFrame(t, g.expect("vm3"), udp(t, lrp2MAC, vm3MAC, ip[0], ip[1], 63, payload))
					}
				}
			}
			seen := 0
			for _, w := range g.Workers() {
				if w.Packets > 0 {
					seen++
				}
				if w.Packets > 0 && w.CyclesPerPacket == 0 || w.Lcore < 1 || len(w.RxQueues) != 2 {
					t.Errorf("worker %+v", w)
				}
			}
			if seen != workers {
				t.Errorf("%d of %d workers received anything", seen, workers)
			}
			c := g.Counters()
			if n := uint64(workers * 2 * 3 * 3); c.Rx != n || c.Tx != n || c.Balance() != 0 {
				t.Errorf("counters %+v", c)
			}
		})
	}
}

func TestRoutingThroughTwoRouters(t *testing.T) {
	g := newGateway(t, twoRouters(), 1, Port{IfaceID: "e1"}, Port{IfaceID: "w1"})
	const e1, w1 = "02:00:00:00:10:0a", "02:00:00:00:20:0a"
	for _, ip := range [][2]string{{"10.1.0.10", "10.2.0.10"}, {"2001:db8:10::10", "2001:db8:20::10"}} {
		g.send("e1", 0, udp(t, e1, "02:00:00:00:10:01", ip[0], ip[1], 64, 9))
		wantFrame(t, g.expect("w1"), udp(t, "02:00:00:00:20:01", w1, ip[0], ip[1], 62, 9))
		g.send("w1", 0, udp(t, w1, "02:00:00:00:20:01", ip[1], ip[0], 64, 9))
		wantFrame(t, g.expect("e1"), udp(t, "02:00:00:00:10:01", e1, ip[1], ip[0], 62, 9))
	}
}

func TestRoutingDrops(t *testing.T) {
	g := newGateway(t, article(route("10.0.0.0/8", "discard", "")), 1, Port{IfaceID: "vm1"}, Port{IfaceID: "vm3"})
	for _, tc := range []struct{ dst, reason string }{
		{"1.2.255.255", "ip_subnet_broadcast"},
		{"1.2.0.0", "ip_subnet_broadcast"},
		{"10.1.2.3", "ip_route_discard"},
	} {
		n := g.dropped(tc.reason)
		g.send("vm1", 0, udp(t, vm1MAC, lrp1MAC, "1.1.0.1", tc.dst, 64, 9))
		g.drops(tc.reason, n+1)
	}
	g.quiet("vm1", "vm3")
}

func (g *gateway) dropped(reason string) uint64 {
	c := g.Counters()
	for i, r := range DropReasons() {
		if r.Name == reason {
			return c.Drops[i]
		}
	}
	return 0
}

// One port carries a VLAN for each of two switches, and the untagged network.
func TestTrunk(t *testing.T) {
	topo := Topology{
		Switches: []Switch{
			{Name: "a", Ports: []SwitchPort{localnet("a-net", "phys", 100), cable("lrp-a")}},
			{Name: "b", Ports: []SwitchPort{localnet("b-net", "phys", 200), cable("lrp-b")}},
			{Name: "c", Ports: []SwitchPort{localnet("c-net", "phys", 0), vif("v", vm1MAC)}},
		},
		Routers: []Router{{Name: "r", Ports: []RouterPort{lrp("lrp-a", "02:00:00:00:00:0a", "10.0.0.1/24"), lrp("lrp-b", "02:00:00:00:00:0b", "10.0.1.1/24")}}},
		StaticMACBindings: []StaticMACBinding{
			binding("lrp-b", addrs("10.0.1.9")[0], mac("02:00:00:00:00:99"))},
	}
	g := newGateway(t, topo, 1, Port{Name: "trunk", NetworkName: "phys"}, Port{IfaceID: "v"})
	frame := udp(t, "02:00:00:00:00:55", "02:00:00:00:00:0a", "10.0.0.9", "10.0.1.9", 64, 9)
	g.send("trunk", 0, tagged(frame, 100))
	got := g.expect("trunk")
	wantFrame(t, got, tagged(udp(t, "02:00:00:00:00:0b", "02:00:00:00:00:99", "10.0.0.9", "10.0.1.9", 63, 9), 200))
	if got.Layer(layers.LayerTypeDot1Q) == nil {
		t.Error("no tag")
	}
	plain := udp(t, "02:00:00:00:00:55", vm1MAC, "10.0.0.9", "10.0.1.9", 64, 9)
	g.send("trunk", 0, plain)
	wantFrame(t, g.expect("v"), plain)
	g.send("trunk", 0, tagged(plain, 300))
	g.drops("l2_unknown_vlan", 1)
}

func tagged(frame []byte, vid uint16) []byte {
	out := append([]byte(nil), frame[:12]...)
	out = binary.BigEndian.AppendUint16(out, 0x8100)
	out = binary.BigEndian.AppendUint16(out, vid)
	return append(out, frame[12:]...)
}
