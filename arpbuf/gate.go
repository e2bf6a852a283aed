// SPDX-License-Identifier: Apache-2.0

package arpbuf

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/parkway-gw/parkway/arpbuf/neighbor"
	"github.com/parkway-gw/parkway/cgo"
	"github.com/parkway-gw/parkway/internal/topology"
)

// While packets wait at a closed gate, each next hop is asked for at once, then
// gateProbesSoon times with gateProbeSoon between, then every gateProbeLater.
const (
	gateProbeSoon  = time.Second
	gateProbesSoon = 3
	gateProbeLater = 5 * time.Second
)

// ErrNoGate is what Release returns when the name is no gated port's.
var ErrNoGate = errors.New("no switch port with park_until: up")

// gate is a switch port that packets may wait for. Its neighbors are PERMANENT in the
// neighbor table all along. Closed, the gate keeps that from the workers, who see
// INCOMPLETE and park; opened, it publishes them like any answer, so what waits leaves
// first. It opens with the first frame from the port, or on command, and closes when
// the port's link goes down.
type gate struct {
	topology.Gate
	open   bool
	since  time.Time
	behind []*nexthop
}

func (g *gate) closed() bool { return g != nil && !g.open }

// gateWait is a wait at a closed gate. It begins with the first packet, and ends when
// the gate opens or no packet is left.
type gateWait struct {
	probes int       // sent
	step   int       // place in the schedule
	next   time.Time // when to look again
}

// gates is what the resolver knows of gated ports.
type gates struct {
	list       []*gate // by name
	byPort     map[uint16]*gate
	byNeighbor map[neighbor.Key]*gate
	waiting    map[*nexthop]struct{} // next hops that wait at closed gates
	lookAt     time.Time             // not after the earliest gateWait.next
}

func newGates(list []topology.Gate, now time.Time) gates {
	gs := gates{byPort: map[uint16]*gate{}, byNeighbor: map[neighbor.Key]*gate{}, waiting: map[*nexthop]struct{}{}}
	for i := range list {
		g := &gate{Gate: list[i], since: now}
		gs.list = append(gs.list, g)
		gs.byPort[g.SwitchPort] = g
		for _, n := range g.Neighbors {
			gs.byNeighbor[neighbor.Key{RouterPort: n.RouterPort, IP: n.IP}] = g
		}
	}
	slices.SortFunc(gs.list, func(a, b *gate) int { return cmp.Compare(a.Name, b.Name) })
	return gs
}

// gateNeighbor puts n, new, behind its gate if it has one.
func (r *Resolver) gateNeighbor(n *nexthop) {
	g := r.gates.byNeighbor[n.entry.Key()]
	if g == nil {
		return
	}
	n.gate = g
	g.behind = append(g.behind, n)
	r.flag(n, cgo.AdjKnown|cgo.AdjGated)
}

// appeared: the first frame came from a gated port since the gate was armed. What the
// driver says of the link is older news than a frame.
func (r *Resolver) appeared(switchPort uint16) {
	if g := r.gates.byPort[switchPort]; g != nil {
		delete(r.down, switchPort)
		r.openGate(g, false)
	}
}

// openGate lets through what waits, and returns how many packets those are.
func (r *Resolver) openGate(g *gate, byCommand bool) (packets int) {
	if g.open {
		return 0
	}
	g.open, g.since = true, r.turnAt
	r.plane.DisarmGate(g.SwitchPort)
	for _, n := range g.behind {
		if waiting := r.depth(n); waiting > 0 {
			packets += waiting
			r.gateOpened(n, byCommand)
		}
		delete(r.gates.waiting, n)
		r.publish(n, n.entry.MAC(), n.entry.State())
	}
	r.log.Info("gate opened", "port", g.Name, "by_command", byCommand, "packets", packets)
	return packets
}

// gateOpened: n's packets have waited at its gate and may go now, by command or
// because somebody appeared.
func (r *Resolver) gateOpened(n *nexthop, byCommand bool) {
	if r.standing(n); byCommand {
		n.wait.endsAs = WaitReleased
	}
}

// closeGate makes packets wait again. Those of an unfinished drain wait on, but for
// what control holds for a full transmit queue, which is lost as tx_full.
func (r *Resolver) closeGate(g *gate) {
	if !g.open {
		return
	}
	g.open, g.since = false, r.turnAt
	for _, n := range g.behind {
		r.unpublish(n, neighbor.Incomplete)
	}
	r.plane.ArmGate(g.SwitchPort)
	r.log.Info("gate closed", "port", g.Name)
}

// waitAtGate: packets have come for n, whose gate is closed.
func (r *Resolver) waitAtGate(n *nexthop) {
	if _, waits := r.gates.waiting[n]; waits {
		return
	}
	r.gates.waiting[n] = struct{}{}
	n.atGate = gateWait{next: r.turnAt}
	r.gates.lookAt = r.turnAt
}

// watchGates asks for the next hops at closed gates whose time has come: a host that
// is up may have nothing to say until it is asked.
func (r *Resolver) watchGates() {
	if len(r.gates.waiting) == 0 || r.turnAt.Before(r.gates.lookAt) {
		return
	}
	r.gates.lookAt = r.turnAt.Add(gateProbeLater)
	for n := range r.gates.waiting {
		if !n.atGate.next.After(r.turnAt) && !r.watchGate(n) {
			continue
		}
		if n.atGate.next.Before(r.gates.lookAt) {
			r.gates.lookAt = n.atGate.next
		}
	}
}

// watchGate asks for n, or ends the wait when all its packets have come of age.
func (r *Resolver) watchGate(n *nexthop) bool {
	w := &n.atGate
	if r.depth(n) == 0 {
		delete(r.gates.waiting, n)
		r.giveBack(n) // the slots are for others; a packet that came just now asks again
		return false
	}
	w.step++
	w.next = r.turnAt.Add(gateProbeLater)
	if w.step <= gateProbesSoon {
		w.next = r.turnAt.Add(gateProbeSoon)
	}
	if r.canHear(n) {
		w.probes++
		// To its configured MAC alone: nobody else's answer would open the gate.
		r.probe(n, n.entry.MAC(), true)
	}
	return true
}

// canHear: n's switch port is bound to a port, whose link is not known to be down.
func (r *Resolver) canHear(n *nexthop) bool {
	_, down := r.down[n.gate.SwitchPort]
	return !down && slices.Contains(r.plane.RouterPortSwitchPorts(n.entry.Key().RouterPort), n.gate.SwitchPort)
}

// depth is how many packets wait for n, as far as control has been asked.
func (r *Resolver) depth(n *nexthop) (packets int) {
	for i := range n.slots {
		if s := n.slots[i].Slot; r.ctl.Open(s) {
			waiting, _ := r.ctl.Depth(s)
			packets += waiting
		}
	}
	return packets
}

// Release opens a gate, as the first frame from its port would, and returns how many
// packets were waiting; 0 when it is open already. name is the gated switch port's, or
// that of the port bound to it; otherwise errors.Is(err, ErrNoGate). The gate closes
// when the link goes down. Any goroutine.
func (r *Resolver) Release(ctx context.Context, name string) (packets int, err error) {
	type result struct {
		packets int
		err     error
	}
	done := make(chan result, 1)
	if err := r.Do(ctx, func() {
		found := r.gatesCalled(name)
		if len(found) == 0 {
			done <- result{0, r.noGate(name)}
			return
		}
		var res result
		for _, g := range found {
			res.packets += r.openGate(g, true)
		}
		done <- res
	}); err != nil {
		return 0, err
	}
	res := <-done
	return res.packets, res.err
}

func (r *Resolver) gatesCalled(name string) (found []*gate) {
	for _, g := range r.gates.list {
		if g.Name == name {
			return []*gate{g}
		}
	}
	for _, sp := range r.plane.PortSwitchPorts(name) {
		if g := r.gates.byPort[sp]; g != nil {
			found = append(found, g)
		}
	}
	return found
}

func (r *Resolver) noGate(name string) error {
	if len(r.gates.list) == 0 {
		return fmt.Errorf("%q: %w; there is none", name, ErrNoGate)
	}
	names := make([]string, len(r.gates.list))
	for i, g := range r.gates.list {
		names[i] = g.Name
	}
	return fmt.Errorf("%q: %w; there are %s", name, ErrNoGate, strings.Join(names, ", "))
}

// GateInfo is a gated switch port.
type GateInfo struct {
	Port    string // the switch port's name
	Open    bool
	Since   time.Time // it has been so
	Packets int       // waiting now
}

// Gates returns the gated switch ports by name. Any goroutine; a moment's view.
func (r *Resolver) Gates() []GateInfo {
	r.mu.Lock()
	defer r.mu.Unlock()
	out := make([]GateInfo, 0, len(r.gates.list))
	for _, g := range r.gates.list {
		info := GateInfo{Port: g.Name, Open: g.open, Since: g.since}
		for _, n := range g.behind {
			info.Packets += r.depth(n)
		}
		out = append(out, info)
	}
	return out
}
