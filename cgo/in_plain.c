// SPDX-License-Identifier: Apache-2.0
// The ingress stages of switch and router in one pass, for plain packets. Others take
// the stages one by one, each at its place, so that order within a flow holds.
#include <rte_ether.h>
#include <rte_prefetch.h>

#include "learn.h"
#include "plain.h"
#include "stages.h"

#define PREFETCH_AHEAD 4

#define ODD4(o) PW_ODD_OCTET4(o)
#define ODD4_4(o) ODD4(o), ODD4((o) + 1), ODD4((o) + 2), ODD4((o) + 3)
#define ODD4_16(o) ODD4_4(o), ODD4_4((o) + 4), ODD4_4((o) + 8), ODD4_4((o) + 12)
#define ODD4_64(o) ODD4_16(o), ODD4_16((o) + 16), ODD4_16((o) + 32), ODD4_16((o) + 48)

const uint8_t pw_odd_octets4[256] = {ODD4_64(0), ODD4_64(64), ODD4_64(128), ODD4_64(192)};

static void
join(struct pw_worker *w, struct pw_burst *b, struct pw_burst *one)
{
	if (one->n == 0)
		return;
	pw_burst_dress(b, &w->plain);
	pw_burst_push(b, one->m[0], &one->p[0]);
	one->n = 0;
}

// The ingress stages for one packet, which comes back in b, IPv6 in w->r6, or not at all.
static __rte_noinline void
odd(struct pw_worker *w, struct rte_mbuf *m, uint16_t port, struct pw_burst *b)
{
	w->one.m[0] = m;
	w->one.n = 1;
	pw_ingress(w, &w->one, &w->one6, port);
	join(w, b, &w->one);
	join(w, &w->r6, &w->one6);
}

static inline void
push(const struct pw_worker *w, struct pw_burst *b, struct rte_mbuf *m)
{
	b->m[b->n] = m;
	if (unlikely(!b->bare))
		b->p[b->n] = w->plain;
	b->n++;
}

// IPv6 of a frame that is plain so far: how many octets it says it has, or 0.
static __rte_noinline uint32_t
plain6(struct pw_worker *w, const struct pw_port *port, struct rte_mbuf *m, const uint8_t *ip, uint32_t have)
{
	if (unlikely(m->data_len < sizeof(struct rte_ether_hdr) + sizeof(struct rte_ipv6_hdr)))
		return 0;
	uint32_t total = pw_plain_ip6(&w->tables->lrps[port->router_lrp], port->own6, ip, have);
	if (unlikely(total == 0))
		return 0;
	memcpy(w->dst6[w->r6.n], ip + 24, sizeof(w->dst6[0]));
	push(w, &w->r6, m);
	return total;
}

static inline void
prefetch(struct rte_mbuf *m)
{
	rte_prefetch0(rte_pktmbuf_mtod(m, void *));
}

void
pw_in_plain(struct pw_worker *w, struct pw_burst *b, uint16_t port)
{
	const struct pw_port *pp = &w->tables->ports[port];
	const struct pw_lrp *lrp = &w->tables->lrps[pp->router_lrp];
	const uint64_t mac = pp->router_mac, own4 = pp->own4;
	const bool learns = pp->learns;
	const uint16_t n = b->n;

	w->plain = (struct pw_pkt){.lsp = pp->lsp, .lrp = pp->router_lrp, .adj = PW_NONE32};
	b->n = 0;
	b->bare = w->r6.bare = w->tables->n_policies == 0 && w->tables->routers[lrp->table].source == PW_NONE16;
	for (uint16_t i = 0; i < n && i < PREFETCH_AHEAD; i++)
		prefetch(b->m[i]);
	for (uint16_t i = 0; i < n; i++) {
		if (i + PREFETCH_AHEAD < n)
			prefetch(b->m[i + PREFETCH_AHEAD]);
		struct rte_mbuf *m = b->m[i];
		const uint8_t *h = rte_pktmbuf_mtod(m, const uint8_t *), *ip = h + sizeof(struct rte_ether_hdr);
		uint32_t have = m->pkt_len - (uint32_t)sizeof(struct rte_ether_hdr), total = 0;

		if (unlikely(m->data_len < sizeof(struct rte_ether_hdr) + sizeof(struct rte_ipv4_hdr) ||
			     (m->ol_flags & RTE_MBUF_F_RX_VLAN_STRIPPED) || !pw_plain_ethernet(h, mac))) {
			odd(w, m, port, b);
			continue;
		}
		uint32_t type = pw_load32(h + 12);
		if (likely((type & 0xffffff) == RTE_BE32(0x08004500))) {
			total = pw_plain_ip4(lrp, own4, ip, have);
			if (likely(total != 0)) {
				w->dst4[b->n] = rte_be_to_cpu_32(pw_load32(ip + 16));
				push(w, b, m);
			}
		} else if ((type & 0xf0ffff) == RTE_BE32(0x86dd6000)) {
			total = plain6(w, pp, m, ip, have);
		}
		if (unlikely(total == 0)) {
			odd(w, m, port, b);
			continue;
		}
		if (unlikely(total < have))
			pw_trim_padding(m, have - total);
		if (unlikely(learns))
			pw_learn_source(w, pp->lsp, h + RTE_ETHER_ADDR_LEN);
	}
}
