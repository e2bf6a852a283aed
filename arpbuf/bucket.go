// SPDX-License-Identifier: Apache-2.0

package arpbuf

import "time"

// bucket is a token bucket: rate tokens per second, at most burst at once. It starts
// full. ICMP errors need one (RFC 4443 §2.4(f), checklist I4), and so do probes.
type bucket struct {
	rate, burst float64
	tokens      float64
	last        time.Time
	refused     uint64
}

func newBucket(rate float64, burst int) bucket {
	return bucket{rate: rate, burst: float64(burst), tokens: float64(burst)}
}

// inherit goes on with what another bucket holds.
func (b *bucket) inherit(old *bucket) {
	b.tokens, b.last, b.refused = min(old.tokens, b.burst), old.last, old.refused
}

func (b *bucket) refill(now time.Time) {
	if !b.last.IsZero() && now.After(b.last) {
		b.tokens = min(b.burst, b.tokens+b.rate*now.Sub(b.last).Seconds())
	}
	if b.last.IsZero() || now.After(b.last) {
		b.last = now
	}
}

// until is how long it takes until there is a token; 0 when there is one. The rate
// must not be 0.
func (b *bucket) until(now time.Time) time.Duration {
	b.refill(now)
	if b.tokens >= 1 {
		return 0
	}
	return time.Duration((1 - b.tokens) / b.rate * float64(time.Second))
}

// take takes one token; false when there is none.
func (b *bucket) take(now time.Time) bool {
	b.refill(now)
	if b.tokens < 1 {
		b.refused++
		return false
	}
	b.tokens--
	return true
}
