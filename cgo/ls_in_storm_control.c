// SPDX-License-Identifier: Apache-2.0
// ls_in_storm_control: how many frames per second that go to many a switch port may
// bring. Unicast to MACs that the switch knows is never looked at.
#include <rte_ether.h>

#include "stages.h"

bool
pw_storm_allows(struct pw_worker *w, uint16_t lsp, enum pw_storm_class class)
{
	if (!(w->tables->lsps[lsp].flags & PW_LSP_STORM))
		return true;
	const struct pw_meter *limit = &w->tables->storms[lsp].limit[class];
	struct pw_lsp_state *state = &w->dp->lsp_states[lsp];
	if (limit->interval == 0 || pw_bucket_take(&state->storm[class], limit, w->now))
		return true;
	atomic_fetch_add_explicit(&state->storm_drops[class], 1, memory_order_relaxed);
	return false;
}

void
pw_ls_in_storm_control(struct pw_worker *w, struct pw_burst *b)
{
	uint16_t k = 0;
	for (uint16_t i = 0; i < b->n; i++) {
		const struct rte_ether_addr *dst = rte_pktmbuf_mtod(b->m[i], const struct rte_ether_addr *);
		if (rte_is_multicast_ether_addr(dst)) {
			bool all = rte_is_broadcast_ether_addr(dst);
			if (!pw_storm_allows(w, b->p[i].lsp, all ? PW_STORM_BROADCAST : PW_STORM_MULTICAST)) {
				pw_drop(w, b->m[i], all ? PW_DROP_STORM_BROADCAST : PW_DROP_STORM_MULTICAST);
				continue;
			}
		}
		pw_burst_keep(b, k++, i);
	}
	b->n = k;
}
