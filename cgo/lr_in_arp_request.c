// SPDX-License-Identifier: Apache-2.0
// lr_in_arp_request: packets whose next hop has no usable adjacency are parked, in
// order, and control is asked once per next hop. park.h has the protocol.
#include <string.h>

#include "park_room.h"
#include "stages.h"

static struct pw_park_key
next_hop(const struct pw_datapath *dp, const struct rte_mbuf *m, const struct pw_pkt *p, uint8_t family)
{
	struct pw_park_key key = {.lrp = p->out_lrp, .family = family};
	const struct rte_ether_hdr *eth = rte_pktmbuf_mtod(m, const struct rte_ether_hdr *);
	if (p->adj != PW_NONE32) {
		// A gateway may be of the other family than the packet (RFC 5549).
		key.family = dp->adjs[p->adj].family;
		memcpy(key.ip, dp->adjs[p->adj].ip, sizeof(key.ip));
	} else if (family == 4) {
		memcpy(key.ip, &((const struct rte_ipv4_hdr *)(eth + 1))->dst_addr, 4);
	} else {
		memcpy(key.ip, ((const struct rte_ipv6_hdr *)(eth + 1))->dst_addr, 16);
	}
	return key;
}

// The adjacency of key as it is now. A MAC that waits for older packets to drain
// counts as known: whoever asks has seen to those packets.
static bool
resolved(const struct pw_datapath *dp, const struct pw_park_key *key, struct pw_pkt *p, enum pw_adj_state *state)
{
	*state = PW_ADJ_INCOMPLETE;
	p->adj = pw_neigh_lookup(dp, key);
	if (p->adj == PW_NONE32)
		return false;
	p->word = pw_adj_load(&dp->adjs[p->adj]);
	*state = pw_adj_state(p->word);
	return pw_adj_usable(p->word) || *state == PW_ADJ_DRAINING;
}

// Finishes a slot that is in HANDBACK, and so the worker's: sends or drops what is
// left and closes it; true then. While the next hop is unresolved and packets wait,
// the slot goes back to PARKED with a new ask.
static bool
finish(struct pw_worker *w, struct pw_park_slot *s)
{
	const struct pw_park_key key = pw_park_slot_key(s);

	for (;;) {
		struct pw_pkt p = {.lsp = PW_NONE16, .out_lrp = (uint16_t)key.lrp};
		enum pw_adj_state state;
		bool lost, send = resolved(w->dp, &key, &p, &state);

		if (!send && state != PW_ADJ_FAILED && pw_park_size(s) > 0) {
			// What this loop has sent goes ahead of what control may send from now on.
			pw_tx_flush(w);
			uint64_t word = atomic_load_explicit(&s->word, memory_order_relaxed);
			atomic_store_explicit(&s->word, pw_slot_with(word, PW_SLOT_PARKED), memory_order_release);
			pw_park_ask(&w->park, s);
			// Asked, now look again: see pw_park_packet.
			atomic_thread_fence(memory_order_seq_cst);
			if (!resolved(w->dp, &key, &p, &state))
				return false;
			word = pw_slot_with(word, PW_SLOT_PARKED);
			if (!atomic_compare_exchange_strong_explicit(&s->word, &word,
								     pw_slot_with(word, PW_SLOT_HANDBACK),
								     memory_order_acq_rel, memory_order_acquire))
				return false; // control drains it
			continue;
		}
		struct rte_mbuf *m = pw_park_take(w, s, &lost);
		if (m == NULL && !lost) {
			pw_park_close(&w->park, s);
			return true;
		}
		if (m == NULL)
			continue; // control expired that one
		if (send) {
			pw_count_drained(&w->counters, w->dp, pw_meta(m)->park_class, pw_meta(m)->tsc, w->now);
			p.flags = pw_meta(m)->mark != 0 ? PW_PKT_MARKED : 0;
			pw_router_deliver(w, m, &p);
		} else {
			pw_drop(w, m, PW_DROP_PARK_FAILED);
		}
	}
}

static void
push(struct pw_worker *w, struct pw_park_slot *s, struct rte_mbuf *m, const struct pw_pkt *p,
     struct pw_park_sender by)
{
	*pw_meta(m) = (struct pw_meta){
		.tsc = w->now,
		.worker = w->cfg.index,
		.lsp = p->lsp,
		.lrp = p->lrp,
		.out_lrp = p->out_lrp,
		.park_class = s->cls,
		.mark = pw_mark(m, p),
	};
	w->counters.parked++;
	w->counters.gate_parked += s->cls == PW_PARK_GATED;
	w->pool_share--;
	pw_park_push(&w->park, s, m, w->now, by);
}

// Parks m behind what waits in s already.
static void
join(struct pw_worker *w, struct pw_park_slot *s, struct rte_mbuf *m, const struct pw_pkt *p, uint8_t family)
{
	const struct pw_park_limits *limits = pw_park_limits_of(&w->park, s);
	struct pw_park_sender by = pw_park_sender_of(&w->park, m, p->lsp, family);
	bool gated = s->cls == PW_PARK_GATED;
	if (pw_park_size(s) >= limits->ring) {
		if (limits->drop_newest) {
			pw_drop(w, m, gated ? PW_DROP_PARK_GATE_FULL : PW_DROP_PARK_NEWEST);
			return;
		}
		bool lost; // to control, which has made room then, for us to owe to the pool's share
		struct rte_mbuf *oldest = pw_park_take(w, s, &lost);
		if (oldest != NULL)
			pw_drop(w, oldest, gated ? PW_DROP_PARK_GATE_EVICTED : PW_DROP_PARK_EVICTED);
		pw_park_prefetch_oldest(s); // for the next one
	} else {
		struct pw_newcomer n = {.cls = s->cls, .by = by, .known = s->known, .mine = s};
		enum pw_drop reason = pw_packet_room(w, &n);
		if (reason != PW_DROP_COUNT) {
			pw_drop(w, m, reason);
			return;
		}
	}
	push(w, s, m, p, by);
}

// What came before the first packet of a park ring must be on the wire before control
// can see that packet: from then on control may send it at any moment.
static void
send_ahead(struct pw_worker *w, const struct pw_burst *b, uint16_t *kept)
{
	for (uint16_t i = 0; i < *kept; i++)
		pw_router_deliver(w, b->m[i], &b->p[i]);
	*kept = 0;
	pw_tx_flush(w);
}

bool
pw_park_packet(struct pw_worker *w, struct pw_burst *b, uint16_t i, uint16_t *kept, uint8_t family)
{
	struct rte_mbuf *m = b->m[i];
	struct pw_pkt *p = &b->p[i];
	struct pw_park_key key = next_hop(w->dp, m, p, family);
	struct pw_park_slot *s = pw_park_find(&w->park, &key);

	if (s != NULL) {
		uint64_t word = atomic_load_explicit(&s->word, memory_order_acquire);
		if (pw_slot_state(word) != PW_SLOT_HANDBACK || !finish(w, s)) {
			join(w, s, m, p, family);
			return true;
		}
	}

	// Nothing of ours waits for this next hop, so if it has resolved since the burst
	// was looked up, or is just draining other workers' rings, m may go.
	enum pw_adj_state state;
	if (resolved(w->dp, &key, p, &state))
		return false;
	if (state == PW_ADJ_FAILED) // wanted all the same, so control lets packets wait when it asks again
		pw_adj_touch(&w->dp->adjs[p->adj]);
	struct pw_newcomer n = pw_newcomer(w, m, p, family);
	enum pw_drop reason = state == PW_ADJ_FAILED ? PW_DROP_NEIGHBOR_FAILED : pw_slot_room(w, &n);
	if (reason == PW_DROP_COUNT)
		reason = pw_packet_room(w, &n);
	if (reason != PW_DROP_COUNT) {
		pw_drop(w, m, reason);
		return true;
	}
	s = pw_park_open(&w->park, &key, n.cls, n.by, n.known);
	send_ahead(w, b, kept);
	push(w, s, m, p, n.by);
	pw_park_ask(&w->park, s);

	// Park, then look again. Control publishes a resolution before it reads the asks;
	// we ask before we read the adjacency: one of us must see the other.
	atomic_thread_fence(memory_order_seq_cst);
	struct pw_pkt now;
	if (!resolved(w->dp, &key, &now, &state))
		return true;
	uint64_t word = atomic_load_explicit(&s->word, memory_order_acquire);
	if (pw_slot_state(word) == PW_SLOT_PARKED &&
	    atomic_compare_exchange_strong_explicit(&s->word, &word, pw_slot_with(word, PW_SLOT_HANDBACK),
						    memory_order_acq_rel, memory_order_acquire))
		finish(w, s);
	return true;
}

bool
pw_lr_in_arp_request(struct pw_worker *w, struct pw_burst *b, uint8_t family, bool parked)
{
	uint16_t k = 0;
	for (uint16_t i = 0; i < b->n; i++)
		if (!pw_adj_usable(b->p[i].word))
			__builtin_prefetch(pw_meta(b->m[i]), 1); // for push: when it was written last, it may have been by control
	for (uint16_t i = 0; i < b->n; i++) {
		struct pw_pkt *p = &b->p[i];
		// The next hop may have become usable and unusable again since arp_resolve
		// loaded the words. Then this packet's says "send" though one before it has
		// parked: only a word loaded after that tells.
		if (parked && pw_adj_usable(p->word))
			p->word = pw_adj_load(&w->dp->adjs[p->adj]);
		if (pw_adj_usable(p->word) || !pw_park_packet(w, b, i, &k, family))
			pw_burst_keep(b, k++, i);
		else
			parked = true;
	}
	b->n = k;
	pw_pool_share_return(w);
	return parked;
}

// Finishes handed-back slots among up to budget of the open ones, and goes on from there
// the next time.
static void
sweep(struct pw_worker *w, struct pw_park_open *open, uint32_t budget)
{
	if (budget >= open->n) {
		budget = open->n;
		open->sweep = 0; // all of them, each once
	}
	for (; budget > 0 && open->n > 0; budget--) {
		// Downwards: a closed slot's place in the list goes to the last one, which
		// has had its turn.
		if (open->sweep == 0 || open->sweep > open->n)
			open->sweep = open->n;
		struct pw_park_slot *s = &w->park.slots[open->slots[--open->sweep]];
		uint64_t word = atomic_load_explicit(&s->word, memory_order_acquire);
		if (pw_slot_state(word) == PW_SLOT_HANDBACK)
			finish(w, s);
	}
}

void
pw_park_housekeeping(struct pw_worker *w, uint32_t budget)
{
	for (int c = 0; PW_PARKING && c < PW_PARK_CLASSES; c++)
		sweep(w, &w->park.open[c], budget);
	pw_pool_share_return(w);
}
