// SPDX-License-Identifier: Apache-2.0
// lr_in_ip_input for IPv4: the checks that RFC 1812 5.2.2 and 5.3.7 demand before a
// router looks at a packet. Lengths are checked against what arrived, never against
// what the packet claims alone, and Ethernet padding is cut off.
#include <rte_ether.h>
#include <rte_ip.h>

#include "stages.h"

// Source networks that no host can have: 0/8, 127/8, 224/4 and up (RFC 1812 5.3.7).
static bool
martian_src(uint32_t src)
{
	uint8_t net = src >> 24;
	return net == 0 || net == 127 || net >= 224;
}

// Destinations that no router forwards to. Multicast has a reason of its own.
static bool
martian_dst(uint32_t dst)
{
	uint8_t net = dst >> 24;
	return net == 0 || net == 127 || net >= 240;
}

static bool
own_source(const struct pw_lrp *lrp, uint32_t src)
{
	for (uint8_t i = 0; i < lrp->n_own4; i++)
		if (lrp->own4[i] == src)
			return true;
	return false;
}

static enum pw_drop
check(const struct pw_lrp *lrp, struct rte_mbuf *m)
{
	if (m->data_len < sizeof(struct rte_ether_hdr) + sizeof(struct rte_ipv4_hdr))
		return PW_DROP_IP4_TRUNCATED;
	const struct rte_ipv4_hdr *ip =
		rte_pktmbuf_mtod_offset(m, const struct rte_ipv4_hdr *, sizeof(struct rte_ether_hdr));
	uint32_t have = m->pkt_len - (uint32_t)sizeof(struct rte_ether_hdr);
	uint32_t header = (ip->version_ihl & 0xf) * 4u;
	uint32_t total = rte_be_to_cpu_16(ip->total_length);

	if (ip->version_ihl >> 4 != 4)
		return PW_DROP_IP4_VERSION;
	if (header < sizeof(*ip))
		return PW_DROP_IP4_HEADER_LENGTH;
	if (m->data_len < sizeof(struct rte_ether_hdr) + header)
		return PW_DROP_IP4_TRUNCATED;
	if (total < header || total > have)
		return PW_DROP_IP4_TOTAL_LENGTH;
	if ((m->ol_flags & RTE_MBUF_F_RX_IP_CKSUM_MASK) != RTE_MBUF_F_RX_IP_CKSUM_GOOD &&
	    !pw_ip4_checksum_ok(ip, header))
		return PW_DROP_IP4_CHECKSUM;

	uint32_t src = rte_be_to_cpu_32(ip->src_addr), dst = rte_be_to_cpu_32(ip->dst_addr);
	if (martian_src(src))
		return PW_DROP_IP_MARTIAN_SRC;
	if (own_source(lrp, src))
		return PW_DROP_IP_SRC_OWN;
	if (martian_dst(dst))
		return PW_DROP_IP_MARTIAN_DST;
	if (dst >> 28 == 0xe)
		return PW_DROP_IP_MULTICAST;
	if (total < have)
		pw_trim_padding(m, have - total);
	if (unlikely(header > sizeof(*ip)))
		return pw_ip4_check_options(ip, header);
	return PW_DROP_COUNT;
}

void
pw_lr_in_ip4_input(struct pw_worker *w, struct pw_burst *b)
{
	uint16_t k = 0;
	for (uint16_t i = 0; i < b->n; i++) {
		enum pw_drop reason = check(&w->tables->lrps[b->p[i].lrp], b->m[i]);
		if (likely(reason == PW_DROP_COUNT))
			pw_burst_keep(b, k++, i);
		else if (reason == PW_DROP_IP4_OPTIONS)
			pw_punt(w, b->m[i], &b->p[i], PW_PUNT_OPTIONS);
		else
			pw_drop(w, b->m[i], reason);
	}
	b->n = k;
}
