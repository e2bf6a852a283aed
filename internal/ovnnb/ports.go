// SPDX-License-Identifier: Apache-2.0

package ovnnb

import (
	"cmp"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/parkway-gw/parkway/internal/config"
	"github.com/parkway-gw/parkway/internal/topology"
)

// maxPorts is how many ports a gateway has at most (DPDK's RTE_MAX_ETHPORTS).
const maxPorts = 32

const maxPortName = 40 // longer ones make poor tables and labels

const networkName = "network_name"

// binding is a place for a port of this node.
type binding struct {
	key  string // iface_id or network_name
	name string // of the switch port or the network; empty is none
}

// bindings lists them: a port per physical network, then one per switch port.
func bindings(sections []*node) (networks, vifs []binding) {
	seen := map[string]bool{}
	for _, s := range sections {
		if s.key != "logical_switches" {
			continue
		}
		s.live(func(sw *node) {
			ports := sw.find("ports")
			if ports == nil {
				return
			}
			ports.live(func(p *node) {
				switch p.text("type") {
				case "":
					vifs = append(vifs, binding{"iface_id", p.text("name")})
				case "localnet":
					if o := p.find("options"); o != nil && !seen[o.text(networkName)] {
						seen[o.text(networkName)] = true
						networks = append(networks, binding{networkName, o.text(networkName)})
					}
				}
			})
		})
	}
	return networks, vifs
}

// portsNode is the section ports. No database knows which NICs this node has: they are
// those that the options name. Otherwise, without taps, there is a port per network with
// a device to be named, which check accepts and run does not; and the switch ports stand
// in comments.
func portsNode(networks, vifs []binding, o Options) (n *node, unbound []binding) {
	n = &node{key: "ports", kind: list, block: true}
	named, used, tap := map[string]string{}, map[string]bool{}, 0
	for name, device := range o.Ports {
		named[yamlString(name)] = device
		vdev, _, _ := strings.Cut(device, ",")
		used[vdev] = true
	}
	all := append(slices.Clone(networks), vifs...)
	slices.SortStableFunc(all, func(a, b binding) int { // those that are named must find room
		return cmp.Compare(len(named[b.name]), 0) - cmp.Compare(len(named[a.name]), 0)
	})
	for i, b := range all {
		device := named[b.name]
		wanted := device != "" || o.Taps || b.key == networkName || len(n.kids) == 0 && len(networks) == 0
		if b.name == "" || len(n.kids) == maxPorts || !wanted {
			unbound = append(unbound, b)
			continue
		}
		p := n.add(&node{kind: mapping})
		p.add(&node{key: "name", word: portName(b.name, i, used)})
		switch {
		case device != "":
			p.add(&node{key: deviceKey(device), word: quoted(device)})
		case o.Taps:
			for used[fmt.Sprintf("net_tap%d", tap)] {
				tap++
			}
			p.add(&node{key: "vdev", word: quoted(fmt.Sprintf("net_tap%d,iface=%s", tap, tapName(b.name, i, used)))})
			tap++
		default:
			p.add(&node{key: "netdev", word: fmt.Sprintf("set-me-%d", i)})
		}
		p.add(&node{key: b.key, word: b.name}) // a YAML word already
	}
	return n, unbound
}

var pciAddress = regexp.MustCompile(`^(?:[0-9a-fA-F]{4}:)?[0-9a-fA-F]{2}:[0-9a-fA-F]{2}\.[0-7](?:,|$)`)

// deviceKey is the kind of a device, by its looks.
func deviceKey(device string) string {
	switch {
	case pciAddress.MatchString(device):
		return "pci"
	case strings.HasPrefix(device, "net_"):
		return "vdev"
	}
	return "netdev"
}

// unknownPorts says which of the named ports there are no switch ports or networks for.
func unknownPorts(networks, vifs []binding, o Options) error {
	var have []string
	for _, b := range append(slices.Clone(networks), vifs...) {
		have = append(have, b.name)
	}
	for _, name := range slices.Sorted(maps.Keys(o.Ports)) {
		if slices.Contains(have, yamlString(name)) {
			continue
		}
		hint := "name a switch port without a type, or the network_name of a localnet port"
		if near := topology.Nearest(name, have); near != "" {
			hint = fmt.Sprintf("did you mean %q?", near)
		}
		return fmt.Errorf("--port %s: there is no switch port or network of that name; %s", clip(name), hint)
	}
	return nil
}

// portName is p- and what it is bound to, where that makes a name of its own.
func portName(word string, i int, used map[string]bool) string {
	name := "p-" + word
	if len(name) > maxPortName || word[0] == '"' || used[name] {
		name = fmt.Sprintf("p-%d", i)
	}
	used[name] = true
	return name
}

var ifName = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_.-]{0,14}$`)

// tapName is the switch port's name where an interface may have it.
func tapName(word string, i int, used map[string]bool) string {
	if !ifName.MatchString(word) || used[word] {
		word = fmt.Sprintf("pw-tap%d", i)
	}
	used[word] = true
	return word
}

// memory is the section dpdk where its defaults are too small for so many ports and
// routers, or empty.
func memory(ports *node, sections []*node) string {
	c := config.Defaults()
	ports.live(func(p *node) {
		c.Ports = append(c.Ports, config.Port{RxQueues: 1, MTU: 1500, Vdev: vdevOf(p)})
	})
	for _, s := range sections {
		if s.key == "logical_routers" {
			s.live(func(*node) { c.Topology.Routers = append(c.Topology.Routers, dualStack) })
		}
	}
	text := ""
	if b := config.MbufBudget(c); !b.Fits() {
		c.DPDK.Mbufs = b.Suggest()
		text = fmt.Sprintf("mbufs: %d", c.DPDK.Mbufs)
	}
	if b := config.MemoryBudget(c); !b.Fits() {
		if text != "" {
			text += ", "
		}
		text += fmt.Sprintf("memory: {size: %dMiB}", b.Suggest()>>20)
	}
	if text == "" {
		return ""
	}
	return "dpdk: {" + text + "}\n"
}

func vdevOf(p *node) string {
	if p.find("vdev") != nil {
		return "net_tap"
	}
	return ""
}

// dualStack stands for any router: route tables are per family.
var dualStack = topology.Router{StaticRoutes: []topology.StaticRoute{{Prefix: prefix4}, {Prefix: prefix6}}}
