// SPDX-License-Identifier: Apache-2.0

package bench

import (
	"context"
	"fmt"
	"time"

	"github.com/parkway-gw/parkway/bench/target"
)

// leastUpdates is the goal, in routes per second, in batches of any size.
const leastUpdates = 1000

// updatesRounds is enough for rates that differ a thousandfold.
const updatesRounds = 3

func routeUpdates() Case {
	return Case{Name: "route-updates", Title: "routes deleted and added while workers run, of a million IPv4 and 200k IPv6 ones, by size of batch",
		Goal: "at least 1,000 routes/s in batches of any size", Run: runUpdates}
}

func runUpdates(ctx context.Context, r *Runner) (*Result, error) {
	s := standard(target.Mixed)
	s.Routes = pick(r.Quick, 2000, 1_000_000)
	n := s.Network()
	cfg := target.UpdatesConfig{Control: r.Control, Worker: r.Worker, Octets: pick[uint64](r.Quick, 512, 4096) << 20, Rounds: min(r.Rounds, updatesRounds),
		Sizes: pick(r.Quick, []int{1, 10, 100}, []int{1, 10, 100, 1000, 10_000, 100_000}), Seconds: min(r.Window.Seconds()/3, 1)}
	for _, route := range n.Routes {
		if route.Prefix.Addr().Is4() {
			cfg.Routes4 = append(cfg.Routes4, route)
		} else if len(cfg.Routes6) < s.Routes/5 {
			cfg.Routes6 = append(cfg.Routes6, route)
		}
	}
	res := &Result{Unit: "routes/s", Higher: true, Axis: "routes in a batch", LogX: true,
		Method: "The gateway runs in a process with a polling worker and no packets. Routes drawn from all of the table go in batches, each by " +
			"PrepareRoutes and Commit, and come back; the rate is of both together, by the clock. All next hops are 16 neighbors."}
	longest := 0.
	limited, cancel := context.WithTimeout(ctx, 10*time.Minute)
	defer cancel()
	err := target.RunUpdates(limited, r.Binary, r.Dir, cfg, func(got target.UpdatesResult) {
		r.Logf("  a round of %d sizes", len(cfg.Sizes))
		for _, rate := range got.Rates {
			arm := updatesArm(res, rate)
			arm.Samples = append(arm.Samples, float64(rate.Routes)/rate.Seconds)
			longest = max(longest, rate.Commit)
		}
	})
	if err != nil {
		return nil, err
	}
	worst := Check{What: "slowest batches", Limit: leastUpdates, Unit: "routes/s", Least: true}
	for i := range res.Arms {
		a := &res.Arms[i]
		a.Summarize()
		if i == 0 || a.Median < worst.Value {
			worst.Value = a.Median
		}
	}
	worst.Met = worst.Value >= leastUpdates
	res.Checks = append(res.Checks, worst)
	res.Notes = append(res.Notes, fmt.Sprintf("The longest Commit, which is what control is busy with, took %.2f ms; the rest is done elsewhere.", longest*1e3))
	return res, nil
}

// updatesArm is the arm of a rate, made if need be.
func updatesArm(res *Result, rate target.UpdatesRate) *Arm {
	name := "IPv4"
	if rate.V6 {
		name = "IPv6"
	}
	if rate.Added {
		name += " added"
	} else {
		name += " deleted"
	}
	if a, known := res.Arm(name, float64(rate.Size)); known {
		return a
	}
	res.Arms = append(res.Arms, Arm{Name: name, X: float64(rate.Size), XLabel: label(rate.Size)})
	return &res.Arms[len(res.Arms)-1]
}
