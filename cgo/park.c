// SPDX-License-Identifier: Apache-2.0
#include "park.h"

#include <errno.h>
#include <string.h>

#include <rte_common.h>
#include <rte_hash_crc.h>
#include <rte_malloc.h>
#include <rte_random.h>

int
pw_park_init(struct pw_park *p, const struct pw_park_config *cfg, int socket)
{
	uint32_t slots = 0;
	size_t entries = 0;
	for (int c = 0; c < PW_PARK_CLASSES; c++) {
		slots += cfg->of[c].slots;
		entries += (size_t)cfg->of[c].slots * rte_align32pow2(cfg->of[c].ring);
	}
	uint32_t index = rte_align32pow2(slots * 2);
	uint32_t asks = rte_align32pow2(slots + 1);

	memset(p, 0, sizeof(*p));
	p->cfg = *cfg;
	p->n_slots = slots;
	p->index_mask = index - 1;
	p->ask_mask = asks - 1;
	p->slots = rte_zmalloc_socket("pw_park_slots", sizeof(*p->slots) * slots, PW_CACHE_LINE, socket);
	p->entries = rte_zmalloc_socket("pw_park_rings", sizeof(*p->entries) * entries, PW_CACHE_LINE, socket);
	p->index = rte_zmalloc_socket("pw_park_index", sizeof(*p->index) * index, PW_CACHE_LINE, socket);
	p->open = rte_zmalloc_socket("pw_park_open", sizeof(*p->open) * slots, PW_CACHE_LINE, socket);
	p->asks = rte_zmalloc_socket("pw_park_asks", sizeof(*p->asks) * asks, PW_CACHE_LINE, socket);
	if (!p->slots || !p->entries || !p->index || !p->open || !p->asks) {
		pw_park_fini(p);
		return -ENOMEM;
	}
	struct pw_park_slot *s = p->slots;
	struct pw_park_entry *e = p->entries;
	for (uint8_t c = 0; c < PW_PARK_CLASSES; c++) {
		uint32_t ring = rte_align32pow2(cfg->of[c].ring);
		p->free[c] = PW_NONE32;
		for (uint32_t i = 0; i < cfg->of[c].slots; i++, s++, e += ring) {
			s->cls = c;
			s->mask = ring - 1;
			s->ring = e;
			s->next_free = p->free[c];
			p->free[c] = pw_park_slot_index(p, s);
		}
	}
	p->shares.random = rte_rand() | 1;
	p->shares.secret = rte_rand() | 1;
	return 0;
}

void
pw_park_fini(struct pw_park *p)
{
	rte_free(p->slots);
	rte_free(p->entries);
	rte_free(p->index);
	rte_free(p->open);
	rte_free(p->asks);
	memset(p, 0, sizeof(*p));
}

static uint32_t
home(const struct pw_park *p, const struct pw_park_key *key)
{
	return rte_hash_crc(key, sizeof(*key), 0) & p->index_mask;
}

// Where key's slot stands in the index, or the empty place where it would go. The
// index has twice as many places as there are slots, so a probe always ends.
static uint32_t
place(const struct pw_park *p, const struct pw_park_key *key)
{
	uint32_t i = home(p, key);
	while (p->index[i] != 0 && memcmp(&p->slots[p->index[i] - 1].key, key, sizeof(*key)) != 0)
		i = (i + 1) & p->index_mask;
	return i;
}

struct pw_park_slot *
pw_park_find(struct pw_park *p, const struct pw_park_key *key)
{
	uint32_t s = p->index[place(p, key)];
	return s ? &p->slots[s - 1] : NULL;
}

void
pw_park_ask(struct pw_park *p, struct pw_park_slot *s)
{
	// Pairs with control's clear-then-read in pw_park_next_ask: either we see the
	// flag cleared and ask again, or control sees what we have just written.
	atomic_thread_fence(memory_order_seq_cst);
	if (atomic_exchange_explicit(&s->asked, 1, memory_order_relaxed))
		return;
	uint32_t tail = atomic_load_explicit(&p->ask_tail, memory_order_relaxed);
	p->asks[tail & p->ask_mask] = pw_park_slot_index(p, s);
	atomic_store_explicit(&p->ask_tail, tail + 1, memory_order_release);
}

bool
pw_park_next_ask(struct pw_park *p, uint32_t *slot)
{
	uint32_t head = atomic_load_explicit(&p->ask_head, memory_order_relaxed);
	if (head == atomic_load_explicit(&p->ask_tail, memory_order_acquire))
		return false;
	*slot = p->asks[head & p->ask_mask];
	// The place is ours to reuse only after head moves, the slot may ask again only
	// after asked clears: in this order the ring never holds more than every slot.
	atomic_store_explicit(&p->ask_head, head + 1, memory_order_release);
	atomic_store_explicit(&p->slots[*slot].asked, 0, memory_order_release);
	atomic_thread_fence(memory_order_seq_cst);
	return true;
}

struct pw_park_slot *
pw_park_open(struct pw_park *p, const struct pw_park_key *key, enum pw_park_class cls, struct pw_park_opener by,
	     bool known)
{
	uint32_t i = p->free[cls];
	if (i == PW_NONE32)
		return NULL;
	struct pw_park_slot *s = &p->slots[i];
	p->free[cls] = s->next_free;
	s->by = by;
	s->known = known;
	pw_park_share_open(p, s);

	atomic_thread_fence(memory_order_release); // control sees FREE before it sees another key
	s->key = *key;
	p->index[place(p, key)] = i + 1;
	s->open_index = p->n_open;
	p->open[p->n_open++] = i;

	uint64_t gen = atomic_load_explicit(&s->word, memory_order_relaxed) >> 8;
	atomic_store_explicit(&s->word, (gen + 1) << 8 | PW_SLOT_PARKED, memory_order_release);
	return s;
}

void
pw_park_close(struct pw_park *p, struct pw_park_slot *s)
{
	uint32_t slot = pw_park_slot_index(p, s);

	pw_park_share_close(p, s);
	// Take the place out of the index and close the gap: a later entry moves back
	// when its home does not lie after the gap.
	uint32_t gap = place(p, &s->key);
	p->index[gap] = 0;
	for (uint32_t i = (gap + 1) & p->index_mask; p->index[i] != 0; i = (i + 1) & p->index_mask) {
		uint32_t h = home(p, &p->slots[p->index[i] - 1].key);
		if (((i - h) & p->index_mask) >= ((i - gap) & p->index_mask)) {
			p->index[gap] = p->index[i];
			p->index[i] = 0;
			gap = i;
		}
	}

	uint32_t last = p->open[--p->n_open];
	p->open[s->open_index] = last;
	p->slots[last].open_index = s->open_index;

	uint64_t word = atomic_load_explicit(&s->word, memory_order_relaxed);
	atomic_store_explicit(&s->word, pw_slot_with(word, PW_SLOT_FREE), memory_order_release);
	s->next_free = p->free[s->cls];
	p->free[s->cls] = slot;
}

void
pw_park_push(struct pw_park *p, struct pw_park_slot *s, struct rte_mbuf *m, uint64_t tsc)
{
	uint32_t tail = atomic_load_explicit(&s->tail, memory_order_relaxed);
	struct pw_park_entry *e = &s->ring[tail & s->mask];
	atomic_store_explicit(&e->m, m, memory_order_relaxed);
	atomic_store_explicit(&e->tsc, tsc, memory_order_relaxed);
	atomic_store_explicit(&s->tail, tail + 1, memory_order_release);
	p->pushed[s->cls]++;
	pw_park_share_update(p, s);
}

struct rte_mbuf *
pw_park_pop(struct pw_park_slot *s, uint64_t older_than, bool *lost)
{
	*lost = false;
	uint32_t head = atomic_load_explicit(&s->head, memory_order_acquire);
	if (head == atomic_load_explicit(&s->tail, memory_order_acquire))
		return NULL;
	struct pw_park_entry *e = &s->ring[head & s->mask];
	if (older_than != 0 && atomic_load_explicit(&e->tsc, memory_order_relaxed) >= older_than)
		return NULL;
	// The producer reuses the place only once head has passed it, so what we read
	// here is the packet that we claim, if we claim it. Head never returns.
	struct rte_mbuf *m = atomic_load_explicit(&e->m, memory_order_relaxed);
	if (!atomic_compare_exchange_strong_explicit(&s->head, &head, head + 1, memory_order_acq_rel,
						     memory_order_acquire)) {
		*lost = true;
		return NULL;
	}
	return m;
}
