// SPDX-License-Identifier: Apache-2.0
// ls_in_lookup_fdb: on ports that list unknown, tell control about source MACs that
// the switch does not know, or knows elsewhere. Control alone writes the table.
#include <rte_ether.h>
#include <rte_hash_crc.h>
#include <rte_ring_elem.h>

#include "stages.h"

static void
learn(struct pw_worker *w, uint64_t key, uint64_t mac, uint16_t sw, uint16_t lsp)
{
	void *known;
	uint32_t i = rte_hash_crc_8byte(key, 0) & (PW_LEARN_CACHE - 1);
	if (w->learned[i] == key && w->learned_lsp[i] == lsp)
		return;
	if (rte_hash_lookup_data(w->dp->fdb, &key, &known) < 0 || (uintptr_t)known != lsp) {
		struct pw_learn l = {.mac = mac, .sw = sw, .lsp = lsp};
		if (rte_ring_sp_enqueue_elem(w->learn, &l, sizeof(l)) != 0)
			return; // the ring is full; the next frame from this source asks again
	}
	w->learned[i] = key;
	w->learned_lsp[i] = lsp;
}

void
pw_ls_in_lookup_fdb(struct pw_worker *w, struct pw_burst *b)
{
	for (uint16_t i = 0; i < b->n; i++) {
		const struct pw_lsp *lsp = &w->tables->lsps[b->p[i].lsp];
		if (!lsp->unknown)
			continue;
		const struct rte_ether_hdr *eth = rte_pktmbuf_mtod(b->m[i], const struct rte_ether_hdr *);
		uint64_t mac = pw_mac48(eth->src_addr.addr_bytes);
		learn(w, pw_fdb_key(lsp->sw, mac), mac, lsp->sw, b->p[i].lsp);
	}
}
