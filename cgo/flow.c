// SPDX-License-Identifier: Apache-2.0
#include "flow.h"

#include <rte_ether.h>
#include <rte_ip.h>

static bool
has_ports(uint8_t proto)
{
	return proto == IPPROTO_TCP || proto == IPPROTO_UDP || proto == IPPROTO_SCTP;
}

static void
ports(const struct rte_mbuf *m, uint32_t offset, struct pw_flow *f)
{
	if (!has_ports(f->proto) || offset + 4 > m->data_len)
		return;
	const uint8_t *l4 = rte_pktmbuf_mtod_offset(m, const uint8_t *, offset);
	f->ports = true;
	f->src = (uint16_t)(l4[0] << 8 | l4[1]);
	f->dst = (uint16_t)(l4[2] << 8 | l4[3]);
}

static void
flow4(const struct rte_mbuf *m, const struct rte_ipv4_hdr *ip, struct pw_flow *f)
{
	uint16_t offset = rte_be_to_cpu_16(ip->fragment_offset);
	f->family = 4;
	f->proto = ip->next_proto_id;
	f->src_ip = (const uint8_t *)&ip->src_addr;
	f->dst_ip = (const uint8_t *)&ip->dst_addr;
	f->fragmented = (offset & (RTE_IPV4_HDR_OFFSET_MASK | RTE_IPV4_HDR_MF_FLAG)) != 0;
	if ((offset & RTE_IPV4_HDR_OFFSET_MASK) == 0)
		ports(m, (uint32_t)sizeof(struct rte_ether_hdr) + rte_ipv4_hdr_len(ip), f);
}

// RFC 8200 4: every extension header begins with the type of the next one and, but for
// the fragment header, its own length.
static void
flow6(const struct rte_mbuf *m, const struct rte_ipv6_hdr *ip, struct pw_flow *f)
{
	uint32_t at = sizeof(struct rte_ether_hdr) + sizeof(*ip);
	f->family = 6;
	f->proto = ip->proto;
	f->src_ip = ip->src_addr;
	f->dst_ip = ip->dst_addr;
	for (int i = 0; i <= PW_MAX_EXTENSIONS; i++) {
		bool authentication = f->proto == IPPROTO_AH, fragment = f->proto == IPPROTO_FRAGMENT;
		switch (f->proto) {
		case IPPROTO_HOPOPTS:
		case IPPROTO_ROUTING:
		case IPPROTO_DSTOPTS:
		case IPPROTO_AH:
		case IPPROTO_FRAGMENT:
			break;
		default:
			ports(m, at, f);
			return;
		}
		if (i == PW_MAX_EXTENSIONS || at + 8 > m->data_len)
			return;
		const uint8_t *h = rte_pktmbuf_mtod_offset(m, const uint8_t *, at);
		f->proto = h[0];
		if (fragment) {
			f->fragmented = ((h[2] << 8 | h[3]) & ~6) != 0; // all but two reserved bits
			if (h[2] != 0 || (h[3] & 0xf8) != 0)
				return; // a later one: what follows is no header
			at += 8;
		} else {
			at += authentication ? (h[1] + 2u) * 4 : (h[1] + 1u) * 8;
		}
	}
}

void
pw_flow_of(const struct rte_mbuf *m, struct pw_flow *f)
{
	const struct rte_ether_hdr *eth = rte_pktmbuf_mtod(m, const struct rte_ether_hdr *);
	*f = (struct pw_flow){0};
	if (eth->ether_type == RTE_BE16(RTE_ETHER_TYPE_IPV4))
		flow4(m, (const struct rte_ipv4_hdr *)(eth + 1), f);
	else
		flow6(m, (const struct rte_ipv6_hdr *)(eth + 1), f);
}
