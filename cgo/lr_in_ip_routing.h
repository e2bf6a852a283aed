// SPDX-License-Identifier: Apache-2.0
// What both families of lr_in_ip_routing do with a next hop once it is found.
#ifndef PW_LR_IN_IP_ROUTING_H
#define PW_LR_IN_IP_ROUTING_H

#include "stages.h"

// pw_run returns the end of the run of packets, from i on, whose route table is the same:
// a bulk lookup serves one table.
static inline uint16_t
pw_run(const struct pw_tables *t, const struct pw_burst *b, uint16_t i)
{
	uint16_t table = t->lrps[b->p[i].lrp].table;
	do
		i++;
	while (i < b->n && t->lrps[b->p[i].lrp].table == table);
	return i;
}

// pw_unroutable gives m away, whose next hop is of kind DROP or LOCAL.
static inline void
pw_unroutable(struct pw_worker *w, struct rte_mbuf *m, const struct pw_pkt *p, const struct pw_nexthop *nh,
	      enum pw_punt_why local)
{
	if (nh->kind == PW_NH_LOCAL)
		pw_punt(w, m, p, local);
	else if (nh->reason == PW_DROP_IP_NO_ROUTE)
		pw_punt(w, m, p, PW_PUNT_NO_ROUTE);
	else if (nh->reason == PW_DROP_IP_UNREACHABLE)
		pw_punt(w, m, p, PW_PUNT_UNREACHABLE);
	else if (nh->reason == PW_DROP_IP_PROHIBITED)
		pw_punt(w, m, p, PW_PUNT_PROHIBITED);
	else
		pw_drop(w, m, nh->reason);
}

// pw_prefer_source takes the match by source for each of n packets where it outranks the
// one by destination: the longer prefix wins, and of equals the destination's.
static inline void
pw_prefer_source(const struct pw_tables *t, uint64_t *nh, const uint64_t *by_source, uint16_t n)
{
	for (uint16_t i = 0; i < n; i++)
		if (t->nexthops[by_source[i]].rank > t->nexthops[nh[i]].rank)
			nh[i] = by_source[i];
}

#endif
