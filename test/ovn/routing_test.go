// SPDX-License-Identifier: Apache-2.0

package ovn

import (
	"net/netip"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/parkway-gw/parkway/internal/config"
	"github.com/parkway-gw/parkway/internal/topology"
	"github.com/parkway-gw/parkway/test/gateway"
)

// routing is what an operator adds to the seed.
const routing = `
	--ecmp lr-route-add lr0 10.0.0.0/8 192.168.123.1
	--ecmp lr-route-add lr0 10.0.0.0/8 192.168.123.2
	--policy=src-ip lr-route-add lr0 1.2.0.0/16 192.168.123.3
	--route-table=blue lr-route-add lr0 0.0.0.0/0 192.168.123.9
	set logical-router-port lrp1 options:route_table=blue
	create address_set name=as1 addresses="10.8.0.1","10.9.0.0/16"
	lr-policy-add lr0 100 ip4.dst~==~$as1~&&~tcp drop
	lr-policy-add lr0 200 inport~==~"lrp2" reroute 192.168.123.1,192.168.123.2 pkt_mark=7
	lr-policy-add lr0 300 ip6 allow
	lsp-set-port-security sw1-port1 00:00:01:00:00:01~1.1.0.1~2001:db8:1::11
	set logical-switch sw1 other_config:fdb_age_threshold=60
	lsp-set-options sw1-portr0 router-port=lrp1 arp_proxy=169.254.1.1~169.254.2.0/24
	lsp-set-options sw2-port3 disable_arp_nd_rsp=true
	meter-add m1 drop 500 pktps 100
	meter-add m2 drop 50 pktps
	copp-add c1 icmp4-error m1
	copp-add c1 tcp-reset m2
	lr-copp-add c1 lr0
`

func find[T any](t *testing.T, list []T, is func(T) bool) *T {
	t.Helper()
	for i := range list {
		if is(list[i]) {
			return &list[i]
		}
	}
	t.Fatalf("it is not among %+v", list)
	return nil
}

// Routes in tables and by source, policies, address sets, port security, proxy ARP and
// limits come over whole.
func TestImportRouting(t *testing.T) {
	s := startServer(t)
	s.nbctl(seed)
	before := load(t, s)
	s.nbctl(routing)
	after := load(t, s)

	addr, prefix := netip.MustParseAddr, netip.MustParsePrefix
	want := before.Topology
	r := &want.Routers[0]
	exit := r.StaticRoutes[0]
	r.CoPP = "c1"
	find(t, r.Ports, func(p topology.RouterPort) bool { return p.Name == "lrp1" }).RouteTable = "blue"
	r.StaticRoutes = []topology.StaticRoute{
		exit,
		{Prefix: prefix("0.0.0.0/0"), Nexthop: addr("192.168.123.9"), RouteTable: "blue"},
		{Prefix: prefix("1.2.0.0/16"), Nexthop: addr("192.168.123.3"), SourceIP: true},
		{Prefix: prefix("10.0.0.0/8"), Nexthop: addr("192.168.123.1")},
		{Prefix: prefix("10.0.0.0/8"), Nexthop: addr("192.168.123.2")},
	}
	r.Policies = []topology.Policy{
		{Priority: 300, Match: "ip6", Action: topology.PolicyAllow},
		{Priority: 200, Match: `inport == "lrp2"`, Action: topology.PolicyReroute, Nexthops: []netip.Addr{addr("192.168.123.1"), addr("192.168.123.2")}, PktMark: 7},
		{Priority: 100, Match: "ip4.dst == $as1 && tcp", Action: topology.PolicyDrop},
	}
	want.AddressSets = []topology.AddressSet{{Name: "as1", Addresses: []netip.Prefix{prefix("10.8.0.1/32"), prefix("10.9.0.0/16")}}}
	want.Meters = []topology.Meter{{Name: "m1", Rate: 500, Burst: 100}, {Name: "m2", Rate: 50, Burst: 50}}
	want.CoPP = []topology.CoPP{{Name: "c1", Meters: []topology.CoPPMeter{{Protocol: "icmp4-error", Meter: "m1"}, {Protocol: "tcp-reset", Meter: "m2"}}}}
	sw := func(name string) *topology.Switch {
		return find(t, want.Switches, func(s topology.Switch) bool { return s.Name == name })
	}
	port := func(sw *topology.Switch, name string) *topology.SwitchPort {
		return find(t, sw.Ports, func(p topology.SwitchPort) bool { return p.Name == name })
	}
	sw("sw1").FDBAgeThreshold = 60
	port(sw("sw1"), "sw1-port1").PortSecurity = []topology.PortSecurity{{
		MAC: topology.MAC{0, 0, 1, 0, 0, 1}, Prefixes: []netip.Prefix{prefix("1.1.0.1/32"), prefix("2001:db8:1::11/128")}}}
	port(sw("sw1"), "sw1-portr0").ARPProxy = []netip.Prefix{prefix("169.254.1.1/32"), prefix("169.254.2.0/24")}
	port(sw("sw2"), "sw2-port3").NoARPNDRsp = true
	if !reflect.DeepEqual(after.Topology, want) {
		t.Errorf("got  %+v\nwant %+v", after.Topology, want)
	}
	showsAlike(t, s, after.File, 30)
}

// load imports all of a server's database, and wants nothing to be left out.
func load(t *testing.T, s *server) *config.Config {
	t.Helper()
	file := filepath.Join(t.TempDir(), "gw.yaml")
	if r := gateway.Run(t, nil, "import", "ovn", "--strict", "--taps", "-o", file, s.remote); r.Exit != 0 || r.Stdout != "" || strings.Contains(r.Stderr, "not imported") {
		t.Fatalf("%+v", r)
	}
	if r := gateway.Run(t, nil, "check", file); r.Exit != 0 {
		t.Fatalf("%+v", r)
	}
	c, err := config.Load(file)
	if err != nil {
		t.Fatal(err)
	}
	return c
}
