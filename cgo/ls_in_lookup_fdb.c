// SPDX-License-Identifier: Apache-2.0
// ls_in_lookup_fdb: on ports that list unknown, tell control about source MACs that
// the switch does not know, or knows elsewhere. Control alone writes the table. On
// ports that packets wait for, tell it of the first frame.
#include <rte_ether.h>
#include <rte_ring_elem.h>

#include "learn.h"
#include "stages.h"

void
pw_learn_slow(struct pw_worker *w, uint64_t key, uint16_t lsp, uint32_t slot)
{
	void *known;
	int at = rte_hash_lookup_data(w->dp->fdb, &key, &known);
	if (at >= 0 && (uintptr_t)known == lsp) {
		// Once a second at most for the MACs that the cache has room for: it keeps the
		// entry from aging out.
		_Atomic uint8_t *seen = &w->dp->fdb_seen[at];
		if ((uint32_t)at < w->dp->n_fdb_seen && !atomic_load_explicit(seen, memory_order_relaxed))
			atomic_store_explicit(seen, 1, memory_order_relaxed);
	} else {
		// A port that floods with new MACs leaves the ring, and control's time, to others.
		if (!pw_bucket_take(&w->dp->lsp_states[lsp].learn, &w->dp->learn_meter, w->now))
			return;
		struct pw_learn l = {.mac = pw_fdb_mac(key), .sw = pw_fdb_switch(key), .lsp = lsp};
		if (rte_ring_sp_enqueue_elem(w->learn, &l, sizeof(l)) != 0)
			return; // the ring is full; the next frame from this source asks again
	}
	w->learned[slot] = key;
	w->learned_lsp[slot] = lsp;
}

static void
appeared(struct pw_worker *w, uint64_t mac, uint16_t sw, uint16_t lsp)
{
	_Atomic uint8_t *gate = &w->dp->gates[lsp];
	uint8_t armed = PW_GATE_ARMED;
	if (atomic_load_explicit(gate, memory_order_relaxed) != PW_GATE_ARMED ||
	    !atomic_compare_exchange_strong_explicit(gate, &armed, PW_GATE_SEEN, memory_order_relaxed,
						     memory_order_relaxed))
		return;
	// One entry per port and arming, in a ring of its own that has room for every port.
	struct pw_learn l = {.mac = mac, .sw = sw, .lsp = lsp};
	uint8_t seen = PW_GATE_SEEN;
	if (rte_ring_sp_enqueue_elem(w->appeared, &l, sizeof(l)) != 0) // armed again and again meanwhile
		atomic_compare_exchange_strong_explicit(gate, &seen, PW_GATE_ARMED, memory_order_relaxed,
							memory_order_relaxed);
}

void
pw_ls_in_lookup_fdb(struct pw_worker *w, struct pw_burst *b)
{
	for (uint16_t i = 0; i < b->n; i++) {
		const struct pw_lsp *lsp = &w->tables->lsps[b->p[i].lsp];
		if (likely(!(lsp->unknown | lsp->gated)))
			continue;
		const struct rte_ether_hdr *eth = rte_pktmbuf_mtod(b->m[i], const struct rte_ether_hdr *);
		const uint8_t *src = eth->src_addr.addr_bytes;
		if (lsp->gated)
			appeared(w, pw_mac48(src), lsp->sw, b->p[i].lsp);
		if (lsp->unknown)
			pw_learn_source(w, b->p[i].lsp, src);
	}
}
