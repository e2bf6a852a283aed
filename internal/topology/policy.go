// SPDX-License-Identifier: Apache-2.0

package topology

import "net/netip"

const (
	// MaxPriority is the highest priority of a policy, as in OVN.
	MaxPriority = 32767
	// MaxPolicies is how many policies all routers may have together.
	MaxPolicies = 1024
	// MaxConditions is how many conditions the matches of all policies may become. A packet
	// that no policy matches is compared with all of its router's.
	MaxConditions = 65536
)

// Policy is one of a router's policies (OVN's Logical_Router_Policy). Of those that match a
// forwarded packet the one with the highest priority acts; among equals, the one that the
// configuration lists first.
type Policy struct {
	Priority   int    // 0 to MaxPriority
	Match      string // in the language of package match
	Action     PolicyAction
	Nexthops   []netip.Addr // PolicyReroute: one, or the members of an ECMP group
	OutputPort string       // PolicyReroute: router port name; empty means the port whose network holds the next hop
	PktMark    uint32       // options.pkt_mark; 0 is none
}

// PolicyAction is what a policy does with a packet.
type PolicyAction uint8

const (
	PolicyAllow   PolicyAction = iota // goes on as routed
	PolicyDrop                        // ends here
	PolicyReroute                     // goes to the policy's next hop
)

// PolicyActions are the words for the actions.
var PolicyActions = []string{"allow", "drop", "reroute"}

func (a PolicyAction) String() string {
	if int(a) < len(PolicyActions) {
		return PolicyActions[a]
	}
	return "unknown"
}

// AddressSet is a list of networks that a match names as $Name.
type AddressSet struct {
	Name      string
	Addresses []netip.Prefix // masked
}

// SetsByName is what package match wants to know of the address sets.
func (t *Topology) SetsByName() map[string][]netip.Prefix {
	out := make(map[string][]netip.Prefix, len(t.AddressSets))
	for _, s := range t.AddressSets {
		out[s.Name] = s.Addresses
	}
	return out
}
