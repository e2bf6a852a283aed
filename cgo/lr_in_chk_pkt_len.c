// SPDX-License-Identifier: Apache-2.0
// lr_in_chk_pkt_len: nothing leaves a router port that is longer than its MTU. The
// sender hears of it where its protocol provides for that: IPv6 always (RFC 4443
// 3.2), IPv4 with DF set (RFC 1191 4).
#include "stages.h"

static bool
sender_may_hear(const struct rte_mbuf *m)
{
	const struct rte_ether_hdr *eth = rte_pktmbuf_mtod(m, const struct rte_ether_hdr *);
	if (eth->ether_type != RTE_BE16(RTE_ETHER_TYPE_IPV4))
		return true;
	return ((const struct rte_ipv4_hdr *)(eth + 1))->fragment_offset & RTE_BE16(RTE_IPV4_HDR_DF_FLAG);
}

void
pw_lr_in_chk_pkt_len(struct pw_worker *w, struct pw_burst *b)
{
	uint16_t k = 0;
	for (uint16_t i = 0; i < b->n; i++) {
		struct rte_mbuf *m = b->m[i];
		if (likely(m->pkt_len - sizeof(struct rte_ether_hdr) <= w->tables->lrps[b->p[i].out_lrp].mtu))
			pw_burst_keep(b, k++, i);
		else if (sender_may_hear(m) && !(b->p[i].flags & PW_PKT_ORIGINATED))
			pw_punt(w, m, &b->p[i], PW_PUNT_TOO_BIG);
		else
			pw_drop(w, m, PW_DROP_IP_TOO_BIG);
	}
	b->n = k;
}
