// SPDX-License-Identifier: Apache-2.0

package bench

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/parkway-gw/parkway/bench/target"
)

const (
	pollGapTime = 60 * time.Second // of each arm, over all rounds
	operated    = "under operation"
	atRest      = "at rest"
	idleLoop    = "idle loop"
)

func pollGap() Case {
	return Case{Name: "poll-gap", Title: "Longest time between two polls of a worker while the gateway is shown, scraped, reloaded and given 1,000 route changes/s",
		Goal: "over 60 s within 2 times what a loop that does nothing sees on the same CPU",
		Run:  runPollGap}
}

func runPollGap(ctx context.Context, r *Runner) (res *Result, err error) {
	res = &Result{Unit: "µs", Command: r.command("poll-gap"),
		Method: "On the worker's CPU, in turn: a loop of C that reads the time stamp counter and nothing else, the gateway's worker under traffic (IPv4, 4,096 flows of 64 octets), " +
			"and that worker while on the control CPU show commands and scrapes follow each other every 100 ms, and once a second the file changes 1,000 routes and is reloaded. " +
			"A sample is the longest gap of a window; windows of an arm make 60 s."}
	window := pick(r.Quick, quickWindow*4, pollGapTime/time.Duration(r.Rounds))
	o, err := newOperator(r)
	if err != nil {
		return nil, err
	}
	s := standard(target.IPv4)
	s.Name, s.Memory = "poll-gap", r.Memory
	if err := r.capture(&s); err != nil {
		return nil, err
	}
	l := &live{System: System{New: func() target.Target { return target.NewParkway(ours, r.Binary).WithConfig(o.config) }, Scenario: s}}
	if err := r.begin(ctx, l); err != nil {
		return nil, errors.Join(err, r.end(l))
	}
	defer func() { err = errors.Join(err, r.end(l)) }()
	o.gateway(l)
	undo, err := confine(r.Control) // not earlier: the gateway would find the worker's CPU forbidden
	if err != nil {
		return nil, err
	}
	defer undo()

	arms := []Arm{{Name: idleLoop}, {Name: atRest}, {Name: operated}}
	for round := range r.Rounds {
		spun, err := target.Spin(ctx, r.Binary, r.Worker, window)
		if err != nil {
			return nil, err
		}
		gaps := []float64{float64(spun.Longest.Nanoseconds()) / 1e3, 0, 0}
		for i, operate := range []bool{false, true} {
			if gaps[1+i], err = r.gap(ctx, o, window, operate); err != nil {
				return nil, err
			}
		}
		for i := range arms {
			arms[i].Samples = append(arms[i].Samples, gaps[i])
		}
		r.Logf("  round %d of %d: longest gaps %.0f µs of an idle loop, %.0f at rest, %.0f under operation", round+1, r.Rounds, gaps[0], gaps[1], gaps[2])
	}
	judgePollGap(res, arms)
	res.Notes = append(res.Notes, fmt.Sprintf("In the windows under operation: %d show commands, %d scrapes, %d reloads with %d changed routes.", o.shows.Load(), o.scrapes.Load(), o.reloads.Load(), o.reloads.Load()*changedRoutes))
	return res, nil
}

// gap has the gateway run for a window, and returns the longest gap, in microseconds.
func (r *Runner) gap(ctx context.Context, o *operator, window time.Duration, operate bool) (us float64, err error) {
	if err := resume(o.l.target); err != nil {
		return 0, err
	}
	// The pause was a gap too: it goes once the worker has polled again.
	if err := sleep(ctx, window/settleShare); err != nil {
		return 0, err
	}
	if _, err := o.p.API().ResetWorkers(ctx); err != nil {
		return 0, err
	}
	if operate {
		err = o.operate(ctx, window)
	} else {
		err = sleep(ctx, window)
	}
	if err != nil {
		return 0, err
	}
	workers, err := o.p.API().Workers(ctx)
	if err != nil {
		return 0, err
	}
	for _, w := range workers {
		us = max(us, w.MaxPollGapUS)
	}
	return us, pause(o.l.target)
}

func judgePollGap(res *Result, arms []Arm) {
	for i := range arms {
		arms[i].Summarize()
		arms[i].Percentiles = map[string]float64{"max": slices.Max(arms[i].Samples)}
		if i > 0 {
			res.Ratios = append(res.Ratios, NewRatio(&arms[i], &arms[0], Quotient))
		}
	}
	res.Arms, res.Ratio = arms, &res.Ratios[1]
	worst := arms[2].Percentiles["max"] / arms[0].Percentiles["max"]
	res.Checks = []Check{{What: "longest gap of all windows, of an idle loop's", Value: worst, Limit: 2, Unit: "×", Met: worst <= 2}}
}
