// SPDX-License-Identifier: Apache-2.0

package forwarder

import (
	"net/netip"

	"github.com/parkway-gw/parkway/internal/topology"
)

type neighborKey struct {
	routerPort uint16
	ip         netip.Addr
}

// neighbors numbers the next hops that the configuration names: first the gateways
// of routes, as routes need them, then everybody whose MAC is known.
type neighbors struct {
	c      *compiler
	pinned map[neighborKey]MAC
	order  []neighborKey // of pinned
	at     map[neighborKey]uint32
	list   []Neighbor
}

func newNeighbors(c *compiler) *neighbors {
	n := &neighbors{c: c, pinned: map[neighborKey]MAC{}, at: map[neighborKey]uint32{}}
	for i := range c.plan.routerPorts {
		n.pinSwitch(&c.plan.routerPorts[i])
	}
	for _, b := range c.t.StaticMACBindings { // last: they win
		n.pin(c.lrps[b.LogicalPort], b.IP, b.MAC)
	}
	return n
}

// pinSwitch pins what shares rp's switch: the hosts listed in switch port addresses,
// as far as rp's networks hold them, and the other routers' ports.
func (n *neighbors) pinSwitch(rp *planRouterPort) {
	if rp.info.Switch == "" {
		return
	}
	sw := &n.c.t.Switches[rp.table.Switch]
	for i := range sw.Ports {
		sp := &sw.Ports[i]
		if sp.Type == topology.PortRouter {
			n.pinRouter(rp, n.c.lrps[sp.RouterPort])
			continue
		}
		for _, a := range sp.Addresses {
			for _, ip := range a.IPs {
				if onLink(rp, ip) {
					n.pin(rp.info.ID, ip, a.MAC)
				}
			}
		}
	}
}

func (n *neighbors) pinRouter(rp *planRouterPort, peer uint16) {
	if peer == rp.info.ID {
		return
	}
	p := &n.c.plan.routerPorts[peer]
	for _, ip := range p.table.Own { // its link-local address is the first
		n.pin(rp.info.ID, ip, p.info.Port.MAC)
	}
}

func onLink(rp *planRouterPort, ip netip.Addr) bool {
	if ip.Is6() && ip.IsLinkLocalUnicast() {
		return ip != rp.info.LinkLocal
	}
	for _, net := range rp.info.Port.Networks {
		if net.Contains(ip) && net.Addr() != ip {
			return true
		}
	}
	return false
}

func (n *neighbors) pin(routerPort uint16, ip netip.Addr, mac MAC) {
	key := neighborKey{routerPort, ip}
	if _, known := n.pinned[key]; !known {
		n.order = append(n.order, key)
	}
	n.pinned[key] = mac
}

// index returns the adjacency of a neighbor, its MAC with it where that is known.
func (n *neighbors) index(routerPort uint16, ip netip.Addr) uint32 {
	key := neighborKey{routerPort, ip}
	if i, known := n.at[key]; known {
		return i
	}
	i := uint32(len(n.list))
	n.at[key] = i
	n.list = append(n.list, Neighbor{RouterPort: routerPort, IP: ip, MAC: n.pinned[key]})
	return i
}

func (n *neighbors) addPinned() {
	for _, key := range n.order {
		n.index(key.routerPort, key.ip)
	}
}
