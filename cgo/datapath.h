// SPDX-License-Identifier: Apache-2.0
// The datapath: what every worker and control share. Who writes and who reads each
// field is said beside it; a field without a note is set before workers start and
// never changes.
#ifndef PW_DATAPATH_H
#define PW_DATAPATH_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include <rte_hash.h>
#include <rte_mbuf.h>
#include <rte_rcu_qsbr.h>

#include "adjacency.h"
#include "bounds.h"
#include "burst.h"
#include "copp.h"
#include "counters.h"
#include "tables.h"

struct pw_worker;
struct pw_control;

struct pw_datapath {
	_Atomic(struct pw_tables *) tables; // writer: control; readers: workers, under RCU
	struct pw_adj *adjs;                // see adjacency.h
	uint32_t n_adjs;
	struct rte_hash *fdb;    // pw_fdb_key -> switch port index; writer: control
	struct rte_hash *neigh4; // pw_neigh4_key -> adjacency index; writer: control
	struct rte_hash *neigh6; // pw_neigh6_key -> adjacency index; writer: control
	struct rte_rcu_qsbr *qsbr; // thread id = worker index
	struct rte_mempool *pool;
	uint64_t tsc_hz;
	uint64_t wait_unit;        // 16 us in TSC cycles
	uint16_t n_workers;
	uint16_t control_txq[PW_MAX_PORTS]; // control's own transmit queue, PW_NONE16: by way of a worker
	int64_t pool_park_limit;            // share of the pool that parked packets may have

	// Written by any worker, now and then, and so kept from what they all read for every packet.
	_Atomic int64_t pool_parked __attribute__((aligned(PW_CACHE_LINE))); // packets parked over all workers; any of them and control
	_Atomic uint32_t own_id;            // identifications of own IPv4 packets that are cut; any worker
	// Writer: control, and the worker that turns ARMED into SEEN. By switch port.
	_Atomic uint8_t gates[PW_MAX_LSPS] __attribute__((aligned(PW_CACHE_LINE)));

	struct pw_copp_state *copp __attribute__((aligned(PW_CACHE_LINE))); // by router port; writers: workers
	// By switch port; writers: workers. Whoever gives an index to another port resets it.
	struct pw_lsp_state *lsp_states;
	struct pw_meter learn_meter; // of each switch port
	// By position in fdb: the MAC was seen since control looked. Set by workers once per
	// sample, cleared by control.
	_Atomic uint8_t *fdb_seen;
	uint32_t n_fdb_seen;
	struct pw_worker *workers[PW_MAX_WORKERS];
	struct pw_control *control;
};

// What workers remember of a switch port. Shared by them, for a limit is the port's; only
// frames that are flooded or dropped touch it.
struct pw_lsp_state {
	_Atomic uint64_t storm[PW_STORM_CLASSES];       // buckets, see copp.h
	_Atomic uint64_t learn;                         // bucket of what control is told of its MACs
	_Atomic uint64_t storm_drops[PW_STORM_CLASSES];
	_Atomic uint64_t sec_drops;                     // by port_security, both ways
};

// Whether control wants to hear of the next frame from a switch port.
enum pw_gate {
	PW_GATE_OFF = 0,
	PW_GATE_ARMED,
	PW_GATE_SEEN, // a worker has told
};

// pw_count_drained counts a packet that leaves its park ring to be sent. Times are TSC.
static inline void
pw_count_drained(struct pw_counters *c, const struct pw_datapath *dp, enum pw_park_class cls, uint64_t arrived,
		 uint64_t now)
{
	uint64_t us = (now > arrived ? now - arrived : 0) * 16 / dp->wait_unit;
	int bucket = us < 16 ? 0 : 64 - __builtin_clzll(us / 16);
	c->drained++;
	c->waited[cls][bucket < PW_WAIT_BUCKETS ? bucket : PW_WAIT_BUCKETS - 1]++;
	c->waited_us[cls] += us;
}

// The learned and configured MACs of every switch: switch index above 48 bits of MAC.
static inline uint64_t
pw_fdb_key(uint16_t sw, uint64_t mac)
{
	return (uint64_t)sw << 48 | mac;
}

static inline uint64_t
pw_fdb_mac(uint64_t key)
{
	return key & UINT64_C(0xffffffffffff);
}

static inline uint16_t
pw_fdb_switch(uint64_t key)
{
	return (uint16_t)(key >> 48);
}

// pw_mac48 loads a MAC as a number: octet 0 in the lowest byte, as in an adjacency word.
static inline uint64_t
pw_mac48(const uint8_t *mac)
{
	uint32_t lo;
	uint16_t hi;
	__builtin_memcpy(&lo, mac, 4);
	__builtin_memcpy(&hi, mac + 4, 2);
	return (uint64_t)hi << 32 | lo;
}

static inline uint64_t
pw_neigh4_key(uint32_t lrp, uint32_t ip_be)
{
	return (uint64_t)lrp << 32 | ip_be;
}

struct pw_neigh6_key {
	uint8_t ip[16];
	uint32_t lrp;
	uint32_t zero;
};

struct pw_datapath_config {
	struct rte_hash *fdb, *neigh4, *neigh6;
	struct rte_rcu_qsbr *qsbr;
	struct rte_mempool *pool;
	uint32_t max_adjs;
	int64_t pool_park_limit;
};

// pw_datapath_new returns a datapath without workers or tables, in DPDK memory;
// NULL when memory is short.
struct pw_datapath *pw_datapath_new(const struct pw_datapath_config *cfg);

// pw_datapath_purge frees every packet that waits in a ring of any worker or with
// control. Nobody may run.
void pw_datapath_purge(struct pw_datapath *dp);

// pw_datapath_publish makes t the tables and returns the former ones, which the
// caller frees once every worker has been quiescent. Control only.
struct pw_tables *pw_datapath_publish(struct pw_datapath *dp, struct pw_tables *t);

// pw_datapath_bucket makes a bucket of a group of the published tables lead to a member.
// Control only.
void pw_datapath_bucket(struct pw_datapath *dp, uint32_t group, uint32_t bucket, uint8_t member);

// pw_datapath_gate sets what control wants to hear of a switch port. Control only.
void pw_datapath_gate(struct pw_datapath *dp, uint16_t lsp, enum pw_gate state);

// pw_tsc_hz is the frequency of the time stamp counter.
uint64_t pw_tsc_hz(void);

// pw_datapath_reset_lsp forgets what workers remember of a switch port. Control only.
void pw_datapath_reset_lsp(struct pw_datapath *dp, uint16_t lsp);

// pw_datapath_mac_seen reports whether a worker has seen the MAC of that key as a source
// since the last call. Control only.
bool pw_datapath_mac_seen(struct pw_datapath *dp, uint64_t key);

// pw_datapath_free frees it, its workers and its tables. Nobody may run.
void pw_datapath_free(struct pw_datapath *dp);

#endif
