// SPDX-License-Identifier: Apache-2.0
// ls_out_delivery: out of a switch port, which is a port of this node, with or
// without a VLAN tag, or the cable to a router port.
#include <rte_ethdev.h>
#include <rte_ether.h>

#include "stages.h"

// A full transmit queue is tried this often before the rest is dropped: a NIC frees
// descriptors within that time, a dead one must not hold the worker.
#define TX_TRIES 8

static void
flush(struct pw_worker *w, uint16_t port)
{
	struct pw_txbuf *t = &w->tx[port];
	uint16_t sent = 0;
	for (int tries = 0; sent < t->n && tries < TX_TRIES; tries++)
		sent += rte_eth_tx_burst(port, w->cfg.txq, t->m + sent, t->n - sent);
	w->counters.tx += sent;
	if (unlikely(sent < t->n)) {
		w->counters.port_tx_dropped[port] += t->n - sent;
		w->counters.drops[PW_DROP_TX_FULL] += t->n - sent;
		rte_pktmbuf_free_bulk(t->m + sent, t->n - sent);
	}
	t->n = 0;
}

static void
transmit(struct pw_worker *w, struct rte_mbuf *m, uint16_t port)
{
	struct pw_txbuf *t = &w->tx[port];
	if (t->n == PW_BURST)
		flush(w, port);
	t->m[t->n++] = m;
	w->tx_dirty |= UINT64_C(1) << port;
}

void
pw_tx_flush(struct pw_worker *w)
{
	while (w->tx_dirty != 0) {
		uint16_t port = (uint16_t)__builtin_ctzll(w->tx_dirty);
		w->tx_dirty &= w->tx_dirty - 1;
		flush(w, port);
	}
}

// The other end of the cable: the router that receives what another one sent.
static void
enter_router(struct pw_worker *w, struct rte_mbuf *m, uint16_t lsp, const struct pw_pkt *p)
{
	struct pw_pkt q = {
		.lsp = lsp,
		.lrp = w->tables->lsps[lsp].lrp,
		.rounds = (uint8_t)(p->rounds + 1),
		.adj = PW_NONE32,
	};
	if (q.rounds >= PW_MAX_ROUNDS || w->router.n == PW_BURST)
		pw_drop(w, m, PW_DROP_LR_TOO_MANY_ROUTERS);
	else
		pw_burst_push(&w->router, m, &q);
}

void
pw_ls_out_delivery(struct pw_worker *w, struct rte_mbuf *m, uint16_t lsp, const struct pw_pkt *p)
{
	const struct pw_lsp *out = &w->tables->lsps[lsp];

	switch (out->kind) {
	case PW_LSP_ROUTER:
		enter_router(w, m, lsp, p);
		return;
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
		transmit(w, m, out->port);
		return;
	default:
		pw_drop(w, m, PW_DROP_OUT_UNBOUND);
	}
}
