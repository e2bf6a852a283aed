// SPDX-License-Identifier: Apache-2.0

package forwarder

import (
	"github.com/parkway-gw/parkway/cgo"
	"github.com/parkway-gw/parkway/internal/topology"
)

// The logical model, named here for programs that embed a gateway.
type (
	// Topology is the whole logical network of one node. Topology.Validate says
	// what is wrong with one; New refuses what it calls an error.
	Topology         = topology.Topology
	Switch           = topology.Switch
	SwitchPort       = topology.SwitchPort
	PortAddress      = topology.PortAddress
	PortSecurity     = topology.PortSecurity
	StormControl     = topology.StormControl
	PortType         = topology.PortType
	Router           = topology.Router
	RouterPort       = topology.RouterPort
	RouterOptions    = topology.RouterOptions
	RAConfigs        = topology.RAConfigs
	RARoute          = topology.RARoute
	RouterPreference = topology.RouterPreference
	StaticRoute      = topology.StaticRoute
	StaticMACBinding = topology.StaticMACBinding
	Meter            = topology.Meter
	CoPP             = topology.CoPP
	CoPPMeter        = topology.CoPPMeter
	Policy           = topology.Policy
	PolicyAction     = topology.PolicyAction
	Reject           = topology.Reject
	AddressSet       = topology.AddressSet
	MAC              = topology.MAC

	// DatapathPort is a router port with its number in the datapath.
	DatapathPort = topology.DatapathPort
	// Neighbor is a next hop behind a router port.
	Neighbor = topology.Neighbor
	// Gate is a switch port that packets may wait for.
	Gate = topology.Gate
)

// Types of switch port.
const (
	PortVIF      = topology.PortVIF
	PortRouter   = topology.PortRouter
	PortLocalnet = topology.PortLocalnet
)

// What a policy does, and what the sender of a packet for a route that leads nowhere hears.
const (
	PolicyAllow   = topology.PolicyAllow
	PolicyDrop    = topology.PolicyDrop
	PolicyReroute = topology.PolicyReroute

	RejectUnreachable = topology.RejectUnreachable
	RejectProhibit    = topology.RejectProhibit
)

// ParkConfig bounds a worker's parking; ParkLimits the part of it that waits for gated
// switch ports.
type (
	ParkConfig = cgo.ParkConfig
	ParkLimits = cgo.ParkLimits
)

// Counters are packets, ever; Drops has the order of DropReasons.
type Counters = cgo.Counters

// ParseMAC reads six colon-separated octets.
func ParseMAC(s string) (MAC, error) { return topology.ParseMAC(s) }
