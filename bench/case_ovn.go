// SPDX-License-Identifier: Apache-2.0

package bench

import "github.com/parkway-gw/parkway/bench/target"

// reference is what a user has today, and withoutEMC the same with its first cache off.
const (
	reference  = "ovn"
	withoutEMC = "ovn, EMC off"
)

func ovn() Case {
	return Case{Name: "ovn", Title: "OVN on OVS-DPDK with the same network on the same ports, IPv4, 64 octets, 16 routes by 16 gateways",
		Goal: "at least 5 times OVN's rate at 4,096 flows, 10 times at 1M",
		Run: Throughput{Axis: "flows", LogX: true, Slow: true,
			Positions: func(quick bool) []Position {
				return along(pick(quick, []int{4096}, []int{4096, 1_000_000}), standard(target.IPv4), func(s *target.Scenario, v int) { s.Flows = v })
			},
			Systems: []Contender{parkway,
				{New: func(*Runner) target.Target { return &target.OVN{} }},
				// With more flows than it holds, the cache costs more than it saves.
				{New: func(*Runner) target.Target {
					return &target.OVN{Label: withoutEMC, Other: map[string]string{"emc-insert-inv-prob": "0"}}
				}, At: 1_000_000}},
			Judge: func(res *Result) {
				timesReference(res, reference, map[float64]float64{4096: 5, 1_000_000: 10})
				againstReference(res, withoutEMC)
			},
			Notes: []string{"OVN and OVS-DPDK are Debian's packages, started by hand with their own databases. " +
				"Both systems have the same kind of memory, CPUs, ports and packets; OVS's bursts are of 32 packets, which it does not let one choose.",
				"The goal speaks of OVS as it comes. What its exact match cache costs at a million flows, which it can't hold, the arm without it shows; at 4,096 flows the defaults were its best of smc-enable and emc-insert-inv-prob 0, 1 and 100."},
		}.Run}
}

// timesReference demands at each of these positions that our rate is at least so many
// times the reference's.
func timesReference(res *Result, reference string, limits map[float64]float64) {
	againstReference(res, reference)
	for i := range res.Arms {
		arm := &res.Arms[i]
		limit, demanded := limits[arm.X]
		if arm.Name != ours || !demanded {
			continue
		}
		check := Check{What: "rate of " + reference + "'s at " + arm.XLabel + " flows", Limit: limit, Unit: "×", Least: true}
		if a, b := pairOf(res, ours, reference, arm.X); a == nil || b == nil {
			check.Missing = reference + " was not measured"
		} else {
			ratio := NewRatio(a, b, Quotient)
			check.Value, check.Met = ratio.Median, ratio.Median >= limit
			if res.Ratio == nil {
				res.Ratio = &ratio
			}
		}
		res.Checks = append(res.Checks, check)
	}
}
