// SPDX-License-Identifier: Apache-2.0

package bench

import (
	"context"
	"errors"
	"fmt"
)

// Trial is what came of offering a rate to a device for a trial's length.
type Trial struct {
	Rate    float64 // offered, in Mpps
	Offered uint64  // packets
	Lost    uint64  // of them
}

// Loss is the lost share of the packets; all of it where none were offered.
func (t Trial) Loss() float64 {
	if t.Offered == 0 {
		return 1
	}
	return float64(t.Lost) / float64(t.Offered)
}

// Search finds the highest rate that a device forwards with no more loss than accepted:
// by RFC 2544's definition its throughput (NDR) where none is, a partial drop rate (PDR)
// otherwise. It is the binary search with loss verification of ETSI GS NFV-TST 009: a rate
// is too high only when a trial fails and its repetitions fail too, because a machine that
// looks away for a moment says nothing about the rate. What it finds has passed twice.
type Search struct {
	Max        float64 // Mpps: the highest rate to try
	Resolution float64 // the end: the bounds are this share of Max apart
	Loss       float64 // accepted share of packets, 0 to 1
	Repeat     int     // how often a failed trial is repeated before it counts
}

// Found is the result of a Search.
type Found struct {
	Rate   float64 // Mpps; 0: no rate passed
	Last   Trial   // that of Rate which confirmed it
	Trials int     // of the whole search
	AtMax  bool    // Max itself passed: the device may do more
	Again  int     // trials that failed and whose repetition passed
}

// errSearch is that of a search without sense.
var errSearch = errors.New("a search needs a highest rate, a resolution of 0 to 1, and accepts a loss of 0 to 1")

// Run searches. It makes about log2(1/Resolution) trials that pass or fail, up to Repeat
// more for each that fails, and one to confirm; a device that fails at a rate which it
// passed before costs another search below.
func (s Search) Run(ctx context.Context, trial func(ctx context.Context, mpps float64) (Trial, error)) (Found, error) {
	if s.Max <= 0 || s.Resolution <= 0 || s.Resolution >= 1 || s.Loss < 0 || s.Loss >= 1 || s.Repeat < 0 {
		return Found{}, fmt.Errorf("%w: %+v", errSearch, s)
	}
	var f Found
	passes := func(mpps float64) (bool, error) {
		for i := range 1 + s.Repeat {
			if err := ctx.Err(); err != nil {
				return false, context.Cause(ctx)
			}
			t, err := trial(ctx, mpps)
			if err != nil {
				return false, err
			}
			f.Trials++
			if t.Loss() <= s.Loss {
				f.Last = t
				if i > 0 {
					f.Again++
				}
				return true, nil
			}
		}
		return false, nil
	}
	low, high := 0.0, s.Max
	ok, err := passes(high)
	if err != nil {
		return f, err
	}
	if ok {
		low = high
	}
	step := s.Resolution * s.Max
	for {
		for high-low > step {
			middle := (low + high) / 2
			if ok, err = passes(middle); err != nil {
				return f, err
			}
			if ok {
				low = middle
			} else {
				high = middle
			}
		}
		if low == 0 {
			return Found{Trials: f.Trials, Again: f.Again}, nil
		}
		if ok, err = passes(low); err != nil {
			return f, err
		}
		if ok {
			f.Rate, f.AtMax = low, low == s.Max
			return f, nil
		}
		low, high = 0, low
	}
}
