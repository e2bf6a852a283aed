// SPDX-License-Identifier: Apache-2.0

package config

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/parkway-gw/parkway/internal/topology"
)

// policy reads one of a router's policies. topology.Validate looks into the match.
func (d *decoder) policy(n *yaml.Node, path topology.Path) (p topology.Policy) {
	f, ok := d.mapping(n, "a policy", "priority", "match", "action", "nexthops", "nexthop", "output_port", "options")
	if !ok {
		return p
	}
	at := func(steps ...any) topology.Path { return append(slices.Clone(path), steps...) }
	what := "a policy"
	if k := f.need("priority", "100"); k != nil {
		d.place(k, at("priority"))
		if p.Priority, ok = d.integer(k, "priority of a policy", 0, topology.MaxPriority); ok {
			what = fmt.Sprintf("policy %d", p.Priority)
		}
	}
	if k := f.need("match", `'ip4.src == 10.0.0.0/8'`); k != nil {
		d.place(k, at("match"))
		p.Match, _ = d.text(k, what+": match")
	}
	if k := f.need("action", "allow"); k != nil {
		d.place(k, at("action"))
		if s, ok := d.text(k, what+": action"); ok {
			i := slices.Index(topology.PolicyActions, s)
			if i < 0 {
				hint := "write " + strings.Join(topology.PolicyActions, ", ")
				if s == "jump" {
					hint = "there are no chains of policies; " + hint
				}
				d.errorf(k, hint, "%s: action %s is unknown", what, quote(s))
			}
			p.Action = topology.PolicyAction(max(i, 0))
		}
	}
	d.nexthops(f, &p, at, what)
	if o := f.get("output_port"); o != nil {
		d.place(o, at("output_port"))
		p.OutputPort = d.name(o, what+": output_port")
	}
	if o := f.get("options"); o != nil {
		opts := d.options(o, "options of a policy", at("options"), "pkt_mark")
		if v, set := opts["pkt_mark"]; set {
			digits, base := v, 10
			if hex, ok := strings.CutPrefix(strings.ToLower(v), "0x"); ok {
				digits, base = hex, 16
			}
			mark, err := strconv.ParseUint(digits, base, 32)
			if err != nil {
				d.errorf(d.find(at("options", "pkt_mark")), "write a number from 0 to 4294967295", "%s: pkt_mark %s is no mark", what, quote(v))
			}
			p.PktMark = uint32(mark)
		}
	}
	return p
}

// nexthops reads the list, or OVN's older column for one.
func (d *decoder) nexthops(f fields, p *topology.Policy, at func(...any) topology.Path, what string) {
	list, one := f.get("nexthops"), f.get("nexthop")
	if list != nil && one != nil {
		d.errorf(one, "keep nexthops", "%s has both nexthop and nexthops", what)
	}
	var nodes []*yaml.Node
	if one != nil {
		nodes = []*yaml.Node{one}
		d.place(one, at("nexthops"))
	}
	if list != nil {
		nodes = d.bounded(list, "nexthops of a policy", "[192.168.123.1]")
		d.place(list, at("nexthops"))
	}
	for k, n := range nodes {
		d.place(n, at("nexthops", k))
		if s, ok := d.text(n, what+": next hop"); ok {
			if a, ok := d.ip(n, what+": next hop", s, "write the next router's address"); ok {
				p.Nexthops = append(p.Nexthops, a)
			}
		}
	}
}

func (d *decoder) addressSet(n *yaml.Node, i int) (s topology.AddressSet) {
	path := topology.At("address_sets", i)
	f, ok := d.mapping(n, "an address set", "name", "addresses")
	if !ok {
		return s
	}
	s.Name = d.named(f, "servers", path)
	what := fmt.Sprintf("address set %q", s.Name)
	for j, e := range d.bounded(f.need("addresses", "[10.0.0.0/8]"), "addresses of an address set", "[10.0.0.0/8]") {
		d.place(e, topology.At("address_sets", i, "addresses", j))
		if t, ok := d.text(e, "an address of "+what); ok {
			s.Addresses = append(s.Addresses, d.prefix(e, what+":", what+":", t))
		}
	}
	return s
}
