// SPDX-License-Identifier: Apache-2.0
#include "datapath.h"

#include <rte_cycles.h>
#include <rte_malloc.h>

#include "control.h"
#include "worker.h"

struct pw_datapath *
pw_datapath_new(const struct pw_datapath_config *cfg)
{
	struct pw_datapath *dp = rte_zmalloc("pw_datapath", sizeof(*dp), PW_CACHE_LINE);
	if (dp == NULL)
		return NULL;
	dp->fdb = cfg->fdb;
	dp->neigh4 = cfg->neigh4;
	dp->neigh6 = cfg->neigh6;
	dp->qsbr = cfg->qsbr;
	dp->pool = cfg->pool;
	dp->n_adjs = cfg->max_adjs;
	dp->pool_park_limit = cfg->pool_park_limit;
	dp->tsc_hz = rte_get_tsc_hz();
	dp->learn_meter = pw_meter_of(dp->tsc_hz, PW_LEARN_RATE, PW_LEARN_BURST);
	dp->wait_unit = RTE_MAX(dp->tsc_hz * 16 / 1000000, UINT64_C(1));
	for (int i = 0; i < PW_MAX_PORTS; i++)
		dp->control_txq[i] = PW_NONE16;
	dp->adjs = rte_zmalloc("pw_adjacencies", sizeof(*dp->adjs) * cfg->max_adjs, PW_CACHE_LINE);
	dp->copp = rte_zmalloc("pw_copp", sizeof(*dp->copp) * PW_MAX_LRPS, PW_CACHE_LINE);
	dp->control = pw_control_new(dp);
	dp->lsp_states = rte_zmalloc("pw_lsp_states", sizeof(*dp->lsp_states) * PW_MAX_LSPS, PW_CACHE_LINE);
	dp->n_fdb_seen = (uint32_t)rte_hash_max_key_id(cfg->fdb) + 1;
	dp->fdb_seen = rte_zmalloc("pw_fdb_seen", dp->n_fdb_seen, PW_CACHE_LINE);
	if (dp->adjs == NULL || dp->copp == NULL || dp->control == NULL || dp->lsp_states == NULL || dp->fdb_seen == NULL) {
		pw_datapath_free(dp);
		return NULL;
	}
	return dp;
}

void
pw_datapath_purge(struct pw_datapath *dp)
{
	for (uint16_t i = 0; i < dp->n_workers; i++) {
		for (uint32_t slot = 0; slot < dp->workers[i]->park.n_slots; slot++)
			pw_control_discard(dp->control, i, slot);
		pw_worker_purge(dp->workers[i]);
	}
}

struct pw_tables *
pw_datapath_publish(struct pw_datapath *dp, struct pw_tables *t)
{
	pw_tables_finish(t);
	return atomic_exchange_explicit(&dp->tables, t, memory_order_acq_rel);
}

void
pw_datapath_gate(struct pw_datapath *dp, uint16_t lsp, enum pw_gate state)
{
	if (lsp < PW_MAX_LSPS)
		atomic_store_explicit(&dp->gates[lsp], (uint8_t)state, memory_order_relaxed);
}

uint64_t
pw_tsc_hz(void)
{
	return rte_get_tsc_hz();
}

void
pw_datapath_reset_lsp(struct pw_datapath *dp, uint16_t lsp)
{
	struct pw_lsp_state *s = &dp->lsp_states[lsp];
	if (lsp >= PW_MAX_LSPS)
		return;
	for (int i = 0; i < PW_STORM_CLASSES; i++) {
		atomic_store_explicit(&s->storm[i], 0, memory_order_relaxed);
		atomic_store_explicit(&s->storm_drops[i], 0, memory_order_relaxed);
	}
	atomic_store_explicit(&s->learn, 0, memory_order_relaxed);
	atomic_store_explicit(&s->sec_drops, 0, memory_order_relaxed);
}

bool
pw_datapath_mac_seen(struct pw_datapath *dp, uint64_t key)
{
	int32_t at = rte_hash_lookup(dp->fdb, &key);
	if (at < 0 || (uint32_t)at >= dp->n_fdb_seen)
		return false;
	return atomic_exchange_explicit(&dp->fdb_seen[at], 0, memory_order_relaxed) != 0;
}

void
pw_datapath_free(struct pw_datapath *dp)
{
	if (dp == NULL)
		return;
	for (uint16_t i = 0; i < dp->n_workers; i++)
		pw_worker_free(dp->workers[i]);
	pw_control_free(dp->control);
	pw_tables_free(atomic_load_explicit(&dp->tables, memory_order_relaxed));
	rte_free(dp->adjs);
	rte_free(dp->copp);
	rte_free(dp->lsp_states);
	rte_free(dp->fdb_seen);
	rte_free(dp);
}

void
pw_datapath_bucket(struct pw_datapath *dp, uint32_t group, uint32_t bucket, uint8_t member)
{
	// Control alone publishes, so what it reads here stays.
	pw_tables_bucket(atomic_load_explicit(&dp->tables, memory_order_relaxed), group, bucket, member);
}
