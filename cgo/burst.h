// SPDX-License-Identifier: Apache-2.0
// A burst is up to PW_BURST packets on their way through the stages, each mbuf
// with its per-packet state beside it, where it stays in the first-level cache.
//
// A stage takes a dense burst, passes on the packets that continue, in order, and
// gives every other packet away: to an output, to control, to a park ring, or to
// a drop counter. After a stage, b->m[0..b->n) are exactly those that continue.
#ifndef PW_BURST_H
#define PW_BURST_H

#include <stdbool.h>
#include <stdint.h>

#include <rte_mbuf.h>

#include "bounds.h"

enum pw_pkt_flags {
	PW_PKT_ORIGINATED = 1 << 0, // made by the router itself: TTL stays, no ingress checks
	PW_PKT_FRAGMENT = 1 << 1,   // longer than the egress MTU, to be cut by lr_in_larger_pkts
	PW_PKT_MARKED = 1 << 2,     // pw_meta has a mark, set by lr_in_policy
};

struct pw_pkt {
	uint16_t lsp;     // ingress switch port
	uint16_t lrp;     // ingress router port
	uint16_t out_lrp; // egress router port
	uint8_t flags;    // enum pw_pkt_flags
	uint8_t rounds;   // routers crossed so far
	uint32_t nh;      // next hop index from routing
	uint32_t adj;     // adjacency index, PW_NONE32 while unresolved
	uint64_t word;    // adjacency word as loaded once by lr_in_arp_resolve
};

struct pw_burst {
	uint16_t n;
	bool bare; // p is not written yet, it is the worker's plain for all; no policy, no route by
	           // source wants to see them
	struct rte_mbuf *m[PW_BURST];
	struct pw_pkt p[PW_BURST];
};

// pw_burst_dress writes the state of the packets of a bare burst.
static inline void
pw_burst_dress(struct pw_burst *b, const struct pw_pkt *plain)
{
	if (!b->bare)
		return;
	for (uint16_t i = 0; i < b->n; i++)
		b->p[i] = *plain;
	b->bare = false;
}

static inline void
pw_burst_push(struct pw_burst *b, struct rte_mbuf *m, const struct pw_pkt *p)
{
	b->m[b->n] = m;
	b->p[b->n] = *p;
	b->n++;
}

// pw_burst_keep moves packet i to position k of the same burst, k <= i.
static inline void
pw_burst_keep(struct pw_burst *b, uint16_t k, uint16_t i)
{
	if (k != i) {
		b->m[k] = b->m[i];
		b->p[k] = b->p[i];
	}
}

// Why a packet went to control.
enum pw_punt_why {
	PW_PUNT_ARP = 0,  // any ARP frame that a router port sees
	PW_PUNT_ND,       // neighbor or router solicitation, advertisement
	PW_PUNT_LOCAL,    // for one of the router's own addresses
	PW_PUNT_TTL,      // TTL or hop limit ran out
	PW_PUNT_NO_ROUTE, // no route matches
	PW_PUNT_TOO_BIG,  // longer than the egress MTU
	PW_PUNT_BEYOND_SCOPE, // from a link-local address to beyond its link
	PW_PUNT_OPTIONS,  // IPv4 options that make no sense
	PW_PUNT_UNREACHABLE, // the route says unreachable
	PW_PUNT_PROHIBITED,  // the route says prohibit
};

// What control wants done with a packet that it injects.
enum pw_inject_how {
	PW_INJECT_OUTPUT = 0, // a complete frame; leave by switch port lsp
	PW_INJECT_ROUTE,      // an IP packet of router port lrp's router; route it
};

// Travels in the mbuf's private area whenever a packet leaves its burst: parked,
// punted or injected. Written by whoever gives the packet away.
struct pw_meta {
	uint64_t tsc;     // arrival, TSC cycles
	uint16_t worker;  // that received it; PW_NONE16 for control's own
	uint16_t lsp;     // ingress switch port; PW_INJECT_OUTPUT: egress
	uint16_t lrp;     // ingress router port; PW_INJECT_ROUTE: any port of the router
	uint16_t out_lrp; // egress router port, once routed
	uint8_t why;      // enum pw_punt_why
	uint8_t how;      // enum pw_inject_how
	uint8_t park_class; // enum pw_park_class, while parked
	uint8_t reserved;
	uint32_t mtu;     // PW_PUNT_TOO_BIG: the MTU that it exceeds
	uint32_t mark;    // packet mark of a policy; valid in a burst only with PW_PKT_MARKED
	uint32_t nat;     // room: NAT session
	uint32_t conn;    // room: connection tracking state
	uint8_t pad[24];
};

_Static_assert(sizeof(struct pw_meta) == PW_CACHE_LINE, "the private area is one cache line");

static inline struct pw_meta *
pw_meta(struct rte_mbuf *m)
{
	return rte_mbuf_to_priv(m);
}

// pw_mark is the mark of a packet in a burst, 0 for none.
static inline uint32_t
pw_mark(struct rte_mbuf *m, const struct pw_pkt *p)
{
	return unlikely(p->flags & PW_PKT_MARKED) ? pw_meta(m)->mark : 0;
}

#endif
