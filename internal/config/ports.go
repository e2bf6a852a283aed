// SPDX-License-Identifier: Apache-2.0

package config

import (
	"fmt"
	"regexp"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/parkway-gw/parkway/internal/topology"
)

const (
	defaultMTU      = 1500
	defaultRxQueues = 1

	maxMTU      = 9702 // DPDK's largest frame (RTE_ETHER_MAX_JUMBO_FRAME_LEN 9728) less Ethernet header, VLAN tag and FCS, rounded down
	maxRxQueues = 128
	maxPorts    = 32 // RTE_MAX_ETHPORTS
)

// portNode keeps where a port's parts stood, for the checks that come later.
type portNode struct {
	node, name, device, binding, mtu *yaml.Node
}

var pciAddress = regexp.MustCompile(`^(?:([0-9a-fA-F]{4}):)?([0-9a-fA-F]{2}:[0-9a-fA-F]{2}\.[0-7])(,.*)?$`)

func (d *decoder) ports(n *yaml.Node) ([]Port, []portNode) {
	const example = `- {name: p1, vdev: "net_tap0,iface=tap0", iface_id: sw1-port1}`
	var ports []Port
	var nodes []portNode
	for i, e := range d.list(n, "ports", example) {
		if i == maxPorts {
			d.errorf(e, "merge some, or run a second gateway", "more than %d ports", maxPorts)
		}
		f, ok := d.mapping(e, "a port", "name", "vdev", "pci", "netdev", "iface_id", "network_name", "mtu", "rx_queues")
		if !ok {
			continue
		}
		p := Port{MTU: defaultMTU, RxQueues: defaultRxQueues}
		pn := portNode{node: e, name: f.get("name"), mtu: f.get("mtu")}
		if f.need("name", "p1") != nil {
			p.Name = d.name(pn.name, "the name of a port")
		}
		what := fmt.Sprintf("port %q", p.Name)
		pn.device = d.oneOf(f, what, "device", map[string]*string{"vdev": &p.Vdev, "pci": &p.PCI, "netdev": &p.Netdev}, "vdev", "pci", "netdev")
		pn.binding = d.oneOf(f, what, "binding", map[string]*string{"iface_id": &p.IfaceID, "network_name": &p.NetworkName}, "iface_id", "network_name")
		d.device(&p, pn.device, what)
		if pn.mtu != nil {
			if mtu, ok := d.integer(pn.mtu, what+" mtu", topology.MinMTU, maxMTU); ok {
				p.MTU = mtu
			}
		}
		if q := f.get("rx_queues"); q != nil {
			if queues, ok := d.integer(q, what+" rx_queues", 1, maxRxQueues); ok {
				p.RxQueues = queues
			}
		}
		ports, nodes = append(ports, p), append(nodes, pn)
	}
	return ports, nodes
}

// oneOf reads the one key of several that must be there, and returns its node.
func (d *decoder) oneOf(f fields, what, noun string, into map[string]*string, keys ...string) *yaml.Node {
	var node *yaml.Node
	var have string
	for _, key := range keys {
		n := f.get(key)
		if n == nil {
			continue
		}
		if node != nil {
			d.errorf(n, "keep one of them", "%s has both %s and %s", what, have, key)
			continue
		}
		if s, ok := d.text(n, what+" "+key); ok {
			*into[key] = s
			if s == "" {
				d.errorf(n, "write its name, or remove the port", "%s has an empty %s", what, key)
			}
		}
		node, have = n, key
	}
	if node == nil {
		list := strings.Join(keys[:len(keys)-1], ", ") + " or " + keys[len(keys)-1]
		d.errorf(f.node, "add "+list, "%s has no %s", what, noun)
	}
	return node
}

// device checks the name of the device itself; whether it exists is known only
// when EAL probes it.
func (d *decoder) device(p *Port, n *yaml.Node, what string) {
	const maxDevName = 63 // RTE_DEV_NAME_MAX_LEN less the zero
	const maxIfName = 15  // IFNAMSIZ less the zero
	unprintable := func(s string) bool {
		return strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || r == 0x7f })
	}
	switch {
	case p.Vdev != "":
		name, _, _ := strings.Cut(p.Vdev, ",")
		if unprintable(p.Vdev) || name == "" || len(name) > maxDevName || strings.ContainsAny(name, "=/") {
			d.errorf(n, "write driver and number, then ,key=value, such as net_tap0,iface=tap0", "%s: %s is no virtual device", what, quote(p.Vdev))
		} else if c := name[len(name)-1]; c < '0' || c > '9' {
			d.errorf(n, fmt.Sprintf("add a number, such as %s0", name), "%s: virtual device %s has no number", what, quote(name))
		}
	case p.PCI != "":
		m := pciAddress.FindStringSubmatch(p.PCI)
		if m == nil || unprintable(p.PCI) {
			d.errorf(n, `write it as lspci does, such as "0000:3b:00.0"; a kernel name goes under netdev`, "%s: %s is no PCI address", what, quote(p.PCI))
			return
		}
		if m[1] == "" {
			m[1] = "0000"
		}
		p.PCI = strings.ToLower(m[1]+":"+m[2]) + m[3]
	case p.Netdev != "":
		if unprintable(p.Netdev) || len(p.Netdev) > maxIfName || strings.ContainsAny(p.Netdev, "/:,") {
			d.errorf(n, "write it as `ip link` does, such as enp59s0f0", "%s: %s is no name of a network interface", what, quote(p.Netdev))
		}
	}
}

// ealFlags are EAL's own, which Parkway sets from the settings named here.
var ealFlags = map[string]string{
	"-l": "cpu.workers", "-c": "cpu.workers", "--lcores": "cpu.workers", "--main-lcore": "cpu.control", "-s": "cpu.workers",
	"-m": "dpdk.memory.size", "--socket-mem": "dpdk.memory.size", "--no-huge": "dpdk.memory.mode", "--in-memory": "dpdk.memory.mode",
	"--vdev": "ports", "-a": "ports", "--allow": "ports", "-b": "ports", "--block": "ports",
	"-h": "", "--help": "", "-v": "", "--version": "", "--proc-type": "",
}

func (d *decoder) ealExtra(n *yaml.Node) []string {
	var args []string
	for _, e := range d.list(n, "dpdk.eal_extra", `["--log-level=lib.eal:debug"]`) {
		s, ok := d.text(e, "an argument in dpdk.eal_extra")
		if !ok {
			continue
		}
		flag, _, _ := strings.Cut(s, "=")
		if !strings.HasPrefix(s, "--") && len(s) > 2 && s[0] == '-' {
			flag = s[:2]
		}
		instead, taken := ealFlags[flag]
		switch {
		case s == "" || strings.ContainsRune(s, 0):
			d.errorf(e, "remove it", "an argument in dpdk.eal_extra is empty")
		case taken && instead == "":
			d.errorf(e, "remove it", "EAL argument %s can't be used in a daemon", quote(flag))
		case taken:
			d.errorf(e, "use the setting "+instead, "EAL argument %s is Parkway's to set", quote(flag))
		default:
			args = append(args, s)
		}
	}
	return args
}
