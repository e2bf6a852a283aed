// SPDX-License-Identifier: Apache-2.0

package topology

import "net/netip"

// DatapathPort is a router port as the datapath numbers it, with what control needs
// to speak for it.
type DatapathPort struct {
	ID        uint16 // index in the datapath's router port table
	Router    string
	Options   RouterOptions // of the router
	Port      RouterPort
	LinkLocal netip.Addr     // fe80:: address made from the MAC (RFC 4291 appendix A)
	ARPProxy  []netip.Prefix // of its switch port
	Switch    string         // logical switch that it plugs into; empty when it does not
	Limits    Limits         // Topology.LimitsOf the router
}

// Neighbor is a next hop behind a router port, as configured: with a MAC it is never
// asked for, without one it is resolved like any other.
type Neighbor struct {
	RouterPort uint16 // DatapathPort.ID
	IP         netip.Addr
	MAC        MAC
}

// Gate is a switch port that packets may wait for (SwitchPort.ParkUntilUp), and the
// next hops behind it.
type Gate struct {
	Name       string // of the switch port
	SwitchPort uint16 // index in the datapath's switch port table
	Neighbors  []Neighbor
}
