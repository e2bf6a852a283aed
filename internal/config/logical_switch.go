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

// routerAddress is OVN's word for "the MAC address of the peer".
const routerAddress = "router"

func (d *decoder) logicalSwitch(n *yaml.Node, i int) (s topology.Switch) {
	f, ok := d.mapping(n, "a logical switch", "name", "ports", "other_config")
	if !ok {
		return s
	}
	s.Name = d.named(f, "sw1", topology.At("logical_switches", i))
	d.otherConfig(f.get("other_config"), &s, topology.At("logical_switches", i))
	for j, e := range d.bounded(f.get("ports"), "ports of a logical switch", `- {name: sw1-port1, addresses: ["00:00:01:00:00:01 1.1.0.1"]}`) {
		d.place(e, topology.At("logical_switches", i, "ports", j))
		s.Ports = append(s.Ports, d.switchPort(e, topology.At("logical_switches", i, "ports", j)))
	}
	return s
}

// ovnPortTypes are the types that OVN has and Parkway doesn't.
const ovnPortTypes = "localport l2gateway vtep external virtual remote patch switch"

func (d *decoder) switchPort(n *yaml.Node, path topology.Path) (p topology.SwitchPort) {
	f, ok := d.mapping(n, "a switch port", "name", "type", "addresses", "park_until", "options", "tag", "port_security", "storm_control")
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
		opts = d.options(o, fmt.Sprintf("options of switch port %q", p.Name), at("options"), "router-port", "network_name", parkUntil, macLimit, noARPNDRsp, arpProxy)
		p.RouterPort, p.NetworkName = opts["router-port"], opts["network_name"]
		for _, key := range []string{"router-port", "network_name"} {
			if v, set := opts[key]; set && topology.CheckName(v) != "" {
				d.errorf(d.find(at("options", key)), "names are 1 to 128 printable characters without spaces", "options.%s of switch port %q %s", key, p.Name, clip(topology.CheckName(v)))
			}
		}
	}
	if text, set := opts[arpProxy]; set {
		d.arpProxy(d.find(at("options", arpProxy)), text, &p)
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
	d.portLimits(f, opts, &p, at)
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
