// SPDX-License-Identifier: Apache-2.0

package metrics

import (
	"strconv"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/parkway-gw/parkway/internal/api"
)

var (
	workerGaps   = desc("worker_poll_gap_seconds", "The time between the ends of two polls, sleep excluded.", "cpu")
	workerBursts = desc("worker_burst_packets", "Packets that a poll of a receive queue brought, if it brought any.", "cpu")

	stageEvery   = desc("stage_sample_every", "One poll of so many is measured stage by stage; 0 is none.")
	stageCycles  = desc("stage_cycles_total", "TSC cycles of the stage in measured polls since sampling was set.", "cpu", "stage")
	stagePackets = desc("stage_packets_total", "Packets that the stage was given in measured polls since sampling was set.", "cpu", "stage")
	stageCalls   = desc("stage_calls_total", "Bursts that the stage was given in measured polls since sampling was set.", "cpu", "stage")
)

// load has the two histograms of a worker.
func (s sink) load(w api.Worker, cpu string) {
	gaps := make(map[float64]uint64, len(w.PollGaps.Buckets))
	for _, b := range w.PollGaps.Buckets {
		gaps[b.LeSeconds] = b.Count
	}
	s <- prometheus.MustNewConstHistogram(workerGaps, w.PollGaps.Count, w.PollGaps.SumSeconds, gaps, cpu)
	bursts, all := make(map[float64]uint64, len(w.BurstSizes)), uint64(0)
	for _, b := range w.BurstSizes {
		bursts[float64(b.Le)] = b.Count
		all = b.Count // the last one has them all
	}
	s <- prometheus.MustNewConstHistogram(workerBursts, all, float64(w.Packets), bursts, cpu)
}

// stages has what was measured; a stage that nothing came to has no series.
func (s sink) stages(all api.Stages) {
	s.gauge(stageEvery, float64(all.SampleEvery))
	for _, w := range all.Workers {
		cpu := strconv.Itoa(w.CPU)
		for _, one := range w.Stages {
			if one.Calls == 0 {
				continue
			}
			s.counter(stageCycles, one.Cycles, cpu, one.Stage)
			s.counter(stagePackets, one.Packets, cpu, one.Stage)
			s.counter(stageCalls, one.Calls, cpu, one.Stage)
		}
	}
}
