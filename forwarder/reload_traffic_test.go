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

// Flows that a change does not touch lose nothing and are not reordered, whatever changes
// beside them: routes that share their /24, their next hop, or their router; route tables,
// routes by source, groups and policies; ports, switches and routers; bindings; addresses
// and MTUs.
func TestReloadUnderTraffic(t *testing.T) {
	const flows, reloads, rate = 64, 100, 200_000
	defer func(n int, d time.Duration) { fewRoutes, spareTime = n, d }(fewRoutes, spareTime)
	spareTime = 0
	bindings := func() (out []StaticMACBinding) {
		for i := range flows {
			out = append(out, StaticMACBinding{LogicalPort: "lrp2", IP: netip.AddrFrom4([4]byte{1, 2, 9, byte(i)}), MAC: mac(vm3MAC)})
		}
		return append(out, StaticMACBinding{LogicalPort: "lr0-ext", IP: netip.MustParseAddr("192.168.123.1"), MAC: mac("02:00:00:00:00:99")},
			StaticMACBinding{LogicalPort: "lr0-ext", IP: netip.MustParseAddr("2001:db8:f0f0::99"), MAC: mac("02:00:00:00:00:99")},
			StaticMACBinding{LogicalPort: "lr0-ext", IP: netip.MustParseAddr("2001:db8:f0f0::98"), MAC: mac("02:00:00:00:00:98")})
	}
	// The flows: to pinned hosts, by an IPv4 route longer than /24 and a policy, and by an IPv6
	// route with two next hops.
	base := func() Topology {
		topo := article(route("198.51.100.64/26", "192.168.123.1", ""), route("2001:db8:aa::/64", "2001:db8:f0f0::99", ""),
			route("2001:db8:aa::/64", "2001:db8:f0f0::98", ""))
		topo.Routers[0].Policies = []Policy{{Priority: 5, Match: "ip4.dst == 198.51.100.64/26", Action: PolicyReroute, Nexthops: addrs("192.168.123.1")}}
		topo.StaticMACBindings = bindings()
		return topo
	}
	// What changes around them in round i.
	around := func(i int) Topology {
		topo := base()
		r := &topo.Routers[0]
		topo.Switches[len(topo.Switches)-1].Ports[0].Addresses = []PortAddress{{MAC: MAC{2, 9, 9, 9, 9, byte(i)}}}
		for k := range i % 7 {
			// In the /24 of the flows' route, around it and in it, so that their tbl8 group
			// comes and goes.
			r.StaticRoutes = append(r.StaticRoutes, route(fmt.Sprintf("198.51.100.%d/30", 4*((i+k)%14)), "192.168.123.1", ""),
				route(fmt.Sprintf("2001:db8:aa:0:%x::/80", 0x8000+i+k), "2001:db8:f0f0::99", ""),
				route(fmt.Sprintf("100.%d.%d.0/24", i, k), "192.168.123.1", ""))
		}
		if i%4 == 2 { // all rows of the router's FIBs have ranks now
			bySource := route("1.1.200.0/24", fmt.Sprintf("192.168.123.%d", 20+i%3), "")
			bySource.SourceIP = true
			r.StaticRoutes = append(r.StaticRoutes, bySource, route("203.0.113.0/24", "192.168.123.30", ""), route("203.0.113.0/24", "192.168.123.31", ""))
		}
		if i%6 == 3 {
			inTable := route("192.0.2.0/24", "192.168.123.40", "")
			inTable.RouteTable, r.Ports[0].RouteTable = "blue", "blue"
			r.StaticRoutes = append(r.StaticRoutes, inTable)
		}
		for k := range i % 4 {
			r.Policies = append(r.Policies, Policy{Priority: 1 + k*3, Match: fmt.Sprintf("ip4.dst == 100.64.%d.0/24 || udp.dst == 1", i), Action: PolicyDrop},
				Policy{Priority: 2 + k*3, Match: fmt.Sprintf("ip6.dst == 2001:db8:%x::/48", i), Action: PolicyReroute, Nexthops: addrs("2001:db8:f0f0::77", "2001:db8:f0f0::78")})
		}
		if i%3 == 0 {
			r.StaticRoutes = append(r.StaticRoutes, StaticRoute{Prefix: netip.MustParsePrefix("198.51.100.0/24"), Discard: true})
		}
		if i%2 == 0 {
			topo.Switches = append([]Switch{{Name: fmt.Sprintf("sw-x%d", i%6), Ports: []SwitchPort{cable("lrp-x"), {Name: fmt.Sprintf("x%d", i)}}}}, topo.Switches...)
			r.Ports = append([]RouterPort{lrp("lrp-x", "02:00:00:00:77:01", fmt.Sprintf("10.77.%d.1/24", i))}, r.Ports...)
		}
		r.Ports[len(r.Ports)-1].Networks = append(r.Ports[len(r.Ports)-1].Networks, netip.MustParsePrefix(fmt.Sprintf("10.99.%d.1/24", i)))
		if i%5 == 1 { // r is of no use after this
			topo.Switches = append(topo.Switches, Switch{Name: "sw-y", Ports: []SwitchPort{cable("lrp-y")}})
			topo.Routers = append([]Router{{Name: "lr-y", Ports: []RouterPort{lrp("lrp-y", "02:00:00:00:78:01", "10.78.0.1/24")}}}, topo.Routers...)
		}
		topo.StaticMACBindings = append([]StaticMACBinding{{LogicalPort: "lrp1", IP: netip.AddrFrom4([4]byte{1, 1, 8, byte(i)}), MAC: MAC{2, 8, 8, 8, 8, 8}}}, topo.StaticMACBindings...)
		return topo
	}

	cfg := testConfig(base(), 1)
	cfg.Adaptive, cfg.Mbufs = false, 16383
	var ids [3]dpdk.PortID
	for i, p := range []Port{{Name: "in", IfaceID: "vm1"}, {Name: "vm3", IfaceID: "vm3"}, {Name: "ext", NetworkName: "physnet1"}} {
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
	src, err := traffic.NewSource(traffic.SourceConfig{Port: ids[0], Pool: f.Pool(), Flows: 3 * flows})
	if err != nil {
		t.Fatal(err)
	}
	defer src.Close()
	var sinks [2]*traffic.Sink
	for i := range sinks {
		if sinks[i], err = traffic.NewSink(traffic.SinkConfig{Port: ids[i+1], Flows: 3 * flows}); err != nil {
			t.Fatal(err)
		}
		defer sinks[i].Close()
	}
	defer stopForwarder(t, f)
	if err := f.Start(); err != nil {
		t.Fatal(err)
	}
	group := func(first int, src, dst string) traffic.Group {
		return traffic.Group{First: first, Flows: flows, Src: netip.MustParseAddr(src), Dst: netip.MustParseAddr(dst), SrcMAC: mac(vm1MAC), DstMAC: mac(lrp1MAC)}
	}
	if err := src.Run(traffic.Program{Rate: rate, Groups: []traffic.Group{group(0, "1.1.0.1", "1.2.9.0"),
		group(flows, "1.1.0.1", "198.51.100.64"), group(2*flows, "2001:db8:1::11", "2001:db8:aa::1")}}); err != nil {
		t.Fatal(err)
	}
	var grace, longest time.Duration
	for i := range reloads {
		fewRoutes = 10000 * (i / 8 % 2)
		began := time.Now()
		p, err := f.Prepare(around(i))
		if err != nil {
			t.Fatalf("reload %d: %v", i, err)
		}
		prepared := time.Now()
		change, err := p.Commit()
		if err != nil {
			t.Fatalf("reload %d: %v", i, err)
		}
		longest, grace = max(longest, time.Since(prepared)), max(grace, change.Grace)
		f.resolverLetsGo()
		f.Maintain()
		time.Sleep(max(0, 10*time.Millisecond-time.Since(began)))
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
	for flow := range 3 * flows {
		sink := sinks[min(1, flow/flows)]
		got := sink.Flow(flow)
		if got.Received != src.Sent(flow) || got.Missing+got.Reordered+got.Duplicates != 0 || got.Received == 0 {
			t.Errorf("flow %d: %d packets made; %+v", flow, src.Sent(flow), got)
		}
	}
	for i, reason := range DropReasons() {
		if c.Drops[i] != 0 {
			t.Errorf("%d packets dropped as %s", c.Drops[i], reason.Name)
		}
	}
	t.Logf("%d packets, %d skipped by a late poll; the longest commit took %v, of which waiting %v", made.Generated, made.Skipped, longest, grace)
}
