// SPDX-License-Identifier: Apache-2.0
#include "park.h"

#include <errno.h>
#include <string.h>

#include <rte_common.h>
#include <rte_hash_crc.h>
#include <rte_malloc.h>
#include <rte_random.h>

#define ENTRIES_PER_LINE (PW_CACHE_LINE / sizeof(struct pw_park_entry))

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
	p->senders = rte_zmalloc_socket("pw_park_senders", sizeof(*p->senders) * entries, PW_CACHE_LINE, socket);
	p->open[0].slots = rte_zmalloc_socket("pw_park_open", sizeof(uint32_t) * slots, PW_CACHE_LINE, socket);
	p->asks = rte_zmalloc_socket("pw_park_asks", sizeof(*p->asks) * asks, PW_CACHE_LINE, socket);
	if (!p->slots || !p->entries || !p->index || !p->senders || !p->open[0].slots || !p->asks) {
		pw_park_fini(p);
		return -ENOMEM;
	}
	struct pw_park_slot *s = p->slots;
	struct pw_park_entry *e = p->entries;
	struct pw_park_sender *by = p->senders;
	p->open[PW_PARK_GATED].slots = p->open[PW_PARK_NEXTHOP].slots + cfg->of[PW_PARK_NEXTHOP].slots;
	for (uint8_t c = 0; c < PW_PARK_CLASSES; c++) {
		uint32_t ring = rte_align32pow2(cfg->of[c].ring);
		p->free[c] = PW_NONE32;
		for (uint32_t i = 0; i < cfg->of[c].slots; i++, s++, e += ring, by += ring) {
			s->cls = c;
			s->mask = ring - 1;
			s->ring = e;
			s->senders = by;
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
	rte_free(p->senders);
	rte_free(p->open[0].slots);
	rte_free(p->asks);
	memset(p, 0, sizeof(*p));
}

static bool
serves(const struct pw_park_slot *s, const struct pw_park_key *key)
{
	struct pw_park_key own = pw_park_slot_key(s);
	return memcmp(&own, key, sizeof(own)) == 0;
}

static uint32_t
home(const struct pw_park *p, const struct pw_park_key *key)
{
	uint64_t words[3]; // rte_hash_crc reads words, which a key made of other types may not be read as
	memcpy(words, key, sizeof(words));
	return rte_hash_crc(words, sizeof(words), 0) & p->index_mask;
}

// Where key's slot stands in the index, or the empty place where it would go. The
// index has twice as many places as there are slots, so a probe always ends.
static uint32_t
place(const struct pw_park *p, const struct pw_park_key *key)
{
	uint32_t i = home(p, key);
	while (p->index[i] != 0 && !serves(&p->slots[p->index[i] - 1], key))
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
	// Both sides exchange, so one of the two exchanges reads what the other wrote and
	// sees all that came before it: either we see control's 0 and ask again, or control
	// sees our 1 and with it what we have just written to word and ring.
	if (atomic_exchange_explicit(&s->asked, 1, memory_order_acq_rel))
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
	atomic_exchange_explicit(&p->slots[*slot].asked, 0, memory_order_acq_rel); // see pw_park_ask
	return true;
}

struct pw_park_slot *
pw_park_open(struct pw_park *p, const struct pw_park_key *key, enum pw_park_class cls, struct pw_park_sender by,
	     bool known)
{
	uint32_t i = p->free[cls];
	if (i == PW_NONE32)
		return NULL;
	struct pw_park_slot *s = &p->slots[i];
	p->free[cls] = s->next_free;
	s->known = known;
	pw_park_share_open(p, s, by);

	atomic_thread_fence(memory_order_release); // control sees FREE before it sees another key
	uint64_t words[3];
	memcpy(words, key, sizeof(words));
	for (int k = 0; k < 3; k++)
		atomic_store_explicit(&s->key[k], words[k], memory_order_relaxed);
	p->index[place(p, key)] = i + 1;
	struct pw_park_open *open = &p->open[cls];
	s->open_index = open->n;
	open->slots[open->n++] = i;

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
	struct pw_park_key key = pw_park_slot_key(s);
	uint32_t gap = place(p, &key);
	p->index[gap] = 0;
	for (uint32_t i = (gap + 1) & p->index_mask; p->index[i] != 0; i = (i + 1) & p->index_mask) {
		key = pw_park_slot_key(&p->slots[p->index[i] - 1]);
		uint32_t h = home(p, &key);
		if (((i - h) & p->index_mask) >= ((i - gap) & p->index_mask)) {
			p->index[gap] = p->index[i];
			p->index[i] = 0;
			gap = i;
		}
	}

	struct pw_park_open *open = &p->open[s->cls];
	uint32_t last = open->slots[--open->n];
	open->slots[s->open_index] = last;
	p->slots[last].open_index = s->open_index;

	uint64_t word = atomic_load_explicit(&s->word, memory_order_relaxed);
	atomic_store_explicit(&s->word, pw_slot_with(word, PW_SLOT_FREE), memory_order_release);
	s->next_free = p->free[s->cls];
	p->free[s->cls] = slot;
}

void
pw_park_push(struct pw_park *p, struct pw_park_slot *s, struct rte_mbuf *m, uint64_t tsc, struct pw_park_sender by)
{
	pw_park_share_settle(p, s); // of who had this place before
	uint32_t tail = atomic_load_explicit(&s->tail, memory_order_relaxed);
	struct pw_park_entry *e = &s->ring[tail & s->mask];
	atomic_store_explicit(&e->m, m, memory_order_relaxed);
	atomic_store_explicit(&e->tsc, tsc, memory_order_relaxed);
	atomic_store_explicit(&s->tail, tail + 1, memory_order_release);
	if (tail % ENTRIES_PER_LINE == 0) // the next ones; who wrote or read them last may have been control
		__builtin_prefetch(&s->ring[(tail + ENTRIES_PER_LINE) & s->mask], 1);
	p->pushed[s->cls]++;
	s->senders[tail & s->mask] = by;
	pw_park_share_join(p, s, by);
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

uint16_t
pw_park_pop_bulk(struct pw_park_slot *s, struct rte_mbuf **out, uint64_t *arrived, uint16_t n, bool *lost)
{
	*lost = false;
	uint32_t head = atomic_load_explicit(&s->head, memory_order_acquire);
	uint32_t size = atomic_load_explicit(&s->tail, memory_order_acquire) - head;
	n = (uint16_t)RTE_MIN(size, (uint32_t)n);
	if (n == 0)
		return 0;
	// As in pw_park_pop, n times at once: while head has not moved no place of these was
	// reused, so all that we read are the packets that we claim.
	for (uint16_t i = 0; i < n; i++) {
		struct pw_park_entry *e = &s->ring[(head + i) & s->mask];
		out[i] = atomic_load_explicit(&e->m, memory_order_relaxed);
		if (arrived != NULL)
			arrived[i] = atomic_load_explicit(&e->tsc, memory_order_relaxed);
	}
	if (!atomic_compare_exchange_strong_explicit(&s->head, &head, head + n, memory_order_acq_rel,
						     memory_order_acquire)) {
		*lost = true;
		return 0;
	}
	return n;
}
