// SPDX-License-Identifier: Apache-2.0

package ovnnb

import (
	"fmt"
	"regexp"

	"github.com/parkway-gw/parkway/internal/config"
	"github.com/parkway-gw/parkway/internal/topology"
)

// maxPorts is how many ports a gateway has at most (DPDK's RTE_MAX_ETHPORTS).
const maxPorts = 32

const maxPortName = 40 // longer ones make poor tables and labels

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
					if o := p.find("options"); o != nil && !seen[o.text("network_name")] {
						seen[o.text("network_name")] = true
						networks = append(networks, binding{"network_name", o.text("network_name")})
					}
				}
			})
		})
	}
	return networks, vifs
}

// portsNode is the section ports. No database knows which NICs this node has, so without
// taps there is a port per network with a device to be named, which check accepts and
// run does not; and the switch ports stand in comments.
func portsNode(networks, vifs []binding, taps bool) (n *node, unbound []binding) {
	n = &node{key: "ports", kind: list, block: true}
	all := append(append([]binding{}, networks...), vifs...)
	used := map[string]bool{}
	for i, b := range all {
		if b.name == "" || len(n.kids) == maxPorts || !taps && i >= len(networks) && len(n.kids) > 0 {
			unbound = append(unbound, b)
			continue
		}
		p := n.add(&node{kind: mapping})
		p.add(&node{key: "name", word: portName(b.name, i, used)})
		if taps {
			p.add(&node{key: "vdev", word: quoted(fmt.Sprintf("net_tap%d,iface=%s", i, tapName(b.name, i, used)))})
		} else {
			p.add(&node{key: "netdev", word: fmt.Sprintf("set-me-%d", i)})
		}
		p.add(&node{key: b.key, word: b.name}) // a YAML word already
	}
	return n, unbound
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
