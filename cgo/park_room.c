// SPDX-License-Identifier: Apache-2.0
// The bounds of parking, and what happens at each: a newcomer takes room from whoever
// holds the most (park_policy.c), among gated next hops from the fullest ring, or is
// refused.
#include "park_room.h"

struct rte_mbuf *
pw_park_take(struct pw_worker *w, struct pw_park_slot *s, bool *lost)
{
	struct rte_mbuf *m = pw_park_pop(s, 0, lost);
	if (m != NULL) {
		w->park.taken[s->cls]++;
		pw_park_share_settle(&w->park, s);
		w->pool_share++;
	}
	return m;
}

// Whether the pool's share has room for a packet more. Room is taken a burst at a time,
// for the count is every worker's and control's; the bound holds to the packet, though near
// it a worker may find what another one is about to return missing.
static bool
pool_share(struct pw_worker *w)
{
	const int64_t most = PW_BURST;
	if (w->pool_share > 0)
		return true;
	if (atomic_load_explicit(&w->dp->pool_parked, memory_order_relaxed) >= w->dp->pool_park_limit)
		return false;
	int64_t parked = atomic_fetch_add_explicit(&w->dp->pool_parked, most, memory_order_relaxed);
	int64_t room = RTE_MIN(RTE_MAX(w->dp->pool_park_limit - parked, 0), most);
	w->pool_share += room; // it may owe one: see join
	if (unlikely(room < most))
		atomic_fetch_sub_explicit(&w->dp->pool_parked, most - room, memory_order_relaxed);
	return w->pool_share > 0;
}

struct pw_newcomer
pw_newcomer(const struct pw_worker *w, const struct rte_mbuf *m, const struct pw_pkt *p, uint8_t family)
{
	uint8_t flags = 0;
	if (p->adj != PW_NONE32)
		flags = atomic_load_explicit(&w->dp->adjs[p->adj].flags, memory_order_relaxed);
	return (struct pw_newcomer){
		.cls = flags & PW_ADJ_GATED ? PW_PARK_GATED : PW_PARK_NEXTHOP,
		.by = pw_park_sender_of(&w->park, m, p->lsp, family),
		.known = flags & PW_ADJ_KNOWN,
	};
}

// Reason to refuse a packet more, or PW_DROP_COUNT. The ring itself is no reason while
// the oldest gives way.
static enum pw_drop
refusal(struct pw_worker *w, enum pw_park_class cls)
{
	if (pw_park_packets(&w->park, cls) >= w->park.cfg.of[cls].max_packets)
		return cls == PW_PARK_GATED ? PW_DROP_PARK_GATE_FULL : PW_DROP_PARK_PACKETS;
	return pool_share(w) ? PW_DROP_COUNT : PW_DROP_PARK_POOL;
}

enum pw_drop
pw_packet_room(struct pw_worker *w, const struct pw_newcomer *n)
{
	enum pw_drop reason = refusal(w, n->cls);
	if (likely(reason == PW_DROP_COUNT) || w->park.cfg.refuse)
		return reason;
	if (n->cls == PW_PARK_GATED && w->park.cfg.of[n->cls].drop_newest)
		return reason;
	struct pw_park_claim c = {.by = n->by, .known = n->known, .poll = w->now, .mine = n->mine};
	struct pw_park_slot *victim = n->cls == PW_PARK_GATED ? pw_park_fullest(&w->park, n->cls, n->mine)
							      : pw_park_victim(&w->park, &c);
	if (victim == NULL)
		return reason;
	bool lost; // to control, which has made room then
	struct rte_mbuf *m = pw_park_take(w, victim, &lost);
	if (m == NULL && !lost)
		return reason;
	if (m != NULL)
		pw_drop(w, m, n->cls == PW_PARK_GATED ? PW_DROP_PARK_GATE_EVICTED : PW_DROP_PARK_PREEMPTED);
	return PW_DROP_COUNT;
}

// Takes s, which waits, away from its next hop. False when control was faster.
static bool
preempt(struct pw_worker *w, struct pw_park_slot *s)
{
	uint64_t word = atomic_load_explicit(&s->word, memory_order_acquire);
	if (pw_slot_state(word) != PW_SLOT_PARKED ||
	    !atomic_compare_exchange_strong_explicit(&s->word, &word, pw_slot_with(word, PW_SLOT_HANDBACK),
						     memory_order_acq_rel, memory_order_acquire))
		return false;
	for (;;) {
		bool lost; // to an expiry that control had begun before
		struct rte_mbuf *m = pw_park_take(w, s, &lost);
		if (m != NULL)
			pw_drop(w, m, PW_DROP_PARK_PREEMPTED);
		else if (!lost)
			break;
	}
	pw_park_close(&w->park, s);
	return true;
}

enum pw_drop
pw_slot_room(struct pw_worker *w, const struct pw_newcomer *n)
{
	if (likely(w->park.free[n->cls] != PW_NONE32))
		return PW_DROP_COUNT;
	if (n->cls == PW_PARK_GATED)
		return PW_DROP_PARK_GATE_FULL;
	if (w->park.cfg.refuse)
		return PW_DROP_PARK_NEXTHOPS;
	struct pw_park_claim c = {.by = n->by, .known = n->known, .slot = true, .poll = w->now};
	struct pw_park_slot *victim = pw_park_victim(&w->park, &c);
	return victim != NULL && preempt(w, victim) ? PW_DROP_COUNT : PW_DROP_PARK_NEXTHOPS;
}
