// SPDX-License-Identifier: Apache-2.0

package config

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/parkway-gw/parkway/internal/topology"
)

// inboundIfaddr is the option's name, after Linux's icmp_errors_use_inbound_ifaddr; unlike
// there, it is on unless it is turned off.
const inboundIfaddr = "icmp_errors_use_inbound_ifaddr"

func (d *decoder) logicalRouter(n *yaml.Node, i int) (r topology.Router) {
	path := topology.At("logical_routers", i)
	r.Options.AlwaysLearnFromARPRequest, r.Options.LearnFromUnsolicitedNA = true, true
	f, ok := d.mapping(n, "a logical router", "name", "options", "ports", "static_routes", "policies", "copp")
	if !ok {
		return r
	}
	r.Name = d.named(f, "lr0", path)
	if o := f.get("options"); o != nil {
		path := topology.At("logical_routers", i, "options")
		opts := d.options(o, fmt.Sprintf("options of router %q", r.Name), path, alwaysLearn, "mac_binding_age_threshold", learnNA, inboundIfaddr)
		d.flag(opts, alwaysLearn, r.Name, path, &r.Options.AlwaysLearnFromARPRequest)
		r.Options.LearnFromUnsolicitedNA = r.Options.AlwaysLearnFromARPRequest // unless it says
		d.flag(opts, learnNA, r.Name, path, &r.Options.LearnFromUnsolicitedNA)
		inbound := true
		d.flag(opts, inboundIfaddr, r.Name, path, &inbound)
		r.Options.ICMPErrorsFromEgress = !inbound
		r.Options.MACBindingAgeThreshold = opts["mac_binding_age_threshold"]
	}
	if c := f.get("copp"); c != nil {
		d.place(c, topology.At("logical_routers", i, "copp"))
		r.CoPP = d.name(c, "copp of a logical router")
	}
	for j, e := range d.bounded(f.get("ports"), "ports of a logical router", `- {name: lrp1, mac: "00:00:01:ff:00:01", networks: [1.1.254.254/16]}`) {
		p := topology.At("logical_routers", i, "ports", j)
		d.place(e, p)
		r.Ports = append(r.Ports, d.routerPort(e, p))
	}
	r.StaticRoutes = d.staticRoutes(f.get("static_routes"), i)
	for j, e := range d.bounded(f.get("policies"), "policies", "- {priority: 100, match: 'ip4.src == 10.0.0.0/8', action: drop}") {
		p := topology.At("logical_routers", i, "policies", j)
		d.place(e, p)
		r.Policies = append(r.Policies, d.policy(e, p))
	}
	return r
}

// Options of a logical router.
const (
	alwaysLearn = "always_learn_from_arp_request"
	learnNA     = "learn_from_unsolicited_na"
)

// flag reads a boolean option of a router.
func (d *decoder) flag(opts map[string]string, key, router string, path topology.Path, to *bool) {
	v, set := opts[key]
	if !set {
		return
	}
	switch strings.ToLower(v) {
	case "true", "false":
		*to = strings.EqualFold(v, "true")
	default:
		d.errorf(d.find(append(slices.Clone(path), key)), "write true or false", "router %q: %s: %s is no boolean", router, key, quote(v))
	}
}

func (d *decoder) routerPort(n *yaml.Node, path topology.Path) (p topology.RouterPort) {
	f, ok := d.mapping(n, "a router port", "name", "mac", "networks", "options", raConfigs)
	if !ok {
		return p
	}
	at := func(steps ...any) topology.Path { return append(slices.Clone(path), steps...) }
	p.Name = d.named(f, "lrp1", path)
	p.MAC = d.mac(f, fmt.Sprintf("router port %q", p.Name), at("mac"))
	if nets := f.need("networks", "[1.1.254.254/16]"); nets != nil {
		d.place(nets, at("networks"))
		l := d.bounded(nets, "networks of a router port", "[1.1.254.254/16]")
		if len(l) == 0 && (nets.Kind == yaml.SequenceNode || nets.Tag == "!!null") {
			d.errorf(nets, "list the port's own addresses, such as [1.1.254.254/16]", "router port %q has no networks", p.Name)
		}
		for k, e := range l {
			d.place(e, at("networks", k))
			var prefix netip.Prefix
			if s, ok := d.text(e, "a network of a router port"); ok {
				var err error
				if prefix, err = netip.ParsePrefix(s); err != nil {
					hint := "write the port's own address and the prefix length, such as 1.1.254.254/16"
					if a, aerr := netip.ParseAddr(s); aerr == nil {
						hint = fmt.Sprintf("add the prefix length, such as %s/%d", a, map[bool]int{true: 24, false: 64}[a.Is4()])
					}
					d.errorf(e, hint, "router port %q: %s is no address/prefix length", p.Name, quote(s))
				}
			}
			p.Networks = append(p.Networks, prefix)
		}
	}
	if o := f.get("options"); o != nil {
		opts := d.options(o, fmt.Sprintf("options of router port %q", p.Name), at("options"), "gateway_mtu", routeTable)
		p.RouteTable = opts[routeTable]
		if v, set := opts["gateway_mtu"]; set {
			mtu, err := parseInt(v, 0, 65535)
			if err != nil {
				d.fault(d.find(at("options", "gateway_mtu")), fmt.Sprintf("router port %q gateway_mtu", p.Name), err)
			}
			p.GatewayMTU = uint16(mtu)
		}
	}
	if o := f.get(raConfigs); o != nil {
		d.routerAdvertisements(o, &p, at(raConfigs))
	}
	return p
}

// staticRoutes reads a router's list of them.
func (d *decoder) staticRoutes(n *yaml.Node, router int) (out []topology.StaticRoute) {
	if l := d.listOf(n); l != nil {
		return d.bulkRoutes(l, router)
	}
	for j, e := range d.bounded(n, "static_routes", "- {ip_prefix: 0.0.0.0/0, nexthop: 192.168.123.1}") {
		p := topology.At("logical_routers", router, "static_routes", j)
		d.place(e, p)
		out = append(out, d.staticRoute(e, p))
	}
	return out
}
