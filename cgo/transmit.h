// SPDX-License-Identifier: Apache-2.0
// Transmit buffers: what leaves by a port is collected and handed over in bursts.
#ifndef PW_TRANSMIT_H
#define PW_TRANSMIT_H

#include "worker.h"

// pw_tx_port hands a port's buffered packets over.
void pw_tx_port(struct pw_worker *w, uint16_t port);

// pw_tx_flush does so for every port that has any.
void pw_tx_flush(struct pw_worker *w);

// pw_tx_open returns the buffer of a port for pw_tx_push, until pw_tx_flush.
static inline struct pw_txbuf *
pw_tx_open(struct pw_worker *w, uint16_t port)
{
	w->tx_dirty |= UINT64_C(1) << port;
	return &w->tx[port];
}

// pw_tx_push sends m by t's port, with the frame as it is. Takes m.
static inline void
pw_tx_push(struct pw_worker *w, struct pw_txbuf *t, struct rte_mbuf *m)
{
	if (unlikely(t->n == PW_BURST))
		pw_tx_port(w, (uint16_t)(t - w->tx));
	t->m[t->n++] = m;
}

// pw_transmit sends m by a port, with the frame as it is. Takes m.
static inline void
pw_transmit(struct pw_worker *w, struct rte_mbuf *m, uint16_t port)
{
	pw_tx_push(w, pw_tx_open(w, port), m);
}

#endif
