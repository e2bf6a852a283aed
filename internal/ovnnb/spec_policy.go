// SPDX-License-Identifier: Apache-2.0

package ovnnb

import "github.com/parkway-gw/parkway/internal/ovsdb"

// A policy whose match or action can't be had is no policy: what it would do to other
// packets nobody asked for.
var routerPolicy = rowSpec{
	table: "Logical_Router_Policy",
	columns: []columnSpec{
		{name: "priority", kind: asNumber, need: true},
		{name: "match", need: true},
		{name: "action", need: true},
		{name: "nexthops", kind: asList, from: policyNexthops},
		{name: "output_port", kind: asName, table: routerPort.table, need: true},
		{name: "options", kind: asOptions, known: []string{"pkt_mark"}},
	},
	ignored: []string{"external_ids", "nexthop", "bfd_sessions", "jump_chain"}, // check refuses the action jump
	vetoes:  []veto{unless("chain", "it is in the chain %s, and there are no chains of policies")},
}

var addressSet = rowSpec{
	table: "Address_Set",
	columns: []columnSpec{
		{name: "name", need: true},
		{name: "addresses", kind: asList, need: true},
	},
	ignored: []string{"external_ids"},
}

var meter = rowSpec{
	table: "Meter",
	columns: []columnSpec{
		{name: "name", need: true},
		{name: "unit", need: true},
		{name: "bands", kind: asRows, rows: &meterBand, need: true},
	},
	ignored: []string{"external_ids", "fair"}, // fair is about the logs of ACLs
}

var meterBand = rowSpec{
	table: "Meter_Band",
	columns: []columnSpec{
		{name: "action", need: true},
		{name: "rate", kind: asNumber, need: true},
		{name: "burst_size", kind: asNumber, from: filled("burst_size")},
	},
	ignored: []string{"external_ids"},
}

var copp = rowSpec{
	table: "Copp",
	columns: []columnSpec{
		{name: "name", need: true},
		{name: "meters", kind: asPairs, pair: [2]string{"protocol", "meter"}, need: true},
	},
	ignored: []string{"external_ids"},
}

// filled is a column that says nothing while it is empty or 0. A burst_size of 0 is as
// many packets as in a second, in OVS as here without one.
func filled(column string) func(ovsdb.Row) (ovsdb.Value, error) {
	return func(row ovsdb.Row) (ovsdb.Value, error) {
		if v := row[column]; !v.IsDefault() {
			return v, nil
		}
		return ovsdb.Value{}, nil
	}
}

// sourcePolicy is a route's policy where it is not the usual one.
func sourcePolicy(row ovsdb.Row) (ovsdb.Value, error) {
	if l, err := row["policy"].Strings(); err == nil && len(l) == 1 && l[0] == "dst-ip" {
		return ovsdb.Value{}, nil
	}
	return filled("policy")(row)
}

// policyNexthops are nexthops, or the older column for one.
func policyNexthops(row ovsdb.Row) (ovsdb.Value, error) {
	if v := row["nexthops"]; !v.Empty() {
		return v, nil
	}
	return filled("nexthop")(row)
}

// noNexthop keeps out routes that lead nowhere in OVN. Two words are next hops in the
// file and nothing in OVN, which ignores such a route.
func noNexthop(v ovsdb.Value) string {
	if v.IsDefault() {
		return "it has no next hop"
	}
	if l, _ := v.Strings(); len(l) == 1 && (l[0] == "unreachable" || l[0] == "prohibit") {
		return "OVN has no next hop " + l[0] + ", and ignores the route"
	}
	return ""
}
