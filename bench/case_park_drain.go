// SPDX-License-Identifier: Apache-2.0

package bench

import (
	"context"
	"errors"
	"fmt"

	"github.com/parkway-gw/parkway/bench/target"
)

// parkDrainGoal is millions of packets per second.
const parkDrainGoal = 5

// The default limits are 64 packets of a next hop and 4,096 of a worker; the last size is
// sixteen times that.
var parkDrainSizes = []struct{ hops, ring int }{{1, 64}, {64, 64}, {1, 1024}, {64, 1024}}

func parkDrain() Case {
	return Case{Name: "park-drain", Title: "Packets parked by the worker and drained by control into a transmit queue, by next hops and packets of each",
		Goal: "at least 5 M packets/s through a ring, parked, drained and sent one after the other",
		Run:  runParkDrain}
}

func runParkDrain(ctx context.Context, r *Runner) (res *Result, err error) {
	const memory = 768 << 20
	res = &Result{Unit: "ns/packet", Axis: "next hops × packets of each", Command: r.command("park-drain"),
		Method: "Worker and control on a CPU each, in turn: the worker receives and parks a round's packets (net_ring), control reads the asks, publishes and drains (net_null), " +
			"the worker closes the rings. All three one after the other are parkway's figure; in the gateway they overlap. Medians of five rounds are a sample. " +
			"Beside it: what the worker takes to forward such packets (forward), to receive and park them (park), to do so when each evicts an old one (evict), " +
			"and what control takes to drain them (drain)."}
	dir, err := r.Folder("park-drain")
	if err != nil {
		return nil, err
	}
	if r.Memory == target.Hugepages {
		if err := r.pages.reserve(memory); err != nil {
			return nil, err
		}
	}
	p, err := target.StartParkDrain(r.Binary, dir)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, p.Stop()) }()
	arms := parkDrainArms()
	for round := range r.Rounds {
		for i, family := range []int{4, 6} {
			for k, size := range parkDrainSizes {
				m, err := p.Measure(ctx, target.ParkDrainConfig{Control: r.Control, Worker: r.Worker, Memory: r.Memory, Octets: memory, Family: family,
					NextHops: size.hops, Ring: pick(r.Quick, min(size.ring, 64), size.ring), Rounds: pick(r.Quick, 1, 5)})
				if err != nil {
					return nil, err
				}
				for j, v := range []float64{1e3 / m.Rate, m.Forward, m.Park, m.Evict, m.Drain} {
					a := arms[(i*len(parkDrainSizes)+k)*len(parkDrainParts)+j]
					a.Samples = append(a.Samples, v)
				}
			}
		}
		r.Logf("  round %d of %d", round+1, r.Rounds)
	}
	judgeParkDrain(res, arms)
	return res, nil
}

// The arms of one position; the first one is the whole way.
var parkDrainParts = []string{ours, "forward", "park", "evict", "drain"}

func parkDrainArms() (arms []*Arm) {
	for i, family := range []string{"IPv4", "IPv6"} {
		for k, size := range parkDrainSizes {
			for _, part := range parkDrainParts {
				arms = append(arms, &Arm{Name: part, X: float64(i*len(parkDrainSizes) + k), XLabel: fmt.Sprintf("%s, %d × %s", family, size.hops, label(size.ring))})
			}
		}
	}
	return arms
}

func judgeParkDrain(res *Result, arms []*Arm) {
	for i, a := range arms {
		a.Summarize()
		res.Arms = append(res.Arms, *a)
		if a.Name == ours {
			res.Checks = append(res.Checks, Check{What: a.XLabel, Value: 1e3 / a.Median, Limit: parkDrainGoal, Unit: "Mpps", Least: true, Met: 1e3/a.Median >= parkDrainGoal})
		}
		if a.Name == "evict" { // the second one behind forward
			res.Ratios = append(res.Ratios, NewRatio(a, arms[i-2], Quotient))
		}
	}
}
