// SPDX-License-Identifier: Apache-2.0
// lr_in_ip_input for IPv6: the checks of RFC 8200 3 and RFC 4291 2.5. Link-local
// destinations end here: ours go to control, others must not leave their link.
#include <string.h>

#include <rte_branch_prediction.h>
#include <rte_ether.h>
#include <rte_ip.h>

#include "stages.h"

static bool
is_unspecified_or_loopback(const uint8_t ip[16])
{
	static const uint8_t zero[15];
	return memcmp(ip, zero, 15) == 0 && ip[15] <= 1;
}

static bool
is_own(const struct pw_lrp *lrp, const uint8_t ip[16])
{
	for (uint8_t i = 0; i < lrp->n_own6; i++)
		if (memcmp(lrp->own6[i], ip, 16) == 0)
			return true;
	return false;
}

enum verdict {
	FORWARD,
	DROP,
	PUNT,
};

static enum verdict
check(const struct pw_lrp *lrp, struct rte_mbuf *m, enum pw_drop *reason, enum pw_punt_why *why)
{
	if (m->data_len < sizeof(struct rte_ether_hdr) + sizeof(struct rte_ipv6_hdr)) {
		*reason = PW_DROP_IP6_TRUNCATED;
		return DROP;
	}
	const struct rte_ipv6_hdr *ip =
		rte_pktmbuf_mtod_offset(m, const struct rte_ipv6_hdr *, sizeof(struct rte_ether_hdr));
	uint32_t have = m->pkt_len - (uint32_t)sizeof(struct rte_ether_hdr);
	uint32_t total = rte_be_to_cpu_16(ip->payload_len) + (uint32_t)sizeof(*ip);

	if ((ip->vtc_flow & RTE_BE32(0xf0000000)) != RTE_BE32(0x60000000)) {
		*reason = PW_DROP_IP6_VERSION;
		return DROP;
	}
	// Hop-by-hop options in no octets at all announce a jumbogram (RFC 2675 3), which no
	// link here carries: what follows is no padding.
	if (total > have || unlikely(ip->payload_len == 0 && ip->proto == IPPROTO_HOPOPTS)) {
		*reason = PW_DROP_IP6_PAYLOAD_LENGTH;
		return DROP;
	}
	if (total < have)
		pw_trim_padding(m, have - total);

	*why = pw_ip6_is_nd(m, ip) ? PW_PUNT_ND : PW_PUNT_LOCAL;
	// The unspecified source belongs to duplicate address detection alone.
	if (ip->src_addr[0] == 0xff || (is_unspecified_or_loopback(ip->src_addr) && *why != PW_PUNT_ND)) {
		*reason = PW_DROP_IP_MARTIAN_SRC;
		return DROP;
	}
	// An advertisement from our own address is how a duplicate shows (RFC 4862 5.4.4).
	if (is_own(lrp, ip->src_addr) && *why != PW_PUNT_ND) {
		*reason = PW_DROP_IP_SRC_OWN;
		return DROP;
	}
	if (is_unspecified_or_loopback(ip->dst_addr)) {
		*reason = PW_DROP_IP_MARTIAN_DST;
		return DROP;
	}
	if (ip->dst_addr[0] == 0xff) {
		*reason = PW_DROP_IP_MULTICAST;
		return *why == PW_PUNT_ND ? PUNT : DROP;
	}
	// A unicast solicitation goes to the address that it asks for, which may be proxied,
	// link-local ones included.
	if (unlikely(lrp->proxies_nd) && *why == PW_PUNT_ND)
		return PUNT;
	if (pw_ip6_link_local(ip->dst_addr)) {
		*reason = PW_DROP_IP_LINK_LOCAL;
		return is_own(lrp, ip->dst_addr) ? PUNT : DROP;
	}
	return FORWARD;
}

void
pw_lr_in_ip6_input(struct pw_worker *w, struct pw_burst *b)
{
	uint16_t k = 0;
	for (uint16_t i = 0; i < b->n; i++) {
		enum pw_drop reason;
		enum pw_punt_why why;
		switch (check(&w->tables->lrps[b->p[i].lrp], b->m[i], &reason, &why)) {
		case DROP:
			pw_drop(w, b->m[i], reason);
			break;
		case PUNT:
			pw_punt(w, b->m[i], &b->p[i], why);
			break;
		case FORWARD:
			pw_burst_keep(b, k++, i);
		}
	}
	b->n = k;
}
