// SPDX-License-Identifier: Apache-2.0
// lr_out_delivery: the Ethernet header of the next hop, then out of the switch port
// that its MAC lives behind.
#include <string.h>

#include "stages.h"

static inline void
deliver(struct pw_worker *w, struct rte_mbuf *m, const struct pw_pkt *p)
{
	struct pw_adj *a = &w->dp->adjs[p->adj];
	struct rte_ether_hdr *eth = rte_pktmbuf_mtod(m, struct rte_ether_hdr *);
	uint16_t out = pw_adj_out(p->word);

	memcpy(eth->dst_addr.addr_bytes, &p->word, RTE_ETHER_ADDR_LEN);
	pw_adj_source(a, eth->src_addr.addr_bytes);
	pw_adj_touch(a);

	if (unlikely(out == PW_OUT_SWITCH)) {
		const struct pw_lrp *lrp = &w->tables->lrps[a->lrp];
		if (unlikely(lrp->sw == PW_NONE16)) // it is gone, or was never plugged in
			pw_drop(w, m, PW_DROP_OUT_UNBOUND);
		else
			pw_ls_out_by_mac(w, m, lrp->sw, lrp->lsp, p);
		return;
	}
	const struct pw_lsp *lsp = &w->tables->lsps[out];
	if (likely(pw_lsp_is_plain(lsp)))
		pw_transmit(w, m, lsp->port);
	else
		pw_ls_out_delivery(w, m, out, p);
}

void
pw_router_deliver(struct pw_worker *w, struct rte_mbuf *m, const struct pw_pkt *p)
{
	deliver(w, m, p);
}

void
pw_lr_out_delivery(struct pw_worker *w, struct pw_burst *b)
{
	for (uint16_t i = 0; i < b->n; i++)
		deliver(w, b->m[i], &b->p[i]);
	b->n = 0;
}
