// SPDX-License-Identifier: Apache-2.0
// Control plane protection: what workers give to control passes a token bucket first, one
// for each router port and kind of packet, so that a flood ends in the worker that received
// it and takes nothing of another port's share. The classes are OVN's CoPP protocols; some
// have several buckets, so that one kind of packet can't use up another's.
#ifndef PW_COPP_H
#define PW_COPP_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "bounds.h"

// What a meter can be given for.
enum pw_copp_class {
	PW_COPP_ARP = 0,
	PW_COPP_ND_NS,
	PW_COPP_ND_NA,
	PW_COPP_ND_RA_OPTS,
	PW_COPP_ICMP4_ERROR,
	PW_COPP_ICMP6_ERROR,
	PW_COPP_ICMP4_ECHO,
	PW_COPP_ICMP6_ECHO,
	PW_COPP_TCP_RESET,
	PW_COPP_CLASSES,
};

// The buckets, each with the values of its class.
enum pw_copp_bucket {
	PW_BUCKET_ARP_REQUEST = 0,
	PW_BUCKET_ARP_REPLY, // requests must not keep the answers out that somebody waits for
	PW_BUCKET_ND_NS,
	PW_BUCKET_ND_NA,
	PW_BUCKET_ND_RA_OPTS,
	PW_BUCKET_ERROR4, // IPv4 errors, in the order of enum pw_copp_error
	PW_BUCKET_ERROR6 = PW_BUCKET_ERROR4 + 4,
	PW_BUCKET_ECHO4 = PW_BUCKET_ERROR6 + 4,
	PW_BUCKET_ECHO6,
	PW_BUCKET_TCP_RESET,
	PW_COPP_BUCKETS,
};

// Kinds of errors: a traceroute must not silence path MTU discovery.
enum pw_copp_error {
	PW_ERROR_TTL = 0,
	PW_ERROR_UNREACHABLE, // no way to the destination
	PW_ERROR_TOO_BIG,
	PW_ERROR_LOCAL, // ports and protocols of the router itself, and damaged headers
};

// A token bucket's values: a packet takes interval; so much may be taken ahead of time.
struct pw_meter {
	uint64_t interval;  // TSC cycles per packet; 0 is no limit
	uint64_t tolerance; // TSC cycles
};

// The meters of a router port, in a snapshot.
struct pw_copp {
	struct pw_meter m[PW_COPP_CLASSES];
};

// The buckets of a router port: when each is full again, as TSC. Shared by all workers,
// beside the snapshots, so that a rate is what it says whoever receives the packets and
// lives on when the topology changes.
struct pw_copp_state {
	_Atomic uint64_t full_at[PW_COPP_BUCKETS];
} __attribute__((aligned(PW_CACHE_LINE)));

// What a worker has refused, by router port. Writer: the worker.
struct pw_copp_refused {
	uint64_t n[PW_COPP_BUCKETS];
} __attribute__((aligned(PW_CACHE_LINE)));

enum pw_copp_class pw_copp_class(enum pw_copp_bucket bucket);

// pw_meter_of returns the meter for rate packets per second and burst at once.
struct pw_meter pw_meter_of(uint64_t tsc_hz, uint32_t rate, uint32_t burst);

// pw_bucket_take takes one packet out of a bucket; false when it is empty. Any thread: a
// thread whose store collides gives up after a few tries, as if it were empty.
bool pw_bucket_take(_Atomic uint64_t *full_at, const struct pw_meter *m, uint64_t now);

#endif
