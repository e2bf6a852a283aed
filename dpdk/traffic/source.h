/* SPDX-License-Identifier: Apache-2.0 */

/* The source: a receive callback that makes packets in the thread that polls. */
#ifndef PWT_SOURCE_H
#define PWT_SOURCE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include <rte_ethdev.h>

#include "cells.h"
#include "stamp.h"

#define PWT_GROUPS 4
#define PWT_SCHEDULE 256
#define PWT_FRAME 1536 /* octets of a template, at most */

/* Packets of one kind: a template, and how its destination and flow change. */
struct pwt_group {
	uint8_t family;      /* 4 or 6 */
	uint8_t scan_bits;   /* 0: flow i goes to dst + i; else all go to flow first, dst runs over so many low bits */
	uint16_t len;        /* of the frame */
	uint32_t first;      /* flow */
	uint32_t flows;      /* how many */
	uint32_t run;        /* packets to a flow before the next has its turn */
	uint64_t dst;        /* IPv4 address, or the low half of the IPv6 one */
	uint32_t sum;        /* of the checksum's words that do not change; not folded */
	uint8_t frame[PWT_FRAME];
	/* The callback's own. */
	uint32_t at, left;
	uint64_t scan;
};

/* What a source does until it is given another program. */
struct pwt_program {
	uint64_t gen; /* which of the source's programs it is, from 1 */
	uint64_t limit; /* packets; 0: no limit */
	uint32_t n_groups, n_schedule;
	uint32_t due; /* at a rate: stamps say when a packet was due, not when it was made; the
		       * limit is of packets due */
	uint8_t schedule[PWT_SCHEDULE]; /* whose turn it is, round and round */
	struct pwt_group group[PWT_GROUPS];
	/* The callback's own. */
	uint64_t made;
	uint64_t missed; /* due, and skipped for want of room; counted with due only */
	uint32_t at;
};

struct pwt_source_stats {
	uint64_t generated;  /* packets made */
	uint64_t injected;   /* frames of the inject ring delivered */
	uint64_t inject_tsc; /* when the last of them was */
	uint64_t skipped;    /* packets due that were never made: the poller came too late */
	uint64_t no_mbuf;    /* polls that found too few mbufs in the pool, and made none */
	uint64_t done;       /* 1 when the program's limit is reached */
	uint64_t idle;       /* 1 when the poller has seen the last change of program */
	uint64_t attached;   /* 1 until the port is closed */
};

struct pwt_source;

/* pwt_source_new attaches to a receive queue of a configured port that is not
 * polled yet. It holds sequence numbers for flows 0..flows and an inject ring of so
 * many frames (a power of two). NULL, and *err a negative errno, when it can't. */
struct pwt_source *pwt_source_new(uint16_t port, uint16_t queue, struct rte_mempool *pool, uint32_t flows,
				  uint32_t inject, int *err);

/* pwt_source_free detaches, if the port was not closed before, and frees. Nobody
 * may poll the queue. */
void pwt_source_free(struct pwt_source *s);

/* pwt_source_run replaces the program; takes p, of pwt_program_new, or NULL to make
 * nothing more. One thread at a time. */
void pwt_source_run(struct pwt_source *s, struct pwt_program *p);
struct pwt_program *pwt_program_new(void);

/* Any thread. */
void pwt_source_rate(struct pwt_source *s, uint64_t pps); /* 0: all that is polled for */
void pwt_source_backlog(struct pwt_source *s, uint32_t packets);
void pwt_source_stats(struct pwt_source *s, struct pwt_source_stats *out);
uint64_t pwt_source_sent(struct pwt_source *s, uint32_t flow);

/* pwt_source_inject has a frame of up to PWT_SNAP octets received; false when the
 * ring is full. One thread at a time. */
bool pwt_source_inject(struct pwt_source *s, const void *frame, uint16_t len);

#endif
