// SPDX-License-Identifier: Apache-2.0

package bench

import (
	"context"
	"fmt"
	"os"
	"time"

	"github.com/parkway-gw/parkway/bench/target"
)

// Goals of a start, in seconds.
const (
	startFew  = 2.
	startMany = 15.
)

// startRounds is enough for what takes seconds each time.
const startRounds = 5

func startUp() Case {
	return Case{Name: "start", Title: "from exec to the first forwarded packet, with 16 IPv4 routes and with a million in the file",
		Goal: "at most 2 s with 16 routes, at most 15 s with 1M", Run: runStart}
}

// startArms are what is measured of each start, in seconds but for the memory.
var startArms = []struct {
	name, unit string
	of         func(*target.StartupTimes) float64
}{
	{ours, "", func(t *target.StartupTimes) float64 { return t.First.Seconds() }},
	{"of it: file read and checked", "", func(t *target.StartupTimes) float64 { return t.Read.Seconds() }},
	{"of it: EAL", "", func(t *target.StartupTimes) float64 { return t.EAL.Seconds() }},
	{"of it: tables, ports, first poll", "", func(t *target.StartupTimes) float64 { return (t.First - t.Read - t.EAL).Seconds() }},
	{"check of the file", "", func(t *target.StartupTimes) float64 { return t.Check.Seconds() }},
	{"reload without a tenth of the routes", "", func(t *target.StartupTimes) float64 { return t.Reload.Seconds() }},
	{"stop", "", func(t *target.StartupTimes) float64 { return t.Stop.Seconds() }},
	{"of it: after the last word", "", func(t *target.StartupTimes) float64 { return t.Exit.Seconds() }},
	{"peak resident memory", "MiB", func(t *target.StartupTimes) float64 { return float64(t.Peak) / (1 << 20) }},
}

func runStart(ctx context.Context, r *Runner) (*Result, error) {
	res := &Result{Unit: "s", Axis: "routes", LogX: true,
		Method: "parkway run is executed on a file of its own; the in port reads a capture, the out port writes one, which is looked at each millisecond. " +
			"Parts are told apart by the times of the daemon's own log. The file is in the page cache.",
		Notes: []string{"DPDK's memory is ordinary memory, as without reserved hugepages: its pages are cleared by the kernel when they are first touched. They are part of the resident memory."}}
	few := pick(r.Quick, []int{16, 1024}, []int{16, 1_000_000})
	var starts []*target.Startup
	for _, n := range few {
		s := standard(target.IPv4)
		s.Flows, s.Routes, s.Memory, s.Control, s.Worker = 64, n, target.NoHuge, r.Control, r.Worker
		var err error
		if s.Dir, err = r.Folder(fmt.Sprint("start-", n)); err != nil {
			return nil, err
		}
		defer os.RemoveAll(s.Dir)
		t, err := target.NewStartup(s, r.Binary)
		if err != nil {
			return nil, err
		}
		starts = append(starts, t)
		for _, a := range startArms {
			res.Arms = append(res.Arms, Arm{Name: a.name, Unit: a.unit, X: float64(n), XLabel: label(n)})
		}
	}
	for round := range min(r.Rounds, startRounds) {
		for i, t := range starts {
			limited, cancel := context.WithTimeout(ctx, 2*time.Minute)
			times, err := t.Run(limited)
			cancel()
			if err != nil {
				return nil, fmt.Errorf("%d routes: %w", few[i], err)
			}
			r.Logf("  round %d, %s routes: first packet after %.2f s", round+1, label(few[i]), times.First.Seconds())
			for k, a := range startArms {
				arm := &res.Arms[i*len(startArms)+k]
				arm.Samples = append(arm.Samples, a.of(&times))
			}
			if round == 0 {
				res.Notes = append(res.Notes, fmt.Sprintf("%s routes: the reload changes %d table entries.", label(few[i]), times.Changed))
			}
		}
	}
	for i := range res.Arms {
		res.Arms[i].Summarize()
	}
	judgeStart(res)
	return res, nil
}

// judgeStart demands the goals of the first and the last position.
func judgeStart(res *Result) {
	var first, last *Arm
	for i := range res.Arms {
		if a := &res.Arms[i]; a.Name == ours {
			if first == nil {
				first = a
			}
			last = a
		}
	}
	for _, goal := range []struct {
		*Arm
		limit float64
	}{{first, startFew}, {last, startMany}} {
		res.Checks = append(res.Checks, Check{What: "start with " + goal.XLabel + " routes", Value: goal.Median, Limit: goal.limit, Unit: "s", Met: goal.Median <= goal.limit})
	}
	ratio := NewRatio(last, first, Quotient)
	res.Ratio = &ratio
}
