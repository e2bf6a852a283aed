// SPDX-License-Identifier: Apache-2.0

package cgo

/*
#include "worker.h"
*/
import "C"

import (
	"time"
	"unsafe"
)

const (
	GapBuckets   = C.PW_GAP_BUCKETS   // classes of poll gaps
	BurstBuckets = C.PW_BURST_BUCKETS // classes of receive bursts
)

// Load is what a worker counts once per poll and once per receive burst.
type Load struct {
	MaxGap     uint64               // longest time between the ends of two polls since ResetGap, sleep excluded, in cycles
	GapCycles  uint64               // sum of all those times
	PollGaps   [GapBuckets]uint64   // polls by that time; see GapBucket
	BurstSizes [BurstBuckets]uint64 // receive bursts by their packets; see BurstBucket
}

const (
	_ = uint(C.sizeof_struct_pw_load - unsafe.Sizeof(Load{}))
	_ = uint(unsafe.Sizeof(Load{}) - C.sizeof_struct_pw_load)
)

// GapBucket is the time that bucket i of Load.PollGaps ends before; 0 for the last, which
// has no end.
func GapBucket(i int) time.Duration {
	if i == GapBuckets-1 {
		return 0
	}
	return time.Microsecond << i
}

// BurstBucket is the most packets that a burst of bucket i of Load.BurstSizes has.
func BurstBucket(i int) int { return 1 << i }

// ResetGap makes MaxGap start anew. Any goroutine.
func (w *Worker) ResetGap() { C.pw_worker_reset_gap(w.c) }

// Gap counts a time between two polls, in cycles: what Run does, for those who call Poll
// themselves.
func (w *Worker) Gap(cycles uint64) { C.pw_worker_gap(w.c, C.uint64_t(cycles)) }
