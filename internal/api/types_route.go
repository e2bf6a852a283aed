// SPDX-License-Identifier: Apache-2.0

package api

// Route is one next hop of one route.
type Route struct {
	Router     string `json:"router"`
	RouteTable string `json:"route_table"` // empty: the main one
	Prefix     string `json:"prefix"`
	Policy     string `json:"policy"`           // dst-ip or src-ip: what the prefix is compared with
	Nexthop    string `json:"nexthop"`          // an address, discard, unreachable, prohibit, or empty: the destination itself
	OutputPort string `json:"output_port"`      // empty for a route that leads nowhere
	Origin     string `json:"origin"`           // connected or static
	Weight     int    `json:"weight,omitempty"` // of a member of an ECMP group
	State      string `json:"state,omitempty"`  // of a member of an ECMP group: in, or out since it failed
	Reason     string `json:"reason,omitempty"` // why the route leads nowhere, as configured
}

// Policy is one of a router's policies.
type Policy struct {
	Router   string              `json:"router"`
	Priority int                 `json:"priority"`
	Match    string              `json:"match"`
	Action   string              `json:"action"` // allow, drop or reroute
	Nexthops List[PolicyNexthop] `json:"nexthops"`
	PktMark  uint32              `json:"pkt_mark,omitempty"`
	Packets  uint64              `json:"packets"` // that it has acted on
}

// PolicyNexthop is where a policy reroutes to.
type PolicyNexthop struct {
	IP         string `json:"ip"`
	OutputPort string `json:"output_port"`
	State      string `json:"state,omitempty"` // among several: in, or out since it failed
}
