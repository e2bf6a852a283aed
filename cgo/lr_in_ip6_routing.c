// SPDX-License-Identifier: Apache-2.0
// lr_in_ip_routing for IPv6: longest-prefix match, then hop limit.
#include <string.h>

#include <rte_ether.h>
#include <rte_fib6.h>
#include <rte_ip.h>

#include "lr_in_ip_routing.h"

static struct rte_ipv6_hdr *
header(struct rte_mbuf *m)
{
	return rte_pktmbuf_mtod_offset(m, struct rte_ipv6_hdr *, sizeof(struct rte_ether_hdr));
}

// A large table has a way of its own, see pw_walk6.
static inline void
lookup(const struct pw_router *table, uint8_t dst[][RTE_FIB6_IPV6_ADDR_SIZE], uint64_t *nh, uint16_t n)
{
	if (table->fib6 == NULL)
		memset(nh, 0, sizeof(*nh) * n);
	else if (table->walk6 != NULL)
		table->walk6(table->fib6, dst, nh, n);
	else
		rte_fib6_lookup_bulk(table->fib6, dst, nh, n);
}

// What routes by source say of packets i to end, where the router has any.
static __rte_noinline void
lookup_source(const struct pw_tables *t, uint16_t row, const struct pw_burst *b, uint64_t *nh, uint16_t i, uint16_t end)
{
	uint8_t src[PW_BURST][RTE_FIB6_IPV6_ADDR_SIZE];
	uint64_t by_source[PW_BURST];
	if (t->routers[row].fib6 == NULL)
		return;
	for (uint16_t k = i; k < end; k++)
		memcpy(src[k - i], header(b->m[k])->src_addr, sizeof(src[0]));
	lookup(&t->routers[row], src, by_source, end - i);
	pw_prefer_source(t, nh + i, by_source, end - i);
}

void
pw_route_lookup6(struct pw_worker *w, const struct pw_burst *b, uint64_t nh[PW_BURST])
{
	const struct pw_tables *t = w->tables;
	if (likely(b->bare)) {
		lookup(&t->routers[t->lrps[w->plain.lrp].table], w->dst6, nh, b->n);
		return;
	}
	uint8_t dst[PW_BURST][RTE_FIB6_IPV6_ADDR_SIZE];
	for (uint16_t i = 0; i < b->n; i++)
		memcpy(dst[i], header(b->m[i])->dst_addr, sizeof(dst[i]));
	for (uint16_t i = 0, end; i < b->n; i = end) {
		end = pw_run(t, b, i);
		const struct pw_router *table = &t->routers[t->lrps[b->p[i].lrp].table];
		lookup(table, dst + i, nh + i, end - i);
		if (unlikely(table->source != PW_NONE16))
			lookup_source(t, table->source, b, nh, i, end);
	}
}

uint16_t
pw_lr_in_ip6_routing(struct pw_worker *w, struct pw_burst *b, const uint64_t index[PW_BURST])
{
	uint16_t k = 0, ecmp = 0;

	for (uint16_t i = 0; i < b->n; i++) {
		struct rte_mbuf *m = b->m[i];
		struct pw_pkt *p = &b->p[i];
		struct rte_ipv6_hdr *ip = header(m);
		const struct pw_nexthop *nh = &w->tables->nexthops[index[i]];
		if (unlikely(nh->kind <= PW_NH_LOCAL)) {
			pw_unroutable(w, m, p, nh, pw_ip6_is_nd(m, ip) ? PW_PUNT_ND : PW_PUNT_LOCAL);
			continue;
		}
		if (likely(!(p->flags & PW_PKT_ORIGINATED))) {
			if (unlikely(pw_ip6_is_nd(m, ip))) {
				pw_drop(w, m, PW_DROP_IP_ND);
				continue;
			}
			// RFC 4291 2.5.6. Only now: a neighbor may write to us from such an address.
			if (unlikely(pw_ip6_link_local(ip->src_addr))) {
				pw_punt(w, m, p, PW_PUNT_BEYOND_SCOPE);
				continue;
			}
			if (unlikely(ip->hop_limits <= 1)) {
				pw_punt(w, m, p, PW_PUNT_TTL);
				continue;
			}
			ip->hop_limits--;
		}
		p->nh = (uint32_t)index[i];
		ecmp += nh->kind == PW_NH_ECMP;
		pw_burst_keep(b, k++, i);
	}
	b->n = k;
	return ecmp;
}
