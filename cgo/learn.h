// SPDX-License-Identifier: Apache-2.0
// What a switch port with unknown addresses learns from: the source of every frame. A
// small cache of the worker's answers for almost all of them.
#ifndef PW_LEARN_H
#define PW_LEARN_H

#include <rte_hash_crc.h>

#include "worker.h"

// pw_learn_slow looks key up in the FDB and tells control when it is news. Out of line.
void pw_learn_slow(struct pw_worker *w, uint64_t key, uint16_t lsp, uint32_t slot);

// pw_learn_source learns the source MAC at src of a frame from switch port lsp.
static inline void
pw_learn_source(struct pw_worker *w, uint16_t lsp, const uint8_t *src)
{
	uint64_t key = pw_fdb_key(w->tables->lsps[lsp].sw, pw_mac48(src));
	uint32_t slot = rte_hash_crc_8byte(key, 0) & (PW_LEARN_CACHE - 1);
	if (unlikely(w->learned[slot] != key || w->learned_lsp[slot] != lsp))
		pw_learn_slow(w, key, lsp, slot);
}

#endif
