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

const (
	maxAge       = 1 << 30 // seconds
	maxFrameRate = 100_000_000
	maxMACLimit  = 1 << 24

	fdbAge     = "fdb_age_threshold"
	macLimit   = "mac_limit"
	noARPNDRsp = "disable_arp_nd_rsp"
)

// otherConfig reads a switch's other_config.
func (d *decoder) otherConfig(n *yaml.Node, s *topology.Switch, path topology.Path) {
	s.FDBAgeThreshold = topology.DefaultFDBAge
	if n == nil {
		return
	}
	at := append(slices.Clone(path), "other_config")
	opts := d.options(n, fmt.Sprintf("other_config of switch %q", s.Name), at, fdbAge)
	if v, ok := d.optionInt(opts, fdbAge, at, fmt.Sprintf("switch %q", s.Name), 0, maxAge); ok {
		s.FDBAgeThreshold = uint32(v)
	}
}

// optionInt reads a number among options.
func (d *decoder) optionInt(opts map[string]string, key string, at topology.Path, what string, lowest, highest int) (int, bool) {
	text, set := opts[key]
	if !set {
		return 0, false
	}
	v, err := parseInt(text, lowest, highest)
	if err != nil {
		f := asFault(err)
		d.errorf(d.find(append(slices.Clone(at), key)), f.hint, "%s: %s: %s", what, key, f.msg)
		return 0, false
	}
	return v, true
}

// portLimits reads what a switch port allows and bounds.
func (d *decoder) portLimits(f fields, opts map[string]string, p *topology.SwitchPort, at func(...any) topology.Path) {
	what := fmt.Sprintf("switch port %q", p.Name)
	if v, ok := d.optionInt(opts, macLimit, at("options"), what, 1, maxMACLimit); ok {
		p.MACLimit = v
	}
	switch v, set := opts[noARPNDRsp]; {
	case !set || v == "false":
	case v == "true":
		p.NoARPNDRsp = true
	default:
		d.errorf(d.find(at("options", noARPNDRsp)), "write true or false", "%s: %s is %s", what, noARPNDRsp, quote(v))
	}
	if n := f.get("port_security"); n != nil {
		d.place(n, at("port_security"))
		for _, e := range d.bounded(n, "port_security of a switch port", `["00:00:01:00:00:01 1.1.0.1"]`) {
			d.portSecurity(e, p, at, what)
		}
	}
	if p.Type != topology.PortRouter {
		p.StormControl.Broadcast = topology.DefaultBroadcast
	}
	if n := f.get("storm_control"); n != nil {
		d.stormControl(n, p, at, what)
	}
}

// portSecurity reads one element: "MAC [IP[/LEN]…]", its words apart by spaces or commas.
func (d *decoder) portSecurity(n *yaml.Node, p *topology.SwitchPort, at func(...any) topology.Path, what string) {
	s, ok := d.text(n, "an element of port_security")
	if !ok {
		return
	}
	words := strings.FieldsFunc(s, func(r rune) bool { return r == ' ' || r == ',' || r == '\t' })
	if len(words) == 0 {
		d.errorf(n, `write "MAC", or "MAC IP…"`, "%s: an element of port_security is empty", what)
		return
	}
	mac, err := topology.ParseMAC(words[0])
	if err != nil {
		d.errorf(n, `write "MAC", or "MAC IP…", such as "00:00:01:00:00:01 1.1.0.1"`, "%s: port_security: %s is no MAC address", what, quote(words[0]))
		return
	}
	out := topology.PortSecurity{MAC: mac}
	for _, w := range words[1:] {
		prefix, err := netip.ParsePrefix(w)
		if err != nil {
			ip, err := netip.ParseAddr(w)
			if err != nil || ip.Zone() != "" {
				d.errorf(n, "write addresses or subnets, such as 1.1.0.1 or 1.1.0.0/16", "%s: port_security: %s is no IP address", what, quote(w))
				return
			}
			prefix = netip.PrefixFrom(ip, ip.BitLen())
		}
		out.Prefixes = append(out.Prefixes, prefix)
	}
	d.place(n, at("port_security", len(p.PortSecurity)))
	p.PortSecurity = append(p.PortSecurity, out)
}

// stormControl reads frames per second; 0 is without limit.
func (d *decoder) stormControl(n *yaml.Node, p *topology.SwitchPort, at func(...any) topology.Path, what string) {
	d.place(n, at("storm_control"))
	f, ok := d.mapping(n, "storm_control", "broadcast", "multicast", "unknown_unicast")
	if !ok {
		return
	}
	for key, rate := range map[string]*uint32{"broadcast": &p.StormControl.Broadcast, "multicast": &p.StormControl.Multicast,
		"unknown_unicast": &p.StormControl.UnknownUnicast} {
		if v := f.get(key); v != nil {
			if i, ok := d.integer(v, what+": storm_control."+key, 0, maxFrameRate); ok {
				*rate = uint32(i)
			}
		}
	}
}
