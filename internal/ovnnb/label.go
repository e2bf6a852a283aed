// SPDX-License-Identifier: Apache-2.0

package ovnnb

import (
	"fmt"
	"strings"

	"github.com/parkway-gw/parkway/internal/ovsdb"
)

// labels are the columns that tell rows without a name apart.
var labels = map[string][]string{
	"Logical_Router_Static_Route": {"ip_prefix", "nexthop", "output_port"},
	"Logical_Router_Policy":       {"priority", "match", "action"},
	"Static_MAC_Binding":          {"logical_port", "ip"},
	"Meter_Band":                  {"action", "rate"},
	"NAT":                         {"type", "external_ip", "logical_ip"},
	"ACL":                         {"direction", "priority", "match", "action"},
	"QoS":                         {"direction", "priority", "match"},
	"BFD":                         {"logical_port", "dst_ip"},
	"DHCP_Options":                {"cidr"},
	"Chassis_Template_Var":        {"chassis"},
}

// nouns are what owners are called in messages.
var nouns = map[string]string{router.table: "router ", logicalSwitch.table: "switch ", routerPort.table: "router port ", switchPort.table: "switch port ", meter.table: "meter "}

// label is what a row is called in messages.
func label(table string, id ovsdb.UUID, row ovsdb.Row) string {
	if name, err := row["name"].Strings(); err == nil && len(name) == 1 && name[0] != "" {
		return clip(name[0])
	}
	var words []string
	for _, column := range labels[table] {
		if v := row[column]; len(v.Atoms) == 1 && !v.IsDefault() {
			words = append(words, clip(fmt.Sprint(v.Atoms[0])))
		}
	}
	if words != nil {
		return strings.Join(words, " ")
	}
	return id.String()
}

// clip bounds what others wrote, for messages.
func clip(s string) string {
	const most = 80
	if r := []rune(s[:min(len(s), 4*most+4)]); len(r) > most {
		return string(r[:most]) + "…"
	}
	return s
}
