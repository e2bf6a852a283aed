// SPDX-License-Identifier: Apache-2.0

package app

import (
	"context"
	"fmt"

	"github.com/parkway-gw/parkway/forwarder"
	"github.com/parkway-gw/parkway/internal/api"
)

func viewPollGaps(g forwarder.PollGaps) api.PollGaps {
	out := api.PollGaps{Count: g.Polls, SumSeconds: g.Sum.Seconds()}
	for _, b := range g.Buckets {
		out.Buckets = append(out.Buckets, api.GapBucket{LeSeconds: b.Most.Seconds(), Count: b.Polls})
	}
	return out
}

func viewBurstSizes(sizes []forwarder.BurstBucket) (out []api.BurstBucket) {
	for _, b := range sizes {
		out = append(out, api.BurstBucket{Le: b.Most, Count: b.Bursts})
	}
	return out
}

// Stages reads what measured polls have cost.
func (s *source) Stages(context.Context) (api.Stages, error) {
	return viewStages(s.f.Workers(), s.f.TSCHz()), nil
}

func viewStages(workers []forwarder.WorkerStatus, hz uint64) api.Stages {
	out := api.Stages{TSCHz: hz}
	sum := forwarder.WorkerStatus{}
	for _, w := range workers {
		out.SampleEvery = max(out.SampleEvery, w.SampleEvery)
		out.Workers = append(out.Workers, api.WorkerStages{Lcore: w.Lcore, CPU: w.CPU, StageCosts: viewCosts(&w)})
		sum.Measured += w.Measured
		sum.Interrupted += w.Interrupted
		sum.Stages = addStages(sum.Stages, w.Stages)
	}
	out.StageCosts = viewCosts(&sum)
	return out
}

// addStages adds costs of the same stages in the same order to sum, nil at first.
func addStages(sum, costs []forwarder.StageCost) []forwarder.StageCost {
	if sum == nil {
		return append(sum, costs...)
	}
	for i, c := range costs {
		sum[i].Calls += c.Calls
		sum[i].Packets += c.Packets
		sum[i].Cycles += c.Cycles
	}
	return sum
}

func viewCosts(w *forwarder.WorkerStatus) api.StageCosts {
	out := api.StageCosts{Polls: w.Measured, Interrupted: w.Interrupted}
	for _, c := range w.Stages {
		out.Cycles += c.Cycles
		if c.Stage == "rx" {
			out.Packets = c.Packets
		}
	}
	out.CyclesPerPacket = per(out.Cycles, out.Packets)
	for _, c := range w.Stages {
		out.Stages = append(out.Stages, api.Stage{Stage: c.Stage, Calls: c.Calls, Packets: c.Packets, Cycles: c.Cycles,
			CyclesPerPacket: per(c.Cycles, c.Packets), Share: per(c.Cycles, out.Cycles)})
	}
	return out
}

// per is a/b, 0 without b.
func per(a, b uint64) float64 {
	if b == 0 {
		return 0
	}
	return float64(a) / float64(b)
}

// SampleStages sets how many polls are measured.
func (s *source) SampleStages(_ context.Context, every int) (int, error) {
	if every < 0 || every > forwarder.MaxSampleEvery {
		return 0, fmt.Errorf("%w: one poll of %d can't be measured; choose 1 to %d, or 0 for none", api.ErrBadRequest, every, forwarder.MaxSampleEvery)
	}
	if err := s.f.SampleStages(every); err != nil {
		return 0, fmt.Errorf("%w: %w", api.ErrNotReady, err)
	}
	s.gateway.log.Info("stages are sampled", "every", every)
	return every, nil
}

// ResetPollGap makes the longest poll gaps start anew.
func (s *source) ResetPollGap(context.Context) (int, error) {
	if err := s.f.ResetPollGap(); err != nil {
		return 0, fmt.Errorf("%w: %w", api.ErrNotReady, err)
	}
	return len(s.f.Workers()), nil
}
