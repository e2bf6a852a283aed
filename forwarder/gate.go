// SPDX-License-Identifier: Apache-2.0

package forwarder

import (
	"github.com/parkway-gw/parkway/cgo"
	"github.com/parkway-gw/parkway/internal/topology"
)

// compileGates finds the next hops behind each gated switch port: the addresses that
// it lists, as seen from every router port of its switch, unless a static MAC binding
// says that they live elsewhere.
func (c *compiler) compileGates() {
	for i := range c.t.Switches {
		s := &c.t.Switches[i]
		for j := range s.Ports {
			if sp := &s.Ports[j]; sp.ParkUntilUp {
				c.plan.gates = append(c.plan.gates, Gate{Name: sp.Name, SwitchPort: c.lsps[sp.Name], Neighbors: c.behind(s, sp)})
			}
		}
	}
}

func (c *compiler) behind(s *Switch, sp *SwitchPort) (out []Neighbor) {
	for _, n := range c.plan.adjacencies {
		if n.IP.IsValid() && c.plan.routerPorts[n.RouterPort].info.Switch == s.Name && lists(sp, n) {
			out = append(out, n)
		}
	}
	return out
}

func lists(sp *topology.SwitchPort, n Neighbor) bool {
	for _, a := range sp.Addresses {
		if a.MAC != n.MAC {
			continue
		}
		for _, ip := range a.IPs {
			if ip == n.IP {
				return true
			}
		}
	}
	return false
}

// Gates returns the switch ports that packets may wait for.
func (f *Forwarder) Gates() []Gate { return append([]Gate(nil), f.shown.Load().gates...) }

// ArmGate asks to hear of the next frame from a gated switch port, in cgo.Batch.Appeared;
// DisarmGate takes it back. Control lcore only.
func (f *Forwarder) ArmGate(switchPort uint16) { f.res.dp.ArmGate(switchPort) }

// DisarmGate: see ArmGate. Control lcore only.
func (f *Forwarder) DisarmGate(switchPort uint16) { f.res.dp.DisarmGate(switchPort) }

// PortSwitchPorts returns the switch ports that are bound to a port; nil when there is
// no such port.
func (f *Forwarder) PortSwitchPorts(port string) []uint16 {
	p := f.shown.Load()
	for i := range f.cfg.Ports {
		if f.cfg.Ports[i].Name != port {
			continue
		}
		var out []uint16
		for sp := range p.switchPorts {
			if p.switchPorts[sp].port == i {
				out = append(out, uint16(sp))
			}
		}
		return out
	}
	return nil
}

// RouterPortSwitchPorts returns the switch ports that frames of a router port may leave
// by: the bound ports of its switch.
func (f *Forwarder) RouterPortSwitchPorts(routerPort uint16) []uint16 {
	p := f.shown.Load()
	if int(routerPort) >= len(p.routerPorts) {
		return nil
	}
	sw := p.routerPorts[routerPort].table.Switch
	if sw == cgo.None {
		return nil
	}
	return append([]uint16(nil), p.switches[sw].table.Flood...)
}

// SwitchPortNumbers returns the numbers of the switch ports, without the gaps.
func (f *Forwarder) SwitchPortNumbers() (out []uint16) {
	p := f.shown.Load()
	for i := range p.switchPorts {
		if p.switchPorts[i].name != "" {
			out = append(out, uint16(i))
		}
	}
	return out
}
