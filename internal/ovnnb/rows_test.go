// SPDX-License-Identifier: Apache-2.0

package ovnnb

import (
	"encoding/binary"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/parkway-gw/parkway/internal/config"
	"github.com/parkway-gw/parkway/internal/ovsdb"
)

// database is made row by row, as no server would keep it.
type database struct {
	*ovsdb.Database
	next uint64
}

func newDatabase() *database {
	d := &database{Database: &ovsdb.Database{Source: "test", Tables: map[string]ovsdb.Table{}}}
	for _, t := range []string{"Logical_Switch", "Logical_Switch_Port", "Logical_Router", "Logical_Router_Port", "Logical_Router_Static_Route", "Static_MAC_Binding"} {
		d.Tables[t] = ovsdb.Table{}
	}
	return d
}

func value(v any) ovsdb.Value {
	switch v := v.(type) {
	case ovsdb.Value:
		return v
	case int:
		return ovsdb.Value{Atoms: []ovsdb.Atom{int64(v)}}
	case []string:
		return textValue(v...)
	case []ovsdb.UUID:
		var out ovsdb.Value
		for _, u := range v {
			out.Atoms = append(out.Atoms, u)
		}
		return out
	case map[string]string:
		out := ovsdb.Value{IsMap: true}
		for k, s := range v {
			out.Pairs = append(out.Pairs, ovsdb.Pair{Key: k, Value: s})
		}
		return out
	}
	return ovsdb.Value{Atoms: []ovsdb.Atom{v}}
}

// add adds a row: columns and values in turn.
func (d *database) add(table string, columns ...any) (id ovsdb.UUID) {
	d.next++
	binary.BigEndian.PutUint64(id[8:], d.next)
	if d.Tables[table] == nil {
		d.Tables[table] = ovsdb.Table{}
	}
	row := ovsdb.Row{}
	for i := 0; i < len(columns); i += 2 {
		row[columns[i].(string)] = value(columns[i+1])
	}
	d.Tables[table][id] = row
	return id
}

// small is a router between a network and a switch. More columns and rows are added to
// it by the tests.
func small() (d *database, parts map[string]ovsdb.UUID) {
	d = newDatabase()
	p := map[string]ovsdb.UUID{}
	p["vm"] = d.add("Logical_Switch_Port", "name", "vm", "addresses", "02:00:00:00:00:01 10.0.0.1")
	p["to-lr"] = d.add("Logical_Switch_Port", "name", "to-lr", "type", "router", "addresses", "router", "options", map[string]string{"router-port": "lrp"})
	p["net"] = d.add("Logical_Switch_Port", "name", "net", "type", "localnet", "addresses", "unknown", "tag", 7, "options", map[string]string{"network_name": "phys"})
	p["to-ext"] = d.add("Logical_Switch_Port", "name", "to-ext", "type", "router", "addresses", "router", "options", map[string]string{"router-port": "ext"})
	p["sw"] = d.add("Logical_Switch", "name", "sw", "ports", []ovsdb.UUID{p["vm"], p["to-lr"]})
	p["sw-ext"] = d.add("Logical_Switch", "name", "sw-ext", "ports", []ovsdb.UUID{p["net"], p["to-ext"]})
	p["lrp"] = d.add("Logical_Router_Port", "name", "lrp", "mac", "02:00:00:00:01:00", "networks", "10.0.0.254/24")
	p["ext"] = d.add("Logical_Router_Port", "name", "ext", "mac", "02:00:00:00:02:00", "networks", []string{"192.0.2.254/24", "2001:db8::1/64"})
	p["route"] = d.add("Logical_Router_Static_Route", "ip_prefix", "198.51.100.7/24", "nexthop", "192.0.2.1", "policy", "dst-ip", "route_table", "")
	p["lr"] = d.add("Logical_Router", "name", "lr", "ports", []ovsdb.UUID{p["lrp"], p["ext"]}, "static_routes", []ovsdb.UUID{p["route"]})
	return d, p
}

func (d *database) set(table string, id ovsdb.UUID, column string, v any) {
	d.Tables[table][id][column] = value(v)
}

// imported imports, wants the text to pass the checks, and returns the report.
func imported(t *testing.T, d *ovsdb.Database, o Options) (*Result, []string) {
	t.Helper()
	r, err := Import(t.Context(), d, o)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := config.Parse("f", r.YAML); err != nil {
		t.Errorf("%v\n%s", err, r.YAML)
	}
	lines := Report(r.Unsupported, 1000)
	for _, l := range lines {
		if strings.ContainsAny(l, "\n\r\x1b") || !strings.Contains(string(r.YAML), "\n#   "+l+"\n") && len(lines) < maxReported {
			t.Errorf("the file's last comments lack %q", l)
		}
	}
	return r, lines
}

// change makes something else of the small database.
type change func(d *database, p map[string]ovsdb.UUID)

func set(table, row, column string, v any) change {
	return func(d *database, p map[string]ovsdb.UUID) { d.set(table, p[row], column, v) }
}

func owned(owner, column, table string, columns ...any) change {
	return func(d *database, p map[string]ovsdb.UUID) {
		id := d.add(table, columns...)
		d.set(owner, p[map[string]string{lr: "lr", ls: "sw", lrp: "ext"}[owner]], column, []ovsdb.UUID{id})
	}
}

const lsp, lrp, ls, lr, route = "Logical_Switch_Port", "Logical_Router_Port", "Logical_Switch", "Logical_Router", "Logical_Router_Static_Route"

// What is left out is reported, each with its reason, and the rest is there.
func TestUnsupported(t *testing.T) {
	checkChanges(t, []changeCase{
		{"nothing", func(*database, map[string]ovsdb.UUID) {}, nil, "", "- {ip_prefix: 198.51.100.0/24, nexthop: 192.0.2.1}"},
		{"nat", owned(lr, "nat", "NAT", "type", "snat", "external_ip", "192.0.2.9", "logical_ip", "10.0.0.0/24"), []string{"NAT snat 192.0.2.9 10.0.0.0/24 of router lr: Parkway translates no addresses"}, "", ""},
		{"acl", owned(ls, "acls", "ACL", "direction", "to-lport", "priority", 1000, "match", "ip4", "action", "drop"), []string{"ACL to-lport 1000 ip4 drop of switch sw: Parkway filters nothing"}, "", ""},
		{"gateway", owned(lrp, "gateway_chassis", "Gateway_Chassis", "name", "ext_gw1", "priority", 20), []string{"Gateway_Chassis ext_gw1 of router port ext: there is no failover"}, "", ""},
		{"unknown table", func(d *database, _ map[string]ovsdb.UUID) { d.add("Teleporter", "name", "t1") }, []string{"Teleporter t1: Parkway does not know this table"}, "", ""},
		{"silent table", func(d *database, _ map[string]ovsdb.UUID) { d.add("NB_Global", "name", "x") }, nil, "", ""},
		{"unknown column", set(lrp, "ext", "speed", "fast"), []string{"Logical_Router_Port ext, speed: it is nothing that Parkway has"}, "", "- {name: ext,"},
		{"column at its default", set(lrp, "ext", "speed", ""), nil, "", ""},
		{"unknown option", set(lrp, "ext", "options", map[string]string{"gateway_mtu": "1400", "redirect-type": "bridged"}), []string{`Logical_Router_Port ext, options:redirect-type: "bridged" is nothing`}, "", `options: {gateway_mtu: "1400"}`},
		{"bad option", set(lrp, "ext", "options", map[string]string{"gateway_mtu": "many"}), []string{`Logical_Router_Port ext, options:gateway_mtu: router port "ext" gateway_mtu: "many" is no decimal number; write`}, "options: {gateway", "- {name: ext,"},
		{"ra without mode", set(lrp, "ext", "ipv6_ra_configs", map[string]string{"mtu": "1500"}), nil, "ipv6_ra_configs", ""},
		{"ra", set(lrp, "ext", "ipv6_ra_configs", map[string]string{"address_mode": "slaac", "mtu": "1500"}), nil, "", `ipv6_ra_configs: {address_mode: slaac, mtu: "1500"}`},
		{"bad ra", set(lrp, "ext", "ipv6_ra_configs", map[string]string{"address_mode": "slaac", "mtu": "9"}), []string{"Logical_Router_Port ext, ipv6_ra_configs:mtu: "}, "mtu", "ipv6_ra_configs: {address_mode: slaac}"},
		{"no next hop", set(route, "route", "nexthop", ""), []string{"Logical_Router_Static_Route 198.51.100.7/24 of router lr: it has no next hop"}, "ip_prefix", ""},
		{"next hop is nowhere", set(route, "route", "nexthop", "203.0.113.1"), []string{"Logical_Router_Static_Route 198.51.100.7/24 203.0.113.1 of router lr: route 198.51.100.0/24: next hop"}, "ip_prefix", ""},
		{"discard", set(route, "route", "nexthop", "discard"), nil, "", "nexthop: discard"},
		{"disabled router", set(lr, "lr", "enabled", false), []string{"Logical_Router lr: it is disabled", "Logical_Switch_Port to-ext", "Logical_Switch_Port to-lr"}, "lrp,", "logical_routers: []"},
		{"enabled router", set(lr, "lr", "enabled", true), nil, "", ""},
		{"disabled port", set(lsp, "vm", "enabled", false), []string{"Logical_Switch_Port vm: it is disabled"}, "name: vm", ""},
		{"type", set(lsp, "vm", "type", "vtep"), []string{"Logical_Switch_Port vm: Parkway has no ports of type vtep"}, "name: vm", ""},
		{"container", set(lsp, "vm", "parent_name", "net"), []string{"Logical_Switch_Port vm: it is a VLAN inside of port net"}, "name: vm", ""},
		{"dynamic", func(d *database, p map[string]ovsdb.UUID) {
			d.set(lsp, p["vm"], "addresses", "dynamic")
			d.set(lsp, p["vm"], "dynamic_addresses", "0a:00:00:00:00:01 10.0.0.9")
		}, nil, "", `"0a:00:00:00:00:01 10.0.0.9"`},
		{"dynamic, not chosen", set(lsp, "vm", "addresses", "dynamic"), []string{`Logical_Switch_Port vm, addresses: says "dynamic", and OVN has not chosen`}, "", "- {name: vm}"},
		{"one bad address of two", set(lsp, "vm", "addresses", []string{"02:00:00:00:00:01 10.0.0.1", "nonsense"}), []string{`Logical_Switch_Port vm, addresses: switch port "vm": "nonsense" is no MAC address`}, "nonsense\"]", "10.0.0.1"},
		{"one bad network of two", set(lrp, "ext", "networks", []string{"192.0.2.254/24", "nonsense"}), []string{`Logical_Router_Port ext, networks: router port "ext": "nonsense" is no address/prefix`}, "", "networks: [192.0.2.254/24]"},
		{"bad MAC", set(lrp, "lrp", "mac", "nonsense"), []string{`Logical_Router_Port lrp: router port "lrp": "nonsense" is no MAC`, `Logical_Switch_Port to-lr: switch port "to-lr" leads to router port "lrp", which doesn't exist`}, "name: lrp", ""},
		{"no router port", set(lsp, "to-lr", "options", map[string]string{"router-port": "gone"}), []string{"Logical_Router_Port lrp: no switch port leads to router port", "Logical_Switch_Port to-lr: "}, "name: lrp", ""},
		{"peer", set(lrp, "lrp", "peer", "other"), []string{"Logical_Router_Port lrp: it is wired to router port other", "Logical_Switch_Port to-lr: "}, "name: lrp", ""},
		{"name with a space", set(lsp, "vm", "name", "a vm: [1]\n#"), []string{"Logical_Switch_Port a vm: [1] #: the name of a switch port"}, "vm: [1]\\", ""},
		{"no name", set(lsp, "vm", "name", ""), []string{"Logical_Switch_Port 00000000-0000-0000-0000-000000000001: the name of a switch port is empty"}, "name: vm", ""},
		{"twice the same name", set(ls, "sw", "name", "sw-ext"), []string{`Logical_Switch sw-ext: switch name "sw-ext" is used twice`, `Logical_Router_Port`}, "", ""},
		{"number for a name", set(lsp, "vm", "name", 7), []string{"Logical_Switch_Port 00000000-0000-0000-0000-000000000001, name: holds integer; strings are wanted"}, "name: vm", ""},
		{"text for a tag", set(lsp, "net", "tag", "7"), []string{"Logical_Switch_Port net, tag: holds string; integers are wanted"}, "tag", ""},
		{"huge tag", set(lsp, "net", "tag", 1<<40), []string{`Logical_Switch_Port net, tag: switch port "net": tag: 1099511627776 is out of range`}, "tag: 1", ""},
		{"text for options", set(lsp, "vm", "options", "x"), []string{"Logical_Switch_Port vm, options: holds string; a map"}, "", ""},
		{"text for ports", set(ls, "sw", "ports", "x"), []string{"Logical_Router_Port lrp: ", "Logical_Switch sw, ports: holds string; UUIDs are wanted", "Logical_Switch_Port to-lr: no switch or router has it", "Logical_Switch_Port vm: no switch or router has it"}, "", ""},
		{"port of two switches", func(d *database, p map[string]ovsdb.UUID) {
			d.set(ls, p["sw-ext"], "ports", []ovsdb.UUID{p["net"], p["to-ext"], p["vm"]})
		}, []string{"Logical_Switch sw-ext, ports: vm belongs to another row already"}, "", ""},
		{"row that is not there", func(d *database, p map[string]ovsdb.UUID) {
			d.set(ls, p["sw"], "ports", []ovsdb.UUID{p["vm"], p["to-lr"], {9}})
		}, []string{"Logical_Switch sw, ports: there is no row 09000000-"}, "", ""},
		{"binding", func(d *database, _ map[string]ovsdb.UUID) {
			d.add("Static_MAC_Binding", "logical_port", "ext", "ip", "192.0.2.1", "mac", "02:00:00:00:00:09", "override_dynamic_mac", true)
			d.add("Static_MAC_Binding", "logical_port", "gone", "ip", "192.0.2.1", "mac", "02:00:00:00:00:09")
		}, []string{"Static_MAC_Binding gone 192.0.2.1: "}, "gone,", "- {logical_port: ext, ip: 192.0.2.1"},
	})
}

// With --router, what belongs to others is neither imported nor reported.
func TestRouters(t *testing.T) {
	d, p := small()
	nat := d.add("NAT", "type", "snat", "external_ip", "192.0.2.9")
	lrp := d.add("Logical_Router_Port", "name", "other-lrp", "mac", "02:00:00:00:03:00", "networks", "10.9.0.254/24")
	d.add("Logical_Router", "name", "other", "ports", []ovsdb.UUID{lrp}, "nat", []ovsdb.UUID{nat})
	lsp := d.add("Logical_Switch_Port", "name", "to-other", "type", "router", "options", map[string]string{"router-port": "other-lrp"})
	d.set("Logical_Switch", p["sw"], "ports", []ovsdb.UUID{p["vm"], p["to-lr"], lsp})
	d.add("Logical_Switch", "name", "island")
	d.add("Static_MAC_Binding", "logical_port", "other-lrp", "ip", "10.9.0.1", "mac", "02:00:00:00:00:09")
	loop := d.add("Port_Group", "name", "loop")
	d.set("Port_Group", loop, "ports", []ovsdb.UUID{loop})
	d.set("Logical_Router", p["lr"], "nat", []ovsdb.UUID{loop}) // what refers to itself
	r, lines := imported(t, d.Database, Options{Routers: []string{"lr"}})
	if len(lines) != 1 || !strings.HasPrefix(lines[0], "Port_Group loop") || strings.Contains(string(r.YAML), "other") || strings.Contains(string(r.YAML), "island") {
		t.Errorf("%v\n%s", lines, r.YAML)
	}
	if _, lines = imported(t, d.Database, Options{}); len(lines) < 2 {
		t.Error(lines)
	}
}

func TestImportRefuses(t *testing.T) {
	d, p := small()
	delete(d.Tables, "Logical_Router")
	if _, err := Import(t.Context(), d.Database, Options{}); err == nil || err.Error() != "test: there is no table Logical_Router; name the database OVN_Northbound, all of it" {
		t.Error(err)
	}
	d, p = small()
	d.Schema = &ovsdb.Schema{Name: "OVN_Southbound"}
	if _, err := Import(t.Context(), d.Database, Options{}); err == nil || !strings.Contains(err.Error(), `this is the database "OVN_Southbound"`) {
		t.Error(err)
	}
	d, p = small()
	d.set("Logical_Switch_Port", p["vm"], "type", "vtep")
	d.set("Logical_Switch_Port", p["net"], "type", "vtep")
	if _, err := Import(t.Context(), d.Database, Options{}); err == nil || !strings.Contains(err.Error(), "no switch port is left") {
		t.Error(err)
	}
	d, p = small()
	var ids []ovsdb.UUID
	for i := range 5000 {
		ids = append(ids, d.add("Logical_Switch_Port", "name", fmt.Sprint("p", i), "addresses", "unknown"))
	}
	d.set("Logical_Switch", p["sw"], "ports", ids)
	if _, err := Import(t.Context(), d.Database, Options{}); err == nil || !strings.Contains(err.Error(), "5002 switch ports, and a gateway has room for 4094; choose routers with --router NAME") {
		t.Error(err)
	}
}

// Of a hundred thousand rows a tenth are routes, which are imported; the others can't be,
// and are reported in few lines.
func TestManyRows(t *testing.T) {
	const routes, nats = 10_000, 90_000
	d, p := small()
	ids := []ovsdb.UUID{p["route"]}
	for i := range routes {
		ids = append(ids, d.add("Logical_Router_Static_Route", "ip_prefix", fmt.Sprintf("2001:db8:1:%x::/64", i), "nexthop", "2001:db8::2"))
	}
	for i := range nats {
		d.add("NAT", "type", "snat", "external_ip", fmt.Sprint(i))
	}
	d.set("Logical_Router", p["lr"], "static_routes", ids)
	r, err := Import(t.Context(), d.Database, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if got := len(r.Config.Topology.Routers[0].StaticRoutes); got != routes+1 {
		t.Errorf("%d routes", got)
	}
	if lines := Report(r.Unsupported, 20); len(r.Unsupported) != nats || len(lines) != 21 || lines[20] != "NAT: 89980 more" {
		t.Errorf("%d rows in %d lines: %q", len(r.Unsupported), len(lines), lines)
	}
}

// More is wrong than the checks list at a time.
func TestManyRefused(t *testing.T) {
	d, p := small()
	ids := []ovsdb.UUID{p["route"]}
	for i := range 450 {
		ids = append(ids, d.add("Logical_Router_Static_Route", "ip_prefix", fmt.Sprintf("10.%d.%d.0/24", 1+i>>8, i&255), "nexthop", "203.0.113.1"))
	}
	d.set("Logical_Router", p["lr"], "static_routes", ids)
	r, lines := imported(t, d.Database, Options{})
	if len(lines) != 450 || len(r.Config.Topology.Routers[0].StaticRoutes) != 1 {
		t.Errorf("%d lines, %+v", len(lines), r.Config.Topology.Routers[0].StaticRoutes)
	}
}

// More switch ports than a gateway has ports, with names that no interface can have.
func TestTaps(t *testing.T) {
	d, p := small()
	ids := []ovsdb.UUID{p["vm"], p["to-lr"]}
	for i := range 40 {
		ids = append(ids, d.add("Logical_Switch_Port", "name", fmt.Sprintf("host-with-a-long-name/%d", i), "addresses", "unknown"))
	}
	d.set("Logical_Switch", p["sw"], "ports", ids)
	r, _ := imported(t, d.Database, Options{Taps: true})
	if len(r.Config.Ports) != maxPorts || !strings.Contains(string(r.YAML), "find no room") || strings.Contains(r.Config.Ports[5].Vdev, "/") {
		t.Errorf("%d ports\n%s", len(r.Config.Ports), r.YAML)
	}
}

// Devices that were named, of every kind, and room for them before others.
func TestPorts(t *testing.T) {
	d, p := small()
	ids := []ovsdb.UUID{p["vm"], p["to-lr"]}
	for i := range 40 {
		ids = append(ids, d.add("Logical_Switch_Port", "name", fmt.Sprintf("p%02d", i), "addresses", "unknown"))
	}
	d.set("Logical_Switch", p["sw"], "ports", ids)
	named := map[string]string{"phys": "0000:3b:00.0", "p39": "net_tap7,iface=x", "p38": "eth1"}
	want := []config.Port{{Name: "p-phys", PCI: "0000:3b:00.0", NetworkName: "phys"}, {Name: "p-p38", Netdev: "eth1", IfaceID: "p38"}, {Name: "p-p39", Vdev: "net_tap7,iface=x", IfaceID: "p39"}}
	for i := range want {
		want[i].MTU, want[i].RxQueues = 1500, 1
	}
	r, _ := imported(t, d.Database, Options{Ports: named})
	if !slices.Equal(r.Config.Ports, want) || strings.Contains(string(r.YAML), "set-me-") {
		t.Errorf("%+v\n%s", r.Config.Ports, r.YAML)
	}
	named["p39"] = "net_tap2,iface=x" // whose number no other tap may have
	r, _ = imported(t, d.Database, Options{Ports: named, Taps: true})
	if len(r.Config.Ports) != maxPorts || r.Config.Ports[2].IfaceID != "p39" {
		t.Errorf("%+v", r.Config.Ports)
	}
	delete(named, "phys")
	delete(named, "p39")
	r, _ = imported(t, d.Database, Options{Ports: named})
	if len(r.Config.Ports) != 2 || r.Config.Ports[1].Netdev != "set-me-1" {
		t.Errorf("%+v", r.Config.Ports)
	}
}

func FuzzImport(f *testing.F) {
	for _, s := range []string{"lr", "a b", "\u00e9\u2028\U0001f600", "true", "{x: [", "- #"} {
		f.Add(s, "10.0.0.1/24", "discard", int64(7))
	}
	f.Fuzz(func(t *testing.T, name, network, hop string, tag int64) {
		d, p := small()
		for _, table := range []string{"Logical_Switch", "Logical_Switch_Port", "Logical_Router", "Logical_Router_Port"} {
			for _, id := range p {
				if row, there := d.Tables[table][id]; there && len(name) > 0 && (int(id[15])+int(name[0]))%3 == 0 {
					row["name"] = value(name)
				}
			}
		}
		d.set("Logical_Router_Port", p["lrp"], "networks", []string{network, "10.0.0.254/24"})
		d.set("Logical_Switch_Port", p["vm"], "addresses", network)
		d.set("Logical_Router_Static_Route", p["route"], "nexthop", hop)
		d.set("Logical_Switch_Port", p["net"], "tag", int(tag))
		d.set("Logical_Router_Port", p["ext"], "options", map[string]string{"gateway_mtu": hop, name: network})
		r, err := Import(t.Context(), d.Database, Options{Taps: tag%2 == 0})
		if err != nil {
			if !strings.Contains(err.Error(), "no switch port is left") {
				t.Error(err)
			}
			return
		}
		if _, err := config.Parse("f", r.YAML); err != nil {
			t.Errorf("%v\n%s", err, r.YAML)
		}
	})
}
