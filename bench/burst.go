// SPDX-License-Identifier: Apache-2.0

package bench

import (
	"context"
	"errors"
)

// Burst finds the longest burst at a rate above its throughput that a device takes without
// loss (RFC 2544 §26.4 as RFC 9004 has it): the binary search over lengths of Max at most,
// with repetitions of failed trials.
type Burst struct {
	Max    int // packets
	Repeat int
}

// errBurst is that of a search without sense.
var errBurst = errors.New("a search for bursts needs a longest one of two packets or more")

// Run returns the longest burst that passed, in packets; 0 if not even one packet did, and
// Max if that passed: the device has as good as no bound there.
func (b Burst) Run(ctx context.Context, trial func(ctx context.Context, packets int) (lost uint64, err error)) (int, error) {
	if b.Max < 2 || b.Repeat < 0 {
		return 0, errBurst
	}
	passes := func(n int) (bool, error) {
		for range 1 + b.Repeat {
			if ctx.Err() != nil {
				return false, context.Cause(ctx)
			}
			lost, err := trial(ctx, n)
			if err != nil || lost == 0 {
				return err == nil, err
			}
		}
		return false, nil
	}
	low, high := 0, b.Max+1 // low passes, high does not
	for next := b.Max; high-low > 1; next = (low + high) / 2 {
		ok, err := passes(next)
		if err != nil {
			return 0, err
		}
		if ok {
			low = next
		} else {
			high = next
		}
	}
	return low, nil
}

// BufferTime is how long a device could hold packets that it can't yet forward, in
// microseconds: a burst's packets at its rate, less those that the device forwarded
// meanwhile (RFC 9004 §6.4).
func BufferTime(burst, burstMpps, throughputMpps float64) float64 {
	if burstMpps <= 0 || throughputMpps >= burstMpps {
		return 0
	}
	return burst / burstMpps * (1 - throughputMpps/burstMpps)
}
