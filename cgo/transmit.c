// SPDX-License-Identifier: Apache-2.0
#include "transmit.h"

#include <rte_ethdev.h>

// A full transmit queue is tried this often before the rest is dropped: a NIC frees
// descriptors within that time, a dead one must not hold the worker.
#define TX_TRIES 8

void
pw_tx_port(struct pw_worker *w, uint16_t port)
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

void
pw_tx_flush(struct pw_worker *w)
{
	while (w->tx_dirty != 0) {
		uint16_t port = (uint16_t)__builtin_ctzll(w->tx_dirty);
		w->tx_dirty &= w->tx_dirty - 1;
		pw_tx_port(w, port);
	}
}
