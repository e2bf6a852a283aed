// SPDX-License-Identifier: Apache-2.0

package config

import (
	"fmt"
	"net/netip"
	"slices"

	"go.yaml.in/yaml/v3"

	"github.com/parkway-gw/parkway/internal/topology"
)

// maxListed bounds lists that nobody writes by hand but a script might.
const maxListed = 1 << 21

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
	for i, e := range d.bounded(root.get("meters"), "meters", "- {name: m1, unit: pktps, bands: [{rate: 100, burst_size: 50}]}") {
		d.place(e, topology.At("meters", i))
		t.Meters = append(t.Meters, d.meter(e, topology.At("meters", i)))
	}
	for i, e := range d.bounded(root.get("copp"), "copp", "- {name: copp0, meters: [{protocol: icmp4-error, meter: m1}]}") {
		d.place(e, topology.At("copp", i))
		t.CoPP = append(t.CoPP, d.coppRow(e, topology.At("copp", i)))
	}
	for i, e := range d.bounded(root.get("address_sets"), "address_sets", "- {name: servers, addresses: [10.0.0.0/8]}") {
		d.place(e, topology.At("address_sets", i))
		t.AddressSets = append(t.AddressSets, d.addressSet(e, i))
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

// named reads the name that every logical object has.
func (d *decoder) named(f fields, example string, path topology.Path) string {
	n := f.need("name", example)
	if n == nil {
		return ""
	}
	d.place(n, append(slices.Clone(path), "name"))
	return d.name(n, "the name of "+f.what)
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
