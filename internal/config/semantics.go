// SPDX-License-Identifier: Apache-2.0

package config

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/parkway-gw/parkway/internal/topology"
)

// logicalModel puts what topology.Validate finds at lines and columns. What
// stands where a value was already refused is a consequence and left out.
func (d *decoder) logicalModel(t *topology.Topology) {
	type spot struct{ line, col int }
	refused := map[spot]bool{}
	for _, p := range d.problems {
		refused[spot{p.Line, p.Col}] = true
	}
	for _, f := range t.Validate() {
		n := d.find(f.Path)
		if refused[spot{n.Line, n.Column}] {
			continue
		}
		p := d.at(n, clipMessage(f.Message), f.Hint)
		if f.Column > 0 {
			p.Col, p.Msg = inside(n, f.Column, p.Msg)
		}
		if f.Other != nil {
			o := d.find(f.Other)
			p.Msg += fmt.Sprintf(" (first at %d:%d)", o.Line, o.Column)
		}
		if f.Severity == topology.Warning {
			d.warnings = append(d.warnings, p)
		} else {
			d.problems = append(d.problems, p)
		}
	}
}

// inside is the column of the file where a column of n's text is, as far as the two go in
// step; else it is n's own, and the message says the rest.
func inside(n *yaml.Node, column int, msg string) (int, string) {
	const none = -1
	quotes := 1
	switch {
	case strings.Contains(n.Value, "\n"):
		quotes = none
	case n.Style == 0:
		quotes = 0
	case n.Style == yaml.SingleQuotedStyle && !strings.Contains(n.Value, "'"):
	case n.Style == yaml.DoubleQuotedStyle && !strings.ContainsAny(n.Value, `"\`):
	default:
		quotes = none
	}
	if quotes == none {
		return n.Column, fmt.Sprintf("column %d of the text: %s", column, msg)
	}
	return n.Column + quotes + column - 1, msg
}

// clipMessage bounds a whole message: names may be 128 bytes each.
func clipMessage(s string) string {
	const most = 400
	if r := []rune(s); len(r) > most {
		return string(r[:most]) + "…"
	}
	return s
}

// portChecks checks the ports against each other and against the topology.
func (d *decoder) portChecks(c *Config, nodes []portNode) {
	lsps := map[string]*topology.SwitchPort{}
	networks := map[string]bool{}
	var vifNames, networkNames []string
	for i := range c.Topology.Switches {
		for j := range c.Topology.Switches[i].Ports {
			p := &c.Topology.Switches[i].Ports[j]
			if p.Name != "" {
				lsps[p.Name] = p
			}
			switch {
			case p.Type == topology.PortVIF:
				vifNames = append(vifNames, p.Name)
			case p.Type == topology.PortLocalnet && p.NetworkName != "":
				networks[p.NetworkName] = true
				networkNames = append(networkNames, p.NetworkName)
			}
		}
	}
	names, devices, taken := map[string]*yaml.Node{}, map[string]*yaml.Node{}, map[string]*yaml.Node{}
	once := func(seen map[string]*yaml.Node, key string, n *yaml.Node, hint, format string, args ...any) {
		if first, dup := seen[key]; dup {
			d.errorf(n, hint, format+" (first at %d:%d)", append(args, first.Line, first.Column)...)
		} else if n != nil {
			seen[key] = n
		}
	}
	bound := map[string]bool{}
	for i, p := range c.Ports {
		n := nodes[i]
		if p.Name != "" {
			once(names, p.Name, n.name, "give one of them another name", "port name %q is used twice", p.Name)
		}
		for _, dev := range deviceKeys(p) {
			once(devices, dev, n.device, "give each port a device of its own", "port %q: %s is used twice", p.Name, clip(dev))
		}
		switch {
		case p.IfaceID != "":
			lsp, ok := lsps[p.IfaceID]
			switch {
			case !ok:
				d.errorf(n.binding, nearHint(p.IfaceID, vifNames, "give the name of a switch port"), "port %q: iface_id %s is no switch port", p.Name, quote(p.IfaceID))
			case lsp.Type == topology.PortLocalnet:
				d.errorf(n.binding, fmt.Sprintf("write network_name: %s", lsp.NetworkName), "port %q: switch port %q is of type localnet", p.Name, p.IfaceID)
			case lsp.Type == topology.PortRouter:
				d.errorf(n.binding, "bind a switch port without a type", "port %q: switch port %q is of type router", p.Name, p.IfaceID)
			default:
				once(taken, "iface "+p.IfaceID, n.binding, "give each port a switch port of its own", "port %q: switch port %q has a port already", p.Name, p.IfaceID)
				bound[p.IfaceID] = true
			}
		case p.NetworkName != "":
			if !networks[p.NetworkName] {
				d.errorf(n.binding, nearHint(p.NetworkName, networkNames, fmt.Sprintf("add a switch port {type: localnet, options: {network_name: %s}}", clip(p.NetworkName))), "port %q: no localnet port has network_name %s", p.Name, quote(p.NetworkName))
				break
			}
			once(taken, "network "+p.NetworkName, n.binding, "bond the NICs below Parkway, or give each a network of its own", "port %q: network %q has a port already", p.Name, p.NetworkName)
		}
	}
	d.unbound(c, bound, taken)
	d.mtus(c, nodes)
	d.peerChecks(c, nodes)
}

// nearHint is "did you mean", or something else.
func nearHint(word string, candidates []string, otherwise string) string {
	if near := topology.Nearest(word, candidates); near != "" {
		return fmt.Sprintf("did you mean %q?", near)
	}
	return otherwise
}

// deviceKeys are the things of a port that no other port may have: the device,
// and the kernel interface of a net_tap or AF_PACKET device.
func deviceKeys(p Port) []string {
	switch {
	case p.Vdev != "":
		parts := strings.Split(p.Vdev, ",")
		keys := []string{"vdev " + parts[0]}
		for _, kv := range parts[1:] {
			if name, ok := strings.CutPrefix(kv, "iface="); ok {
				keys = append(keys, "interface "+name)
			}
		}
		if s, ok := p.PeerSocket(); ok && s.Driver == "net_memif" {
			keys = append(keys, "memif interface "+s.ID+" of "+s.Path)
		}
		return keys
	case p.PCI != "":
		address, _, _ := strings.Cut(p.PCI, ",")
		return []string{"PCI device " + address}
	case p.Netdev != "":
		return []string{"interface " + p.Netdev}
	}
	return nil
}

// unbound warns of switch ports that no port of this node carries.
func (d *decoder) unbound(c *Config, bound map[string]bool, taken map[string]*yaml.Node) {
	for i := range c.Topology.Switches {
		for j, p := range c.Topology.Switches[i].Ports {
			n := d.find(topology.At("logical_switches", i, "ports", j))
			switch {
			case p.Name == "":
			case p.Type == topology.PortVIF && !bound[p.Name]:
				d.warnf(n, "add a port with iface_id: "+p.Name, "switch port %q has no port, so packets for it are dropped", p.Name)
			case p.Type == topology.PortLocalnet && p.NetworkName != "" && taken["network "+p.NetworkName] == nil:
				d.warnf(n, "add a port with network_name: "+p.NetworkName, "network %q of switch port %q has no port, so packets for it are dropped", p.NetworkName, p.Name)
			}
		}
	}
}

// mtus compares what a router port may send with what the ports below it carry.
func (d *decoder) mtus(c *Config, nodes []portNode) {
	byBinding := map[string]int{}
	for i, p := range c.Ports {
		byBinding["iface "+p.IfaceID] = i
		byBinding["network "+p.NetworkName] = i
	}
	type place struct{ router, port int }
	lrps := map[string]place{}
	for i := range c.Topology.Routers {
		for j, p := range c.Topology.Routers[i].Ports {
			lrps[p.Name] = place{i, j}
		}
	}
	for i := range c.Topology.Switches {
		s := &c.Topology.Switches[i]
		smallest := -1
		for _, p := range s.Ports {
			if k, ok := byBinding["iface "+p.Name]; ok && p.Type == topology.PortVIF && (smallest < 0 || c.Ports[k].MTU < c.Ports[smallest].MTU) {
				smallest = k
			}
			if k, ok := byBinding["network "+p.NetworkName]; ok && p.Type == topology.PortLocalnet && (smallest < 0 || c.Ports[k].MTU < c.Ports[smallest].MTU) {
				smallest = k
			}
		}
		if smallest < 0 {
			continue
		}
		small := c.Ports[smallest]
		warnedIPv6 := false
		for _, p := range s.Ports {
			at, ok := lrps[p.RouterPort]
			if p.Type != topology.PortRouter || p.RouterPort == "" || !ok {
				continue
			}
			lrp := c.Topology.Routers[at.router].Ports[at.port]
			if int(lrp.GatewayMTU) > small.MTU {
				d.warnf(d.find(topology.At("logical_routers", at.router, "ports", at.port, "options", "gateway_mtu")), fmt.Sprintf("write gateway_mtu: %d", small.MTU),
					"router port %q may send %d octets but port %q carries %d", lrp.Name, lrp.GatewayMTU, small.Name, small.MTU)
			}
			if small.MTU < 1280 && !warnedIPv6 && nodes[smallest].mtu != nil && slices.ContainsFunc(lrp.Networks, isIPv6) {
				warnedIPv6 = true
				d.warnf(nodes[smallest].mtu, "IPv6 needs a link MTU of 1280 (RFC 8200 §5)", "port %q has the MTU %d and carries IPv6", small.Name, small.MTU)
			}
		}
	}
}

// localChecks checks the scalar settings against each other.
func (d *decoder) localChecks(c *Config, texts map[string]*yaml.Node) {
	if len(d.problems) > 0 {
		return // sums over values that aren't the user's say nothing
	}
	where := func(key string) *yaml.Node { return d.setting(texts, key) }
	if slices.Contains(c.CPU.Workers, c.CPU.Control) {
		d.warnf(where("cpu.workers"), "give the control lcore a CPU of its own if the machine has one", "CPU %d is both a worker's and the control lcore's, so each delays the other", c.CPU.Control)
	}
	queues := 0
	for _, p := range c.Ports {
		queues += p.RxQueues
	}
	if n := len(c.CPU.Workers); n > queues && len(c.Ports) > 0 {
		d.warnf(where("cpu.workers"), "raise rx_queues of the busy ports, or name fewer workers", "%d workers share %d rx queues, which leaves %d idle", n, queues, n-queues)
	}
	if a := c.Arpbuf; a.PacketsPerNexthop > a.MaxPackets {
		d.errorf(where("arpbuf.packets_per_nexthop"), "lower it, or raise max_packets", "arpbuf.packets_per_nexthop %d is above arpbuf.max_packets %d", a.PacketsPerNexthop, a.MaxPackets)
	}
	if a := c.Arpbuf.Gated; a.PacketsPerNexthop > a.MaxPackets {
		n := texts["arpbuf.gated.packets_per_nexthop"]
		if n == nil {
			n = where("arpbuf.gated.max_packets") // one of them isn't the default
		}
		d.errorf(n, "lower it, or raise gated.max_packets", "arpbuf.gated.packets_per_nexthop %d is above arpbuf.gated.max_packets %d", a.PacketsPerNexthop, a.MaxPackets)
	}
	if c.Arpbuf.MaxNexthops > c.Neighbors.MaxEntries {
		d.warnf(where("arpbuf.max_nexthops"), "raise neighbors.max_entries", "arpbuf.max_nexthops %d can't be reached: neighbors.max_entries is %d", c.Arpbuf.MaxNexthops, c.Neighbors.MaxEntries)
	}
	if c.CPU.Idle.Mode == IdlePoll && texts["cpu.idle.max_sleep"] != nil {
		d.warnf(texts["cpu.idle.max_sleep"], "remove it, or write mode: adaptive", "cpu.idle.max_sleep does nothing with mode poll")
	}
	d.waitChecks(c, texts)
}

// waitChecks compares how long packets may wait with how long their next hop is asked for:
// the shorter one ends the wait, which is seldom what was meant.
func (d *decoder) waitChecks(c *Config, texts map[string]*yaml.Node) {
	n, gap, age := c.Neighbors.McastSolicit, c.Neighbors.RetransTime, c.Arpbuf.MaxAge
	asked := time.Duration(n) * gap
	at := d.setting(texts, "arpbuf.max_age")
	switch {
	case age > asked:
		d.warnf(at, fmt.Sprintf("write mcast_solicit: %d in neighbors", (age+gap-1)/gap),
			"arpbuf.max_age %s is never reached: the next hop is given up after %s (neighbors.mcast_solicit %d, %s apart)", age, asked, n, gap)
	case age < asked && c.Arpbuf.OnFailure == FailureICMP:
		d.warnf(at, fmt.Sprintf("write max_age: %s, or on_failure: silent", asked),
			"packets expire after arpbuf.max_age %s, before their next hop is given up after %s (neighbors.mcast_solicit %d, %s apart), so senders hear nothing", age, asked, n, gap)
	}
}

// setting is where a setting is written, or the file's first line when it isn't.
func (d *decoder) setting(texts map[string]*yaml.Node, key string) *yaml.Node {
	if n := texts[key]; n != nil {
		return n
	}
	return d.root
}
