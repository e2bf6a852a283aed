// SPDX-License-Identifier: Apache-2.0

package forwarder

import (
	"fmt"
	"net/netip"
	"testing"
	"time"

	"github.com/parkway-gw/parkway/dpdk"
	"github.com/parkway-gw/parkway/dpdk/dpdktest"
	"github.com/parkway-gw/parkway/dpdk/traffic"
)

// A thousand updates beside flows by a route longer than /24: routes in its /24 come and
// go, so that its tbl8 group does, and so do next hops and groups. No flow loses anything.
func TestUpdateRoutesUnderTraffic(t *testing.T) {
	const flows, updates, rate = 64, 1000, 100_000
	defer func(n int) { fewRoutes = n }(fewRoutes)
	fewRoutes = 0
	topo := article(route("198.51.100.64/26", "192.168.123.1", ""))
	topo.StaticMACBindings = []StaticMACBinding{{LogicalPort: "lr0-ext", IP: netip.MustParseAddr("192.168.123.1"), MAC: mac("02:00:00:00:00:99")}}
	cfg := testConfig(topo, 1)
	cfg.Adaptive, cfg.Mbufs = false, 16383
	var ids [2]dpdk.PortID
	for i, p := range []Port{{Name: "in", IfaceID: "vm1"}, {Name: "ext", NetworkName: "physnet1"}} {
		id, err := dpdk.AttachPort(dpdktest.Name("net_null") + ",no-rx=1")
		if err != nil {
			t.Fatal(err)
		}
		ids[i] = id
		p.Attached = &id
		cfg.Ports = append(cfg.Ports, p)
	}
	f, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	defer nothingLeft(t)
	src, err := traffic.NewSource(traffic.SourceConfig{Port: ids[0], Pool: f.Pool(), Flows: flows})
	if err != nil {
		t.Fatal(err)
	}
	defer src.Close()
	sink, err := traffic.NewSink(traffic.SinkConfig{Port: ids[1], Flows: flows})
	if err != nil {
		t.Fatal(err)
	}
	defer sink.Close()
	defer stopForwarder(t, f)
	if err := f.Start(); err != nil {
		t.Fatal(err)
	}
	if err := src.Run(traffic.Program{Rate: rate, Groups: []traffic.Group{{Flows: flows, Src: netip.MustParseAddr("1.1.0.1"),
		Dst: netip.MustParseAddr("198.51.100.64"), SrcMAC: mac(vm1MAC), DstMAC: mac(lrp1MAC)}}}); err != nil {
		t.Fatal(err)
	}
	around := func(i int) (out []StaticRoute) {
		other, group := fmt.Sprintf("192.168.123.%d", 20+i%30), fmt.Sprintf("203.0.%d.0/24", i%256)
		out = append(out, route(group, "192.168.123.60", ""), route(group, fmt.Sprintf("192.168.123.%d", 61+i%8), ""))
		switch i % 3 {
		case 0: // beside the flows, and around them
			out = append(out, route("198.51.100.128/30", other, ""), route("198.51.100.0/24", other, ""))
		case 1: // under them, with their next hop
			out = append(out, route(fmt.Sprintf("198.51.100.%d/30", 64+4*(i%16)), "192.168.123.1", ""))
		}
		return out
	}
	var before []StaticRoute
	for i := range updates {
		now := around(i)
		if _, err := f.UpdateRoutes(topo.Routers[0].Name, now, before); err != nil {
			t.Fatalf("update %d: %v", i, err)
		}
		before = now
		f.resolverLetsGo()
		f.Maintain()
	}
	src.Stop()
	for end := time.Now().Add(10 * time.Second); !src.Stats().Idle; time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("the source does not rest")
		}
	}
	made := src.Stats()
	var c Counters
	for end := time.Now().Add(10 * time.Second); ; time.Sleep(time.Millisecond) {
		if c = f.Counters(); c.Rx == made.Generated && c.Balance() == 0 {
			break
		}
		if time.Now().After(end) {
			t.Fatalf("%d packets made, %d received, balance %d", made.Generated, c.Rx, c.Balance())
		}
	}
	for flow := range flows {
		if got := sink.Flow(flow); got.Received != src.Sent(flow) || got.Missing+got.Reordered+got.Duplicates != 0 || got.Received == 0 {
			t.Errorf("flow %d: %d packets made; %+v", flow, src.Sent(flow), got)
		}
	}
	for i, reason := range DropReasons() {
		if c.Drops[i] != 0 {
			t.Errorf("%d packets dropped as %s", c.Drops[i], reason.Name)
		}
	}
	if rows := len(f.plan.nextHops); rows > 100 {
		t.Errorf("the next hop table has %d rows", rows)
	}
	t.Logf("%d updates beside %d packets; %d rows, %d groups, %d neighbors named", updates, made.Generated, len(f.plan.nextHops), len(f.plan.groups), len(f.plan.adjacencies))
}
