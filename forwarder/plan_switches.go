// SPDX-License-Identifier: Apache-2.0

package forwarder

import (
	"fmt"
	"net/netip"
	"slices"
	"time"

	"github.com/parkway-gw/parkway/cgo"
	"github.com/parkway-gw/parkway/internal/topology"
)

// bindPorts makes a row for every port, bound to nothing yet.
func (c *compiler) bindPorts() error {
	for range c.ports {
		c.plan.ports = append(c.plan.ports, planPort{switchPort: cgo.None})
	}
	return checkPorts(c.ports)
}

func (c *compiler) portOf(sp *SwitchPort) int {
	for i := range c.ports {
		p := &c.ports[i]
		switch sp.Type {
		case topology.PortVIF:
			if p.IfaceID != "" && p.IfaceID == sp.Name {
				return i
			}
		case topology.PortLocalnet:
			if p.NetworkName != "" && p.NetworkName == sp.NetworkName {
				return i
			}
		}
	}
	return none
}

// compileSwitches numbers switches and their ports in the topology's order.
func (c *compiler) compileSwitches() error {
	total := 0
	for i := range c.t.Switches {
		total += len(c.t.Switches[i].Ports)
	}
	if total > cgo.MaxSwitchPorts {
		return fmt.Errorf("topology: %d switch ports, %d at most", total, cgo.MaxSwitchPorts)
	}
	if len(c.t.Switches) >= cgo.None {
		return fmt.Errorf("topology: %d switches, %d at most", len(c.t.Switches), cgo.None-1)
	}
	for i := range c.t.Switches {
		s := &c.t.Switches[i]
		ps := planSwitch{name: s.Name, age: time.Duration(s.FDBAgeThreshold) * time.Second}
		sw, err := c.switches.number(s.Name)
		if err != nil {
			return err
		}
		c.switchAt[sw] = i
		for j := range s.Ports {
			if err := c.compileSwitchPort(sw, &s.Ports[j], &ps.table); err != nil {
				return err
			}
		}
		c.plan.switches = put(c.plan.switches, sw, ps, planSwitch{})
	}
	c.reportUnbound()
	return nil
}

func (c *compiler) compileSwitchPort(sw uint16, sp *SwitchPort, table *cgo.Switch) error {
	name := c.t.Switches[c.switchAt[sw]].Name
	index, err := c.switchPorts.number(switchPortKey(name, sp))
	if err != nil {
		return err
	}
	c.lsps[sp.Name] = index
	row := planSwitchPort{name: sp.Name, port: c.portOf(sp), table: cgo.SwitchPort{
		Kind: cgo.SwitchPortUnbound, Switch: sw, RouterPort: cgo.None, Unknown: sp.Unknown, Gated: sp.ParkUntilUp}}
	switch {
	case sp.Type == topology.PortRouter:
		lrp := c.lrps[sp.RouterPort]
		row.table.Kind, row.table.RouterPort = cgo.SwitchPortRouter, lrp
		rp := &c.plan.routerPorts[lrp]
		rp.table.Switch, rp.table.SwitchPort, rp.info.Switch = sw, index, name
		rp.info.ARPProxy = sp.ARPProxy
		rp.table.ProxiesND = slices.ContainsFunc(sp.ARPProxy, func(p netip.Prefix) bool { return p.Addr().Is6() })
		table.RouterPorts = append(table.RouterPorts, lrp)
		c.place(sw, rp.info.Port.MAC, index)
	case row.port != none:
		if err := c.bind(&row, index, sp); err != nil {
			return err
		}
		table.Flood = append(table.Flood, index)
		if sp.Unknown {
			table.Unknown = append(table.Unknown, index)
		}
		limits(&row, sp)
	}
	c.known(sp, index, &row, table)
	if sp.Type != topology.PortRouter {
		for _, a := range sp.Addresses {
			c.place(sw, a.MAC, index)
		}
	}
	c.plan.switchPorts = put(c.plan.switchPorts, index, row, noSwitchPort)
	return nil
}

// bind leads a port's frames, those with sp's tag, to sp.
func (c *compiler) bind(row *planSwitchPort, index uint16, sp *SwitchPort) error {
	p := &c.plan.ports[row.port]
	row.table.Kind = cgo.SwitchPortVIF
	if sp.Type == topology.PortLocalnet {
		row.table.Kind, row.table.VLAN = cgo.SwitchPortLocalnet, sp.Tag
	}
	if sp.Tag != 0 {
		if p.vlans == nil {
			p.vlans = map[uint16]uint16{}
		}
		p.vlans[sp.Tag] = index
		return nil
	}
	if p.switchPort != cgo.None {
		return fmt.Errorf("port %q: both %q and %q take its untagged frames", c.ports[row.port].Name,
			c.plan.switchPorts[p.switchPort].name, sp.Name)
	}
	p.switchPort = index
	return nil
}

// place notes where a MAC lives. The router port's own address stands when a switch
// port lists it too.
func (c *compiler) place(sw uint16, mac MAC, sp uint16) {
	c.plan.fdb = append(c.plan.fdb, fdbEntry{sw, mac, sp})
}

func (c *compiler) reportUnbound() {
	for i, p := range c.plan.ports {
		cfg := &c.ports[i]
		switch {
		case p.switchPort != cgo.None || len(p.vlans) > 0:
		case cfg.IfaceID != "":
			c.warnf("port %q: no VIF switch port is called %q, so all that it receives is dropped", cfg.Name, cfg.IfaceID)
		case cfg.NetworkName != "":
			c.warnf("port %q: no localnet switch port has the network_name %q, so all that it receives is dropped", cfg.Name, cfg.NetworkName)
		default:
			c.warnf("port %q: it has neither iface_id nor network_name, so all that it receives is dropped", cfg.Name)
		}
	}
}
