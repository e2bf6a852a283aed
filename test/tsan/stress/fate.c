// SPDX-License-Identifier: Apache-2.0
// Control as arpbuf does it, with a die in place of the network: drain.go, fail.go and
// nexthop.go there have the same steps.

#include <rte_cycles.h>

#include "stress.h"

enum phase { PARKING, DRAINING_NOW, SENDING, HELD_OFF };

struct waiting {
	uint16_t worker;
	uint32_t slot;
	uint64_t word;
};

struct hop {
	enum phase phase;
	uint8_t life; // of its MAC
	uint32_t n;
	uint32_t mark[PW_MAX_WORKERS];
	struct waiting w[WORKERS * SLOTS];
};

struct fates fates;
static struct hop hops[HOPS];

static void
store(uint32_t i, enum pw_adj_state state)
{
	uint8_t mac[6] = {0};
	if (state == PW_ADJ_DRAINING || state >= PW_ADJ_USABLE)
		hop_mac(mac, i, hops[i].life);
	// The order against the asks is pw_control_asks_mark's.
	atomic_store_explicit(&dp->adjs[i].word, pw_adj_word(mac, 0, state), memory_order_release);
}

static void
forget_closed(struct hop *h)
{
	uint32_t k = 0;
	for (uint32_t i = 0; i < h->n; i++)
		if (pw_control_slot_open(dp->control, h->w[i].worker, h->w[i].slot, h->w[i].word))
			h->w[k++] = h->w[i];
	h->n = k;
}

static void
drain(uint32_t hop)
{
	struct hop *h = &hops[hop];
	uint32_t k = 0;
	for (uint32_t i = 0; i < h->n; i++) {
		struct waiting w = h->w[i];
		uint32_t sent;
		enum pw_drain_status status = pw_control_drain(dp->control, w.worker, w.slot, w.word, hop, &sent);
		if (status == PW_DRAIN_AGAIN && rnd(64) == 0) {
			pw_control_abandon(dp->control, w.worker, w.slot, w.word);
			fates.abandoned++;
		}
		if (status == PW_DRAIN_AGAIN || pw_control_slot_open(dp->control, w.worker, w.slot, w.word))
			h->w[k++] = w;
	}
	h->n = k;
	if (k > 0 || !pw_control_asks_read(dp->control, h->mark))
		return;
	store(hop, PW_ADJ_REACHABLE);
	h->phase = SENDING;
}

static void
begin_drain(uint32_t hop)
{
	struct hop *h = &hops[hop];
	store(hop, PW_ADJ_DRAINING);
	pw_control_asks_mark(dp->control, h->mark);
	h->phase = DRAINING_NOW;
	drain(hop);
}

static void
resolve(uint32_t hop)
{
	hops[hop].life++;
	fates.resolved++;
	begin_drain(hop);
}

// The MAC moves while parked packets leave.
static void
move(uint32_t hop)
{
	hops[hop].life++;
	fates.moved++;
	store(hop, PW_ADJ_DRAINING);
}

static void
flush(uint32_t hop)
{
	struct hop *h = &hops[hop];
	store(hop, PW_ADJ_INCOMPLETE);
	fates.flushed++;
	if (h->phase == DRAINING_NOW) {
		for (uint32_t i = 0; i < h->n; i++) {
			struct waiting w = h->w[i];
			pw_control_abandon(dp->control, w.worker, w.slot, w.word);
			if (pw_control_claim(dp->control, w.worker, w.slot, w.word))
				pw_control_handback(dp->control, w.worker, w.slot);
		}
	}
	h->phase = PARKING;
}

static void
take(struct waiting w)
{
	struct rte_mbuf *m[16];
	uint64_t oldest;
	if (!pw_control_claim(dp->control, w.worker, w.slot, w.word))
		return;
	uint32_t left = pw_control_slot_depth(dp->control, w.worker, w.slot, &oldest);
	while (left > 0) {
		uint16_t n = pw_control_take(dp->control, w.worker, w.slot, m, (uint16_t)RTE_MIN(left, RTE_DIM(m)));
		if (n == 0)
			break;
		for (uint16_t i = 0; i < n; i++)
			pw_control_free_as(dp->control, m[i], PW_DROP_PARK_FAILED);
		left -= n;
	}
	pw_control_handback(dp->control, w.worker, w.slot);
}

static void
fail(uint32_t hop)
{
	struct hop *h = &hops[hop];
	store(hop, PW_ADJ_FAILED);
	h->phase = HELD_OFF;
	fates.failed++;
	for (uint32_t i = 0; i < h->n; i++)
		take(h->w[i]);
	forget_closed(h);
}

static void
expire(uint32_t hop)
{
	struct hop *h = &hops[hop];
	uint64_t before = rte_rdtsc() - rnd(200000);
	for (uint32_t i = 0; i < h->n; i++)
		fates.expired += pw_control_expire(dp->control, h->w[i].worker, h->w[i].slot, h->w[i].word, before, false);
	forget_closed(h);
}

static void
asked(const struct pw_ask *a)
{
	uint32_t hop = a->key.ip[3], i;
	if (a->key.family != 4 || hop >= HOPS)
		die("an ask for a next hop that nobody has");
	struct hop *h = &hops[hop];
	for (i = 0; i < h->n; i++) // in place of an earlier life of the same slot
		if (h->w[i].worker == a->worker && h->w[i].slot == a->slot)
			break;
	h->w[i] = (struct waiting){.worker = a->worker, .slot = a->slot, .word = a->word};
	if (i == h->n)
		h->n++;
	if (h->phase == SENDING)
		begin_drain(hop); // this slot must empty before its worker sends past it
	else if (h->phase == HELD_OFF)
		take(h->w[i]);
}

static void
stroke(uint32_t hop)
{
	uint32_t die = rnd(400);
	switch (hops[hop].phase) {
	case PARKING:
		if (hops[hop].n == 0)
			break;
		if (die < 40)
			resolve(hop);
		else if (die < 45)
			fail(hop);
		else if (die < 55)
			expire(hop);
		break;
	case DRAINING_NOW:
		if (die < 4)
			flush(hop);
		else if (die < 8)
			move(hop);
		break;
	case SENDING:
		if (die < 20)
			flush(hop);
		break;
	case HELD_OFF:
		if (die < 100)
			flush(hop);
		break;
	}
}

static bool
all_closed(void)
{
	for (uint16_t w = 0; w < WORKERS; w++)
		for (uint32_t s = 0; s < SLOTS; s++)
			if (pw_slot_state(atomic_load_explicit(&dp->workers[w]->park.slots[s].word,
							       memory_order_relaxed)) != PW_SLOT_FREE)
				return false;
	return true;
}

void
fate_run(void)
{
	for (;;) {
		bool last = true;
		for (unsigned int w = 0; w < WORKERS; w++)
			last = last && source_done(w);
		pw_control_poll(dp->control, 0, 0);
		for (uint32_t i = 0; i < dp->control->batch.n_asks; i++)
			asked(&dp->control->batch.asks[i]);
		if (!last)
			stroke(rnd(HOPS));
		for (uint32_t hop = 0; hop < HOPS; hop++) {
			if (last && (hops[hop].phase == PARKING || hops[hop].phase == HELD_OFF))
				resolve(hop);
			if (hops[hop].phase == DRAINING_NOW)
				drain(hop);
		}
		if (last && all_closed())
			return;
	}
}
