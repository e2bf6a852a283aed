// SPDX-License-Identifier: Apache-2.0

package api

// BurstBucket counts receive bursts of that many packets or fewer, as Prometheus does.
type BurstBucket struct {
	Le    int    `json:"le"`
	Count uint64 `json:"count"`
}

// PollGaps is a histogram of the time between the ends of two polls, sleep excluded.
type PollGaps struct {
	Count      uint64          `json:"count"`       // polls
	SumSeconds float64         `json:"sum_seconds"` // of those times
	Buckets    List[GapBucket] `json:"buckets"`     // ascending; without the last one, which has no end and all polls
}

// GapBucket counts the polls that took so long or less, as Prometheus does.
type GapBucket struct {
	LeSeconds float64 `json:"le_seconds"`
	Count     uint64  `json:"count"`
}

// Stages is what the stages of the pipeline cost, as far as polls were measured since
// sampling was set last: all workers together, and each of them.
type Stages struct {
	SampleEvery int    `json:"sample_every"` // one poll of so many is measured; 0 is none
	TSCHz       uint64 `json:"tsc_hz"`       // cycles per second
	StageCosts
	Workers List[WorkerStages] `json:"workers"`
}

// WorkerStages is what the stages cost one worker.
type WorkerStages struct {
	Lcore int `json:"lcore"`
	CPU   int `json:"cpu"`
	StageCosts
}

// StageCosts is what measured polls have cost, by stage. Polls without work do not count.
type StageCosts struct {
	Polls           uint64      `json:"polls"`             // measured
	Interrupted     uint64      `json:"interrupted"`       // measured polls of over 1 ms, left out of all else: the kernel had the CPU
	Packets         uint64      `json:"packets"`           // received in them
	Cycles          uint64      `json:"cycles"`            // of all stages
	CyclesPerPacket float64     `json:"cycles_per_packet"` // cycles per packet received; 0 without packets
	Stages          List[Stage] `json:"stages"`            // in the order in which a routed packet meets them
}

// Stage is what a stage has cost.
type Stage struct {
	Stage           string  `json:"stage"`
	Calls           uint64  `json:"calls"`
	Packets         uint64  `json:"packets"` // that it was given
	Cycles          uint64  `json:"cycles"`
	CyclesPerPacket float64 `json:"cycles_per_packet"` // of those that it was given; 0 without any
	Share           float64 `json:"share"`             // of the cycles of all stages, 0 to 1
}

// SampleRequest says how many polls to measure: one of Every, none for 0.
type SampleRequest struct {
	Every *int `json:"every"` // required
}

// SampleReply says what is in force.
type SampleReply struct {
	SampleEvery int `json:"sample_every"`
}

// ResetReply says for how many workers something was reset.
type ResetReply struct {
	Workers int `json:"workers"`
}
