// SPDX-License-Identifier: Apache-2.0
// lr_in_ip_routing_ecmp and lr_in_policy_ecmp: one member for each flow. The hash covers
// addresses, protocol and, where they are in sight, ports, so a flow keeps its path;
// fragments hash without ports, all of them alike. An IPv6 flow label is left out: senders
// may change it within a flow (RFC 6438 3), and its absence says nothing.
#include <rte_hash_crc.h>

#include "flow.h"
#include "stages.h"

static uint32_t
flow_hash(const struct rte_mbuf *m)
{
	struct pw_flow f;
	pw_flow_of(m, &f);
	// Behind a fragment header only the first fragment shows the protocol.
	uint32_t h = f.fragmented && f.family == 6 ? IPPROTO_FRAGMENT : f.proto;
	if (f.family == 4)
		h = rte_hash_crc(f.src_ip, 8, h); // the destination follows the source
	else
		h = rte_hash_crc(f.src_ip, 32, h);
	return rte_hash_crc_4byte(f.fragmented ? 0 : (uint32_t)f.src << 16 | f.dst, h);
}

// A CRC is linear: with a salt merely added, two groups in a row would still choose alike.
// Multiplication breaks that (the finalizer of MurmurHash3).
static uint32_t
mixed(uint32_t h)
{
	h ^= h >> 16;
	h *= 0x85ebca6b;
	h ^= h >> 13;
	h *= 0xc2b2ae35;
	return h ^ h >> 16;
}

void
pw_lr_in_ip_routing_ecmp(struct pw_worker *w, struct pw_burst *b)
{
	const struct pw_tables *t = w->tables;
	for (uint16_t i = 0; i < b->n; i++) {
		const struct pw_nexthop *nh = &t->nexthops[b->p[i].nh];
		if (unlikely(nh->kind == PW_NH_ECMP)) {
			const struct pw_group *g = &t->groups[nh->group];
			uint32_t bucket = mixed(flow_hash(b->m[i]) ^ g->salt) & g->mask;
			b->p[i].nh = nh->adj + atomic_load_explicit(&g->buckets[bucket], memory_order_relaxed);
		}
	}
}
