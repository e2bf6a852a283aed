// SPDX-License-Identifier: Apache-2.0

package arpbuf

import "time"

// bucket is a token bucket (RFC 4443 §2.4(f), checklist I4): rate tokens per
// second, at most burst at once. It starts full.
type bucket struct {
	rate, burst float64
	tokens      float64
	last        time.Time
	refused     uint64
}

func newBucket(rate float64, burst int) bucket {
	return bucket{rate: rate, burst: float64(burst), tokens: float64(burst)}
}

// take takes one token; false when there is none.
func (b *bucket) take(now time.Time) bool {
	if !b.last.IsZero() && now.After(b.last) {
		b.tokens = min(b.burst, b.tokens+b.rate*now.Sub(b.last).Seconds())
	}
	if b.last.IsZero() || now.After(b.last) {
		b.last = now
	}
	if b.tokens < 1 {
		b.refused++
		return false
	}
	b.tokens--
	return true
}
