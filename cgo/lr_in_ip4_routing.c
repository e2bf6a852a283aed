// SPDX-License-Identifier: Apache-2.0
// lr_in_ip_routing for IPv4: longest-prefix match, then TTL. A packet for the router
// itself is delivered whatever its TTL; one that can't go on is never parked.
#include <string.h>

#include <rte_ether.h>
#include <rte_fib.h>
#include <rte_ip.h>

#include "lr_in_ip_routing.h"

static struct rte_ipv4_hdr *
header(struct rte_mbuf *m)
{
	return rte_pktmbuf_mtod_offset(m, struct rte_ipv4_hdr *, sizeof(struct rte_ether_hdr));
}

// RFC 1624: one less in the high octet of the TTL word is one more in the checksum.
static void
decrement_ttl(struct rte_ipv4_hdr *ip)
{
	uint32_t sum = ip->hdr_checksum + RTE_BE16(0x0100);
	ip->hdr_checksum = (rte_be16_t)(sum + (sum >= 0xffff));
	ip->time_to_live--;
}

// What routes by source say of packets i to end, where the router has any.
static __rte_noinline void
lookup_source(const struct pw_tables *t, uint16_t row, const struct pw_burst *b, uint64_t *nh, uint16_t i, uint16_t end)
{
	struct rte_fib *fib = t->routers[row].fib4;
	uint32_t src[PW_BURST];
	uint64_t by_source[PW_BURST];
	if (fib == NULL)
		return;
	for (uint16_t k = i; k < end; k++)
		src[k - i] = rte_be_to_cpu_32(header(b->m[k])->src_addr);
	rte_fib_lookup_bulk(fib, src, by_source, end - i);
	pw_prefer_source(t, nh + i, by_source, end - i);
}

void
pw_route_lookup4(struct pw_worker *w, const struct pw_burst *b, uint64_t nh[PW_BURST])
{
	const struct pw_tables *t = w->tables;
	if (likely(b->bare)) {
		struct rte_fib *fib = t->routers[t->lrps[w->plain.lrp].table].fib4;
		if (likely(fib != NULL))
			rte_fib_lookup_bulk(fib, w->dst4, nh, b->n);
		else
			memset(nh, 0, sizeof(*nh) * b->n);
		return;
	}
	uint32_t dst[PW_BURST];
	for (uint16_t i = 0; i < b->n; i++)
		dst[i] = rte_be_to_cpu_32(header(b->m[i])->dst_addr);
	for (uint16_t i = 0, end; i < b->n; i = end) {
		end = pw_run(t, b, i);
		const struct pw_router *table = &t->routers[t->lrps[b->p[i].lrp].table];
		struct rte_fib *fib = table->fib4;
		if (fib != NULL)
			rte_fib_lookup_bulk(fib, dst + i, nh + i, end - i);
		else
			memset(nh + i, 0, sizeof(*nh) * (end - i));
		if (unlikely(table->source != PW_NONE16))
			lookup_source(t, table->source, b, nh, i, end);
	}
}

uint16_t
pw_lr_in_ip4_routing(struct pw_worker *w, struct pw_burst *b, const uint64_t index[PW_BURST])
{
	uint16_t k = 0, ecmp = 0;

	for (uint16_t i = 0; i < b->n; i++) {
		struct rte_mbuf *m = b->m[i];
		struct pw_pkt *p = &b->p[i];
		const struct pw_nexthop *nh = &w->tables->nexthops[index[i]];
		if (unlikely(nh->kind <= PW_NH_LOCAL)) {
			pw_unroutable(w, m, p, nh, PW_PUNT_LOCAL);
			continue;
		}
		struct rte_ipv4_hdr *ip = header(m);
		if (likely(!(p->flags & PW_PKT_ORIGINATED))) {
			if (unlikely(ip->time_to_live <= 1)) {
				pw_punt(w, m, p, PW_PUNT_TTL);
				continue;
			}
			decrement_ttl(ip);
		}
		p->nh = (uint32_t)index[i];
		ecmp += nh->kind == PW_NH_ECMP;
		pw_burst_keep(b, k++, i);
	}
	b->n = k;
	return ecmp;
}
