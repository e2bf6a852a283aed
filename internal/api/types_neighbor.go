// SPDX-License-Identifier: Apache-2.0

package api

// AddNeighborRequest names a neighbor and its MAC. All keys are needed.
type AddNeighborRequest struct {
	RouterPort string `json:"router_port"`
	IP         string `json:"ip"`
	MAC        string `json:"mac"`
}

// AddNeighborReply says what was added.
type AddNeighborReply struct {
	RouterPort string `json:"router_port"`
	IP         string `json:"ip"`
	MAC        string `json:"mac"`
}

// DeleteNeighborRequest names a neighbor. Both keys are needed.
type DeleteNeighborRequest struct {
	RouterPort string `json:"router_port"`
	IP         string `json:"ip"`
}

// DeleteNeighborReply says what was deleted.
type DeleteNeighborReply struct {
	RouterPort string `json:"router_port"`
	IP         string `json:"ip"`
	MAC        string `json:"mac"`     // empty when none was known
	Packets    int    `json:"packets"` // that waited for it and were freed
}

// ProbeNeighborRequest names the address to ask for, and how long to wait: 1 s when
// WaitSeconds is 0, at most MaxProbeWait.
type ProbeNeighborRequest struct {
	RouterPort  string  `json:"router_port"`
	IP          string  `json:"ip"`
	WaitSeconds float64 `json:"wait_seconds,omitempty"`
}

// MaxProbeWait bounds ProbeNeighborRequest.WaitSeconds.
const MaxProbeWait = 5

// ProbeNeighborReply says who answered.
type ProbeNeighborReply struct {
	RouterPort string  `json:"router_port"`
	IP         string  `json:"ip"`
	Kind       string  `json:"kind"` // unicast: to the MAC that was known; or multicast: to everybody
	Answered   bool    `json:"answered"`
	MAC        string  `json:"mac"`         // empty without an answer
	RTTSeconds float64 `json:"rtt_seconds"` // 0 without an answer
}
