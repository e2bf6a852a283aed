// SPDX-License-Identifier: Apache-2.0

package config

import (
	"fmt"
	"slices"

	"go.yaml.in/yaml/v3"

	"github.com/parkway-gw/parkway/internal/topology"
)

const (
	maxRings    = 65536 // of a worker
	parkUntil   = "park_until"
	parkUntilUp = "up" // the one event that packets wait for
)

// parkUntil reads what marks a gated switch port. It may stand beside the addresses
// (n) or among the options, where OVN's users would look for it.
func (d *decoder) parkUntil(n *yaml.Node, opts map[string]string, p *topology.SwitchPort, at func(...any) topology.Path) {
	word, inside := opts[parkUntil]
	option := d.find(at("options", parkUntil))
	switch {
	case n == nil && !inside:
		return
	case n != nil && inside:
		d.errorf(n, "keep one of them", "switch port %q has park_until twice (also at %d:%d)", p.Name, option.Line, option.Column)
		return
	case inside:
		n = option
	}
	d.place(n, at(parkUntil))
	if n.Kind == yaml.ScalarNode {
		word = n.Value
	}
	if word != parkUntilUp {
		d.errorf(n, "write up, the only event there is, or remove park_until", "switch port %q: park_until can't be %s", p.Name, kindWord(n))
		return
	}
	p.ParkUntilUp = true
}

// gatedAddresses is how many addresses gated ports have.
func gatedAddresses(c *Config) (n int) {
	for i := range c.Topology.Switches {
		for _, p := range c.Topology.Switches[i].Ports {
			if p.ParkUntilUp {
				for _, a := range p.Addresses {
					n += len(a.IPs)
				}
			}
		}
	}
	return n
}

// HasGates reports whether any switch port is gated. Without one, event-gated
// parking takes no memory.
func (c *Config) HasGates() bool {
	return slices.ContainsFunc(c.Topology.Switches, func(s topology.Switch) bool {
		return slices.ContainsFunc(s.Ports, func(p topology.SwitchPort) bool { return p.ParkUntilUp })
	})
}

// budgets checks the sums over the local sections and the topology.
func (d *decoder) budgets(c *Config, texts map[string]*yaml.Node) {
	gates := c.HasGates()
	if b := MbufBudget(c); !b.Fits() {
		lower := "arpbuf.max_packets"
		if gates {
			lower += ", arpbuf.gated.max_packets"
		}
		d.errorf(d.setting(texts, "dpdk.mbufs"), fmt.Sprintf("write mbufs: %d, or lower %s, workers or rx_queues", b.Suggest(), lower), "%s", b)
	}
	if b := MemoryBudget(c); len(d.problems) == 0 && !b.Fits() {
		d.errorf(d.setting(texts, "dpdk.memory.size"), fmt.Sprintf("write size: %s, or make do with fewer mbufs, routers or park rings", sizeText(b.Suggest())), "%s", b)
	}
	if b := MemoryBudget(c); len(d.problems) == 0 && b.Fits() && b.Reload() > b.Size {
		d.warnf(d.setting(texts, "dpdk.memory.size"), fmt.Sprintf("write size: %s", sizeText((b.Reload()+64*mib-1)&^(64*mib-1))),
			"a reload that changes the routes of all routers may find no memory and be refused: %s of %s are left for it, and it takes %s",
			sizeText(b.Size-b.Need()), sizeText(b.Size), sizeText(b.Tables))
	}
	if n := gatedAddresses(c); n > c.Arpbuf.Gated.MaxNexthops {
		d.warnf(d.setting(texts, "arpbuf.gated.max_nexthops"), fmt.Sprintf("write max_nexthops: %d in gated", min(n, maxRings)),
			"gated ports have %d addresses but packets can wait for arpbuf.gated.max_nexthops %d of them at a time", n, c.Arpbuf.Gated.MaxNexthops)
	}
}
