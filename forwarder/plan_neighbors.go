// SPDX-License-Identifier: Apache-2.0

package forwarder

import (
	"net/netip"
	"slices"

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
	used   []bool   // by place in list: a route names it
	free   []uint32 // places that the plan before had no use for
}

func newNeighbors(c *compiler) *neighbors {
	n := &neighbors{c: c, pinned: map[neighborKey]MAC{}, at: map[neighborKey]uint32{}}
	n.inherit(c.former.gateways)
	for i := range c.t.Routers {
		for j := range c.t.Routers[i].Ports {
			n.pinSwitch(&c.plan.routerPorts[c.lrps[c.t.Routers[i].Ports[j].Name]])
		}
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
	sw := &n.c.t.Switches[n.c.switchAt[rp.table.Switch]]
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
	i, known := n.at[key]
	switch {
	case known:
	case len(n.free) > 0:
		i, n.free = n.free[0], n.free[1:]
	default:
		i = uint32(len(n.list))
		n.list, n.used = append(n.list, Neighbor{}), append(n.used, false)
	}
	n.at[key], n.used[i] = i, true
	n.list[i] = Neighbor{RouterPort: routerPort, IP: ip, MAC: n.pinned[key]}
	return i
}

// inherit lets the gateways of the plan before keep their places.
func (n *neighbors) inherit(former []Neighbor) {
	n.list, n.used = slices.Clone(former), make([]bool, len(former))
	for i, g := range former {
		if g.IP.IsValid() {
			n.at[neighborKey{g.RouterPort, g.IP}] = uint32(i)
		} else {
			n.free = append(n.free, uint32(i))
		}
	}
}

// endGateways leaves gaps where gateways of the plan before are gone, and returns how
// many places there are.
func (n *neighbors) endGateways() int {
	for i, used := range n.used {
		if !used {
			delete(n.at, neighborKey{n.list[i].RouterPort, n.list[i].IP})
			n.list[i] = Neighbor{}
		}
	}
	for len(n.list) > 0 && !n.list[len(n.list)-1].IP.IsValid() {
		n.list = n.list[:len(n.list)-1]
	}
	n.free = nil
	return len(n.list)
}

func (n *neighbors) addPinned() {
	n.used = n.used[:len(n.list)]
	for _, key := range n.order {
		n.index(key.routerPort, key.ip)
	}
}
