/* SPDX-License-Identifier: Apache-2.0 */

/* The sink: a transmit callback on every queue of a port that looks at what goes
 * out and leaves it to the driver.
 *
 * Two threads may send through one port, each by a queue of its own. Counters are
 * per queue and have one writer. Only what must be known across queues, a flow's
 * highest number, is shared: one compare-and-swap per packet, no lock, so that a
 * thread that the kernel takes off its CPU never holds the other one up. */
#ifndef PWT_SINK_H
#define PWT_SINK_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include <rte_ethdev.h>

#include "cells.h"
#include "stamp.h"

#define PWT_QUEUES 16
#define PWT_SUB 3 /* bits: eight buckets for each power of two, so that one is 12 % wide at most */
#define PWT_BUCKETS ((64 - PWT_SUB + 1) << PWT_SUB)

/* The bucket of so many cycles: the number itself below 8, then eight to each power of two. */
static inline uint32_t
pwt_bucket(uint64_t cycles)
{
	if (cycles < (1 << PWT_SUB))
		return (uint32_t)cycles;
	uint32_t e = 63 - (uint32_t)__builtin_clzll(cycles) - PWT_SUB;
	return (e << PWT_SUB) + (uint32_t)(cycles >> e);
}

/* A flow as all queues, or one, have seen it. */
struct pwt_flow_stats {
	uint64_t received;
	uint64_t first, last; /* lowest-time and highest-numbered: the first number seen, and the highest */
	uint64_t reordered;   /* came after a higher number */
	uint64_t duplicates;  /* the highest number once more */
	uint64_t gaps;        /* jumps over one or more numbers */
	uint64_t missing;     /* numbers jumped over; a reordered packet may have come later */
	uint64_t run;         /* the number after the last gap, or the first: from it to last nothing is missing */
	uint64_t first_tsc, last_tsc;
	uint64_t octets;
};

struct pwt_sink_stats {
	uint64_t received;                     /* stamped packets of known flows */
	uint64_t octets;                       /* of them */
	uint64_t reordered, duplicates, gaps, missing;
	uint64_t strangers;                    /* stamped, of a flow beyond the table */
	uint64_t others;                       /* not stamped */
	uint64_t arp, nd, icmp;                /* of others: ARP, Neighbor Discovery, other ICMP and ICMPv6 */
	uint64_t overflow;                     /* others that were counted and not copied */
	uint64_t wait_min, wait_max;           /* cycles from the making of a packet to here */
	uint64_t wait_sum;
	uint64_t wait[PWT_BUCKETS];            /* by pwt_bucket */
	uint64_t attached;
};

struct pwt_sink;

/* pwt_sink_new attaches to all transmit queues of a configured port that nobody
 * sends through yet. NULL, and *err a negative errno, when it can't. */
struct pwt_sink *pwt_sink_new(uint16_t port, uint32_t flows, uint32_t others, int *err);

/* pwt_sink_free detaches, if the port was not closed before, and frees. Nobody may
 * send through the port. */
void pwt_sink_free(struct pwt_sink *s);

/* Any thread; whole once traffic rests. */
uint32_t pwt_sink_queues(const struct pwt_sink *s);
void pwt_sink_stats(struct pwt_sink *s, struct pwt_sink_stats *out);
bool pwt_sink_flow(struct pwt_sink *s, uint32_t flow, struct pwt_flow_stats *out);
bool pwt_sink_flow_queue(struct pwt_sink *s, uint32_t flow, uint32_t queue, struct pwt_flow_stats *out);

/* pwt_sink_other copies the next frame that was not stamped; false when there is
 * none. One thread at a time. */
bool pwt_sink_other(struct pwt_sink *s, struct pwt_cell *out);

#endif
