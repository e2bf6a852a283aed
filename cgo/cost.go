// SPDX-License-Identifier: Apache-2.0

package cgo

/*
#include "worker.h"
*/
import "C"

import (
	"sync/atomic"
	"unsafe"
)

const (
	StageCount     = C.PW_STAGE_COUNT    // what is measured: the pipeline's stages, and what is around them
	MaxSampleEvery = C.PW_COST_EVERY_MAX // of Worker.Sample
)

// StageName returns the name of stage i of Cost.Stages. cost.h has the list.
func StageName(i int) string { return C.GoString(C.pw_stage_name(C.uint(i))) }

// StageCost is what a stage has cost in measured polls.
type StageCost struct {
	Cycles  uint64 // TSC
	Packets uint64 // that it was given
	Calls   uint64
}

// Cost is what measured polls have cost, by stage, since Sample was called last.
type Cost struct {
	Polls       uint64 // measured, in which a stage had something to do
	Interrupted uint64 // of over 1 ms, left out of all else: the kernel had the CPU
	Stages      [StageCount]StageCost
}

const (
	_ = uint(C.sizeof_struct_pw_stage_cost - unsafe.Sizeof(StageCost{}))
	_ = uint(unsafe.Sizeof(StageCost{}) - C.sizeof_struct_pw_stage_cost)
	_ = uint(C.offsetof_cost_own - unsafe.Sizeof(Cost{}))
	_ = uint(unsafe.Sizeof(Cost{}) - C.offsetof_cost_own)
)

// Add adds o to c.
func (c *Cost) Add(o *Cost) {
	c.Polls += o.Polls
	c.Interrupted += o.Interrupted
	for i := range o.Stages {
		c.Stages[i].Cycles += o.Stages[i].Cycles
		c.Stages[i].Packets += o.Stages[i].Packets
		c.Stages[i].Calls += o.Stages[i].Calls
	}
}

// Sample has every so many polls of the worker measured, up to MaxSampleEvery, and starts
// its Cost anew; 0 ends that, and Cost stays as it is. Any goroutine, one at a time.
func (w *Worker) Sample(every int) { C.pw_worker_sample(w.c, C.uint16_t(every)) }

// SampleEvery is what Sample was told last. Any goroutine.
func (w *Worker) SampleEvery() int {
	order := atomic.LoadUint32((*uint32)(unsafe.Pointer(&w.c.sample)))
	return int(C.pw_cost_every(C.uint32_t(order)))
}

// Cost returns what measured polls have cost. Any goroutine.
func (w *Worker) Cost() Cost { return words((*Cost)(unsafe.Pointer(&w.c.cost))) }
