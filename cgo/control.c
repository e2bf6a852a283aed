// SPDX-License-Identifier: Apache-2.0
// Control's memory, and how it hears from the workers.
#include "control.h"

#include <errno.h>
#include <time.h>

#include <rte_cycles.h>
#include <rte_malloc.h>
#include <rte_ring_elem.h>

struct pw_control *
pw_control_new(struct pw_datapath *dp)
{
	struct pw_control *c = rte_zmalloc("pw_control", sizeof(*c), PW_CACHE_LINE);
	if (c != NULL)
		c->dp = dp;
	return c;
}

void
pw_control_free(struct pw_control *c)
{
	if (c == NULL)
		return;
	for (int i = 0; i < PW_MAX_WORKERS; i++)
		rte_free(c->drains[i]);
	rte_free(c);
}

int
pw_control_add_worker(struct pw_control *c, const struct pw_worker *w)
{
	size_t n = w->park.n_slots;
	c->drains[w->cfg.index] = rte_zmalloc("pw_drains", sizeof(struct pw_drain) * (n ? n : 1), PW_CACHE_LINE);
	return c->drains[w->cfg.index] == NULL ? -ENOMEM : 0;
}

// Takes what w has for control, as far as the batch has room.
static void
collect(struct pw_control_batch *b, struct pw_worker *w)
{
	uint32_t slot;

	b->n_l2 += rte_ring_sc_dequeue_burst(w->punt_l2, (void **)b->l2 + b->n_l2, PW_CONTROL_BATCH - b->n_l2, NULL);
	b->n_ip += rte_ring_sc_dequeue_burst(w->punt_ip, (void **)b->ip + b->n_ip, PW_CONTROL_BATCH - b->n_ip, NULL);
	b->n_learn += rte_ring_sc_dequeue_burst_elem(w->learn, b->learn + b->n_learn, sizeof(struct pw_learn),
						     PW_CONTROL_BATCH - b->n_learn, NULL);
	b->n_appeared += rte_ring_sc_dequeue_burst_elem(w->appeared, b->appeared + b->n_appeared, sizeof(struct pw_learn),
							PW_CONTROL_BATCH - b->n_appeared, NULL);
	while (b->n_asks < PW_CONTROL_BATCH && pw_park_next_ask(&w->park, &slot)) {
		const struct pw_park_slot *s = &w->park.slots[slot];
		struct pw_ask *ask = &b->asks[b->n_asks];
		ask->worker = w->cfg.index;
		ask->slot = slot;
		ask->word = atomic_load_explicit(&s->word, memory_order_acquire);
		ask->key = pw_park_slot_key(s);
		ask->lsp = pw_sender_unpack(atomic_load_explicit(&s->owner, memory_order_relaxed)).lsp;
		// A key is written between two lives of its slot, while the word says FREE.
		atomic_thread_fence(memory_order_acquire);
		uint64_t now = atomic_load_explicit(&s->word, memory_order_relaxed);
		if (pw_slot_state(ask->word) == PW_SLOT_FREE || pw_slot_state(now) == PW_SLOT_FREE ||
		    ask->word >> 8 != now >> 8)
			continue; // closed meanwhile; a new life asks anew
		b->n_asks++;
	}
}

static uint32_t
collect_all(struct pw_control *c)
{
	struct pw_control_batch *b = &c->batch;
	b->n_asks = b->n_l2 = b->n_ip = b->n_learn = b->n_appeared = 0;
	for (uint16_t i = 0; i < c->dp->n_workers; i++)
		collect(b, c->dp->workers[(c->next_worker + i) % c->dp->n_workers]);
	c->next_worker++;
	return b->n_asks + b->n_l2 + b->n_ip + b->n_learn + b->n_appeared;
}

uint32_t
pw_control_poll(struct pw_control *c, uint64_t wait_ns, uint32_t step_ns)
{
	uint64_t end = rte_rdtsc() + (uint64_t)((double)wait_ns * (double)c->dp->tsc_hz / 1e9);
	uint32_t n;

	// Spin for a moment before sleeping: an answer often follows its question closely.
	for (uint32_t turn = 0; (n = collect_all(c)) == 0 && rte_rdtsc() < end; turn++) {
		if (turn < 64) {
			rte_pause();
			continue;
		}
		struct timespec ts = {.tv_nsec = step_ns};
		nanosleep(&ts, NULL);
	}
	return n;
}
