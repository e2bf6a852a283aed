// SPDX-License-Identifier: Apache-2.0

package api

// ConfigStaticRoute is an element of static_routes.
type ConfigStaticRoute struct {
	IPPrefix   string `json:"ip_prefix"`
	Nexthop    string `json:"nexthop"`
	OutputPort string `json:"output_port,omitempty"`
	Policy     string `json:"policy,omitempty"`
	RouteTable string `json:"route_table,omitempty"`
	Weight     int    `json:"weight,omitempty"`
	Reason     string `json:"reason,omitempty"`
}

// ConfigPolicy is an element of policies.
type ConfigPolicy struct {
	Priority   int                  `json:"priority"`
	Match      string               `json:"match"`
	Action     string               `json:"action"`
	Nexthops   []string             `json:"nexthops,omitempty"`
	OutputPort string               `json:"output_port,omitempty"`
	Options    *ConfigPolicyOptions `json:"options,omitempty"`
}

// ConfigPolicyOptions are a policy's options.
type ConfigPolicyOptions struct {
	PktMark uint32 `json:"pkt_mark"`
}

// ConfigAddressSet is an element of address_sets.
type ConfigAddressSet struct {
	Name      string       `json:"name"`
	Addresses List[string] `json:"addresses"`
}
