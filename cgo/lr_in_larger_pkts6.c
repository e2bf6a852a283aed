// SPDX-License-Identifier: Apache-2.0
// lr_in_larger_pkts for IPv6 packets that the router itself has made: their source, and
// nobody else, may cut them (RFC 8200 4.5).
#include <rte_random.h>

#include "lr_in_larger_pkts.h"

#define HEADERS (uint32_t)(sizeof(struct rte_ipv6_hdr) + sizeof(struct rte_ipv6_fragment_ext))

bool
pw_cut6_plan(struct pw_cut *c, const struct rte_mbuf *m, uint32_t mtu)
{
	c->ip6 = rte_pktmbuf_mtod_offset(m, const struct rte_ipv6_hdr *, sizeof(struct rte_ether_hdr));
	c->header = c->more_header = HEADERS;
	c->from = (uint32_t)(sizeof(struct rte_ether_hdr) + sizeof(*c->ip6));
	c->payload = rte_be_to_cpu_16(c->ip6->payload_len);
	if (mtu < HEADERS + PW_OFFSET_UNIT || c->from + c->payload > m->pkt_len)
		return false;
	c->first = c->more = RTE_ALIGN_FLOOR(mtu - HEADERS, PW_OFFSET_UNIT);
	if (c->payload <= c->first)
		return false; // its length field and its octets disagree
	c->n = (c->payload + c->more - 1) / c->more;
	c->id = (rte_be32_t)rte_rand(); // nobody can foretell it (RFC 7739 5)
	return true;
}

void
pw_cut6_fill(const struct pw_cut *c, struct rte_mbuf *f, uint32_t at, uint16_t n)
{
	struct rte_ipv6_hdr *ip = rte_pktmbuf_mtod_offset(f, struct rte_ipv6_hdr *, sizeof(struct rte_ether_hdr));
	struct rte_ipv6_fragment_ext *ext = (struct rte_ipv6_fragment_ext *)(ip + 1);

	*ip = *c->ip6;
	ip->proto = IPPROTO_FRAGMENT;
	ip->payload_len = rte_cpu_to_be_16((uint16_t)(sizeof(*ext) + n));
	*ext = (struct rte_ipv6_fragment_ext){
		.next_header = c->ip6->proto,
		.frag_data = rte_cpu_to_be_16((uint16_t)(at | (at + n < c->payload))), // the offset's unit fits its place
		.id = c->id,
	};
}
