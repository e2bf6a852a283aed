// SPDX-License-Identifier: Apache-2.0

package api

// Parked is what waits for a next hop to be resolved or for a gated switch port to
// come up, and what became of what did.
type Parked struct {
	NextHops List[ParkedNextHop] `json:"next_hops"`
	Totals   ParkedTotals        `json:"totals"`
	Gated    ParkedTotals        `json:"gated"` // the share of Totals that waited for a gated port
	Waits    List[Waits]         `json:"waits"` // of drained packets; one of each kind
}

// ParkedNextHop is one park ring: a worker's packets for one next hop.
type ParkedNextHop struct {
	RouterPort    string  `json:"router_port"`
	IP            string  `json:"ip"`
	Worker        int     `json:"worker"`
	Packets       uint64  `json:"packets"`
	OldestSeconds float64 `json:"oldest_seconds"`
	WaitingFor    string  `json:"waiting_for"` // arp, nd, or up: a gated port
	Probes        int     `json:"probes"`      // sent in this wait
	AgeSeconds    float64 `json:"age_seconds"` // since the first packet of this wait made the gateway ask
	Port          string  `json:"port"`        // the gated switch port; empty for arp and nd
}

// ParkedTotals are packets, ever; except InRing, which is now. At rest
// parked = drained + evicted + expired + failed + discarded + in_ring.
type ParkedTotals struct {
	Parked    uint64 `json:"parked"`
	Drained   uint64 `json:"drained"`
	Evicted   uint64 `json:"evicted"`
	Expired   uint64 `json:"expired"`
	Failed    uint64 `json:"failed"`
	Discarded uint64 `json:"discarded"`
	Rejected  uint64 `json:"rejected"` // never parked: a bound was reached
	InRing    uint64 `json:"in_ring"`
}

// The kinds of Waits.
const (
	WaitsNextHop = "nexthop"
	WaitsGated   = "gated"
)

// Waits is a histogram of how long drained packets had been parked.
type Waits struct {
	Kind       string           `json:"kind"`        // what for: nexthop, or gated
	Count      uint64           `json:"count"`       // drained packets
	SumSeconds float64          `json:"sum_seconds"` // of their waits
	Buckets    List[WaitBucket] `json:"buckets"`     // ascending; without the last one, which has no end and all packets
}

// WaitBucket counts the packets that waited so long or less, as Prometheus does.
type WaitBucket struct {
	LeSeconds float64 `json:"le_seconds"`
	Count     uint64  `json:"count"`
}

// How waits end: Resolution.Result and the keys of Resolutions.ByResult.
const (
	ResultResolved  = "resolved"  // the next hop answered, or the gated port came up
	ResultFailed    = "failed"    // it did not
	ResultReleased  = "released"  // on command
	ResultDiscarded = "discarded" // the port, the router or the daemon went away
	ResultExpired   = "expired"   // the packets were too old
)

// Resolution is one wait that has ended, for one next hop.
type Resolution struct {
	At            string  `json:"at"` // RFC 3339 with fractions of a second
	RouterPort    string  `json:"router_port"`
	IP            string  `json:"ip"`
	Port          string  `json:"port"` // the gated switch port; empty when it was a neighbor that had to answer
	Result        string  `json:"result"`
	MAC           string  `json:"mac"`            // empty without an answer
	Packets       uint64  `json:"packets"`        // drained, or dropped
	Probes        int     `json:"probes"`         // sent in this wait
	WaitSeconds   float64 `json:"wait_seconds"`   // from the first packet until the rings were empty
	AnswerSeconds float64 `json:"answer_seconds"` // from the first probe to the answer; 0 without
	DrainSeconds  float64 `json:"drain_seconds"`  // from the answer until the rings were empty; 0 without
}

// Resolutions counts waits that have ended, and what was asked meanwhile.
type Resolutions struct {
	ByResult map[string]uint64 `json:"by_result"` // every result is there
	Probes   List[ProbeCount]  `json:"probes"`    // sent, of every family and kind
	Deferred uint64            `json:"deferred"`  // multicast probes that waited for the rate limit

	Moves          uint64 `json:"moves"`           // neighbors' changes of MAC that were followed
	MovesDamped    uint64 `json:"moves_damped"`    // that were not, because there had been too many
	ForeignSenders uint64 `json:"foreign_senders"` // ARP and ND not believed: for another MAC than the frame's source

	Conflicts List[PortConflicts] `json:"conflicts"` // one of each router port
}

// PortConflicts counts frames in which others claim an address of a router port.
type PortConflicts struct {
	RouterPort string `json:"router_port"`
	Count      uint64 `json:"count"`
}

// The families and kinds of ProbeCount.
const (
	FamilyIPv4     = "ipv4" // ARP requests
	FamilyIPv6     = "ipv6" // neighbor solicitations
	ProbeMulticast = "multicast"
	ProbeUnicast   = "unicast"
)

// ProbeCount counts probes of a family and kind.
type ProbeCount struct {
	Family string `json:"family"`
	Kind   string `json:"kind"`
	Count  uint64 `json:"count"`
}

// Gate is a switch port with park_until.
type Gate struct {
	Port         string  `json:"port"`
	Open         bool    `json:"open"`          // packets pass; else they wait
	SinceSeconds float64 `json:"since_seconds"` // how long it has been so
	Packets      uint64  `json:"packets"`       // waiting now
}

// ReleaseRequest names the gated switch port whose packets shall leave.
type ReleaseRequest struct {
	Port string `json:"port"`
}

// ReleaseReply says how many packets were waiting.
type ReleaseReply struct {
	Port    string `json:"port"`
	Packets int    `json:"packets"`
}
