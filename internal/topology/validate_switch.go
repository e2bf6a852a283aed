// SPDX-License-Identifier: Apache-2.0

package topology

import (
	"fmt"
	"net/netip"
	"slices"
)

type segment struct {
	network string
	tag     uint16
}

func (v *validator) switches() {
	names := map[string]Path{}
	segments := map[segment]Path{}
	total := 0
	for i := range v.t.Switches {
		s := &v.t.Switches[i]
		path := At("logical_switches", i)
		if v.name(path, "switch", s.Name) {
			if first, dup := names[s.Name]; dup {
				v.clash(At("logical_switches", i, "name"), first, "give one of them another name", "switch name %q is used twice", s.Name)
			} else {
				names[s.Name] = At("logical_switches", i, "name")
			}
		}
		if total += len(s.Ports); total > MaxSwitchPorts && total-len(s.Ports) <= MaxSwitchPorts {
			v.errorf(path, "split the topology over several nodes", "switch %q brings the topology to %d switch ports; the datapath has room for %d", s.Name, total, MaxSwitchPorts)
		}
		for j := range s.Ports {
			v.switchPort(i, j, segments)
		}
		v.broadcastDomain(i)
	}
	// Every router port hangs on one switch port; indexRouterPorts has the order.
	for _, name := range v.lrpNames {
		if ref := v.lrps[name]; name != "" && !ref.used {
			v.errorf(ref.path, fmt.Sprintf("add {type: router, options: {router-port: %s}} to the ports of a logical switch", name),
				"no switch port leads to router port %q", name)
		}
	}
}

func (v *validator) switchPort(i, j int, segments map[segment]Path) {
	p := &v.t.Switches[i].Ports[j]
	at := func(steps ...any) Path { return append(At("logical_switches", i, "ports", j), steps...) }
	what := fmt.Sprintf("switch port %q", p.Name)
	if v.name(at(), "switch port", p.Name) {
		if first, dup := v.lsps[p.Name]; dup {
			v.clash(at("name"), first, "switch ports are named once over the whole topology", "switch port name %q is used twice", p.Name)
		} else {
			v.lsps[p.Name] = at("name")
		}
	}
	for k, a := range p.Addresses {
		if ref := v.lrps[p.RouterPort]; p.Type != PortRouter || ref == nil || a.MAC != ref.port.MAC {
			v.hostMAC(at("addresses", k), what, a.MAC) // otherwise the router port is where it is mended
		}
		for _, ip := range a.IPs {
			if why := unusableHost(ip); why != "" {
				v.errorf(at("addresses", k), "list addresses that the host has as its own", "%s: %s %s", what, ip, why)
			}
		}
	}
	if p.Type != PortRouter && p.RouterPort != "" {
		v.errorf(at("options", "router-port"), "add type: router", "%s has options.router-port but isn't of type router", what)
	}
	if p.Type != PortLocalnet && p.NetworkName != "" {
		v.errorf(at("options", "network_name"), "add type: localnet", "%s has options.network_name but isn't of type localnet", what)
	}
	if p.Type != PortLocalnet && p.Tag != 0 {
		v.errorf(at("tag"), "add type: localnet, or remove the tag", "%s has a VLAN tag but isn't of type localnet", what)
	}
	if p.Tag > MaxTag {
		v.errorf(at("tag"), "VLAN ids are 1 to 4094; leave it out for untagged", "%s has the VLAN tag %d", what, p.Tag)
	}
	v.portLimits(p, at, what)
	v.arpProxy(p, at("options", "arp_proxy"), what)
	if p.ParkUntilUp {
		v.gatedPort(i, j, at("park_until"), what)
	}
	switch p.Type {
	case PortVIF:
		if len(p.Addresses) == 0 && !p.Unknown {
			v.warnf(at(), `list the host's "MAC IP", or [unknown] to learn it`, "%s has no addresses, so no unicast packet will reach it", what)
		}
	case PortRouter:
		v.routerTypePort(p, at, what)
	case PortLocalnet:
		if p.NetworkName == "" {
			v.errorf(at(), "add options: {network_name: …}, the name that a port binds", "%s is of type localnet but has no options.network_name", what)
			break
		}
		if !p.Unknown {
			v.warnf(at(), "add unknown to its addresses", "%s doesn't learn, so only the listed hosts of network %q are reachable by unicast", what, p.NetworkName)
		}
		seg := segment{p.NetworkName, p.Tag}
		if first, dup := segments[seg]; dup {
			tag := "untagged"
			if p.Tag != 0 {
				tag = fmt.Sprintf("tag %d", p.Tag)
			}
			v.clash(at("options", "network_name"), first, "give one of them a VLAN tag of its own", "%s takes the segment that another localnet port has: network %q, %s", what, p.NetworkName, tag)
		} else {
			segments[seg] = at("options", "network_name")
		}
	default:
		v.errorf(at("type"), "", "%s has an unknown type %d", what, p.Type)
	}
}

// gatedPort checks a port with park_until. Packets wait for its addresses, in a
// router: so it needs addresses, and a router on its switch.
func (v *validator) gatedPort(i, j int, path Path, what string) {
	s := &v.t.Switches[i]
	p := &s.Ports[j]
	switch {
	case p.Type == PortRouter || p.Type == PortLocalnet:
		v.errorf(path, "remove it; only a port of this node, without a type, comes up and goes down", "%s is of type %s, which can't have park_until", what, p.Type)
	case !slices.ContainsFunc(p.Addresses, func(a PortAddress) bool { return len(a.IPs) > 0 }):
		v.errorf(path, `packets wait for its addresses: list them as "MAC IP…", such as "02:00:00:00:00:01 10.0.0.5"`, "%s has park_until but no MAC address with an IP address", what)
	case !slices.ContainsFunc(s.Ports, func(p SwitchPort) bool { return p.Type == PortRouter }):
		v.warnf(path, "add a port of type router to the switch, or remove it", "park_until of %s does nothing: packets wait in routers, and no router is on switch %q", what, s.Name)
	}
}

func (v *validator) routerTypePort(p *SwitchPort, at func(...any) Path, what string) {
	if p.Unknown {
		v.errorf(at("addresses"), "list the router port's MAC address, or router", "%s is of type router; its addresses can't be unknown", what)
	}
	if p.RouterPort == "" {
		v.errorf(at(), "add options: {router-port: …}", "%s is of type router but has no options.router-port", what)
		return
	}
	ref, ok := v.lrps[p.RouterPort]
	if !ok {
		hint, meant := v.unknownRouterPort(p.RouterPort)
		if near := v.lrps[meant]; near != nil {
			near.used = true // one slip, one finding
		}
		v.errorf(at("options", "router-port"), hint, "%s leads to router port %q, which doesn't exist", what, p.RouterPort)
		return
	}
	if first, dup := v.bound[p.RouterPort]; dup {
		v.clash(at("options", "router-port"), first, "give the router a second port", "%s leads to router port %q, which another switch port has taken", what, p.RouterPort)
		return
	}
	v.bound[p.RouterPort] = at("options", "router-port")
	ref.used = true
	for k, a := range p.Addresses {
		if a.MAC != ref.port.MAC && !a.MAC.IsZero() && !ref.port.MAC.IsZero() {
			v.clash(at("addresses", k), append(ref.path[:len(ref.path):len(ref.path)], "mac"), fmt.Sprintf("write %s, or router to follow the router port", ref.port.MAC),
				"%s has MAC address %s but its router port %q has %s", what, a.MAC, p.RouterPort, ref.port.MAC)
		}
	}
}

// owner is who already has an address in a switch.
type owner struct {
	name string
	path Path
}

// broadcastDomain looks for addresses that two ports of one switch claim. A
// router port counts as a host of the switch that it hangs on.
func (v *validator) broadcastDomain(i int) {
	s := &v.t.Switches[i]
	macs := map[MAC]owner{}
	ips := map[netip.Addr]owner{}
	var subnets []netip.Prefix
	claimMAC := func(m MAC, name string, path Path) {
		if m.IsZero() || m.IsMulticast() {
			return
		}
		if o, taken := macs[m]; taken && o.name != name {
			v.clash(path, o.path, "give one of them another address", "MAC address %s of %q is also that of %q in switch %q", m, name, o.name, s.Name)
		} else if !taken {
			macs[m] = owner{name, path}
		}
	}
	claimIP := func(ip netip.Addr, name string, path Path) {
		if unusableHost(ip) != "" {
			return
		}
		if o, taken := ips[ip]; taken && o.name == name {
			v.clash(path, o.path, "remove one", "%q has the address %s twice", name, ip)
		} else if taken {
			v.clash(path, o.path, "give one of them another address", "IP address %s of %q is also that of %q in switch %q", ip, name, o.name, s.Name)
		} else {
			ips[ip] = owner{name, path}
		}
	}
	for j := range s.Ports { // router ports first: theirs are the addresses that stand
		p := &s.Ports[j]
		ref := v.lrps[p.RouterPort]
		if p.Type != PortRouter || p.RouterPort == "" || ref == nil {
			continue
		}
		claimMAC(ref.port.MAC, p.RouterPort, append(ref.path[:len(ref.path):len(ref.path)], "mac"))
		for k, n := range ref.port.Networks {
			if n.IsValid() {
				claimIP(n.Addr(), p.RouterPort, append(ref.path[:len(ref.path):len(ref.path)], "networks", k))
				subnets = append(subnets, n)
			}
		}
	}
	for j := range s.Ports {
		p := &s.Ports[j]
		if p.Type == PortRouter {
			continue
		}
		for k, a := range p.Addresses {
			path := At("logical_switches", i, "ports", j, "addresses", k)
			claimMAC(a.MAC, p.Name, path)
			for _, ip := range a.IPs {
				claimIP(ip, p.Name, path)
				if unusableHost(ip) == "" && !ip.IsLinkLocalUnicast() && outside(ip, subnets) {
					v.warnf(path, "check the address and the routers' networks", "%s of switch port %q is in no network of the routers on switch %q", ip, p.Name, s.Name)
				}
			}
		}
	}
}

// outside reports whether there are subnets of ip's family and none holds ip.
func outside(ip netip.Addr, subnets []netip.Prefix) bool {
	family := false
	for _, n := range subnets {
		if n.Addr().BitLen() == ip.BitLen() {
			if n.Contains(ip) {
				return false
			}
			family = true
		}
	}
	return family
}
