// SPDX-License-Identifier: Apache-2.0

package api

// FDB is where the switches know MACs, by switch and MAC.
type FDB struct {
	Entries List[FDBEntry] `json:"entries"`
	Totals  FDBTotals      `json:"totals"`
}

// FDBEntry is a MAC of a switch.
type FDBEntry struct {
	Switch     string  `json:"switch"`
	MAC        string  `json:"mac"`
	SwitchPort string  `json:"switch_port"`
	Origin     string  `json:"origin"`      // static: the topology places it; or learned
	AgeSeconds float64 `json:"age_seconds"` // since it was heard last; 0 for a static one
	Moves      int     `json:"moves"`       // from one port to another
}

// The values of FDBEntry.Origin.
const (
	FDBStatic  = "static"
	FDBLearned = "learned"
)

// FDBTotals counts over all switches, ever but for the first two.
type FDBTotals struct {
	Learned int    `json:"learned"` // now
	Max     int    `json:"max"`     // the most that may be
	Full    uint64 `json:"full"`    // came when there was no room
	Limited uint64 `json:"limited"` // not learned because of a port's mac_limit
	Moves   uint64 `json:"moves"`   // from one port to another
	Aged    uint64 `json:"aged"`    // forgotten because nobody heard them
}

// SwitchPortLimits is what the limits of a bound switch port have done, ever but for
// Learned.
type SwitchPortLimits struct {
	Switch              string `json:"switch"`
	SwitchPort          string `json:"switch_port"`
	Learned             int    `json:"learned"`   // MACs now
	MACLimit            int    `json:"mac_limit"` // 0: none
	Limited             uint64 `json:"limited"`   // MACs not learned at the limit
	StormBroadcast      uint64 `json:"storm_broadcast"`
	StormMulticast      uint64 `json:"storm_multicast"`
	StormUnknownUnicast uint64 `json:"storm_unknown_unicast"`
	Security            uint64 `json:"port_security"` // frames dropped, both ways
}

// FlushFDBRequest says which learned MACs to forget; an empty field matches every one.
type FlushFDBRequest struct {
	Switch     string `json:"switch,omitempty"`
	SwitchPort string `json:"switch_port,omitempty"`
	MAC        string `json:"mac,omitempty"`
}
