// SPDX-License-Identifier: Apache-2.0
// Control's side of park slots: draining in order, taking, expiring, handing back.
#include <string.h>

#include <rte_cycles.h>
#include <rte_ethdev.h>
#include <rte_ether.h>

#include "control.h"

#define AHEAD 8 // packets that a drain fetches before it comes to them

static struct pw_park_slot *
slot_of(const struct pw_control *c, uint16_t worker, uint32_t slot)
{
	return &c->dp->workers[worker]->park.slots[slot];
}

// Counts n packets that control took out of s.
static void
popped(struct pw_control *c, uint16_t worker, const struct pw_park_slot *s, uint16_t n)
{
	_Atomic uint64_t *count = &c->dp->workers[worker]->park.popped[s->cls];
	uint64_t before = atomic_load_explicit(count, memory_order_relaxed);
	atomic_store_explicit(count, before + n, memory_order_relaxed);
	atomic_fetch_sub_explicit(&c->dp->pool_parked, n, memory_order_relaxed);
}

bool
pw_control_slot_open(const struct pw_control *c, uint16_t worker, uint32_t slot, uint64_t word)
{
	uint64_t now = atomic_load_explicit(&slot_of(c, worker, slot)->word, memory_order_acquire);
	return now >> 8 == word >> 8 && pw_slot_state(now) != PW_SLOT_FREE;
}

bool
pw_control_claim(struct pw_control *c, uint16_t worker, uint32_t slot, uint64_t word)
{
	uint64_t expect = pw_slot_with(word, PW_SLOT_PARKED);
	if (!atomic_compare_exchange_strong_explicit(&slot_of(c, worker, slot)->word, &expect,
						     pw_slot_with(word, PW_SLOT_DRAINING), memory_order_acq_rel,
						     memory_order_acquire))
		return false;
	struct pw_drain *d = &c->drains[worker][slot];
	*d = (struct pw_drain){.word = word};
	return true;
}

void
pw_control_handback(struct pw_control *c, uint16_t worker, uint32_t slot)
{
	struct pw_worker *w = c->dp->workers[worker];
	struct pw_park_slot *s = slot_of(c, worker, slot);
	uint64_t word = atomic_load_explicit(&s->word, memory_order_relaxed);
	atomic_store_explicit(&s->word, pw_slot_with(word, PW_SLOT_HANDBACK), memory_order_release);
	atomic_fetch_add_explicit(&w->kick, 1, memory_order_release);
	pw_wake(&w->sleep);
}

static uint16_t
take(struct pw_control *c, uint16_t worker, struct pw_park_slot *s, struct rte_mbuf **out, uint64_t *arrived,
     uint16_t n)
{
	uint16_t k = 0;
	bool lost = false;
	do {
		uint16_t got = pw_park_pop_bulk(s, out + k, arrived == NULL ? NULL : arrived + k, n - k, &lost);
		k += got;
		if (got == 0 && !lost)
			break;
	} while (k < n);
	if (k > 0)
		popped(c, worker, s, k);
	return k;
}

uint16_t
pw_control_take(struct pw_control *c, uint16_t worker, uint32_t slot, struct rte_mbuf **out, uint16_t n)
{
	return take(c, worker, slot_of(c, worker, slot), out, NULL, n);
}

// When the last packet of s arrived. The place behind tail is written only after a
// whole turn of the ring.
static uint64_t
newest(const struct pw_park_slot *s)
{
	uint32_t tail = atomic_load_explicit(&s->tail, memory_order_acquire);
	return atomic_load_explicit(&s->ring[(tail - 1) & s->mask].tsc, memory_order_relaxed);
}

uint32_t
pw_control_expire(struct pw_control *c, uint16_t worker, uint32_t slot, uint64_t word, uint64_t tsc, bool by_newest)
{
	struct pw_park_slot *s = slot_of(c, worker, slot);
	enum pw_drop reason = s->cls == PW_PARK_GATED ? PW_DROP_PARK_GATE_EXPIRED : PW_DROP_PARK_EXPIRED;
	uint32_t n = 0;
	bool lost = false;
	if (atomic_load_explicit(&s->word, memory_order_acquire) != pw_slot_with(word, PW_SLOT_PARKED))
		return 0;
	if (by_newest && newest(s) >= tsc)
		return 0;
	for (;;) {
		struct rte_mbuf *m = pw_park_pop(s, tsc, &lost);
		if (m == NULL && !lost)
			return n;
		if (m == NULL)
			continue;
		popped(c, worker, s, 1);
		pw_control_free_as(c, m, reason);
		n++;
	}
}

// The port and queue that control can drain through, or false when only the worker
// can send there: another router, an unknown port, a port without a queue for us, or one
// whose frames have to be looked at.
static bool
own_queue(const struct pw_datapath *dp, uint64_t adj_word, const struct pw_lsp **lsp, uint16_t *txq)
{
	const struct pw_tables *t = atomic_load_explicit(&dp->tables, memory_order_relaxed);
	uint16_t out = pw_adj_out(adj_word);
	if (out == PW_OUT_SWITCH)
		return false;
	*lsp = &t->lsps[out];
	if (((*lsp)->kind != PW_LSP_VIF && (*lsp)->kind != PW_LSP_LOCALNET) || ((*lsp)->flags & PW_LSP_GUARDED))
		return false;
	*txq = dp->control_txq[(*lsp)->port];
	return *txq != PW_NONE16;
}

static void
discard(struct pw_control *c, uint16_t worker, struct pw_drain *d)
{
	struct pw_counters *count = &c->for_worker[worker];
	if (d->n == 0)
		return;
	count->drops[PW_DROP_TX_FULL] += d->n;
	count->port_tx_dropped[d->port] += d->n;
	rte_pktmbuf_free_bulk(d->m + d->first, d->n);
	d->n = 0;
}

// The next hop may have moved since d was filled. Packets that leave by the same
// switch port get the new MAC; the others carry another port's tag, or have no queue
// of ours to go to, and end here.
static void
readdress(struct pw_control *c, uint16_t worker, struct pw_drain *d, uint64_t adj_word, bool sendable)
{
	if (d->n == 0 || (sendable && adj_word == d->adj_word))
		return;
	if (!sendable || pw_adj_out(adj_word) != pw_adj_out(d->adj_word)) {
		discard(c, worker, d);
		return;
	}
	for (uint16_t i = d->first; i < d->first + d->n; i++)
		memcpy(rte_pktmbuf_mtod(d->m[i], void *), &adj_word, RTE_ETHER_ADDR_LEN);
	d->adj_word = adj_word;
}

// Fills d with the next packets, ready to leave. A packet that can't take its tag is
// dropped here.
static void
refill(struct pw_control *c, struct pw_drain *d, uint16_t worker, uint32_t slot, uint32_t most,
       const struct pw_adj *a, uint64_t adj_word, const struct pw_lsp *lsp)
{
	struct pw_counters *count = &c->for_worker[worker];
	struct pw_park_slot *s = slot_of(c, worker, slot);
	uint64_t arrived[PW_CONTROL_PENDING];
	uint16_t n = take(c, worker, s, d->m, arrived, (uint16_t)RTE_MIN(most, (uint32_t)PW_CONTROL_PENDING));
	uint16_t k = 0;
	uint64_t now = rte_rdtsc();
	d->taken += n;
	for (uint16_t i = 0; i < RTE_MIN(n, AHEAD); i++)
		pw_park_prefetch(d->m[i]);
	for (uint16_t i = 0; i < n; i++) {
		struct rte_mbuf *m = d->m[i];
		if (i + AHEAD < n)
			pw_park_prefetch(d->m[i + AHEAD]);
		pw_count_drained(count, c->dp, s->cls, arrived[i], now);
		struct rte_ether_hdr *eth = rte_pktmbuf_mtod(m, struct rte_ether_hdr *);
		memcpy(eth->dst_addr.addr_bytes, &adj_word, RTE_ETHER_ADDR_LEN);
		pw_adj_source(a, eth->src_addr.addr_bytes);
		if (lsp->vlan != 0) {
			m->vlan_tci = lsp->vlan;
			if (rte_vlan_insert(&m) != 0) {
				count->drops[PW_DROP_OUT_VLAN]++;
				rte_pktmbuf_free(m);
				continue;
			}
		}
		d->m[k++] = m;
	}
	d->first = 0;
	d->n = k;
	d->adj_word = adj_word;
	d->port = lsp->port;
}

enum pw_drain_status
pw_control_drain(struct pw_control *c, uint16_t worker, uint32_t slot, uint64_t word, uint32_t adj, uint32_t *sent)
{
	struct pw_datapath *dp = c->dp;
	struct pw_drain *d = &c->drains[worker][slot];
	const uint32_t ring = pw_park_limits_of(&dp->workers[worker]->park, slot_of(c, worker, slot))->ring;
	const struct pw_adj *a = &dp->adjs[adj];
	const struct pw_lsp *lsp;
	uint64_t adj_word = pw_adj_load(a);
	uint64_t now = atomic_load_explicit(&slot_of(c, worker, slot)->word, memory_order_acquire);
	uint16_t txq;

	*sent = 0;
	if (now != pw_slot_with(word, PW_SLOT_DRAINING) && !pw_control_claim(c, worker, slot, word))
		return PW_DRAIN_GONE;
	bool sendable = own_queue(dp, adj_word, &lsp, &txq);
	readdress(c, worker, d, adj_word, sendable);
	if (!sendable) {
		pw_control_handback(c, worker, slot);
		return PW_DRAIN_DONE;
	}
	for (;;) {
		if (d->n == 0) {
			// One ring's worth is enough: what came behind is the worker's to send.
			if (d->taken < ring)
				refill(c, d, worker, slot, ring - d->taken, a, adj_word, lsp);
			if (d->n == 0) {
				pw_control_handback(c, worker, slot);
				return PW_DRAIN_DONE;
			}
		}
		uint16_t n = rte_eth_tx_burst(lsp->port, txq, d->m + d->first, d->n);
		c->for_worker[worker].tx += n;
		*sent += n;
		d->first += n;
		d->n -= n;
		if (d->n > 0)
			return PW_DRAIN_AGAIN;
	}
}

void
pw_control_discard(struct pw_control *c, uint16_t worker, uint32_t slot)
{
	discard(c, worker, &c->drains[worker][slot]);
}

void
pw_control_abandon(struct pw_control *c, uint16_t worker, uint32_t slot, uint64_t word)
{
	uint64_t now = atomic_load_explicit(&slot_of(c, worker, slot)->word, memory_order_acquire);
	if (now != pw_slot_with(word, PW_SLOT_DRAINING))
		return; // what a later life of the slot has popped is not ours to free
	pw_control_discard(c, worker, slot);
	pw_control_handback(c, worker, slot);
}

enum pw_park_class
pw_control_slot_class(const struct pw_control *c, uint16_t worker, uint32_t slot)
{
	return slot_of(c, worker, slot)->cls;
}

uint32_t
pw_control_slot_depth(const struct pw_control *c, uint16_t worker, uint32_t slot, uint64_t *oldest)
{
	const struct pw_park_slot *s = slot_of(c, worker, slot);
	uint32_t head = atomic_load_explicit(&s->head, memory_order_acquire);
	uint32_t n = atomic_load_explicit(&s->tail, memory_order_acquire) - head;
	*oldest = n > 0 ? atomic_load_explicit(&s->ring[head & s->mask].tsc, memory_order_relaxed) : 0;
	return n;
}

uint64_t
pw_control_oldest_parked(const struct pw_control *c)
{
	uint64_t oldest = 0;
	for (uint16_t w = 0; w < c->dp->n_workers; w++) {
		for (uint32_t i = 0; i < c->dp->workers[w]->park.n_slots; i++) {
			uint64_t tsc;
			if (pw_control_slot_depth(c, w, i, &tsc) > 0 && (oldest == 0 || tsc < oldest))
				oldest = tsc;
		}
	}
	return oldest;
}
