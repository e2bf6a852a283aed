// SPDX-License-Identifier: Apache-2.0
// A worker: one thread, its receive queues, one transmit queue on every port, and
// everything that it alone writes.
#ifndef PW_WORKER_H
#define PW_WORKER_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include <rte_ring.h>

#include "burst.h"
#include "copp.h"
#include "cost.h"
#include "counters.h"
#include "datapath.h"
#include "load.h"
#include "near.h"
#include "park.h"
#include "sleep.h"

struct pw_rxq {
	uint16_t port, queue;
};

struct pw_txbuf {
	uint16_t n;
	struct rte_mbuf *m[PW_BURST];
};

// A source MAC seen on a port that learns, or with the first frame from a switch port
// that packets wait for, on its way to control.
struct pw_learn {
	uint64_t mac;
	uint16_t sw, lsp;
	uint32_t zero;
};

// Packets on their way to another router of this node: bursts 0 to last, all but the
// last of them full. One unless packets were cut on the way.
struct pw_hop {
	uint16_t last;
	struct pw_burst b[PW_HOP_BURSTS];
};

// Load, single writer: the worker.
struct pw_worker_stats {
	uint64_t heartbeat;   // polls of all queues
	uint64_t packets;     // received
	uint64_t busy_cycles; // of polls that received or sent something
	uint64_t idle_cycles; // of empty polls, sleep included
	uint64_t bursts;      // non-empty receive bursts
	struct pw_load load;  // their sizes, and the gaps between polls
};

struct pw_worker_config {
	uint16_t index;       // also the RCU thread id
	uint16_t txq;         // its transmit queue on every port
	uint16_t n_rxqs;
	bool adaptive;        // sleep when idle
	uint32_t max_sleep_ns;     // where a port can't wake it
	uint64_t watched_sleep_ns; // where all of them can
	uint64_t longest_poll; // of those that are measured, cycles; a longer one was interrupted
	uint32_t ring_size;   // of each punt and inject ring, a power of two
	int socket;
	struct pw_rxq rxqs[PW_MAX_RXQS];
	struct pw_park_config park;
};

struct pw_worker {
	struct pw_worker_config cfg;
	struct pw_datapath *dp;

	// Written by control, read by the worker once per poll.
	_Atomic uint32_t stop __attribute__((aligned(PW_CACHE_LINE)));
	_Atomic uint32_t kick; // grows when a park slot was handed back
	_Atomic uint32_t sample; // order to measure what stages cost, see cost.h; 0: off
	uint32_t orders;         // of those, ever; control's own

	// The worker's sleep; control wakes it. What is watched are receive queues.
	struct pw_sleeper sleep __attribute__((aligned(PW_CACHE_LINE)));

	// Written by the worker; readers add up.
	struct pw_counters counters __attribute__((aligned(PW_CACHE_LINE)));
	struct pw_worker_stats stats;
	struct pw_copp_refused *refused; // by router port
	uint64_t policy_packets[PW_MAX_POLICIES]; // that policies acted on, by their counter

	// The worker's own.
	const struct pw_tables *tables; // valid for one poll
	uint64_t now;                   // TSC at the start of the poll
	uint32_t kick_seen;
	uint32_t told;                  // of what was written to control, when control was last woken
	uint32_t answered;              // the same, when answer_by was set
	uint32_t false_alarms;          // sleeps that a queue ended in vain, since the last packet
	uint64_t answer_by;             // TSC until when control's answer is polled for
	int64_t pool_share;             // of dp->pool_parked, taken for packets that a stage may still park; 0 between stages, below it while one is owed
	uint64_t tx_dirty;              // ports with packets in their txbuf
	struct pw_burst in, r6;
	struct pw_pkt plain;            // of every packet of a bare burst
	uint32_t dst4[PW_BURST];        // destinations of in while it is bare, host byte order
	uint8_t dst6[PW_BURST][16];     // of r6 while it is bare
	struct pw_burst one, one6;      // of one packet, that takes the ingress stages alone
	struct pw_hop *next;            // the one of hops that fills for the next router
	struct pw_txbuf tx[PW_MAX_PORTS];
	uint64_t learned[PW_LEARN_CACHE];
	uint16_t learned_lsp[PW_LEARN_CACHE];
	struct pw_park park;

	// To control, each with the worker as only producer: ARP and ND, other packets,
	// learned MACs, gated ports that spoke. What wants resolving has the ask ring of park.
	// From control: inject.
	struct rte_ring *punt_l2, *punt_ip, *learn, *appeared, *inject;

	uint32_t near[PW_NEAR]; // adjacencies of connected destinations, by pw_near_at

	// The worker's own, large and seldom touched.
	struct pw_burst cut; // what lr_in_larger_pkts makes of a burst, part by part
	struct pw_hop hops[2];

	// Written by the worker, in polls that are measured.
	struct pw_cost cost __attribute__((aligned(PW_CACHE_LINE)));
};

// pw_worker_new makes worker cfg->index of dp. NULL when memory is short.
struct pw_worker *pw_worker_new(struct pw_datapath *dp, const struct pw_worker_config *cfg);
void pw_worker_free(struct pw_worker *w);

// pw_worker_run polls until stop is set. The calling thread must be an lcore with
// a mempool cache (rte_thread_register) and pinned.
void pw_worker_run(struct pw_worker *w);

// pw_worker_stop makes pw_worker_run return after its current poll, or after a few more
// when packets from control wait. Any thread.
void pw_worker_stop(struct pw_worker *w);

// pw_worker_watch has fd, which is readable while queue cfg.rxqs[i] has packets for one i,
// end the worker's sleep. Once per queue, before the worker runs. 0 or a negative errno.
int pw_worker_watch(struct pw_worker *w, int fd);

// idle.c, worker only. pw_worker_idle spends one turn of many without work, the turn-th
// since there was some, asleep or waiting for control's answer. pw_worker_wake_control
// wakes a control that sleeps if the worker has written to it since it last did so.
void pw_worker_idle(struct pw_worker *w, uint32_t turn);
void pw_worker_wake_control(struct pw_worker *w);

// pw_worker_sample has every so many polls measured, from the next poll on and with all
// figures at 0; with every 0, none. Any thread, one at a time.
void pw_worker_sample(struct pw_worker *w, uint16_t every);

// pw_worker_reset_gap makes the longest poll gap start anew. Any thread.
void pw_worker_reset_gap(struct pw_worker *w);

// pw_worker_gap counts a gap between polls, for those who drive a worker themselves.
void pw_worker_gap(struct pw_worker *w, uint64_t cycles);

// pw_tsc reads the time stamp counter.
uint64_t pw_tsc(void);

// pw_worker_poll is one turn of the loop: every receive queue once, then whatever
// was injected or handed back. It returns the packets that it handled.
uint32_t pw_worker_poll(struct pw_worker *w);

// pw_worker_housekeeping closes up to that many handed-back park slots and sends
// what was in them.
void pw_worker_housekeeping(struct pw_worker *w, uint32_t slots);

// pw_worker_purge frees every packet that still waits in the worker's rings, as
// SHUTDOWN or PARK_DISCARDED. Neither the worker nor control may run.
void pw_worker_purge(struct pw_worker *w);

// pw_drop frees m and counts it. Takes m.
static inline void
pw_drop(struct pw_worker *w, struct rte_mbuf *m, enum pw_drop reason)
{
	w->counters.drops[reason]++;
	rte_pktmbuf_free(m);
}

#endif
