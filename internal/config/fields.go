// SPDX-License-Identifier: Apache-2.0

package config

import (
	"fmt"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/parkway-gw/parkway/internal/topology"
)

// decoder gathers problems on the way through one file.
type decoder struct {
	file     string
	problems []Problem
	warnings []Problem
	// places remembers which node a place of the Topology was decoded from, so
	// that what topology.Validate finds has a line and column.
	places map[string]*yaml.Node
	root   *yaml.Node
	watch  func(n *yaml.Node, f form, known []string) // of Describe; nil as a rule

	lists  []*routeList       // that were cut out of the text
	bulk   map[int]*routeList // of these, the routers'
	unsure bool               // one of them is not what it looked like
}

func (d *decoder) at(n *yaml.Node, msg, hint string) Problem {
	return Problem{File: d.file, Line: n.Line, Col: n.Column, Msg: msg, Hint: hint}
}

func (d *decoder) errorf(n *yaml.Node, hint, format string, args ...any) {
	d.problems = append(d.problems, d.at(n, fmt.Sprintf(format, args...), hint))
}

func (d *decoder) warnf(n *yaml.Node, hint, format string, args ...any) {
	d.warnings = append(d.warnings, d.at(n, fmt.Sprintf(format, args...), hint))
}

func (d *decoder) place(n *yaml.Node, p topology.Path) { d.places[p.String()] = n }

// find returns the node of a path, or that of the nearest thing around it.
func (d *decoder) find(p topology.Path) *yaml.Node {
	for q := p; len(q) > 0; q = q[:len(q)-1] {
		if n, ok := d.places[q.String()]; ok {
			if len(q) < 4 {
				break // around the list of routes, if it is in one
			}
			return n
		}
	}
	if n := d.findInBulk(p); n != nil {
		return n
	}
	for ; len(p) > 0; p = p[:len(p)-1] {
		if n, ok := d.places[p.String()]; ok {
			return n
		}
	}
	return d.root
}

// fields is one mapping whose keys have been checked.
type fields struct {
	d    *decoder
	node *yaml.Node
	what string // "a router port", for messages
	vals map[string]*yaml.Node
}

// foreign are keys that OVN's tables have and Parkway doesn't, by context.
var foreign = map[string]string{
	"a logical switch":          "external_ids acls qos_rules load_balancer dns_records forwarding_groups copp",
	"a switch port":             "external_ids parent_name tag_request up enabled dhcpv4_options dhcpv6_options ha_chassis_group dynamic_addresses mirror_rules",
	"other_config of switch":    "subnet exclude_ips ipv6_prefix mac_only mcast_snoop mcast_querier mcast_flood_unregistered vlan-passthru broadcast-arps-to-all-routers requested-tnl-key",
	"options of switch port":    "qdisc_queue_id qos_max_rate qos_burst nat-addresses arp_proxy requested-chassis exclude-lb-vips-from-garp mcast_flood mcast_flood_reports localnet_learn_fdb",
	"a logical router":          "external_ids enabled nat load_balancer",
	"a meter":                   "fair external_ids",
	"a copp":                    "external_ids",
	"a band":                    "external_ids",
	"options of router":         "chassis dynamic_neigh_routers snat-ct-zone dnat_force_snat_ip lb_force_snat_ip mcast_relay requested-tnl-key",
	"a router port":             "external_ids peer enabled gateway_chassis ha_chassis_group ipv6_prefix",
	"options of router port":    "redirect-chassis redirect-type gateway_mtu_bypass mcast_flood reside-on-redirect-chassis",
	"a static route":            "bfd external_ids selection_fields",
	"options of a static route": "ecmp_symmetric_reply",
	"a policy":                  "bfd_sessions chain jump_chain external_ids",
	"an address set":            "external_ids",
	"a static MAC binding":      "override_dynamic_mac",
}

// mapping checks that n is a mapping with known keys, each once. Null counts as
// an empty mapping: a section whose keys are all commented out.
func (d *decoder) mapping(n *yaml.Node, what string, known ...string) (fields, bool) {
	d.expect(n, formMapping, known...)
	f := fields{d: d, node: n, what: what, vals: map[string]*yaml.Node{}}
	if n.Kind == yaml.ScalarNode && n.Tag == "!!null" {
		return f, true
	}
	if n.Kind != yaml.MappingNode {
		d.errorf(n, "write key: value lines, or {key: value, …}", "%s wants a mapping, not %s", what, kindWord(n))
		return f, false
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		k, v := n.Content[i], n.Content[i+1]
		if k.Kind != yaml.ScalarNode {
			d.errorf(k, "keys are single words", "a key of %s is %s", what, kindWord(k))
			continue
		}
		if first, dup := f.vals[k.Value]; dup {
			d.errorf(k, "keep one of them", "key %s is there twice in %s (first value at %d:%d)", quote(k.Value), what, first.Line, first.Column)
			continue
		}
		if !slices.Contains(known, k.Value) {
			hint, meant := unknownKey(what, k.Value, known)
			d.errorf(k, hint, "unknown key %s in %s", quote(k.Value), what)
			if _, there := f.vals[meant]; meant != "" && !there {
				f.vals[meant] = v // so that one slip makes one problem
			}
			continue
		}
		f.vals[k.Value] = v
	}
	return f, true
}

// unknownKey is the hint for an unknown key, and the key that was meant, if that
// can be guessed.
func unknownKey(what, key string, known []string) (hint, meant string) {
	if strings.HasPrefix(what, "options") || strings.HasPrefix(what, "other_config") { // "options of router port "lrp1""
		what, _, _ = strings.Cut(what, ` "`)
	}
	if slices.Contains(strings.Fields(foreign[what]), key) {
		return "OVN has it but Parkway doesn't; remove it", ""
	}
	if near := topology.Nearest(key, known); near != "" {
		return fmt.Sprintf("did you mean %q?", near), near
	}
	return "it may be one of " + strings.Join(known, ", "), ""
}

// get returns the value of a key, or nil.
func (f fields) get(key string) *yaml.Node { return f.vals[key] }

// need is get for keys that must be there.
func (f fields) need(key, example string) *yaml.Node {
	n := f.vals[key]
	if n == nil {
		f.d.errorf(f.node, "add "+key+": "+example, "%s has no %s", f.what, key)
	}
	return n
}

// text reads a string. Numbers and booleans are refused: YAML may have changed
// what was written.
func (d *decoder) text(n *yaml.Node, what string) (string, bool) {
	if n == nil {
		return "", false
	}
	d.expect(n, formText)
	if n.Kind != yaml.ScalarNode || n.Tag == "!!null" {
		d.errorf(n, "write one word", "%s wants text, not %s", what, kindWord(n))
		return "", false
	}
	if n.Tag != "!!str" {
		d.errorf(n, fmt.Sprintf("write %q, in quotes", clip(n.Value)), "%s wants text, not %s", what, kindWord(n))
		return "", false
	}
	return n.Value, true
}

// name reads the name of an object or a reference to one.
func (d *decoder) name(n *yaml.Node, what string) string {
	s, ok := d.text(n, what)
	if !ok {
		return ""
	}
	if msg := topology.CheckName(s); msg != "" {
		d.errorf(n, "names are 1 to 128 printable characters without spaces", "%s %s", what, clip(msg))
		return ""
	}
	return s
}

// integer reads a whole decimal number within bounds.
func (d *decoder) integer(n *yaml.Node, what string, lowest, highest int) (int, bool) {
	d.expect(n, formNumber)
	if n.Kind != yaml.ScalarNode || n.Tag != "!!int" {
		hint := "write digits"
		if _, err := parseInt(n.Value, lowest, highest); n.Kind == yaml.ScalarNode && err == nil {
			hint = "remove the quotation marks"
		}
		d.errorf(n, hint, "%s wants a whole number, not %s", what, kindWord(n))
		return 0, false
	}
	i, err := parseInt(n.Value, lowest, highest)
	if err != nil {
		d.fault(n, what, err)
		return 0, false
	}
	return i, true
}

// fault reports what one of the parsers of values.go had to say.
func (d *decoder) fault(n *yaml.Node, what string, err error) {
	f := asFault(err)
	d.errorf(n, f.hint, "%s: %s", what, f.msg)
}

// list returns the elements of a list; null is an empty one.
func (d *decoder) list(n *yaml.Node, what, example string) []*yaml.Node {
	d.expect(n, formList)
	switch {
	case n == nil || n.Kind == yaml.ScalarNode && n.Tag == "!!null":
		return nil
	case n.Kind != yaml.SequenceNode:
		d.errorf(n, "write "+example, "%s wants a list, not %s", what, kindWord(n))
		return nil
	}
	return n.Content
}
