// SPDX-License-Identifier: Apache-2.0

package gateway_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/parkway-gw/parkway/internal/api"
)

// TestReloadPolicies: policies that drop one flow come and go by SIGHUP, with address sets,
// route tables, routes by source and ECMP groups around them, while floods of other flows
// lose nothing; a policy that stays counts on.
func TestReloadPolicies(t *testing.T) {
	const counted, block = `ip4.src == 1.1.0.2 && icmp4`, `ip4.src == $blocked && ip4.dst == 1.2.0.3`
	config := func(blocked, more, routes string) string {
		text := seed(t, "static_mac_bindings: []", fmt.Sprintf("static_mac_bindings: []\naddress_sets: [{name: blocked, addresses: [%s]}]", blocked),
			"    static_routes:\n", fmt.Sprintf("    policies:\n      - {priority: 500, match: '%s', action: allow}\n%s    static_routes:\n%s", counted, more, routes))
		return strings.Replace(text, "size: 256MiB", "size: 512MiB", 1)
	}
	drop := fmt.Sprintf("      - {priority: 100, match: '%s', action: drop}\n", block)
	g := start(t, config("9.9.9.9", "", ""))
	g.attach(article...)
	g.ping(pc1, pc3.ip(0), 1).wantAll(g)
	g.ping(pc1, pcExt.ip(0), 1).wantAll(g)
	g.ping(pc2, pcExt.ip(1), 1).wantAll(g)

	const pings = 2000
	done := make(chan struct{})
	go atOnce(func() {
		defer close(done)
		atOnce(
			func() { g.ping(pc2, pc3.ip(0), pings, "-i", "0.002").wantAll(g) },
			func() { g.ping(pc2, pcExt.ip(1), pings, "-i", "0.002").wantAll(g) },
		)
	})
	rounds := 0
	for running := true; running; rounds++ {
		routes := ""
		if rounds%3 == 1 { // the main table's routes have ranks now
			routes = "      - {ip_prefix: 1.1.99.0/24, policy: src-ip, nexthop: 192.168.123.77}\n"
		}
		for k := range rounds % 3 {
			routes += fmt.Sprintf("      - {ip_prefix: 10.9.%d.0/24, nexthop: 192.168.123.%d, weight: %d}\n", rounds%250, 60+k, 1+k) +
				fmt.Sprintf("      - {ip_prefix: 10.8.%d.0/24, nexthop: prohibit}\n", k)
		}
		reroute := fmt.Sprintf("      - {priority: 90, match: 'udp.dst == %d', action: reroute, nexthops: [192.168.123.61, 192.168.123.62]}\n", 1000+rounds)
		g.reloaded(config("1.1.0.1", drop+reroute, routes))
		g.ping(pc1, pc3.ip(0), 1, "-W", "0.2").wantNone(g)
		g.ping(pc1, pcExt.ip(0), 1).wantAll(g)
		g.reloaded(config("1.1.7.7", drop, routes)) // the same policy, another set
		g.ping(pc1, pc3.ip(0), 1).wantAll(g)
		table := strings.Replace(config("1.1.0.1", drop, "      - {ip_prefix: 10.7.0.0/16, nexthop: 192.168.123.63, route_table: other}\n"),
			"{name: lrp1, ", "{name: lrp1, options: {route_table: other}, ", 1)
		g.reloaded(table)
		g.ping(pc1, pc3.ip(0), 1, "-W", "0.2").wantNone(g)
		g.reloaded(config("9.9.9.9", "", routes))
		g.ping(pc1, pc3.ip(0), 1).wantAll(g)
		select {
		case <-done:
			running = false
		case <-time.After(10 * time.Millisecond):
		}
	}
	t.Logf("%d reloads beside %d pings", 4*rounds, 2*pings)
	if rounds < 2 {
		t.Errorf("only %d rounds", rounds)
	}
	policies, err := g.client.Policies(g.ctx)
	g.must(err)
	if len(policies) != 1 || policies[0].Packets != pings {
		t.Errorf("%+v, want one that has counted %d", policies, pings)
	}
	for _, r := range g.routes(func(r api.Route) bool { return strings.HasPrefix(r.Prefix, "10.7.") }) {
		t.Errorf("%+v is left", r)
	}
	g.write(config("1.1.0.1", drop, ""))
	out := g.cli("reload")
	for _, want := range []string{fmt.Sprintf("policy 100 %q of router lr0 added\n", block), "address set blocked changed\n"} {
		if !strings.Contains(out, want) {
			t.Errorf("reload says %q, without %q", out, want)
		}
	}
}
