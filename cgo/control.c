// SPDX-License-Identifier: Apache-2.0
// Control's memory, and how it hears from the workers.
#include "control.h"

#include <errno.h>
#include <time.h>

#include <rte_cycles.h>
#include <rte_malloc.h>
#include <rte_ring_elem.h>

// Polls before control sleeps in any case, and how long it sleeps between two where workers
// can't wake it.
#define SPIN_TURNS 64
#define CLOCK_STEP_NS 50000

struct pw_control *
pw_control_new(struct pw_datapath *dp)
{
	struct pw_control *c = rte_zmalloc("pw_control", sizeof(*c), PW_CACHE_LINE);
	if (c == NULL)
		return NULL;
	c->dp = dp;
	pw_sleeper_init(&c->sleep); // one that fails sleeps by the clock
	return c;
}

void
pw_control_free(struct pw_control *c)
{
	if (c == NULL)
		return;
	for (int i = 0; i < PW_MAX_WORKERS; i++)
		rte_free(c->drains[i]);
	pw_sleeper_fini(&c->sleep);
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

static uint64_t
cycles(const struct pw_control *c, uint64_t ns)
{
	return (uint64_t)((double)ns * (double)c->dp->tsc_hz / 1e9);
}

// Sleeps until a worker writes, at most to the TSC value end, and returns what it wrote.
static uint32_t
asleep(struct pw_control *c, uint64_t end)
{
	uint32_t n = 0;
	pw_sleeper_announce(&c->sleep);
	uint64_t now = rte_rdtsc();
	if ((n = collect_all(c)) > 0 || now >= end)
		pw_sleeper_stay(&c->sleep);
	else
		pw_sleeper_sleep(&c->sleep, (uint64_t)((double)(end - now) * 1e9 / (double)c->dp->tsc_hz));
	return n;
}

uint32_t
pw_control_poll(struct pw_control *c, uint64_t wait_ns, uint64_t spin_ns)
{
	const struct timespec step = {.tv_nsec = CLOCK_STEP_NS};
	uint64_t start = rte_rdtsc(), end = start + cycles(c, wait_ns), awake = start + cycles(c, spin_ns), now;
	uint32_t n;

	for (uint32_t turn = 0; (n = collect_all(c)) == 0 && (now = rte_rdtsc()) < end; turn++) {
		// An answer often follows its question closely.
		if (turn < SPIN_TURNS || now < awake)
			rte_pause();
		else if (!pw_sleeper_can(&c->sleep))
			nanosleep(&step, NULL);
		else if ((n = asleep(c, end)) > 0)
			break;
	}
	return n;
}
