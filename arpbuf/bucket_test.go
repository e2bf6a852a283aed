// SPDX-License-Identifier: Apache-2.0

package arpbuf

import (
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestBucket(t *testing.T) {
	b := newBucket(100, 10)
	now := time.Unix(1000, 0)
	took := func(n int) (got int) {
		for range n {
			if b.take(now) {
				got++
			}
		}
		return got
	}
	if got := took(50); got != 10 {
		t.Errorf("%d at once, want 10", got)
	}
	now = now.Add(20 * time.Millisecond)
	if got := took(50); got != 2 {
		t.Errorf("%d after 20 ms, want 2", got)
	}
	now = now.Add(time.Hour)
	if got := took(50); got != 10 {
		t.Errorf("%d after an hour, want 10", got)
	}
	now = now.Add(-time.Minute) // a clock that goes back gives nothing away
	if got := took(1); got != 0 {
		t.Errorf("%d after the clock went back, want 0", got)
	}
}

// In no window does a bucket give more than burst + rate × window.
func TestBucketNeverExceedsItsRate(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rate := rapid.Float64Range(0, 1000).Draw(t, "rate")
		burst := rapid.IntRange(0, 50).Draw(t, "burst")
		b := newBucket(rate, burst)
		begin := time.Unix(0, 0)
		now, taken := begin, 0
		for range rapid.IntRange(1, 200).Draw(t, "takes") {
			now = now.Add(time.Duration(rapid.IntRange(0, 50_000_000).Draw(t, "gap")))
			if b.take(now) {
				taken++
			}
			if limit := float64(burst) + rate*now.Sub(begin).Seconds(); float64(taken) > limit+1e-6 {
				t.Fatalf("%d taken in %v, at most %v may be", taken, now.Sub(begin), limit)
			}
		}
	})
}
