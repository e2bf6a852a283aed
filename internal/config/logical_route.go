// SPDX-License-Identifier: Apache-2.0

package config

import (
	"fmt"
	"net/netip"
	"slices"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"

	"github.com/parkway-gw/parkway/internal/topology"
)

// nowhere is what may stand for the next hop of a route that leads nowhere.
const nowhere = "discard, unreachable or prohibit"

func (d *decoder) staticRoute(n *yaml.Node, path topology.Path) (r topology.StaticRoute) {
	f, ok := d.mapping(n, "a static route", "ip_prefix", "nexthop", "output_port", "policy", routeTable, "weight", "reason", "options")
	if !ok {
		return r
	}
	at := func(steps ...any) topology.Path { return append(slices.Clone(path), steps...) }
	what := "a static route"
	if p := f.need("ip_prefix", "0.0.0.0/0"); p != nil {
		d.place(p, at("ip_prefix"))
		if s, ok := d.text(p, "ip_prefix of a static route"); ok {
			what = "route " + clip(s)
			r.Prefix = d.prefix(p, "route", "ip_prefix", s)
		}
	}
	if h := f.need("nexthop", "192.168.123.1 (or discard)"); h != nil {
		d.place(h, at("nexthop"))
		if s, ok := d.text(h, "nexthop of a static route"); ok {
			switch s {
			case "discard":
				r.Discard = true
			case topology.RejectUnreachable.String():
				r.Reject = topology.RejectUnreachable
			case topology.RejectProhibit.String():
				r.Reject = topology.RejectProhibit
			default:
				r.Nexthop, _ = d.ip(h, what+": next hop", s, "write the next router's address, or "+nowhere)
			}
		}
	}
	if o := f.get("output_port"); o != nil {
		d.place(o, at("output_port"))
		r.OutputPort = d.name(o, what+": output_port")
	}
	d.routeAttributes(f, &r, at, what)
	return r
}

// routeTable is where OVN has it: a column of a route, an option of a router port. In
// options it serves a route too.
const routeTable = "route_table"

func (d *decoder) routeAttributes(f fields, r *topology.StaticRoute, at func(...any) topology.Path, what string) {
	if p := f.get("policy"); p != nil {
		if s, ok := d.text(p, what+": policy"); ok && s != "dst-ip" && s != "src-ip" {
			d.errorf(p, "write dst-ip or src-ip", "%s: policy %s is unknown", what, quote(s))
		} else if ok {
			r.SourceIP = s == "src-ip"
		}
	}
	if n := f.get(routeTable); n != nil {
		d.place(n, at(routeTable))
		r.RouteTable = d.name(n, what+": route_table")
	}
	if n := f.get("options"); n != nil {
		opts := d.options(n, "options of a static route", at("options"), routeTable)
		if v, set := opts[routeTable]; set && f.get(routeTable) != nil {
			d.errorf(d.find(at("options", routeTable)), "keep one of them", "%s has route_table twice", what)
		} else if set {
			d.place(d.find(at("options", routeTable)), at(routeTable))
			r.RouteTable = v
		}
	}
	if n := f.get("weight"); n != nil {
		d.place(n, at("weight"))
		r.Weight, _ = d.integer(n, what+": weight", 1, topology.MaxWeight)
	}
	if n := f.get("reason"); n != nil {
		d.place(n, at("reason"))
		s, ok := d.text(n, what+": reason")
		if ok && utf8.RuneCountInString(s) > maxReason {
			d.errorf(n, fmt.Sprintf("write at most %d characters", maxReason), "%s: the reason is too long", what)
		}
		r.Reason = oneLine(s)
	}
}

const maxReason = 200 // characters

// prefix reads a network in its canonical form. What is wrong is said of the object and
// the key.
func (d *decoder) prefix(n *yaml.Node, object, key, s string) netip.Prefix {
	prefix, err := netip.ParsePrefix(s)
	if a, aerr := netip.ParseAddr(s); err != nil && aerr == nil && a.Zone() == "" {
		prefix, err = netip.PrefixFrom(a, a.BitLen()), nil // OVN reads a lone address as a host route
	}
	if err != nil {
		d.errorf(n, "write a network such as 10.0.0.0/8", "%s %s is no network", key, quote(s))
	} else if m := prefix.Masked(); m != prefix {
		d.errorf(n, fmt.Sprintf("write %s, or %s/%d for the one host", m, prefix.Addr(), prefix.Addr().BitLen()), "%s %s has bits set beyond its prefix length", object, prefix)
	}
	return prefix.Masked()
}

// groupsReturn warns where nobody asks for a next hop that has left its group: no packet
// goes to it either.
func (d *decoder) groupsReturn(c *Config, texts map[string]*yaml.Node) {
	if c.Neighbors.ManageRoutes {
		return
	}
	type group struct {
		prefix netip.Prefix
		table  string
		source bool
	}
	for i := range c.Topology.Routers {
		r := &c.Topology.Routers[i]
		seen := map[group]bool{}
		several := slices.ContainsFunc(r.Policies, func(p topology.Policy) bool { return len(p.Nexthops) > 1 })
		for j := range r.StaticRoutes {
			s := &r.StaticRoutes[j]
			g := group{s.Prefix, s.RouteTable, s.SourceIP}
			several = several || seen[g]
			seen[g] = true
		}
		if several {
			d.warnf(d.setting(texts, "neighbors.manage_routes"), "leave manage_routes out",
				"router %q has several next hops for one route: without manage_routes one that fails is back only when it is heard", r.Name)
			return
		}
	}
}
