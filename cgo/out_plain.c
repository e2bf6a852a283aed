// SPDX-License-Identifier: Apache-2.0
// The stages behind routing in one pass, for packets that leave at once: by a gateway
// whose MAC is known, short enough, with hops to go, out of a plain switch port. The first
// that does not ends the pass, for the stages may keep it for a while, and nothing of its
// flow may overtake it.
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

static inline uint16_t
out_plain(struct pw_worker *w, const struct pw_burst *b, const uint64_t *index, uint8_t family)
{
	const struct pw_tables *t = w->tables;
	const struct pw_nexthop *nexthops = t->nexthops;
	struct pw_adj *adjs = w->dp->adjs;
	const uint16_t n = b->n;
	uint32_t last = UINT32_MAX; // state and switch port of the last adjacency, which were fine
	struct pw_txbuf *tx = NULL;
	uint16_t i;

	for (i = 0; i < n; i++) {
		struct rte_mbuf *m = b->m[i];
		const struct pw_nexthop *nh = &nexthops[index[i]];
		uint8_t *h = rte_pktmbuf_mtod(m, uint8_t *);
		if (unlikely(nh->kind != PW_NH_ADJ))
			break;
		struct pw_adj *a = &adjs[nh->adj];
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

uint16_t
pw_out_plain4(struct pw_worker *w, const struct pw_burst *b, const uint64_t nh[PW_BURST])
{
	return out_plain(w, b, nh, 4);
}

uint16_t
pw_out_plain6(struct pw_worker *w, const struct pw_burst *b, const uint64_t nh[PW_BURST])
{
	return out_plain(w, b, nh, 6);
}
