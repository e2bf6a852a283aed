// SPDX-License-Identifier: Apache-2.0

package bench

import (
	"fmt"
	"math"
)

const ours = "parkway" // the arm that goals speak of

// costOver demands that a packet costs at most so many nanoseconds more than one of the
// reference, at the first position.
func costOver(res *Result, reference string, limit float64) {
	check := Check{What: "cost over " + reference, Limit: limit, Unit: "ns/packet"}
	a, b := pairOf(res, ours, reference, firstX(res))
	if a == nil || b == nil {
		check.Missing = reference + " was not measured"
	} else {
		cost := NewRatio(a, b, Cost)
		check.Value, check.Met = cost.Median, cost.Median <= limit
		res.Notes = append(res.Notes, fmt.Sprintf("Cost over %s: %.1f ns/packet, quartiles %.1f to %.1f.", reference, cost.Median, cost.Low, cost.High))
		ratio := NewRatio(a, b, Quotient)
		res.Ratio = &ratio
	}
	res.Checks = append(res.Checks, check)
}

// alongAxis demands that at every position our rate is at least so much of the first
// position's. The ports cost more there as well: where the reference was measured along the
// axis, the same is said net of what it lost.
func alongAxis(res *Result, reference string, limit float64) {
	first, _ := res.Arm(ours, firstX(res))
	firstRef, _ := res.Arm(reference, firstX(res))
	worst := Check{What: "lowest rate, of the first position's", Value: math.Inf(1), Limit: limit, Unit: "×", Least: true}
	net := Check{What: "the same, net of what " + reference + " loses", Value: math.Inf(1), Limit: limit, Unit: "×", Least: true}
	for i := range res.Arms {
		a := &res.Arms[i]
		if a.Name != ours || a.X == firstX(res) || len(a.Samples) == 0 || first == nil {
			continue
		}
		ratio := NewRatio(a, first, Quotient)
		res.Ratios = append(res.Ratios, ratio)
		if ratio.Median < worst.Value {
			worst.Value = ratio.Median
			res.Ratio = &ratio
		}
		ref, _ := res.Arm(reference, a.X)
		if ref == nil || firstRef == nil || len(ref.Samples) == 0 || len(firstRef.Samples) == 0 {
			continue
		}
		lost := NewRatio(ref, firstRef, Cost).Median
		res.Notes = append(res.Notes, fmt.Sprintf("%s: %.2f× the first position; %s needs %.1f ns/packet more there than at the first.", a.XLabel, ratio.Median, reference, lost))
		net.Value = min(net.Value, NSPerPacket(first.Median)/(NSPerPacket(a.Median)-lost))
	}
	if math.IsInf(worst.Value, 1) {
		worst.Value, worst.Missing = 0, "one position only"
	}
	worst.Met = worst.Missing == "" && worst.Value >= limit
	res.Checks = append(res.Checks, worst)
	if !math.IsInf(net.Value, 1) {
		net.Met = net.Value >= limit
		res.Checks = append(res.Checks, net)
	}
}

// againstReference records our rate as a part of the reference's, at every position.
func againstReference(res *Result, reference string) {
	for i := range res.Arms {
		a, b := pairOf(res, ours, reference, res.Arms[i].X)
		if res.Arms[i].Name == ours && a != nil && b != nil {
			res.Ratios = append(res.Ratios, NewRatio(a, b, Quotient))
		}
	}
}

// pairOf returns two measured arms at a position, or nil.
func pairOf(res *Result, of, to string, x float64) (a, b *Arm) {
	if a, _ = res.Arm(of, x); a != nil && len(a.Samples) == 0 {
		a = nil
	}
	if b, _ = res.Arm(to, x); b != nil && len(b.Samples) == 0 {
		b = nil
	}
	return a, b
}

func firstX(res *Result) float64 {
	if len(res.Arms) == 0 {
		return 0
	}
	return res.Arms[0].X
}

// againstFirst records our rate as a part of that at the first position.
func againstFirst(res *Result) {
	first, _ := res.Arm(ours, firstX(res))
	for i := range res.Arms {
		if a := &res.Arms[i]; a.Name == ours && a.X != firstX(res) && first != nil {
			res.Ratios = append(res.Ratios, NewRatio(a, first, Quotient))
		}
	}
}

// againstBase compares with the other binary at every position. With an allowance it
// demands that the worst position is slower by no more than that.
func againstBase(res *Result, percent float64) {
	againstReference(res, base)
	res.Checks = nil
	if percent <= 0 || len(res.Ratios) == 0 {
		return
	}
	check := Check{What: "lowest rate, of the base's", Value: math.Inf(1), Limit: 1 - percent/100, Unit: "×", Least: true}
	for _, r := range res.Ratios {
		check.Value = min(check.Value, r.Median)
	}
	check.Met = check.Value >= check.Limit
	res.Checks = []Check{check}
}
