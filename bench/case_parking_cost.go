// SPDX-License-Identifier: Apache-2.0

package bench

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/parkway-gw/parkway/bench/target"
)

// NoParking is the name of the binary that parking-cost compares with: parkway, built
// without what parking costs the fast path (scripts/no-parking.sh), beside the one that runs.
const NoParking = "parkway-no-parking"

const (
	again   = "parkway again"   // the same binary: what two equal systems differ by
	without = "without parking" // NoParking
)

// absent is a target that this machine lacks.
type absent struct {
	target.Target
	why target.Unavailable
}

// Start says what is lacking.
func (a *absent) Start(context.Context, target.Scenario) error { return &a.why }

func parkingCost() Case {
	return Case{Name: "parking-cost", Title: "What parking costs when nothing is parked: IPv4, 4,096 flows of 64 octets, 16 routes by 16 gateways",
		Goal: "at most 0.5 ns/packet over the same gateway built without it",
		Run: Throughput{
			Positions: func(bool) []Position { return []Position{{Scenario: standard(target.IPv4)}} },
			Systems: []Contender{parkway, {New: withoutParking},
				{New: func(r *Runner) target.Target { return target.NewParkway(again, r.Binary) }}},
			Judge: judgeParkingCost,
			Notes: []string{"Without parking means: no look at an adjacency's state, no branch for packets whose next hop is unresolved, no look for rings that " +
				"control has handed back, no housekeeping of open rings. A gateway that drops such packets, and parks none, would need the first two all the same: the figure is an upper bound."},
		}.Run}
}

func withoutParking(r *Runner) target.Target {
	file := filepath.Join(filepath.Dir(r.Binary), NoParking)
	t := target.NewParkway(without, file)
	if _, err := os.Stat(file); err != nil {
		return &absent{t, target.Unavailable{What: "a gateway built without parking, " + file, Mend: "`make no-parking` builds it into bin/"}}
	}
	return t
}

func judgeParkingCost(res *Result) {
	costOver(res, without, 0.5)
	if a, b := pairOf(res, ours, again, firstX(res)); a != nil && b != nil {
		same := NewRatio(a, b, Cost)
		res.Notes = append(res.Notes, fmt.Sprintf("The same binary beside itself: %.2f ns/packet, quartiles %.2f to %.2f. What is below that is no difference.", same.Median, same.Low, same.High))
	}
}
