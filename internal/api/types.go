// SPDX-License-Identifier: Apache-2.0

package api

// Port is a DPDK port. Its traffic is what the port itself counts.
type Port struct {
	Name      string `json:"name"`
	Device    string `json:"device"`
	Link      string `json:"link"` // up, down or unknown
	MAC       string `json:"mac"`
	MTU       int    `json:"mtu"`
	RxPackets uint64 `json:"rx_packets"`
	RxBytes   uint64 `json:"rx_bytes"`
	RxMissed  uint64 `json:"rx_missed"` // dropped by the device: its queue was full
	RxNombuf  uint64 `json:"rx_nombuf"` // receive found no mbuf
	TxPackets uint64 `json:"tx_packets"`
	TxBytes   uint64 `json:"tx_bytes"`
	TxDropped uint64 `json:"tx_dropped"` // found the transmit queue full; part of the drop reason tx_full
}

// Neighbor is one entry of the neighbor table.
type Neighbor struct {
	Router     string  `json:"router"`
	RouterPort string  `json:"router_port"`
	IP         string  `json:"ip"`
	MAC        string  `json:"mac"`                // empty while nobody has answered
	State      string  `json:"state"`              // RFC 4861's word, in capitals
	AgeSeconds float64 `json:"age_seconds"`        // since the last confirmation, or since the entry was made
	Origin     string  `json:"origin"`             // how it was learned: arp, nd, static, …
	Flapping   bool    `json:"flapping,omitempty"` // its MAC has changed too often; changes are ignored for now
}

// Counters is the conservation law of all workers and control together:
// rx + originated = tx + consumed + parked + Σ drops + balance.
type Counters struct {
	Rx         uint64            `json:"rx"`
	Originated uint64            `json:"originated"`
	Tx         uint64            `json:"tx"`
	Consumed   uint64            `json:"consumed"`
	Parked     uint64            `json:"parked"` // now
	Drops      map[string]uint64 `json:"drops"`  // by reason; every reason is there
	Balance    int64             `json:"balance"`
	Fragments  uint64            `json:"fragments"` // the share of originated that packets were cut into
	CoPP       List[CoPP]        `json:"copp"`      // by router port and protocol
}

// CoPP is a limit of what a router port gives to control, or has control answer.
type CoPP struct {
	RouterPort string `json:"router_port"`
	Protocol   string `json:"protocol"`   // OVN's name of the CoPP protocol
	Rate       uint32 `json:"rate"`       // packets per second; 0 is no limit
	BurstSize  uint32 `json:"burst_size"` // at once
	Dropped    uint64 `json:"dropped"`    // over the limit; part of drops, by whatever reason they have
}

// Worker is a worker's load since it started.
type Worker struct {
	Lcore           int           `json:"lcore"`
	CPU             int           `json:"cpu"`
	BusyCycles      uint64        `json:"busy_cycles"` // of polls that brought a packet
	IdleCycles      uint64        `json:"idle_cycles"` // of the others, sleep included
	Packets         uint64        `json:"packets"`
	CyclesPerPacket float64       `json:"cycles_per_packet"` // busy cycles per packet; 0 without packets
	MaxPollGapUS    float64       `json:"max_poll_gap_us"`   // the longest time between two polls, sleep excluded, since it was reset
	RxQueues        List[RxQueue] `json:"rx_queues"`

	PollGaps   PollGaps          `json:"poll_gaps"`
	BurstSizes List[BurstBucket] `json:"burst_sizes"` // receive bursts that were not empty; ascending
}

// RxQueue is a receive queue that a worker polls.
type RxQueue struct {
	Port  string `json:"port"`
	Queue int    `json:"queue"`
}

// Drop is a reason for which packets are freed.
type Drop struct {
	Reason string `json:"reason"`
	Stage  string `json:"stage"`
	Count  uint64 `json:"count"`
	What   string `json:"what"`
	Remedy string `json:"remedy"`
}

// Health says whether workers and control run.
type Health struct {
	Status        string       `json:"status"`   // ok or failing
	Problems      List[string] `json:"problems"` // what is failing; empty when ok
	Version       string       `json:"version"`
	Name          string       `json:"name"` // the node's
	PID           int          `json:"pid"`
	UptimeSeconds float64      `json:"uptime_seconds"`
}

// OK reports that nothing is failing.
func (h Health) OK() bool { return h.Status == StatusOK }

// The two values of Health.Status.
const (
	StatusOK      = "ok"
	StatusFailing = "failing"
)

// Pool is a packet pool.
type Pool struct {
	Name      string `json:"name"`
	Size      uint64 `json:"size"`
	Available uint64 `json:"available"` // in the pool and in the workers' caches
}

// FlushRequest says which neighbors to forget; an empty field matches every one.
type FlushRequest struct {
	RouterPort string `json:"router_port,omitempty"`
	IP         string `json:"ip,omitempty"`
}

// FlushReply says how many were forgotten. Static ones stay.
type FlushReply struct {
	Flushed int `json:"flushed"`
}

// Fault is the body of every answer that is not 2xx.
type Fault struct {
	Error string `json:"error"`
}
