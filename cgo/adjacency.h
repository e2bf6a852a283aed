// SPDX-License-Identifier: Apache-2.0
// An adjacency is what a forwarded packet needs to leave: the next hop's MAC, our
// own MAC, the switch port it leaves by, and whether all this may be used.
//
// MAC, switch port and state sit in one 64-bit word, so that no worker sees half
// of an update: control stores it, workers load it, nobody locks.
#ifndef PW_ADJACENCY_H
#define PW_ADJACENCY_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "bounds.h"

// State of an adjacency as workers care for it. Those from REACHABLE on forward
// (RFC 4861 7.3.3: STALE, DELAY and PROBE keep sending).
enum pw_adj_state {
	PW_ADJ_INCOMPLETE = 0, // park
	PW_ADJ_DRAINING = 1,   // MAC known; parked packets go first
	PW_ADJ_FAILED = 2,     // drop: held off after probes went unanswered
	PW_ADJ_REACHABLE = 4,
	PW_ADJ_STALE = 5,
	PW_ADJ_DELAY = 6,
	PW_ADJ_PROBE = 7,
	PW_ADJ_PERMANENT = 8,
};

#define PW_ADJ_USABLE PW_ADJ_REACHABLE // the first state that forwards

// What control says of a next hop besides its state. Slot policy and parking read
// it, forwarding does not.
enum pw_adj_flags {
	PW_ADJ_KNOWN = 1 << 0, // a route names it, or it has answered before
	PW_ADJ_GATED = 1 << 1, // it lives behind a switch port that packets may wait for
};

// 0 takes out of the fast path what parking has put there, for the bench that says what
// that costs (bench/case_parking_cost.go). Such a gateway takes every next hop for resolved:
// it must know all MACs that it will ever need.
#ifndef PW_PARKING
#define PW_PARKING 1
#endif

#define PW_OUT_SWITCH 0xfffu           // no known switch port: look the MAC up in the egress switch

struct pw_adj {
	_Atomic uint64_t word; // writer: control; readers: workers. See pw_adj_word
	union {
		struct {
			uint8_t src_mac[6];   // router port's MAC
			_Atomic uint8_t used; // set by any worker that forwards, or drops for want of a MAC; cleared by control when it samples
			uint8_t family;       // 4 or 6; fixed
		};
		_Atomic uint64_t source; // all three; writer: control, when the router port gets another MAC
	};
	uint32_t lrp;          // egress router port; fixed
	_Atomic uint32_t listed; // 1 while the neighbor hash has it; writer: control; readers: workers
	uint8_t ip[16];        // next hop, IPv4 in the first four octets; fixed
	_Atomic uint8_t flags; // enum pw_adj_flags; writer: control; readers: workers
	uint8_t pad[23];
} __attribute__((aligned(PW_CACHE_LINE)));

_Static_assert(sizeof(struct pw_adj) == PW_CACHE_LINE, "an adjacency is one cache line");

// pw_adj_touch says that a packet came for a. It is written once per sample of
// control's, not once per packet.
static inline void
pw_adj_touch(struct pw_adj *a)
{
	if (atomic_load_explicit(&a->used, memory_order_relaxed) == 0)
		atomic_store_explicit(&a->used, 1, memory_order_relaxed);
}

// pw_adj_word packs octets 0..5 the MAC in memory order, then 12 bits of switch
// port index, then 4 bits of state.
static inline uint64_t
pw_adj_word(const uint8_t mac[6], uint16_t out, enum pw_adj_state state)
{
	uint64_t w = 0;
	for (int i = 5; i >= 0; i--)
		w = w << 8 | mac[i];
	return w | (uint64_t)(out & 0xfffu) << 48 | (uint64_t)state << 60;
}

static inline enum pw_adj_state
pw_adj_state(uint64_t word)
{
	return (enum pw_adj_state)(word >> 60);
}

static inline uint16_t
pw_adj_out(uint64_t word)
{
	return (uint16_t)(word >> 48) & 0xfffu;
}

static inline bool
pw_adj_usable(uint64_t word)
{
	return !PW_PARKING || word >> 60 >= PW_ADJ_USABLE;
}

// pw_adj_source writes our own MAC to eth_src. It is loaded in one, so that no frame
// leaves with half of it.
static inline void
pw_adj_source(const struct pw_adj *a, uint8_t *eth_src)
{
	uint64_t w = atomic_load_explicit(&a->source, memory_order_relaxed);
	__builtin_memcpy(eth_src, &w, 6);
}

static inline uint64_t
pw_adj_load(const struct pw_adj *a)
{
	return atomic_load_explicit(&a->word, memory_order_acquire);
}

#endif
