// SPDX-License-Identifier: Apache-2.0
// Room for what a worker wants to park. All of it is the worker's.
#ifndef PW_PARK_ROOM_H
#define PW_PARK_ROOM_H

#include "worker.h"

// What a newcomer asks room for: its class, who sent it, whether its next hop is known
// to answer, and the slot that it goes to, NULL while there is none.
struct pw_newcomer {
	enum pw_park_class cls;
	struct pw_park_sender by;
	bool known;
	const struct pw_park_slot *mine;
};

// pw_newcomer says what m, of the family, asks room for. p->adj is its next hop's.
struct pw_newcomer pw_newcomer(const struct pw_worker *w, const struct rte_mbuf *m, const struct pw_pkt *p,
			       uint8_t family);

// pw_slot_room sees to a free slot of n's class, pw_packet_room to room for one packet
// more, at another's expense if need be (park_policy.c). PW_DROP_COUNT, or why there is
// none.
enum pw_drop pw_slot_room(struct pw_worker *w, const struct pw_newcomer *n);
enum pw_drop pw_packet_room(struct pw_worker *w, const struct pw_newcomer *n);

// pw_pool_share_return ends a stage that has parked or taken packets: what it holds of the
// pool's share and has not used goes back.
static inline void
pw_pool_share_return(struct pw_worker *w)
{
	if (w->pool_share == 0)
		return;
	atomic_fetch_sub_explicit(&w->dp->pool_parked, w->pool_share, memory_order_relaxed);
	w->pool_share = 0;
}

// pw_park_take takes the oldest packet out of s; NULL when there is none, or when control
// took it first, which *lost then says. The packet is the caller's.
struct rte_mbuf *pw_park_take(struct pw_worker *w, struct pw_park_slot *s, bool *lost);

#endif
