// SPDX-License-Identifier: Apache-2.0
// Punting: from a worker to control, by one of two rings, so that a flood of one
// kind can't keep the other out.
#include <rte_ring.h>

#include "stages.h"

// What a packet counts as when control can't take it.
static enum pw_drop
refused(enum pw_punt_why why)
{
	switch (why) {
	case PW_PUNT_ARP:
	case PW_PUNT_ND:
		return PW_DROP_PUNT_L2_FULL;
	case PW_PUNT_TTL:
		return PW_DROP_IP_TTL;
	case PW_PUNT_NO_ROUTE:
		return PW_DROP_IP_NO_ROUTE;
	case PW_PUNT_TOO_BIG:
		return PW_DROP_IP_TOO_BIG;
	case PW_PUNT_UNREACHABLE:
		return PW_DROP_IP_UNREACHABLE;
	case PW_PUNT_PROHIBITED:
		return PW_DROP_IP_PROHIBITED;
	case PW_PUNT_LOCAL:
		break;
	}
	return PW_DROP_PUNT_IP_FULL;
}

void
pw_punt(struct pw_worker *w, struct rte_mbuf *m, const struct pw_pkt *p, enum pw_punt_why why)
{
	*pw_meta(m) = (struct pw_meta){
		.tsc = w->now,
		.worker = w->cfg.index,
		.lsp = p->lsp,
		.lrp = p->lrp,
		.out_lrp = p->out_lrp,
		.why = why,
		.mark = pw_mark(m, p),
		.mtu = why == PW_PUNT_TOO_BIG ? w->tables->lrps[p->out_lrp].mtu : 0,
	};
	struct rte_ring *r = why == PW_PUNT_ARP || why == PW_PUNT_ND ? w->punt_l2 : w->punt_ip;
	if (unlikely(rte_ring_sp_enqueue(r, m) != 0))
		pw_drop(w, m, refused(why));
}
