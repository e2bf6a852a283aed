// SPDX-License-Identifier: Apache-2.0

package gateway_test

import (
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/parkway-gw/parkway/internal/api"
	"github.com/parkway-gw/parkway/internal/lab"
)

var (
	lanHost   = newEnd("lan", "lan", "02:00:00:00:10:0a", "10.1.0.10/24 2001:db8:1::10/64", "10.1.0.1 2001:db8:1::1")
	guestHost = newEnd("guest", "guest", "02:00:00:00:20:0a", "10.2.0.10/24 2001:db8:2::10/64", "10.2.0.1 2001:db8:2::1")
	up1       = newEnd("up1", "up1", "02:00:00:00:01:0a", "198.51.100.1/24 2001:db8:f1::1/64", "198.51.100.2 2001:db8:f1::2")
	up2       = newEnd("up2", "up2", "02:00:00:00:02:0a", "203.0.113.1/24 2001:db8:f2::1/64", "203.0.113.2 2001:db8:f2::2")
)

// What is left of an answer's TTL says which upstream it comes from.
const by1, by2 = 63, 49

// startRouting is configs/routing.yaml with Linux all around. Both upstreams answer for the
// internet, which is 100.66.0.0/16 and 192.0.2.0/24.
func startRouting(t *testing.T, neighbors ...string) *gateway {
	control, worker := cpus()
	g := start(t, readConfig(t, "routing.yaml")+fmt.Sprintf(`
dpdk: {memory: {mode: no-huge, size: 512MiB}}
cpu: {control: %q, workers: %q}
neighbors: {%s}
api: {socket: @SOCKET@}
`, control, worker, strings.Join(append(neighbors, "retrans_time: 200ms", "failed_holdoff: 1s"), ", ")))
	g.attach(lanHost, guestHost, up1, up2)
	for _, e := range []end{up1, up2} {
		for _, net := range []string{"100.66.0.0/16", "192.0.2.0/24"} {
			_, err := g.hosts[e.name].Run(g.ctx, "ip", "route", "add", "local", net, "dev", "lo")
			g.must(err)
		}
	}
	g.must(g.hosts["up2"].Sysctl("net/ipv4/ip_default_ttl", "50"))
	return g
}

func internet(third, fourth int) netip.Addr {
	return netip.AddrFrom4([4]byte{100, 66, byte(third), byte(fourth)})
}

// way pings once and returns the TTL of the answer, 0 without one.
func (g *gateway) way(from end, to netip.Addr, options ...string) int {
	g.Helper()
	if p := g.ping(from, to, 1, append([]string{"-W", "1"}, options...)...); len(p.ttls) == 1 {
		return p.ttls[0]
	}
	return 0
}

func (g *gateway) ways(n int) []int {
	g.Helper()
	var out []int
	for i := range n {
		out = append(out, g.way(lanHost, internet(0, 100+i)))
	}
	return out
}

func (g *gateway) routes(match func(api.Route) bool) []api.Route {
	g.Helper()
	all, err := g.client.Routes(g.ctx)
	g.must(err)
	return slices.DeleteFunc(all, func(r api.Route) bool { return !match(r) })
}

// memberState is what show routes says of the second upstream in the default route.
func (g *gateway) memberState(want string) {
	g.Helper()
	g.must(lab.Wait(g.ctx, "the second upstream to be "+want, func() error {
		found := g.routes(func(r api.Route) bool {
			return r.Nexthop == "203.0.113.1" && r.Prefix == "0.0.0.0/0" && r.RouteTable == ""
		})
		if len(found) != 1 || found[0].State != want || found[0].Weight != 1 {
			return fmt.Errorf("%+v", found)
		}
		return nil
	}))
}

// Flows leave a dead upstream, others stay where they are, and all return with it.
func TestECMPFailover(t *testing.T) {
	g := startRouting(t)
	const flows = 24
	home := g.ways(flows)
	share := map[int]int{}
	for _, ttl := range home {
		share[ttl]++
	}
	if share[by1]+share[by2] != flows || share[by1] < flows/3 || share[by2] < 2 {
		t.Fatalf("answers by TTL: %v", share)
	}
	if again := g.ways(flows); !slices.Equal(again, home) {
		t.Errorf("flows have moved though nothing happened:\n%v\n%v", home, again)
	}
	g.answersARP("up2", "8")
	g.forget("203.0.113.1")
	for i, ttl := range home { // one packet for it, and it is found out
		if ttl == by2 {
			g.way(lanHost, internet(0, 100+i))
			break
		}
	}
	g.memberState("out")
	if now := g.ways(flows); slices.Contains(now, 0) || slices.Contains(now, by2) {
		t.Errorf("with the second upstream dead: %v", now)
	}
	g.answersARP("up2", "0")
	g.ping(up2, netip.MustParseAddr("203.0.113.2"), 1)
	g.memberState("in")
	if back := g.ways(flows); !slices.Equal(back, home) {
		t.Errorf("flows are not back:\n%v\n%v", home, back)
	}
}

// forget has the gateway forget a neighbor.
func (g *gateway) forget(ip string) {
	g.Helper()
	_, err := g.client.FlushNeighbors(g.ctx, api.FlushRequest{IP: ip})
	g.must(err)
}

// answersARP sets arp_ignore of a host: 0 answers, 8 never does.
func (g *gateway) answersARP(name, ignore string) {
	g.Helper()
	g.must(g.hosts[name].Sysctl("net/ipv4/conf/"+g.links[name]+"/arp_ignore", ignore))
}

// Route tables, routes by source, policies and routes that lead nowhere, as ping sees them.
func TestRoutingChoices(t *testing.T) {
	g := startRouting(t)
	_, err := g.hosts["lan"].Run(g.ctx, "ip", "addr", "add", "10.1.0.200/24", "dev", "lan")
	g.must(err)
	for i := range 12 { // the guests' table has one way, the main one two
		if ttl := g.way(guestHost, internet(0, 100+i)); ttl != by2 {
			t.Errorf("a guest's packet: TTL %d, want the second upstream's %d", ttl, by2)
		}
		if ttl := g.way(lanHost, internet(0, 100+i), "-I", "10.1.0.200"); ttl != by2 {
			t.Errorf("a packet from 10.1.0.200: TTL %d, want the second upstream's %d", ttl, by2)
		}
		if ttl := g.way(lanHost, internet(1, 100+i)); ttl != by2 {
			t.Errorf("a rerouted packet: TTL %d, want the second upstream's %d", ttl, by2)
		}
	}
	g.ping(guestHost, lanHost.ip(0), 1).wantAll(g) // connected networks are in every table
	g.ping(guestHost, lanHost.ip(1), 1).wantAll(g)
	g.ping(guestHost, netip.MustParseAddr("2001:db8:f1::1"), 1).wantAll(g)

	g.ping(lanHost, netip.MustParseAddr("10.99.0.1"), 1, "-W", "1").wantSaid(g, "From 10.1.0.1 icmp_seq=1 Packet filtered")
	g.ping(lanHost, netip.MustParseAddr("10.98.0.1"), 1, "-W", "1").wantSaid(g, "From 10.1.0.1 icmp_seq=1 Destination Host Unreachable")
	g.ping(lanHost, netip.MustParseAddr("2001:db8:99::1"), 1, "-W", "1").wantSaid(g, "From 2001:db8:1::1 icmp_seq=1 Destination unreachable: Administratively prohibited")
	g.ping(lanHost, netip.MustParseAddr("2001:db8:98::1"), 1, "-W", "1").wantSaid(g, "From 2001:db8:1::1 icmp_seq=1 Destination unreachable: No route")
	if p := g.ping(lanHost, netip.MustParseAddr("10.97.0.1"), 1, "-W", "1"); p.received != 0 || strings.Contains(p.text, "From") {
		t.Errorf("a discarded packet: %s", p.text)
	}
	if ttl := g.way(guestHost, internet(0, 25)); ttl != 0 {
		t.Errorf("a guest reaches the mail server, TTL %d", ttl)
	}

	policies, err := g.client.Policies(g.ctx)
	g.must(err)
	got := map[string]uint64{}
	for _, p := range policies {
		got[fmt.Sprint(p.Priority, " ", p.Action)] += p.Packets
	}
	if want := map[string]uint64{"300 allow": 0, "200 drop": 1, "100 reroute": 12, "100 allow": 0}; !maps.Equal(got, want) {
		t.Errorf("policies count %v, want %v", got, want)
	}
	if r := g.routes(func(r api.Route) bool { return r.Nexthop == "prohibit" && r.Reason != "" }); len(r) != 1 {
		t.Errorf("routes with a reason: %+v", r)
	}
	out, err := lab.Root.Run(g.ctx, parkway, "--socket", g.socket, "show", "policies")
	if err != nil || !strings.Contains(out, "203.0.113.1 dev edge-up2") {
		t.Errorf("show policies: %v\n%s", err, out)
	}
}

// IPv4 whose next hop has an IPv6 address only: it waits for ND and loses nothing.
func TestIPv4OverIPv6NextHop(t *testing.T) {
	g := startRouting(t, "manage_routes: false") // else nothing would have to wait
	g.way(lanHost, lanHost.Gateways[0])          // what waits is the gateway's business and not the host's
	g.ping(lanHost, netip.MustParseAddr("192.0.2.7"), 5, "-i", "0.01").wantTTL(g, by2)
	found := false
	neighbors, err := g.client.Neighbors(g.ctx)
	g.must(err)
	for _, n := range neighbors {
		found = found || n.IP == "2001:db8:f2::1" && n.State == "REACHABLE" && n.Origin == "nd"
		if n.IP == "203.0.113.1" && n.State == "REACHABLE" {
			t.Errorf("an IPv4 next hop was asked for: %+v", n)
		}
	}
	c, err := g.client.Parked(g.ctx)
	g.must(err)
	if !found || c.Totals.Drained == 0 {
		t.Errorf("drained %d; neighbors %+v", c.Totals.Drained, neighbors)
	}
}
