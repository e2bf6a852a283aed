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

// maxListed bounds lists that nobody writes by hand but a script might.
const maxListed = 1 << 18

// routerAddress is OVN's word for "the MAC address of the peer".
const routerAddress = "router"

func (d *decoder) topology(root fields) topology.Topology {
	var t topology.Topology
	var follow []*topology.SwitchPort // ports whose address is their router port's
	for i, e := range d.bounded(root.get("logical_switches"), "logical_switches", "- {name: sw1, ports: […]}") {
		d.place(e, topology.At("logical_switches", i))
		t.Switches = append(t.Switches, d.logicalSwitch(e, i))
	}
	for i, e := range d.bounded(root.get("logical_routers"), "logical_routers", "- {name: lr0, ports: […]}") {
		d.place(e, topology.At("logical_routers", i))
		t.Routers = append(t.Routers, d.logicalRouter(e, i))
	}
	for i, e := range d.bounded(root.get("static_mac_bindings"), "static_mac_bindings", "- {logical_port: …, ip: …, mac: …}") {
		d.place(e, topology.At("static_mac_bindings", i))
		t.StaticMACBindings = append(t.StaticMACBindings, d.staticMACBinding(e, i))
	}
	macs := map[string]topology.MAC{}
	for i := range t.Routers {
		for _, p := range t.Routers[i].Ports {
			macs[p.Name] = p.MAC
		}
	}
	for i := range t.Switches {
		for j := range t.Switches[i].Ports {
			if p := &t.Switches[i].Ports[j]; p.Type == topology.PortRouter && len(p.Addresses) == 0 {
				follow = append(follow, p)
			}
		}
	}
	for _, p := range follow {
		if mac, ok := macs[p.RouterPort]; ok && p.RouterPort != "" && !mac.IsZero() {
			p.Addresses = []topology.PortAddress{{MAC: mac}}
		}
	}
	return t
}

func (d *decoder) bounded(n *yaml.Node, what, example string) []*yaml.Node {
	l := d.list(n, what, example)
	if len(l) > maxListed {
		d.errorf(l[maxListed], "is this the right file?", "%s has more than %d elements", what, maxListed)
		l = l[:maxListed]
	}
	return l
}

func (d *decoder) logicalSwitch(n *yaml.Node, i int) (s topology.Switch) {
	f, ok := d.mapping(n, "a logical switch", "name", "ports")
	if !ok {
		return s
	}
	s.Name = d.named(f, "sw1", topology.At("logical_switches", i))
	for j, e := range d.bounded(f.get("ports"), "ports of a logical switch", `- {name: sw1-port1, addresses: ["00:00:01:00:00:01 1.1.0.1"]}`) {
		d.place(e, topology.At("logical_switches", i, "ports", j))
		s.Ports = append(s.Ports, d.switchPort(e, topology.At("logical_switches", i, "ports", j)))
	}
	return s
}

// named reads the name that every logical object has.
func (d *decoder) named(f fields, example string, path topology.Path) string {
	n := f.need("name", example)
	if n == nil {
		return ""
	}
	d.place(n, append(slices.Clone(path), "name"))
	return d.name(n, "the name of "+f.what)
}

// ovnPortTypes are the types that OVN has and Parkway doesn't.
const ovnPortTypes = "localport l2gateway vtep external virtual remote patch switch"

func (d *decoder) switchPort(n *yaml.Node, path topology.Path) (p topology.SwitchPort) {
	f, ok := d.mapping(n, "a switch port", "name", "type", "addresses", "park_until", "options", "tag")
	if !ok {
		return p
	}
	at := func(steps ...any) topology.Path { return append(slices.Clone(path), steps...) }
	p.Name = d.named(f, "sw1-port1", path)
	known := true
	if t := f.get("type"); t != nil {
		d.place(t, at("type"))
		word, ok := d.text(t, "type of a switch port")
		switch {
		case !ok || word == "":
		case word == "router":
			p.Type = topology.PortRouter
		case word == "localnet":
			p.Type = topology.PortLocalnet
		case slices.Contains(strings.Fields(ovnPortTypes), word):
			known = false
			d.errorf(t, `Parkway has router, localnet and "" (a port of this node)`, "switch port %q: type %s is OVN's but not Parkway's", p.Name, quote(word))
		default:
			known = false
			d.errorf(t, `choose one of router, localnet and "" (a port of this node)`, "switch port %q: type %s is not known", p.Name, quote(word))
		}
	}
	var opts map[string]string
	if o := f.get("options"); o != nil {
		opts = d.options(o, fmt.Sprintf("options of switch port %q", p.Name), at("options"), "router-port", "network_name", parkUntil)
		p.RouterPort, p.NetworkName = opts["router-port"], opts["network_name"]
		for _, key := range []string{"router-port", "network_name"} {
			if v, set := opts[key]; set && topology.CheckName(v) != "" {
				d.errorf(d.find(at("options", key)), "names are 1 to 128 printable characters without spaces", "options.%s of switch port %q %s", key, p.Name, clip(topology.CheckName(v)))
			}
		}
	}
	d.parkUntil(f.get(parkUntil), opts, &p, at)
	if !known { // so that a wrong type makes one problem
		switch {
		case p.NetworkName != "":
			p.Type = topology.PortLocalnet
		case p.RouterPort != "":
			p.Type = topology.PortRouter
		}
	}
	if t := f.get("tag"); t != nil {
		d.place(t, at("tag"))
		if tag, ok := d.integer(t, fmt.Sprintf("switch port %q: tag", p.Name), 1, topology.MaxTag); ok {
			p.Tag = uint16(tag)
		}
	}
	if a := f.get("addresses"); a != nil {
		d.place(a, at("addresses"))
	}
	for _, e := range d.bounded(f.get("addresses"), "addresses of a switch port", `["00:00:01:00:00:01 1.1.0.1"], or [unknown]`) {
		d.portAddress(e, &p, at)
	}
	if p.Type == topology.PortLocalnet && f.get("addresses") == nil {
		p.Unknown = true // what is behind a localnet port is never known
	}
	return p
}

// portAddress reads one element of addresses: "MAC IP…" or one of OVN's words.
func (d *decoder) portAddress(n *yaml.Node, p *topology.SwitchPort, at func(...any) topology.Path) {
	s, ok := d.text(n, "an address of a switch port")
	if !ok {
		return
	}
	words := strings.Fields(s)
	what := fmt.Sprintf("switch port %q", p.Name)
	switch {
	case len(words) == 0:
		d.errorf(n, `write "MAC IP…" or unknown`, "%s: an address is empty", what)
		return
	case words[0] == "unknown" && len(words) == 1:
		if p.Type == topology.PortRouter {
			d.errorf(n, "list the router port's MAC address, or router", "%s is of type router; its addresses can't be unknown", what)
			return
		}
		p.Unknown = true
		return
	case words[0] == routerAddress && len(words) == 1:
		if p.Type != topology.PortRouter {
			d.errorf(n, "add type: router, or list the host's address", "%s: the address router is for ports of type router", what)
		}
		return
	case slices.Contains(words, "dynamic"):
		d.errorf(n, "write the address itself; Parkway hands out none", "%s: dynamic addresses are not supported", what)
		return
	}
	var a topology.PortAddress
	mac, err := topology.ParseMAC(words[0])
	if err != nil {
		hint := `write "MAC IP…", such as "00:00:01:00:00:01 1.1.0.1"`
		if strings.EqualFold(words[0], "unknown") || strings.EqualFold(words[0], routerAddress) {
			hint = "write " + strings.ToLower(words[0]) + ", in lower case and alone"
		} else if _, err := netip.ParseAddr(words[0]); err == nil {
			hint = "put the MAC address before the IP addresses"
		}
		d.errorf(n, hint, "%s: %s is no MAC address", what, quote(words[0]))
	}
	a.MAC = mac
	for _, w := range words[1:] {
		if ip, ok := d.ip(n, what, w, "list plain addresses after the MAC address"); ok {
			a.IPs = append(a.IPs, ip)
		}
	}
	d.place(n, at("addresses", len(p.Addresses)))
	p.Addresses = append(p.Addresses, a)
}

// ip reads one address.
func (d *decoder) ip(n *yaml.Node, what, s, hint string) (netip.Addr, bool) {
	a, err := netip.ParseAddr(s)
	if err == nil && a.Zone() == "" {
		return a, true
	}
	if p, perr := netip.ParsePrefix(s); perr == nil {
		hint = fmt.Sprintf("write %s, without the prefix length", p.Addr())
	} else if err == nil {
		hint = fmt.Sprintf("write %s, without the zone", a.WithZone(""))
	}
	d.errorf(n, hint, "%s: %s is no IP address", what, quote(s))
	return netip.Addr{}, false
}

func (d *decoder) logicalRouter(n *yaml.Node, i int) (r topology.Router) {
	path := topology.At("logical_routers", i)
	r.Options.AlwaysLearnFromARPRequest = true
	f, ok := d.mapping(n, "a logical router", "name", "options", "ports", "static_routes")
	if !ok {
		return r
	}
	r.Name = d.named(f, "lr0", path)
	if o := f.get("options"); o != nil {
		opts := d.options(o, fmt.Sprintf("options of router %q", r.Name), topology.At("logical_routers", i, "options"), "always_learn_from_arp_request", "mac_binding_age_threshold")
		if v, set := opts["always_learn_from_arp_request"]; set {
			switch strings.ToLower(v) {
			case "true":
			case "false":
				r.Options.AlwaysLearnFromARPRequest = false
			default:
				d.errorf(d.find(topology.At("logical_routers", i, "options", "always_learn_from_arp_request")), "write true or false", "router %q: always_learn_from_arp_request: %s is no boolean", r.Name, quote(v))
			}
		}
		r.Options.MACBindingAgeThreshold = opts["mac_binding_age_threshold"]
	}
	for j, e := range d.bounded(f.get("ports"), "ports of a logical router", `- {name: lrp1, mac: "00:00:01:ff:00:01", networks: [1.1.254.254/16]}`) {
		p := topology.At("logical_routers", i, "ports", j)
		d.place(e, p)
		r.Ports = append(r.Ports, d.routerPort(e, p))
	}
	for j, e := range d.bounded(f.get("static_routes"), "static_routes", "- {ip_prefix: 0.0.0.0/0, nexthop: 192.168.123.1}") {
		p := topology.At("logical_routers", i, "static_routes", j)
		d.place(e, p)
		r.StaticRoutes = append(r.StaticRoutes, d.staticRoute(e, p))
	}
	return r
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
		opts := d.options(o, fmt.Sprintf("options of router port %q", p.Name), at("options"), "gateway_mtu")
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

// mac reads the key mac, which must be there.
func (d *decoder) mac(f fields, what string, path topology.Path) topology.MAC {
	n := f.need("mac", `"00:00:01:ff:00:01"`)
	if n == nil {
		return topology.MAC{}
	}
	d.place(n, path)
	s, ok := d.text(n, "mac of "+what)
	if !ok {
		return topology.MAC{}
	}
	m, err := topology.ParseMAC(s)
	if err != nil {
		d.errorf(n, "write six octets such as 00:00:01:ff:00:01", "%s: %s is no MAC address", what, quote(s))
	}
	return m
}

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

func (d *decoder) staticMACBinding(n *yaml.Node, i int) (b topology.StaticMACBinding) {
	f, ok := d.mapping(n, "a static MAC binding", "logical_port", "ip", "mac")
	if !ok {
		return b
	}
	if p := f.need("logical_port", "lr0-ext"); p != nil {
		d.place(p, topology.At("static_mac_bindings", i, "logical_port"))
		b.LogicalPort = d.name(p, "logical_port of a static MAC binding")
	}
	if a := f.need("ip", "192.168.123.1"); a != nil {
		d.place(a, topology.At("static_mac_bindings", i, "ip"))
		if s, ok := d.text(a, "ip of a static MAC binding"); ok {
			b.IP, _ = d.ip(a, "static MAC binding", s, "write the neighbor's address")
		}
	}
	b.MAC = d.mac(f, "a static MAC binding", topology.At("static_mac_bindings", i, "mac"))
	return b
}

// options reads a map of OVN's string values. A number or a boolean stands for
// its text.
func (d *decoder) options(n *yaml.Node, what string, path topology.Path, known ...string) map[string]string {
	d.place(n, path)
	f, ok := d.mapping(n, what, known...)
	if !ok {
		return nil
	}
	opts := map[string]string{}
	for key, v := range f.vals {
		if v.Kind != yaml.ScalarNode || v.Tag == "!!null" {
			d.errorf(v, "write one word", "%s of %s wants text, not %s", key, what, kindWord(v))
			continue
		}
		d.place(v, append(slices.Clone(path), key))
		opts[key] = v.Value
	}
	return opts
}
