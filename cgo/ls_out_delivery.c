// SPDX-License-Identifier: Apache-2.0
// ls_out_delivery: out of a switch port, which is a port of this node, with or
// without a VLAN tag, or the cable to a router port.
#include <rte_ether.h>

#include "stages.h"

// The other end of the cable: the router that receives what another one sent.
static void
enter_router(struct pw_worker *w, struct rte_mbuf *m, uint16_t lsp, const struct pw_pkt *p)
{
	struct pw_pkt q = {
		.lsp = lsp,
		.lrp = w->tables->lsps[lsp].lrp,
		.flags = p->flags & PW_PKT_MARKED,
		.rounds = (uint8_t)(p->rounds + 1),
		.adj = PW_NONE32,
	};
	struct pw_hop *next = w->next;
	if (unlikely(next->b[next->last].n == PW_BURST) && next->last + 1 < PW_HOP_BURSTS)
		next->last++;
	struct pw_burst *b = &next->b[next->last];
	if (q.rounds >= PW_MAX_ROUNDS || b->n == PW_BURST)
		pw_drop(w, m, PW_DROP_LR_TOO_MANY_ROUTERS);
	else
		pw_burst_push(b, m, &q);
}

void
pw_ls_out_delivery(struct pw_worker *w, struct rte_mbuf *m, uint16_t lsp, const struct pw_pkt *p)
{
	const struct pw_lsp *out = &w->tables->lsps[lsp];

	if (out->kind == PW_LSP_ROUTER) {
		enter_router(w, m, lsp, p);
		return;
	}
	if (unlikely(out->flags & PW_LSP_SECURE)) {
		enum pw_drop reason = pw_ls_out_check_port_sec(w, m, out);
		if (reason != PW_DROP_COUNT) {
			atomic_fetch_add_explicit(&w->dp->lsp_states[lsp].sec_drops, 1, memory_order_relaxed);
			pw_drop(w, m, reason);
			return;
		}
	}
	if (unlikely(m->pkt_len > out->max_frame)) {
		pw_drop(w, m, PW_DROP_OUT_MTU);
		return;
	}
	switch (out->kind) {
	case PW_LSP_LOCALNET:
		if (out->vlan != 0) {
			m->vlan_tci = out->vlan;
			if (rte_vlan_insert(&m) != 0) {
				pw_drop(w, m, PW_DROP_OUT_VLAN);
				return;
			}
		}
		// fall through
	case PW_LSP_VIF:
		pw_transmit(w, m, out->port);
		return;
	default:
		pw_drop(w, m, PW_DROP_OUT_UNBOUND);
	}
}
