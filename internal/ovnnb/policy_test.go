// SPDX-License-Identifier: Apache-2.0

package ovnnb

import (
	"testing"

	"github.com/parkway-gw/parkway/internal/config"
	"github.com/parkway-gw/parkway/internal/ovsdb"
	"github.com/parkway-gw/parkway/internal/topology"
)

// all makes several changes.
func all(list ...change) change {
	return func(d *database, p map[string]ovsdb.UUID) {
		for _, c := range list {
			c(d, p)
		}
	}
}

func row(table string, columns ...any) change {
	return func(d *database, _ map[string]ovsdb.UUID) { d.add(table, columns...) }
}

func policy(columns ...any) change { return owned(lr, "policies", "Logical_Router_Policy", columns...) }

// limited gives the router a copp, whose meters are there, and the meters a band each.
func limited(meters map[string]string, rate, burst int) change {
	return func(d *database, p map[string]ovsdb.UUID) {
		for _, name := range meters {
			band := d.add("Meter_Band", "action", "drop", "rate", rate, "burst_size", burst)
			d.add("Meter", "name", name, "unit", "pktps", "bands", []ovsdb.UUID{band}, "fair", false)
		}
		owned(lr, "copp", "Copp", "name", "c1", "meters", meters)(d, p)
	}
}

// Routes in tables, policies, sets, security and limits, and what of them differs.
func TestRoutingRows(t *testing.T) {
	const pol = "Logical_Router_Policy 10 "
	blue := set(lrp, "ext", "options", map[string]string{"route_table": "blue"})
	checkChanges(t, []changeCase{
		{"source route", set(route, "route", "policy", "src-ip"), nil, "", "- {ip_prefix: 198.51.100.0/24, nexthop: 192.0.2.1, policy: src-ip}"},
		{"route table", set(route, "route", "route_table", "blue"), nil, "", "nexthop: 192.0.2.1, route_table: blue}"},
		{"a table's name is its own", set(route, "route", "route_table", "main"), nil, "", "route_table: main}"},
		{"bad route table", set(route, "route", "route_table", "a b"), []string{"Logical_Router_Static_Route 198.51.100.7/24 192.0.2.1 of router lr: route 198.51.100.0/24: route_table \"a b\""}, "ip_prefix", ""},
		{"port with a table", all(blue, set(route, "route", "route_table", "blue")), nil, "", "options: {route_table: blue}"},
		{"port with a table beside main routes", blue, []string{"Logical_Router_Port ext, options:route_table: it is copied, but an IPv4 packet that no route of the table matches ends there in OVN"}, "", "options: {route_table: blue}"},
		{"port with a table that has a default route", func(d *database, p map[string]ovsdb.UUID) {
			blue(d, p)
			id := d.add(route, "ip_prefix", "0.0.0.0/0", "nexthop", "discard", "route_table", "blue")
			d.set(lr, p["lr"], "static_routes", []ovsdb.UUID{p["route"], id})
		}, nil, "", "{ip_prefix: 0.0.0.0/0, nexthop: discard, route_table: blue}"},
		{"Parkway's word for a next hop", set(route, "route", "nexthop", "prohibit"), []string{"Logical_Router_Static_Route 198.51.100.7/24 prohibit of router lr: OVN has no next hop prohibit"}, "ip_prefix", ""},
		{"policy", policy("priority", 10, "match", "ip4.src == 10.0.0.0/8", "action", "drop"), nil, "", `- {priority: 10, match: "ip4.src == 10.0.0.0/8", action: drop}`},
		{"reroute", policy("priority", 10, "match", "ip4", "action", "reroute", "nexthops", []string{"192.0.2.2", "192.0.2.1"}, "nexthop", "192.0.2.3", "options", map[string]string{"pkt_mark": "7"}),
			nil, "", `action: reroute, nexthops: [192.0.2.1, 192.0.2.2], options: {pkt_mark: "7"}}`},
		{"one next hop, and a port", func(d *database, p map[string]ovsdb.UUID) {
			policy("priority", 10, "match", "ip4", "action", "reroute", "nexthop", "192.0.2.3", "output_port", []ovsdb.UUID{p["ext"]})(d, p)
		}, nil, "", "nexthops: [192.0.2.3], output_port: ext}"},
		{"output port that is gone", policy("priority", 10, "match", "ip4", "action", "reroute", "nexthop", "192.0.2.3", "output_port", []ovsdb.UUID{{9}}),
			[]string{pol + "ip4 reroute of router lr, output_port: refers to 09000000-"}, "priority: 10", ""},
		{"unknown field", policy("priority", 10, "match", "ip4 && eth.src == 02:00:00:00:00:01", "action", "drop"),
			[]string{pol + `ip4 && eth.src == 02:00:00:00:00:01 drop of router lr: policy 10 of router "lr": match: `}, "priority: 10", ""},
		{"field of OVN's", policy("priority", 10, "match", "ip.ttl == 1", "action", "drop"), []string{pol + "ip.ttl == 1 drop of router lr: "}, "priority: 10", ""},
		{"chain", policy("priority", 10, "match", "ip4", "action", "drop", "chain", "inner"), []string{pol + "ip4 drop of router lr: it is in the chain inner"}, "priority: 10", ""},
		{"jump", policy("priority", 10, "match", "ip4", "action", "jump", "jump_chain", "inner"), []string{pol + "ip4 jump of router lr: policy 10: action"}, "priority: 10", ""},
		{"bad mark", policy("priority", 10, "match", "ip4", "action", "allow", "options", map[string]string{"pkt_mark": "many"}), []string{pol + "ip4 allow of router lr, options:pkt_mark: policy 10: pkt_mark"}, "pkt_mark", "priority: 10"},
		{"next hop is nowhere", policy("priority", 10, "match", "ip4", "action", "reroute", "nexthops", "203.0.113.1"), []string{pol + "ip4 reroute of router lr"}, "priority: 10", ""},
		{"address set", all(row("Address_Set", "name", "as1", "addresses", []string{"10.0.0.9", "10.1.0.0/16"}), policy("priority", 10, "match", "ip4.src == $as1", "action", "drop")),
			nil, "", "address_sets:\n  - {name: as1, addresses: [10.0.0.9, 10.1.0.0/16]}"},
		{"empty address set", all(row("Address_Set", "name", "as1"), policy("priority", 10, "match", "ip4.src == $as1", "action", "drop")), nil, "", "- {name: as1, addresses: []}"},
		{"Ethernet in a set", row("Address_Set", "name", "as1", "addresses", []string{"10.0.0.9", "02:00:00:00:00:01"}), []string{"Address_Set as1, addresses: "}, "00:01\"]}", "- {name: as1, addresses: [10.0.0.9]}"},
		{"no such set", policy("priority", 10, "match", "ip4.src == $as1", "action", "drop"), []string{pol + "ip4.src == $as1 drop of router lr: "}, "priority: 10", ""},
		{"port security", set(lsp, "vm", "port_security", "02:00:00:00:00:01 10.0.0.1"), nil, "", `port_security: ["02:00:00:00:00:01 10.0.0.1"]`},
		{"VRRP", set(lsp, "vm", "port_security", []string{"02:00:00:00:00:01", "VRRPv3 02:00:00:00:00:01"}), []string{`Logical_Switch_Port vm, port_security: switch port "vm": port_security: "VRRPv3" is no MAC`}, "VRRPv3", `port_security: ["02:00:00:00:00:01"]`},
		{"other_config", set(ls, "sw", "other_config", map[string]string{"fdb_age_threshold": "60", "mcast_snoop": "true"}), []string{"Logical_Switch sw, other_config:mcast_snoop"}, "mcast", `other_config: {fdb_age_threshold: "60"}`},
		{"proxy", set(lsp, "to-lr", "options", map[string]string{"router-port": "lrp", "arp_proxy": "169.254.1.1"}), nil, "", "arp_proxy: 169.254.1.1"},
		{"port options", set(lsp, "vm", "options", map[string]string{"disable_arp_nd_rsp": "true", "mac_limit": "5"}), nil, "", `options: {disable_arp_nd_rsp: "true", mac_limit: "5"}`},
		{"copp", limited(map[string]string{"icmp4-error": "m1", "tcp-reset": "m2"}, 100, 0), nil, "burst", "copp:\n  - {name: c1, meters: [{protocol: icmp4-error, meter: m1}, {protocol: tcp-reset, meter: m2}]}"},
		{"copp of a router", limited(map[string]string{"icmp4-error": "m1"}, 100, 20), nil, "", "    copp: c1\n"},
		{"meter", limited(map[string]string{"icmp4-error": "m1"}, 100, 20), nil, "", "- {name: m1, unit: pktps, bands: [{action: drop, rate: 100, burst_size: 20}]}"},
		{"bits", row("Meter", "name", "m1", "unit", "kbps", "bands", []ovsdb.UUID{}), []string{`Meter m1: meter "m1": unit can't be "kbps"`}, "m1", ""},
		{"rate out of range", limited(map[string]string{"icmp4-error": "m1"}, 4_000_000_000, 0), []string{"Copp c1, meters:icmp4-error: ", "Meter m1: ", "Meter_Band drop 4000000000 of meter m1: "}, "m1", "- {name: c1, meters: []}"},
		{"OVN's protocol", limited(map[string]string{"bfd": "m1", "arp": "m2"}, 20000, 20000), []string{`Copp c1, meters:bfd: copp "c1": protocol "bfd"`}, "bfd", "meters: [{protocol: arp, meter: m2}]"},
		{"no such meter", owned(lr, "copp", "Copp", "name", "c1", "meters", map[string]string{"tcp-reset": "gone"}), []string{`Copp c1, meters:tcp-reset: copp "c1": there is no meter`}, "gone", ""},
		{"shared meter", all(limited(map[string]string{"tcp-reset": "m1"}, 100, 0), row("Copp", "name", "c2", "meters", map[string]string{"icmp4-error": "m1"})),
			[]string{"Meter m1, rate: it is copied, but 2 limits of Copp share it in OVN"}, "", "{name: c2,"},
		{"copp of a switch", owned(ls, "copp", "Copp", "name", "c1"), []string{"Logical_Switch sw, copp: it is nothing that Parkway has"}, "    copp:", ""},
		{"text for a copp", set(lr, "lr", "copp", 7), []string{"Logical_Router lr, copp: holds integer"}, "copp", ""},
	})
}

// Of more policies than a gateway has room for, those with the lowest priorities go.
func TestManyPolicies(t *testing.T) {
	const extra = 300
	d, p := small()
	var ids []ovsdb.UUID
	for i := range topology.MaxPolicies + extra {
		ids = append(ids, d.add("Logical_Router_Policy", "priority", i, "match", "ip4", "action", "allow"))
	}
	d.set(lr, p["lr"], "policies", ids)
	r, err := Import(t.Context(), d.Database, Options{})
	if err != nil {
		t.Fatal(err)
	}
	got := r.Config.Topology.Routers[0].Policies
	if len(got) != topology.MaxPolicies || got[0].Priority != topology.MaxPolicies+extra-1 || got[len(got)-1].Priority != extra || len(r.Unsupported) != extra {
		t.Errorf("%d policies from %d down to %d, %d left out", len(got), got[0].Priority, got[len(got)-1].Priority, len(r.Unsupported))
	}
}

func FuzzRouting(f *testing.F) {
	for _, s := range []string{"ip4.src == $as1", `inport == "ext" && tcp.dst == {80, 443}`, "a b", "\u00e9\u2028", "true", "{x: [", "- #", "\\ \"(", "02:00:00:00:00:01 10.0.0.1/24"} {
		f.Add(s, "192.0.2.1", "m1", int64(7))
	}
	f.Fuzz(func(t *testing.T, text, hop, name string, number int64) {
		d, p := small()
		d.set(lsp, p["vm"], "port_security", []string{text, hop})
		d.set(lsp, p["to-lr"], "options", map[string]string{"router-port": "lrp", "arp_proxy": hop, "mac_limit": text})
		d.set(ls, p["sw"], "other_config", map[string]string{"fdb_age_threshold": hop})
		d.set(lrp, p["ext"], "options", map[string]string{"route_table": name})
		d.set(route, p["route"], "route_table", name)
		d.add("Address_Set", "name", name, "addresses", []string{hop, text})
		policy("priority", int(number), "match", text, "action", "reroute", "nexthops", []string{hop}, "output_port", name, "options", map[string]string{"pkt_mark": text})(d, p)
		limited(map[string]string{"arp": name, text: hop}, int(number), int(number))(d, p)
		r, err := Import(t.Context(), d.Database, Options{})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := config.Parse("f", r.YAML); err != nil {
			t.Errorf("%v\n%s", err, r.YAML)
		}
	})
}

// With --router, the limits and policies of other routers stay behind.
func TestRoutersOfPolicies(t *testing.T) {
	d, p := small()
	limited(map[string]string{"tcp-reset": "m1"}, 100, 0)(d, p)
	theirs := d.add("Copp", "name", "c2", "meters", map[string]string{"tcp-reset": "m1"})
	pol := d.add("Logical_Router_Policy", "priority", 10, "match", "ip.ttl == 1", "action", "drop")
	d.add("Meter", "name", "m9", "unit", "kbps") // of somebody's logs
	port := d.add(lrp, "name", "other-lrp", "mac", "02:00:00:00:03:00", "networks", "10.9.0.254/24")
	d.add(lr, "name", "other", "ports", []ovsdb.UUID{port}, "policies", []ovsdb.UUID{pol}, "copp", []ovsdb.UUID{theirs})
	r, lines := imported(t, d.Database, Options{Routers: []string{"lr"}})
	if len(lines) != 0 || len(r.Config.Topology.CoPP) != 1 || len(r.Config.Topology.CoPP[0].Meters) != 1 || len(r.Config.Topology.Meters) != 1 || r.Config.Topology.Routers[0].CoPP != "c1" {
		t.Errorf("%v\n%s", lines, r.YAML)
	}
}
