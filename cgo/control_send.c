// SPDX-License-Identifier: Apache-2.0
// What control sends: frames into a router port's switch, packets for a worker to
// route. Also how it frees what it has been given.
#include <rte_ethdev.h>
#include <rte_ether.h>

#include "control.h"

// A packet that control was given is accounted for the worker that received it.
static struct pw_counters *
account(struct pw_control *c, struct rte_mbuf *m)
{
	uint16_t worker = pw_meta(m)->worker;
	return worker == PW_NONE16 ? &c->own : &c->for_worker[worker];
}

void
pw_control_free_as(struct pw_control *c, struct rte_mbuf *m, unsigned int reason)
{
	struct pw_counters *count = account(c, m);
	if (reason >= PW_DROP_COUNT)
		count->consumed++;
	else
		count->drops[reason]++;
	if (reason == PW_DROP_PARK_DISCARDED)
		count->gate_discarded += pw_meta(m)->park_class == PW_PARK_GATED;
	rte_pktmbuf_free(m);
}

// Ends a frame that control made and nobody could take.
static void
drop(struct pw_control *c, struct rte_mbuf *m, enum pw_drop reason)
{
	c->own.originated++;
	c->own.drops[reason]++;
	rte_pktmbuf_free(m);
}

// By a worker's queue: m waits in the worker's inject ring. That worker will count it
// as sent or dropped, so it counts as made for that worker too.
static void
inject(struct pw_control *c, struct rte_mbuf *m, uint16_t worker, enum pw_inject_how how)
{
	struct pw_counters *count = &c->for_worker[worker];
	pw_meta(m)->how = how;
	count->originated++;
	struct pw_worker *w = c->dp->workers[worker];
	if (rte_ring_sp_enqueue(w->inject, m) == 0) {
		pw_wake(&w->sleep);
		return;
	}
	count->drops[PW_DROP_INJECT_FULL]++;
	rte_pktmbuf_free(m);
}

static void
out(struct pw_control *c, struct rte_mbuf *m, uint16_t lsp)
{
	const struct pw_tables *t = atomic_load_explicit(&c->dp->tables, memory_order_relaxed);
	const struct pw_lsp *l = &t->lsps[lsp];
	if (l->kind != PW_LSP_VIF && l->kind != PW_LSP_LOCALNET) {
		drop(c, m, PW_DROP_OUT_UNBOUND);
		return;
	}
	uint16_t txq = c->dp->control_txq[l->port];
	if (txq == PW_NONE16) {
		*pw_meta(m) = (struct pw_meta){.worker = PW_NONE16, .lsp = lsp};
		inject(c, m, 0, PW_INJECT_OUTPUT);
		return;
	}
	m->vlan_tci = l->vlan;
	if (l->vlan != 0 && rte_vlan_insert(&m) != 0) {
		drop(c, m, PW_DROP_OUT_VLAN);
		return;
	}
	if (rte_eth_tx_burst(l->port, txq, &m, 1) == 1) {
		c->own.originated++;
		c->own.tx++;
		return;
	}
	c->own.port_tx_dropped[l->port]++;
	drop(c, m, PW_DROP_TX_FULL);
}

static void
flood(struct pw_control *c, struct rte_mbuf *m, const uint16_t *list, uint16_t n)
{
	for (uint16_t i = 0; i + 1 < n; i++) {
		struct rte_mbuf *copy = rte_pktmbuf_copy(m, c->dp->pool, 0, UINT32_MAX);
		if (copy != NULL) {
			out(c, copy, list[i]);
			continue;
		}
		c->own.originated++;
		c->own.drops[PW_DROP_L2_COPY]++;
	}
	if (n == 0)
		drop(c, m, PW_DROP_L2_NO_RECEIVER);
	else
		out(c, m, list[n - 1]);
}

void
pw_control_send(struct pw_control *c, struct rte_mbuf *m, uint16_t lrp)
{
	const struct pw_tables *t = atomic_load_explicit(&c->dp->tables, memory_order_relaxed);
	uint16_t sw_index = t->lrps[lrp].sw;
	void *lsp;

	if (sw_index == PW_NONE16) {
		drop(c, m, PW_DROP_OUT_UNBOUND);
		return;
	}
	const struct pw_switch *sw = &t->switches[sw_index];
	uint64_t dst = pw_mac48(rte_pktmbuf_mtod(m, const uint8_t *));
	uint64_t key = pw_fdb_key(sw_index, dst);
	if (dst & 1)
		flood(c, m, sw->flood, sw->n_flood);
	else if (rte_hash_lookup_data(c->dp->fdb, &key, &lsp) >= 0)
		out(c, m, (uint16_t)(uintptr_t)lsp);
	else
		flood(c, m, sw->unknown, sw->n_unknown);
}

void
pw_control_route(struct pw_control *c, struct rte_mbuf *m, uint16_t lrp, uint16_t worker)
{
	*pw_meta(m) = (struct pw_meta){.worker = worker, .lrp = lrp};
	inject(c, m, worker, PW_INJECT_ROUTE);
}
