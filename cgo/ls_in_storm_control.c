// SPDX-License-Identifier: Apache-2.0
// ls_in_storm_control: how many frames per second that go to many a switch port may
// bring. Unicast to MACs that the switch knows is never looked at.
#include <rte_ether.h>

#include "stages.h"

// A few workers may count for one port at a time. Who loses that race so often lets the
// frame pass uncounted: a limit may be missed by a frame, a worker must not wait.
#define TRIES 4

// The generic cell rate algorithm (ITU-T I.371 annex A) on one number: the time up to
// which the frames so far have used the port up. It may lie ahead of now by depth.
bool
pw_storm_allows(struct pw_worker *w, uint16_t lsp, enum pw_storm_class class)
{
	if (!(w->tables->lsps[lsp].flags & PW_LSP_STORM))
		return true;
	const struct pw_storm *limit = &w->tables->storms[lsp];
	struct pw_lsp_state *state = &w->dp->lsp_states[lsp];
	uint64_t interval = limit->interval[class];
	if (interval == 0)
		return true;
	uint64_t used = atomic_load_explicit(&state->storm[class], memory_order_relaxed);
	for (int i = 0; i < TRIES; i++) {
		uint64_t from = used > w->now ? used : w->now;
		if (from - w->now > limit->depth[class]) {
			atomic_fetch_add_explicit(&state->storm_drops[class], 1, memory_order_relaxed);
			return false;
		}
		if (atomic_compare_exchange_weak_explicit(&state->storm[class], &used, from + interval,
							  memory_order_relaxed, memory_order_relaxed))
			break;
	}
	return true;
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
