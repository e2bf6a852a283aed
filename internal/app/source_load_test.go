// SPDX-License-Identifier: Apache-2.0

package app

import (
	"reflect"
	"testing"
	"time"

	"github.com/parkway-gw/parkway/forwarder"
	"github.com/parkway-gw/parkway/internal/api"
)

// The stages of all workers together are the sums of each worker's.
func TestStagesAreViewed(t *testing.T) {
	got := viewStages([]forwarder.WorkerStatus{
		{Lcore: 1, CPU: 2, SampleEvery: 16, Measured: 3, Interrupted: 2, Stages: []forwarder.StageCost{
			{Stage: "rx", Calls: 3, Packets: 100, Cycles: 2000}, {Stage: "lr_in_policy"}, {Stage: "tx", Calls: 3, Packets: 50, Cycles: 6000}}},
		{Lcore: 2, CPU: 3, SampleEvery: 16, Measured: 1, Interrupted: 5, Stages: []forwarder.StageCost{
			{Stage: "rx", Calls: 1, Packets: 60, Cycles: 1000}, {Stage: "lr_in_policy"}, {Stage: "tx", Calls: 1, Packets: 30, Cycles: 1000}}},
	}, 2700000000)
	stage := func(name string, calls, packets, cycles uint64, each, share float64) api.Stage {
		return api.Stage{Stage: name, Calls: calls, Packets: packets, Cycles: cycles, CyclesPerPacket: each, Share: share}
	}
	want := api.Stages{
		SampleEvery: 16, TSCHz: 2700000000,
		StageCosts: api.StageCosts{Polls: 4, Interrupted: 7, Packets: 160, Cycles: 10000, CyclesPerPacket: 62.5, Stages: []api.Stage{
			stage("rx", 4, 160, 3000, 18.75, 0.3), {Stage: "lr_in_policy"}, stage("tx", 4, 80, 7000, 87.5, 0.7)}},
		Workers: []api.WorkerStages{
			{Lcore: 1, CPU: 2, StageCosts: api.StageCosts{Polls: 3, Interrupted: 2, Packets: 100, Cycles: 8000, CyclesPerPacket: 80, Stages: []api.Stage{
				stage("rx", 3, 100, 2000, 20, 0.25), {Stage: "lr_in_policy"}, stage("tx", 3, 50, 6000, 120, 0.75)}}},
			{Lcore: 2, CPU: 3, StageCosts: api.StageCosts{Polls: 1, Interrupted: 5, Packets: 60, Cycles: 2000, CyclesPerPacket: 2000.0 / 60, Stages: []api.Stage{
				stage("rx", 1, 60, 1000, 1000.0/60, 0.5), {Stage: "lr_in_policy"}, stage("tx", 1, 30, 1000, 1000.0/30, 0.5)}}},
		},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
}

// Nothing measured is no division by zero, and adding up leaves the workers' own as it is.
func TestStagesWithoutFiguresAreViewed(t *testing.T) {
	status := []forwarder.WorkerStatus{{Stages: []forwarder.StageCost{{Stage: "rx"}}}, {Stages: []forwarder.StageCost{{Stage: "rx", Cycles: 5}}}}
	got := viewStages(status, 1)
	if got.CyclesPerPacket != 0 || got.Stages[0].Share != 1 || status[0].Stages[0].Cycles != 0 {
		t.Errorf("%+v, %+v", got, status)
	}
	if got := viewStages(nil, 1); got.Cycles != 0 || len(got.Stages) != 0 {
		t.Errorf("%+v", got)
	}
}

func TestLoadIsViewed(t *testing.T) {
	gaps := viewPollGaps(forwarder.PollGaps{Polls: 9, Sum: 3 * time.Millisecond, Buckets: []forwarder.GapBucket{{Most: time.Microsecond, Polls: 7}, {Most: 2 * time.Microsecond, Polls: 8}}})
	if want := (api.PollGaps{Count: 9, SumSeconds: 0.003, Buckets: []api.GapBucket{{LeSeconds: 1e-6, Count: 7}, {LeSeconds: 2e-6, Count: 8}}}); !reflect.DeepEqual(gaps, want) {
		t.Errorf("%+v, want %+v", gaps, want)
	}
	sizes := viewBurstSizes([]forwarder.BurstBucket{{Most: 1, Bursts: 2}, {Most: 2, Bursts: 5}})
	if want := []api.BurstBucket{{Le: 1, Count: 2}, {Le: 2, Count: 5}}; !reflect.DeepEqual(sizes, want) {
		t.Errorf("%+v, want %+v", sizes, want)
	}
}
