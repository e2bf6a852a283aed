// SPDX-License-Identifier: Apache-2.0

package arpbuf

import (
	"net/netip"

	"github.com/parkway-gw/parkway/cgo"
	"github.com/parkway-gw/parkway/dpdk"
	"github.com/parkway-gw/parkway/internal/topology"
)

// Plane is the datapath as resolution needs it; *forwarder.Forwarder is one. From
// Run on, only the control lcore calls it.
type Plane interface {
	Control() *cgo.Control
	Pool() *dpdk.Mempool // private area cgo.PrivSize
	TSCHz() uint64

	// RouterPorts lists the router ports; the index is the ID. One without a name is a
	// gap. It changes, and so do Pinned, Gateways and Gates, when the topology does; see
	// Resolver.Reconfigure.
	RouterPorts() []topology.DatapathPort
	// Pinned lists the neighbors with a configured MAC, Gateways the next hops
	// that routes name.
	Pinned() []topology.Neighbor
	Gateways() []topology.Neighbor

	// Adjacency finds the adjacency of a next hop or makes it, INCOMPLETE and in
	// the neighbor hash.
	Adjacency(routerPort uint16, ip netip.Addr) (adj uint32, err error)
	// SetAdjacency publishes MAC and state in one store.
	SetAdjacency(adj uint32, mac topology.MAC, state cgo.AdjState)
	// ReleaseAdjacency takes it out of the hash and frees it once no worker can
	// see it. One that a route names stays.
	ReleaseAdjacency(adj uint32)
	// FlagAdjacency tells workers what they should know of a next hop besides its
	// state, in place of what they were told before.
	FlagAdjacency(adj uint32, flags cgo.AdjFlags)
	// AdjacencyUsed reports whether packets used it, or found it FAILED, since the last
	// call.
	AdjacencyUsed(adj uint32) bool
	// AdjacencyPort returns the switch port that packets for it leave by; cgo.None
	// when that isn't known.
	AdjacencyPort(adj uint32) uint16

	// Gates lists the switch ports that packets may wait for.
	Gates() []topology.Gate
	// ArmGate asks for a Learn that says Appeared when the next frame comes from a
	// gated switch port; DisarmGate takes that back, but one may be under way.
	ArmGate(switchPort uint16)
	DisarmGate(switchPort uint16)

	// PortSwitchPorts returns the switch ports that are bound to a port; none when
	// there is no such port.
	PortSwitchPorts(port string) []uint16
	// RouterPortSwitchPorts returns the bound ports of a router port's switch.
	RouterPortSwitchPorts(routerPort uint16) []uint16

	// SwitchPortNumbers returns the numbers of the switch ports.
	SwitchPortNumbers() []uint16

	// LearnMAC notes that mac lives behind a switch port.
	LearnMAC(sw, switchPort uint16, mac topology.MAC)
	// ForgetMACs undoes that for all MACs behind a switch port.
	ForgetMACs(switchPort uint16)

	// Maintain is called once per turn of the loop.
	Maintain()
}
