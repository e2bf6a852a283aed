// SPDX-License-Identifier: Apache-2.0
// What a worker remembers of the neighbor hash: where the last destination of each
// place led to. The adjacency itself says whether that is still so, and it is read anyway.
//
// An index may be of an adjacency that was released since. Control takes listed back
// before the grace period after which it is used again, so a worker that has seen listed
// sees the rest unchanged until it is next quiescent.
#ifndef PW_NEAR_H
#define PW_NEAR_H

#include <string.h>

#include "adjacency.h"
#include "neigh_key.h"

#define PW_NEAR 65536u // a power of two; 256 KiB per worker

// pw_near_at is the place of a destination. Hosts of a subnet differ in their last octets.
static inline uint32_t
pw_near_at(const union pw_neigh_key *key, uint8_t family)
{
	uint64_t v = key->v4;
	if (family == 4) {
		v = (v >> 32) * 0x9e37u + rte_be_to_cpu_32((uint32_t)v);
	} else {
		uint32_t word[5];
		memcpy(word, &key->v6, sizeof(word));
		v = rte_be_to_cpu_32(word[0] ^ word[1]) * 3u + rte_be_to_cpu_32(word[2]) * 5u + rte_be_to_cpu_32(word[3]) +
		    word[4] * 0x9e37u;
	}
	return (uint32_t)v % PW_NEAR;
}

// pw_near_is tells whether the neighbor hash leads from key to a.
static inline bool
pw_near_is(const struct pw_adj *a, const union pw_neigh_key *key, uint8_t family)
{
	if (atomic_load_explicit(&a->listed, memory_order_acquire) == 0 || a->family != family)
		return false;
	if (family == 6)
		return a->lrp == key->v6.lrp && memcmp(a->ip, key->v6.ip, sizeof(a->ip)) == 0;
	uint32_t ip;
	memcpy(&ip, a->ip, sizeof(ip));
	return pw_neigh4_key(a->lrp, ip) == key->v4;
}

#endif
