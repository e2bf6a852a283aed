// SPDX-License-Identifier: Apache-2.0
// Transmit buffers: what leaves by a port is collected and handed over in bursts.
#ifndef PW_TRANSMIT_H
#define PW_TRANSMIT_H

#include "worker.h"

// pw_tx_port hands a port's buffered packets over.
void pw_tx_port(struct pw_worker *w, uint16_t port);

// pw_tx_flush does so for every port that has any.
void pw_tx_flush(struct pw_worker *w);

// pw_transmit sends m by a port, with the frame as it is. Takes m.
static inline void
pw_transmit(struct pw_worker *w, struct rte_mbuf *m, uint16_t port)
{
	struct pw_txbuf *t = &w->tx[port];
	if (unlikely(t->n == PW_BURST))
		pw_tx_port(w, port);
	t->m[t->n++] = m;
	w->tx_dirty |= UINT64_C(1) << port;
}

#endif
