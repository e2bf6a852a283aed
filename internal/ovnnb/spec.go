// SPDX-License-Identifier: Apache-2.0

package ovnnb

import (
	"fmt"

	"github.com/parkway-gw/parkway/internal/ovsdb"
)

// kind is how a column is copied.
type kind uint8

const (
	asText    kind = iota // one string
	asNumber              // one integer
	asList                // a set of strings
	asOptions             // a map of strings, of which some keys are known
	asRows                // references to rows of another table
	asName                // a reference to a row that has a place of its own: its name
	asPairs               // a map of strings: a list of mappings with the keys of pair
)

// rowSpec says what becomes of a table's rows.
type rowSpec struct {
	table   string
	columns []columnSpec // those that are copied, in the order of the file
	ignored []string     // those that say nothing to a gateway, or name rows that are reported themselves
	vetoes  []veto       // what keeps the whole row out
}

// columnSpec is one column. Its key in the file has OVN's name too.
type columnSpec struct {
	name    string
	kind    kind
	need    bool     // without it the row makes no sense
	known   []string // asOptions: the keys that are copied
	ignored []string // asOptions: the keys that say nothing to a gateway
	rows    *rowSpec // asRows
	table   string   // asName: the table of the row
	pair    [2]string
	from    func(row ovsdb.Row) (ovsdb.Value, error)
}

// veto keeps a row out when why says something.
type veto struct {
	column string
	why    func(v ovsdb.Value) string
}

// unless keeps a row out whose column holds anything but its default or one of words.
func unless(column, reason string, words ...string) veto {
	return veto{column, func(v ovsdb.Value) string {
		if v.IsDefault() {
			return ""
		}
		list, err := v.Strings()
		if err == nil && len(list) == 1 {
			for _, w := range words {
				if list[0] == w {
					return ""
				}
			}
			return fmt.Sprintf(reason, list[0])
		}
		return fmt.Sprintf(reason, "…")
	}}
}

// disabled keeps out what OVN was told to leave idle.
var disabled = veto{"enabled", func(v ovsdb.Value) string {
	if on, err := v.Bools(); err == nil && len(on) == 1 && !on[0] {
		return "it is disabled, and Parkway has no disabled objects"
	}
	return ""
}}

var staticRoute = rowSpec{
	table: "Logical_Router_Static_Route",
	columns: []columnSpec{
		{name: "ip_prefix", need: true, from: maskedPrefix},
		{name: "nexthop", need: true},
		{name: "output_port"},
		{name: "policy", need: true, from: sourcePolicy},
		{name: "route_table", need: true, from: filled("route_table")},
		{name: "options", kind: asOptions, ignored: []string{"origin"}},
	},
	ignored: []string{"external_ids", "bfd"},
	vetoes:  []veto{{"nexthop", noNexthop}},
}

var routerPort = rowSpec{
	table: "Logical_Router_Port",
	columns: []columnSpec{
		{name: "name", need: true},
		{name: "mac", need: true},
		{name: "networks", kind: asList, need: true},
		{name: "options", kind: asOptions, known: []string{"gateway_mtu", "route_table"}, ignored: []string{"requested-tnl-key"}},
		{name: "ipv6_ra_configs", kind: asOptions, from: raConfigs, known: []string{"address_mode", "send_periodic", "max_interval", "min_interval",
			"mtu", "rdnss", "dnssl", "router_preference", "route_info"}},
	},
	ignored: []string{"external_ids", "enabled", "ipv6_prefix", "gateway_chassis", "ha_chassis_group", "peer", "status"},
	vetoes: []veto{
		disabled,
		unless("peer", "it is wired to router port %s without a switch between them"),
	},
}

var router = rowSpec{
	table: "Logical_Router",
	columns: []columnSpec{
		{name: "name", need: true},
		{name: "options", kind: asOptions, known: []string{"always_learn_from_arp_request", "mac_binding_age_threshold",
			"learn_from_unsolicited_na", "icmp_errors_use_inbound_ifaddr"},
			ignored: []string{"chassis", "requested-tnl-key", "snat-ct-zone"}},
		{name: "copp", kind: asName, table: copp.table},
		{name: "ports", kind: asRows, rows: &routerPort},
		{name: "static_routes", kind: asRows, rows: &staticRoute},
		{name: "policies", kind: asRows, rows: &routerPolicy},
	},
	ignored: []string{"external_ids", "enabled", "nat", "load_balancer", "load_balancer_group"},
	vetoes:  []veto{disabled},
}

var switchPort = rowSpec{
	table: "Logical_Switch_Port",
	columns: []columnSpec{
		{name: "name", need: true},
		{name: "type"},
		{name: "addresses", kind: asList, from: portAddresses},
		{name: "port_security", kind: asList},
		{name: "options", kind: asOptions, known: []string{"router-port", "network_name", "arp_proxy", "disable_arp_nd_rsp", "mac_limit", "park_until"},
			ignored: []string{"requested-chassis", "requested-tnl-key", "iface-id-ver", "vif-plug-type", "hostname", "network_name_type"}},
		{name: "tag", kind: asNumber},
	},
	ignored: []string{"external_ids", "enabled", "up", "tag_request", "dynamic_addresses", "parent_name",
		"dhcpv4_options", "dhcpv6_options", "mirror_rules", "ha_chassis_group"},
	vetoes: []veto{
		disabled,
		unless("type", "Parkway has no ports of type %s", "router", "localnet"),
		unless("parent_name", "it is a VLAN inside of port %s"),
	},
}

var logicalSwitch = rowSpec{
	table: "Logical_Switch",
	columns: []columnSpec{
		{name: "name", need: true},
		{name: "other_config", kind: asOptions, known: []string{"fdb_age_threshold"}, ignored: []string{"subnet", "exclude_ips", "ipv6_prefix", "mac_only", "requested-tnl-key"}},
		{name: "ports", kind: asRows, rows: &switchPort},
	},
	ignored: []string{"external_ids", "acls", "qos_rules", "load_balancer", "load_balancer_group", "dns_records", "forwarding_groups"},
}

var staticMACBinding = rowSpec{
	table: "Static_MAC_Binding",
	columns: []columnSpec{
		{name: "logical_port", need: true},
		{name: "ip", need: true},
		{name: "mac", need: true},
	},
	ignored: []string{"override_dynamic_mac"}, // a binding always wins
}

// sections are the file's, in its order.
var sections = []struct {
	key   string
	rows  *rowSpec
	block bool // a line per attribute, not per row
}{
	{"logical_switches", &logicalSwitch, true},
	{"logical_routers", &router, true},
	{"static_mac_bindings", &staticMACBinding, false},
	{"address_sets", &addressSet, false},
	{"meters", &meter, false},
	{"copp", &copp, false},
}

// specs are all tables whose rows are copied.
func specs() (all []*rowSpec) {
	var walk func(s *rowSpec)
	walk = func(s *rowSpec) {
		all = append(all, s)
		for _, c := range s.columns {
			if c.rows != nil {
				walk(c.rows)
			}
		}
	}
	for _, s := range sections {
		walk(s.rows)
	}
	return all
}

// silent tables are about the database itself, or about rows that are reported.
var silentTables = []string{"NB_Global", "Connection", "SSL", "HA_Chassis", "Load_Balancer_Health_Check"}

// unsupported tables, and why their rows are left out.
var unsupportedTables = map[string]string{
	"ACL":                  "Parkway filters nothing yet",
	"BFD":                  "Parkway speaks no BFD; what it watches counts as up",
	"Chassis_Template_Var": "there are no templates",
	"DHCP_Options":         "Parkway serves no DHCP",
	"DHCP_Relay":           "Parkway relays no DHCP",
	"DNS":                  "Parkway answers no DNS",
	"Forwarding_Group":     "Parkway balances no load",
	"Gateway_Chassis":      "there is no failover between gateways yet",
	"HA_Chassis_Group":     "there is no failover between gateways yet",
	"Load_Balancer":        "Parkway balances no load",
	"Load_Balancer_Group":  "Parkway balances no load",
	"Mirror":               "Parkway mirrors no port",
	"NAT":                  "Parkway translates no addresses yet",
	"Port_Group":           "nothing here would use it",
	"QoS":                  "Parkway shapes no traffic",
}
