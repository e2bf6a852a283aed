// SPDX-License-Identifier: Apache-2.0

package config

import (
	"fmt"
	"net/netip"
	"slices"

	"go.yaml.in/yaml/v3"

	"github.com/parkway-gw/parkway/internal/topology"
)

func (d *decoder) staticRoute(n *yaml.Node, path topology.Path) (r topology.StaticRoute) {
	f, ok := d.mapping(n, "a static route", "ip_prefix", "nexthop", "output_port")
	if !ok {
		return r
	}
	at := func(key string) topology.Path { return append(slices.Clone(path), key) }
	what := "a static route"
	if p := f.need("ip_prefix", "0.0.0.0/0"); p != nil {
		d.place(p, at("ip_prefix"))
		if s, ok := d.text(p, "ip_prefix of a static route"); ok {
			what = "route " + clip(s)
			prefix, err := netip.ParsePrefix(s)
			if a, aerr := netip.ParseAddr(s); err != nil && aerr == nil && a.Zone() == "" {
				prefix, err = netip.PrefixFrom(a, a.BitLen()), nil // OVN reads a lone address as a host route
			}
			if err != nil {
				d.errorf(p, "write a network such as 10.0.0.0/8", "ip_prefix %s is no network", quote(s))
			} else if m := prefix.Masked(); m != prefix {
				d.errorf(p, fmt.Sprintf("write %s, or %s/%d for the one host", m, prefix.Addr(), prefix.Addr().BitLen()), "route %s has bits set beyond its prefix length", prefix)
			}
			r.Prefix = prefix.Masked()
		}
	}
	if h := f.need("nexthop", "192.168.123.1 (or discard)"); h != nil {
		d.place(h, at("nexthop"))
		if s, ok := d.text(h, "nexthop of a static route"); ok {
			if s == "discard" {
				r.Discard = true
			} else {
				r.Nexthop, _ = d.ip(h, what+": next hop", s, "write the next router's address, or discard")
			}
		}
	}
	if o := f.get("output_port"); o != nil {
		d.place(o, at("output_port"))
		r.OutputPort = d.name(o, what+": output_port")
	}
	return r
}
