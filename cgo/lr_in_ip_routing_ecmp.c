// SPDX-License-Identifier: Apache-2.0
// lr_in_ip_routing_ecmp: one member for each flow. The hash covers addresses,
// protocol and, where they are in sight, ports, so a flow keeps its path; fragments
// hash without ports, all of them alike.
#include <rte_hash_crc.h>

#include "stages.h"

static uint32_t
ports(const struct rte_mbuf *m, const void *l4, uint8_t proto)
{
	if (proto != IPPROTO_TCP && proto != IPPROTO_UDP)
		return 0;
	if ((const char *)l4 + 4 > rte_pktmbuf_mtod(m, const char *) + m->data_len)
		return 0;
	return *(const unaligned_uint32_t *)l4;
}

static uint32_t
flow_hash(const struct rte_mbuf *m)
{
	const struct rte_ether_hdr *eth = rte_pktmbuf_mtod(m, const struct rte_ether_hdr *);
	if (eth->ether_type == RTE_BE16(RTE_ETHER_TYPE_IPV4)) {
		const struct rte_ipv4_hdr *ip = (const struct rte_ipv4_hdr *)(eth + 1);
		bool fragment = ip->fragment_offset & RTE_BE16(RTE_IPV4_HDR_OFFSET_MASK | RTE_IPV4_HDR_MF_FLAG);
		const void *l4 = (const char *)ip + rte_ipv4_hdr_len(ip);
		uint32_t h = rte_hash_crc(&ip->src_addr, 8, ip->next_proto_id);
		return rte_hash_crc_4byte(fragment ? 0 : ports(m, l4, ip->next_proto_id), h);
	}
	const struct rte_ipv6_hdr *ip = (const struct rte_ipv6_hdr *)(eth + 1);
	uint32_t h = rte_hash_crc(ip->src_addr, 32, ip->proto);
	return rte_hash_crc_4byte(ports(m, ip + 1, ip->proto), h);
}

void
pw_lr_in_ip_routing_ecmp(struct pw_worker *w, struct pw_burst *b)
{
	const struct pw_nexthop *nexthops = w->tables->nexthops;
	for (uint16_t i = 0; i < b->n; i++) {
		const struct pw_nexthop *nh = &nexthops[b->p[i].nh];
		if (unlikely(nh->kind == PW_NH_ECMP)) {
			// Multiply-shift maps the hash on the members without a division.
			uint64_t member = (uint64_t)flow_hash(b->m[i]) * nh->count >> 32;
			b->p[i].nh = nh->adj + (uint32_t)member;
		}
	}
}
