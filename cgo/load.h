// SPDX-License-Identifier: Apache-2.0
// A worker's load, always counted: once per poll and once per receive burst, never per
// packet. The classes of both histograms are powers of two, so that counting is a bit
// scan and an addition.
#ifndef PW_LOAD_H
#define PW_LOAD_H

#include <stdatomic.h>
#include <stdint.h>

#include "bounds.h"

#define PW_GAP_BUCKETS 22  // of poll gaps; bucket i ends before 1 us << i, the last has no end
#define PW_BURST_BUCKETS 7 // of receive bursts; bucket i holds those of up to 1 << i packets

_Static_assert(1 << (PW_BURST_BUCKETS - 1) == PW_BURST, "the last bucket ends with a full burst");

// Single writer: the worker, but for max_gap. Readers add up.
struct pw_load {
	// Longest time between the ends of two polls, sleep excluded, cycles. The worker
	// raises it; whoever wants to watch a stretch of time puts it back to 0.
	_Atomic uint64_t max_gap;
	uint64_t gap_cycles; // sum of all gaps
	uint64_t poll_gaps[PW_GAP_BUCKETS];
	uint64_t burst_sizes[PW_BURST_BUCKETS];
};

// pw_load_us is what turns cycles into microseconds, in 1/2^64.
static inline uint64_t
pw_load_us(uint64_t tsc_hz)
{
	// Rounded up, so that whole microseconds end in the bucket that they begin.
	return (uint64_t)((((unsigned __int128)1000000 << 64) + tsc_hz - 1) / tsc_hz);
}

// pw_load_gap counts the time between the ends of two polls. Worker only.
static inline void
pw_load_gap(struct pw_load *l, uint64_t cycles, uint64_t us)
{
	uint64_t whole = (uint64_t)((unsigned __int128)cycles * us >> 64);
	int bucket = whole == 0 ? 0 : 64 - __builtin_clzll(whole);
	l->poll_gaps[bucket < PW_GAP_BUCKETS ? bucket : PW_GAP_BUCKETS - 1]++;
	l->gap_cycles += cycles;
	// A reset in between loses nothing: this gap has only just ended.
	if (__builtin_expect(cycles > atomic_load_explicit(&l->max_gap, memory_order_relaxed), 0))
		atomic_store_explicit(&l->max_gap, cycles, memory_order_relaxed);
}

// pw_load_burst counts a receive burst of n packets, 1 to PW_BURST. Worker only.
static inline void
pw_load_burst(struct pw_load *l, uint16_t n)
{
	l->burst_sizes[n == 1 ? 0 : 32 - __builtin_clz(n - 1u)]++;
}

#endif
