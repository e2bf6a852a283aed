// SPDX-License-Identifier: Apache-2.0
// lr_in_chk_pkt_len: nothing leaves a router port that is longer than its MTU. IPv4
// without DF goes on to lr_in_larger_pkts, which cuts it. Of anything else the sender
// hears: IPv6 always (RFC 4443 3.2), IPv4 with DF set (RFC 1191 4). What the router itself
// makes is cut in any case: its source may (RFC 8200 4.5), and nobody else hears of it.
#include "stages.h"

static bool
may_fragment(const struct rte_mbuf *m)
{
	const struct rte_ether_hdr *eth = rte_pktmbuf_mtod(m, const struct rte_ether_hdr *);
	if (eth->ether_type != RTE_BE16(RTE_ETHER_TYPE_IPV4))
		return false;
	return !(((const struct rte_ipv4_hdr *)(eth + 1))->fragment_offset & RTE_BE16(RTE_IPV4_HDR_DF_FLAG));
}

// A packet of our own with DF set goes without it, under an identification that is not in
// use (RFC 6864 4.2).
static void
let_fragment(struct pw_worker *w, struct rte_mbuf *m)
{
	struct rte_ether_hdr *eth = rte_pktmbuf_mtod(m, struct rte_ether_hdr *);
	struct rte_ipv4_hdr *ip = (struct rte_ipv4_hdr *)(eth + 1);
	if (eth->ether_type != RTE_BE16(RTE_ETHER_TYPE_IPV4))
		return;
	ip->fragment_offset &= ~RTE_BE16(RTE_IPV4_HDR_DF_FLAG);
	ip->packet_id = rte_cpu_to_be_16((uint16_t)atomic_fetch_add_explicit(&w->dp->own_id, 1, memory_order_relaxed));
}

// Packet i is too long: true when it stays in b, to be cut. Out of line, so that packets
// that fit don't pay for it.
static __rte_noinline bool
to_be_cut(struct pw_worker *w, struct pw_burst *b, uint16_t i)
{
	struct rte_mbuf *m = b->m[i];
	if (!may_fragment(m)) {
		if (!(b->p[i].flags & PW_PKT_ORIGINATED)) {
			pw_punt(w, m, &b->p[i], PW_PUNT_TOO_BIG);
			return false;
		}
		let_fragment(w, m);
	}
	b->p[i].flags |= PW_PKT_FRAGMENT;
	return true;
}

uint16_t
pw_lr_in_chk_pkt_len(struct pw_worker *w, struct pw_burst *b)
{
	uint16_t k = 0, larger = 0;
	for (uint16_t i = 0; i < b->n; i++) {
		uint32_t length = b->m[i]->pkt_len - (uint32_t)sizeof(struct rte_ether_hdr);
		if (unlikely(length > w->tables->lrps[b->p[i].out_lrp].mtu)) {
			if (!to_be_cut(w, b, i))
				continue;
			larger++;
		}
		pw_burst_keep(b, k++, i);
	}
	b->n = k;
	return larger;
}
