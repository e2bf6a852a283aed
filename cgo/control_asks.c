// SPDX-License-Identifier: Apache-2.0
// How control knows that it has read every ask that was written before a moment.
#include "control.h"

void
pw_control_asks_mark(const struct pw_control *c, uint32_t *mark)
{
	// Pairs with the fence in pw_park_packet: control publishes an adjacency, then
	// looks here; a worker asks, then looks at the adjacency.
	atomic_thread_fence(memory_order_seq_cst);
	for (uint16_t i = 0; i < c->dp->n_workers; i++)
		mark[i] = atomic_load_explicit(&c->dp->workers[i]->park.ask_tail, memory_order_acquire);
}

bool
pw_control_asks_read(const struct pw_control *c, const uint32_t *mark)
{
	for (uint16_t i = 0; i < c->dp->n_workers; i++) {
		uint32_t head = atomic_load_explicit(&c->dp->workers[i]->park.ask_head, memory_order_relaxed);
		if ((int32_t)(head - mark[i]) < 0)
			return false;
	}
	return true;
}
