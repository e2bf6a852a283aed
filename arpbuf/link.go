// SPDX-License-Identifier: Apache-2.0

package arpbuf

import (
	"context"
	"slices"

	"github.com/parkway-gw/parkway/arpbuf/neighbor"
	"github.com/parkway-gw/parkway/cgo"
)

// PortLink takes in that a port's link went down or came up; port is its name. Down
// ends what was learned behind the port and frees what waits there, as park_discarded;
// a gate closes, and what waits at it waits on. After up, a gate stays closed until
// somebody behind it is heard. Neighbors with a configured MAC and no gate stay as they
// are: the port drops what it can't send. Next hops behind the port leave their ECMP
// groups until they answer again, those with a configured MAC until the link is up. Saying the same again does no harm. Any
// goroutine.
func (r *Resolver) PortLink(ctx context.Context, port string, up bool) error {
	return r.Do(ctx, func() {
		switchPorts := r.plane.PortSwitchPorts(port)
		if up {
			r.linkUp(switchPorts)
		} else {
			r.linkDown(switchPorts)
		}
	})
}

// PortLost takes in that a port's driver has lost sight of its interface, as of a tap
// that goes to another namespace. The gates close, for whoever was heard there is
// elsewhere; whether the link is up is not known, so their hosts are asked for. Nothing
// else changes. Any goroutine.
func (r *Resolver) PortLost(ctx context.Context, port string) error {
	return r.Do(ctx, func() {
		switchPorts := r.plane.PortSwitchPorts(port)
		for _, sp := range switchPorts {
			if g := r.gates.byPort[sp]; g != nil {
				r.closeGate(g)
			}
		}
		r.linkUp(switchPorts)
	})
}

// linkUp asks at once for those that packets wait for at the ports' gates, and tells
// whoever is there now where the router's addresses are.
func (r *Resolver) linkUp(switchPorts []uint16) {
	r.announceBehind(switchPorts)
	for _, sp := range switchPorts {
		delete(r.down, sp)
	}
	r.table.Each(func(e *neighbor.Entry) {
		if n, ok := e.User.(*nexthop); ok && e.State() == neighbor.Permanent && e.Kept() {
			if out := r.plane.AdjacencyPort(n.adj); slices.Contains(switchPorts, out) || out == cgo.None && r.heardBy(e.Key().RouterPort, switchPorts) {
				r.plane.AdjacencyLink(n.adj, true)
			}
		}
	})
	for n := range r.gates.waiting {
		if slices.Contains(switchPorts, n.gate.SwitchPort) {
			n.atGate.step, n.atGate.next = 0, r.turnAt
			r.gates.lookAt = r.turnAt
		}
	}
}

func (r *Resolver) linkDown(switchPorts []uint16) {
	for _, sp := range switchPorts {
		r.down[sp] = struct{}{}
	}
	dark := r.wentDark(switchPorts)
	var gone []*neighbor.Entry
	r.table.Each(func(e *neighbor.Entry) {
		if r.cutOff(e, switchPorts, dark) {
			gone = append(gone, e)
		}
	})
	for _, e := range gone {
		n := e.User.(*nexthop)
		if e.State() != neighbor.Permanent {
			r.discardParked(n)
			r.perform(r.table.LinkDown(r.turnAt, e))
			r.letGo(n) // else a slot that its worker has not closed yet would make us ask
		}
		if e.Kept() && n.gate == nil && (r.cfg.ManageRoutes || e.State() == neighbor.Permanent) { // or nobody would ask for it
			r.plane.AdjacencyLink(n.adj, false)
		}
	}
	for _, sp := range switchPorts {
		r.plane.ForgetMACs(sp)
		if g := r.gates.byPort[sp]; g != nil {
			r.closeGate(g)
		}
	}
}

// wentDark says for each router port whether all the ports of its switch are down, one
// of switchPorts among them.
func (r *Resolver) wentDark(switchPorts []uint16) []bool {
	dark := make([]bool, len(r.ports.ports))
	for i := range dark {
		dark[i] = r.heardBy(uint16(i), switchPorts) && r.dark(uint16(i))
	}
	return dark
}

// dark reports whether all the bound ports of a router port's switch are known to be down.
func (r *Resolver) dark(routerPort uint16) bool {
	return !slices.ContainsFunc(r.plane.RouterPortSwitchPorts(routerPort),
		func(sp uint16) bool { _, down := r.down[sp]; return !down })
}

// heardBy reports whether one of switchPorts is bound and in a router port's switch.
func (r *Resolver) heardBy(routerPort uint16, switchPorts []uint16) bool {
	return slices.ContainsFunc(r.plane.RouterPortSwitchPorts(routerPort),
		func(sp uint16) bool { return slices.Contains(switchPorts, sp) })
}

// cutOff: e's host was learned behind one of switchPorts, or it is not known where it
// is and nobody behind its router port can be heard any more.
func (r *Resolver) cutOff(e *neighbor.Entry, switchPorts []uint16, dark []bool) bool {
	n, ok := e.User.(*nexthop)
	if !ok {
		return false
	}
	if out := r.plane.AdjacencyPort(n.adj); out != cgo.None {
		return slices.Contains(switchPorts, out)
	}
	return dark[e.Key().RouterPort]
}
