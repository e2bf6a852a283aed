// SPDX-License-Identifier: Apache-2.0

package api

// Topology is the logical network with its state, as `parkway show` prints it.
type Topology struct {
	Switches List[Switch] `json:"switches"`
	Routers  List[Router] `json:"routers"`
}

// Switch is a logical switch.
type Switch struct {
	Name  string           `json:"name"`
	Ports List[SwitchPort] `json:"ports"`
}

// SwitchPort is a logical switch port. Binding is there when a port of this node is
// bound to it, Gate when packets may wait for the port.
type SwitchPort struct {
	Name       string       `json:"name"`
	Type       string       `json:"type"` // "", router or localnet
	Addresses  List[string] `json:"addresses"`
	Tag        int          `json:"tag,omitempty"`
	RouterPort string       `json:"router_port,omitempty"`
	Network    string       `json:"network_name,omitempty"`
	Binding    *Binding     `json:"binding,omitempty"`
	ParkUntil  string       `json:"park_until,omitempty"` // up, or empty
	Gate       *Gate        `json:"gate,omitempty"`
}

// Binding is the port of this node behind a switch port. One port may be behind
// several localnet ports; the traffic is the whole port's.
type Binding struct {
	Port      string `json:"port"`
	Link      string `json:"link"`
	RxPackets uint64 `json:"rx_packets"`
	TxPackets uint64 `json:"tx_packets"`
}

// Router is a logical router.
type Router struct {
	Name  string           `json:"name"`
	Ports List[RouterPort] `json:"ports"`
}

// RouterPort is a logical router port.
type RouterPort struct {
	Name       string         `json:"name"`
	MAC        string         `json:"mac"`
	Networks   List[string]   `json:"networks"`
	RouteTable string         `json:"route_table,omitempty"` // where packets that enter here look first
	Neighbors  map[string]int `json:"neighbors"`             // entries by state
	Parked     uint64         `json:"parked"`                // packets now

	Addresses List[Address] `json:"addresses"` // its own, link-local last, and who else claims them
}

// Address is one of a router port's own addresses. State: unchecked (nobody was asked),
// probing, unique, or duplicate; MAC is then the other station's.
type Address struct {
	IP        string `json:"ip"`
	State     string `json:"state"`
	InUse     bool   `json:"in_use"`    // it is announced and answered for
	Conflicts uint64 `json:"conflicts"` // frames in which others claimed it
	MAC       string `json:"mac,omitempty"`
}
