// SPDX-License-Identifier: Apache-2.0

package bench

import (
	"context"
	"fmt"

	"github.com/parkway-gw/parkway/bench/target"
)

const (
	linkGbps   = 100     // of the link that bursts come by
	longest    = 1 << 16 // packets of a burst
	burstAgain = 4       // repetitions of a failed burst
)

// lineRate is how many frames of a size, without FCS, a link carries, in Mpps: with FCS,
// preamble and gap.
func lineRate(size int) float64 { return linkGbps * 1e3 / (float64(size+4+20) * 8) }

const burstMethod = "Back-to-back frames (RFC 2544 §26.4 as updated by RFC 9004): the longest burst at the rate of a 100 Gbit/s link that arrives whole, by binary search; a failed burst is repeated four times before it counts. " +
	"The corrected buffer time (RFC 9004 §6.4) is in the notes."

func backToBack() Case {
	return Case{Name: "back-to-back", Title: "Longest burst at 100 Gbit/s that nothing of is lost, by frame size", Run: runBurst}
}

func runBurst(ctx context.Context, r *Runner) (*Result, error) {
	res := &Result{Unit: "packets", Higher: true, Axis: "frame size", Method: r.pacedMethod(burstMethod)}
	sizes := pick(r.Quick, []int{64}, []int{64, 128, 256, 512})
	least := 1.0
	for _, size := range sizes {
		m := sizeOf(size)
		arm := Arm{Name: "parkway", X: m.x, XLabel: m.label}
		ran, err := r.paced(ctx, m, func(p *paced) error {
			most, err := p.most(ctx)
			if err != nil {
				return err
			}
			line := lineRate(size)
			if line <= most {
				arm.Missing = fmt.Sprintf("the link brings %.1f Mpps, less than the %.1f that the worker forwards: no burst is too long", line, most)
				return nil
			}
			for range min(r.Rounds, ndrRounds) {
				n, err := Burst{Max: longest, Repeat: burstAgain}.Run(ctx, func(ctx context.Context, n int) (uint64, error) {
					b, err := p.Trial(ctx, target.PacedTrial{PPS: uint64(line * 1e6), Packets: uint64(n)})
					return b.Offered - b.Sent, err
				})
				if err != nil {
					return err
				}
				arm.Samples = append(arm.Samples, float64(n))
				r.Logf("  %s octets: bursts of %d at %.1f Mpps", m.label, n, line)
			}
			arm.Summarize()
			res.Notes = append(res.Notes, fmt.Sprintf("%s octets: %.1f Mpps come in and %.1f Mpps leave; corrected buffer time %.1f µs.",
				m.label, line, most, BufferTime(arm.Median, line, most)))
			return nil
		})
		if err != nil {
			return nil, err
		}
		if arm.Missing != "" {
			res.Notes = append(res.Notes, arm.Label()+": "+arm.Missing)
		}
		least = min(least, ran)
		res.Arms = append(res.Arms, arm)
	}
	res.Notes = append(res.Notes, pacedNotes(least)...)
	return res, nil
}
