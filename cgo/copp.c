// SPDX-License-Identifier: Apache-2.0
#include "copp.h"

#include <rte_common.h>

#define TAKE_TRIES 8
#define ASTRAY (UINT64_C(1) << 32) // TSC cycles, a second or two: far more than workers are apart

enum pw_copp_class
pw_copp_class(enum pw_copp_bucket bucket)
{
	if (bucket >= PW_BUCKET_ERROR4 && bucket < PW_BUCKET_ERROR6)
		return PW_COPP_ICMP4_ERROR;
	if (bucket >= PW_BUCKET_ERROR6 && bucket < PW_BUCKET_ECHO4)
		return PW_COPP_ICMP6_ERROR;
	switch (bucket) {
	case PW_BUCKET_ND_NS:
		return PW_COPP_ND_NS;
	case PW_BUCKET_ND_NA:
		return PW_COPP_ND_NA;
	case PW_BUCKET_ND_RA_OPTS:
		return PW_COPP_ND_RA_OPTS;
	case PW_BUCKET_ECHO4:
		return PW_COPP_ICMP4_ECHO;
	case PW_BUCKET_ECHO6:
		return PW_COPP_ICMP6_ECHO;
	case PW_BUCKET_TCP_RESET:
		return PW_COPP_TCP_RESET;
	default:
		return PW_COPP_ARP;
	}
}

struct pw_meter
pw_meter_of(uint64_t tsc_hz, uint32_t rate, uint32_t burst)
{
	if (rate == 0)
		return (struct pw_meter){0};
	uint64_t interval = RTE_MAX(tsc_hz / rate, UINT64_C(1));
	return (struct pw_meter){.interval = interval, .tolerance = interval * (RTE_MAX(burst, 1u) - 1)};
}

// The bucket is kept as the time at which it will be full (GCRA): one word, no timer, and
// under a flood it is read only. A time that this meter can't have led to is that of another
// one, slower, from before the meters were changed, or of a clock that was set back: the
// bucket is empty then, and not for as long as that time says.
bool
pw_bucket_take(_Atomic uint64_t *full_at, const struct pw_meter *m, uint64_t now)
{
	uint64_t at = atomic_load_explicit(full_at, memory_order_relaxed);
	for (int tries = 0; tries < TAKE_TRIES; tries++) {
		uint64_t from = RTE_MAX(at, now);
		if (from - now > m->tolerance) {
			if (from - now - m->tolerance <= m->interval + ASTRAY)
				return false;
			from = now + m->tolerance;
		}
		if (atomic_compare_exchange_weak_explicit(full_at, &at, from + m->interval, memory_order_relaxed,
							  memory_order_relaxed))
			return true;
	}
	return false;
}
