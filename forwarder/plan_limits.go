// SPDX-License-Identifier: Apache-2.0

package forwarder

import (
	"github.com/parkway-gw/parkway/cgo"
	"github.com/parkway-gw/parkway/internal/topology"
)

// limits gives a bound switch port what it allows and bounds.
func limits(row *planSwitchPort, sp *SwitchPort) {
	for _, s := range sp.PortSecurity {
		row.table.Security = append(row.table.Security, cgo.PortSecurity{MAC: s.MAC, Prefixes: s.Prefixes})
	}
	row.table.Storm = cgo.StormControl(sp.StormControl)
	row.macLimit = sp.MACLimit
}

// known lists the addresses that the ARP/ND responder of a switch goes by: a router
// port's, and those of hosts on this node, unless somebody unknown shares their port
// (ovn-northd(8), ARP/ND responder).
func (c *compiler) known(sp *SwitchPort, index uint16, row *planSwitchPort, table *cgo.Switch) {
	switch {
	case sp.Type == topology.PortRouter:
		rp := &c.plan.routerPorts[row.table.RouterPort]
		for _, ip := range rp.table.Own {
			table.Known = append(table.Known, cgo.KnownAddress{IP: ip, MAC: rp.info.Port.MAC, SwitchPort: index})
		}
	case row.table.Kind == cgo.SwitchPortVIF && !sp.Unknown && !sp.NoARPNDRsp:
		for _, a := range sp.Addresses {
			for _, ip := range a.IPs {
				table.Known = append(table.Known, cgo.KnownAddress{IP: ip, MAC: a.MAC, SwitchPort: index})
			}
		}
	}
}
