// SPDX-License-Identifier: Apache-2.0
// The stages behind routing in one pass, for packets that leave at once: to a neighbor
// whose MAC is known, short enough, with hops to go, out of a plain switch port. The first
// that does not ends the pass, for the stages may keep it for a while, and nothing of its
// flow may overtake it.
#include <rte_prefetch.h>

#include "neigh_key.h"
#include "plain.h"
#include "stages.h"

#define MAC48 UINT64_C(0xffffffffffff)

// Octets of the frame up to TTL or hop limit.
#define TTL4_AT 22
#define HOP_LIMIT6_AT 21

// One hop less. For IPv4 that is one more in the checksum (RFC 1624): TTL is the first
// octet of a word in network order, checksum the last two, and a carry comes round. It
// does so from 0xffff on, which is the other name of 0 that no sender computes.
static inline void
hop(uint8_t *h, uint8_t family)
{
	if (family == 6) {
		h[HOP_LIMIT6_AT]--;
		return;
	}
	uint32_t was = rte_cpu_to_le_32(pw_load32(h + TTL4_AT)), is = was + 0x10000 - 1;
	is = rte_le_to_cpu_32(is + ((uint32_t)(was >= 0xfffe0000) << 16));
	memcpy(h + TTL4_AT, &is, sizeof(is));
}

// The adjacency's header, its own MAC loaded in one as in pw_adj_source.
static inline void
rewrite(uint8_t *h, struct pw_adj *a, uint64_t word)
{
	uint64_t src = atomic_load_explicit(&a->source, memory_order_relaxed);
	uint64_t head = (word & MAC48) | src << 48;
	uint32_t rest = (uint32_t)(src >> 16);
	memcpy(h, &head, sizeof(head));
	memcpy(h + sizeof(head), &rest, sizeof(rest));
	pw_adj_touch(a);
}

// Packets i to end, each by its gateway's adjacency, or by adj[i] unless adj is NULL. Returns
// the first that does not leave.
static __rte_always_inline uint16_t
out_plain(struct pw_worker *w, const struct pw_burst *b, const uint64_t *index, uint16_t i, uint16_t end,
	  const uint32_t *adj, uint8_t family)
{
	const struct pw_tables *t = w->tables;
	const struct pw_nexthop *nexthops = t->nexthops;
	struct pw_adj *adjs = w->dp->adjs;
	uint32_t last = UINT32_MAX; // state and switch port of the last adjacency, which were fine
	struct pw_txbuf *tx = NULL;

	for (; i < end; i++) {
		struct rte_mbuf *m = b->m[i];
		const struct pw_nexthop *nh = &nexthops[index[i]];
		uint8_t *h = rte_pktmbuf_mtod(m, uint8_t *);
		if (unlikely(adj != NULL ? adj[i] == PW_NONE32 : nh->kind != PW_NH_ADJ))
			break;
		struct pw_adj *a = &adjs[adj != NULL ? adj[i] : nh->adj];
		uint64_t word = pw_adj_load(a);
		if (unlikely(word >> 48 != last)) {
			if (!pw_adj_usable(word) || pw_adj_out(word) == PW_OUT_SWITCH ||
			    !pw_lsp_is_plain(&t->lsps[pw_adj_out(word)]))
				break;
			last = (uint32_t)(word >> 48);
			tx = pw_tx_open(w, t->lsps[pw_adj_out(word)].port);
		}
		if (unlikely(m->pkt_len > nh->mtu + sizeof(struct rte_ether_hdr) ||
			     h[family == 4 ? TTL4_AT : HOP_LIMIT6_AT] <= 1))
			break;
		rewrite(h, a, word);
		hop(h, family);
		pw_tx_push(w, tx, m);
	}
	return i;
}

// Looks up those of n keys whose adjacency is not the one remembered, all at once.
static void
look_up(struct pw_worker *w, const union pw_neigh_key *keys, uint16_t n, uint32_t *adj, uint8_t family)
{
	const struct pw_datapath *dp = w->dp;
	const void *key[PW_BURST];
	void *found[PW_BURST];
	uint16_t at[PW_BURST], missing = 0;
	uint64_t hits = 0;

	for (uint16_t k = 0; k < n; k++) {
		if (likely(pw_near_is(&dp->adjs[adj[k]], &keys[k], family)))
			continue;
		key[missing] = &keys[k];
		at[missing++] = k;
	}
	if (likely(missing == 0))
		return;
	rte_hash_lookup_bulk_data(family == 4 ? dp->neigh4 : dp->neigh6, key, missing, &hits, found);
	for (uint16_t k = 0; k < missing; k++) {
		adj[at[k]] = PW_NONE32;
		if (!(hits >> k & 1))
			continue;
		uint32_t a = adj[at[k]] = (uint32_t)(uintptr_t)found[k];
		w->near[pw_near_at(&keys[at[k]], family)] = a;
		rte_prefetch0(&dp->adjs[a]);
	}
}

// Finds which adjacencies packets from i on leave by, and has them on their way to the
// cache. Returns the first packet that has neither a gateway nor a connected destination;
// PW_NONE32 is an unknown one's.
static __rte_always_inline uint16_t
resolve(struct pw_worker *w, const struct pw_burst *b, const uint64_t *index, uint16_t i, uint32_t *adj,
	uint8_t family)
{
	union pw_neigh_key keys[PW_BURST];
	uint32_t near[PW_BURST];
	uint16_t at[PW_BURST], n = 0;

	for (; i < b->n; i++) {
		const struct pw_nexthop *nh = &w->tables->nexthops[index[i]];
		adj[i] = nh->adj;
		if (nh->kind == PW_NH_GLEAN) {
			pw_neigh_key(&keys[n], b->m[i], nh->lrp, family);
			near[n] = w->near[pw_near_at(&keys[n], family)];
			rte_prefetch0(&w->dp->adjs[near[n]]);
			at[n++] = i;
		} else if (nh->kind != PW_NH_ADJ) {
			break;
		}
	}
	look_up(w, keys, n, near, family);
	for (uint16_t k = 0; k < n; k++)
		adj[at[k]] = near[k];
	return i;
}

// The pass for bursts of gateways alone, then, from the first connected destination on, for
// both. The former pay nothing for the latter.
static __rte_always_inline uint16_t
pass(struct pw_worker *w, const struct pw_burst *b, const uint64_t *index, uint8_t family)
{
	uint32_t adj[PW_BURST];
	uint16_t i = out_plain(w, b, index, 0, b->n, NULL, family);
	if (likely(i == b->n) || w->tables->nexthops[index[i]].kind != PW_NH_GLEAN)
		return i;
	uint16_t end = resolve(w, b, index, i, adj, family);
	return out_plain(w, b, index, i, end, adj, family);
}

uint16_t
pw_out_plain4(struct pw_worker *w, const struct pw_burst *b, const uint64_t nh[PW_BURST])
{
	return pass(w, b, nh, 4);
}

uint16_t
pw_out_plain6(struct pw_worker *w, const struct pw_burst *b, const uint64_t nh[PW_BURST])
{
	return pass(w, b, nh, 6);
}
