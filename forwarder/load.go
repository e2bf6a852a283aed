// SPDX-License-Identifier: Apache-2.0

package forwarder

import (
	"errors"
	"fmt"
	"time"

	"github.com/parkway-gw/parkway/cgo"
)

// MaxSampleEvery bounds what SampleStages takes.
const MaxSampleEvery = cgo.MaxSampleEvery

// PollGaps says how long a worker was between the ends of two polls, sleep excluded.
type PollGaps struct {
	Polls   uint64
	Sum     time.Duration
	Buckets []GapBucket // by Most, cumulative; what took longer is in Polls alone
}

// GapBucket is the polls that ended less than Most after those before them.
type GapBucket struct {
	Most  time.Duration
	Polls uint64
}

// BurstBucket is the receive bursts of up to Most packets.
type BurstBucket struct {
	Most   int
	Bursts uint64
}

// StageCost is what a stage has cost a worker in measured polls. Cycles are TSC cycles.
type StageCost struct {
	Stage   string // one of Stages, or one of what is around them; cgo/cost.h has the list
	Calls   uint64
	Packets uint64 // that it was given
	Cycles  uint64
}

func pollGaps(l *cgo.Load, hz float64) PollGaps {
	g := PollGaps{Sum: time.Duration(float64(l.GapCycles) / hz * 1e9)}
	for i, n := range l.PollGaps {
		g.Polls += n
		if most := cgo.GapBucket(i); most > 0 {
			g.Buckets = append(g.Buckets, GapBucket{most, g.Polls})
		}
	}
	return g
}

func burstSizes(l *cgo.Load) (out []BurstBucket) {
	bursts := uint64(0)
	for i, n := range l.BurstSizes {
		bursts += n
		out = append(out, BurstBucket{cgo.BurstBucket(i), bursts})
	}
	return out
}

func stageCosts(c *cgo.Cost) []StageCost {
	out := make([]StageCost, len(c.Stages))
	for i, s := range c.Stages {
		out[i] = StageCost{cgo.StageName(i), s.Calls, s.Packets, s.Cycles}
	}
	return out
}

// SampleStages has every worker measure every so many of its polls, stage by stage, from
// now on: WorkerStatus.Stages starts anew. With 0 that ends, and what was measured stays.
// Any goroutine.
func (f *Forwarder) SampleStages(every int) error {
	if every < 0 || every > MaxSampleEvery {
		return fmt.Errorf("forwarder: one poll of %d can't be measured; choose 1 to %d, or 0 for none", every, MaxSampleEvery)
	}
	return f.withWorkers(func(w *cgo.Worker) { w.Sample(every) })
}

// ResetPollGap makes every worker's WorkerStatus.MaxPollGap start anew. Any goroutine.
func (f *Forwarder) ResetPollGap() error {
	return f.withWorkers((*cgo.Worker).ResetGap)
}

// withWorkers calls do for every worker, one call at a time, as long as there are any.
func (f *Forwarder) withWorkers(do func(*cgo.Worker)) error {
	f.mu.RLock()
	defer f.mu.RUnlock()
	if f.final != nil {
		return errors.New("forwarder: it has stopped")
	}
	f.asking.Lock()
	defer f.asking.Unlock()
	for _, w := range f.workers {
		do(w.w)
	}
	return nil
}
