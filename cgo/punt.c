// SPDX-License-Identifier: Apache-2.0
// Punting: from a worker to control, by one of two rings, so that a flood of one
// kind can't keep the other out, and as often as the router port's meters allow.
#include <rte_arp.h>
#include <rte_ring.h>

#include "stages.h"

// What a packet counts as when control can't take it: what is wrong with it anyway, or
// else otherwise.
static enum pw_drop
refused(enum pw_punt_why why, enum pw_drop otherwise)
{
	switch (why) {
	case PW_PUNT_TTL:
		return PW_DROP_IP_TTL;
	case PW_PUNT_NO_ROUTE:
		return PW_DROP_IP_NO_ROUTE;
	case PW_PUNT_TOO_BIG:
		return PW_DROP_IP_TOO_BIG;
	case PW_PUNT_UNREACHABLE:
		return PW_DROP_IP_UNREACHABLE;
	case PW_PUNT_PROHIBITED:
		return PW_DROP_IP_PROHIBITED;
	case PW_PUNT_BEYOND_SCOPE:
		return PW_DROP_IP_LINK_LOCAL;
	case PW_PUNT_OPTIONS:
		return PW_DROP_IP4_OPTIONS;
	case PW_PUNT_ARP:
	case PW_PUNT_ND:
	case PW_PUNT_LOCAL:
		break;
	}
	return otherwise;
}

// The octet at an offset of the frame; 0 when it isn't there.
static uint8_t
octet(const struct rte_mbuf *m, uint16_t at)
{
	return at < m->data_len ? *rte_pktmbuf_mtod_offset(m, const uint8_t *, at) : 0;
}

static enum pw_copp_bucket
local_bucket(const struct rte_mbuf *m, bool v4)
{
	uint8_t protocol = octet(m, RTE_ETHER_HDR_LEN + (v4 ? offsetof(struct rte_ipv4_hdr, next_proto_id)
							    : offsetof(struct rte_ipv6_hdr, proto)));
	if (protocol == IPPROTO_TCP)
		return PW_BUCKET_TCP_RESET;
	if (v4)
		return protocol == IPPROTO_ICMP ? PW_BUCKET_ECHO4 : PW_BUCKET_ERROR4 + PW_ERROR_LOCAL;
	return protocol == IPPROTO_ICMPV6 ? PW_BUCKET_ECHO6 : PW_BUCKET_ERROR6 + PW_ERROR_LOCAL;
}

static enum pw_copp_bucket
bucket_of(const struct rte_mbuf *m, enum pw_punt_why why)
{
	bool v4 = rte_pktmbuf_mtod(m, const struct rte_ether_hdr *)->ether_type == RTE_BE16(RTE_ETHER_TYPE_IPV4);
	enum pw_copp_error kind = PW_ERROR_UNREACHABLE;

	switch (why) {
	case PW_PUNT_ARP:
		return octet(m, RTE_ETHER_HDR_LEN + offsetof(struct rte_arp_hdr, arp_opcode) + 1) == RTE_ARP_OP_REPLY
			       ? PW_BUCKET_ARP_REPLY
			       : PW_BUCKET_ARP_REQUEST;
	case PW_PUNT_ND:
		switch (octet(m, RTE_ETHER_HDR_LEN + sizeof(struct rte_ipv6_hdr))) {
		case 135:
			return PW_BUCKET_ND_NS;
		case 136:
			return PW_BUCKET_ND_NA;
		}
		return PW_BUCKET_ND_RA_OPTS;
	case PW_PUNT_LOCAL:
		return local_bucket(m, v4);
	case PW_PUNT_TTL:
		kind = PW_ERROR_TTL;
		break;
	case PW_PUNT_TOO_BIG:
		kind = PW_ERROR_TOO_BIG;
		break;
	case PW_PUNT_OPTIONS:
		kind = PW_ERROR_LOCAL;
		break;
	case PW_PUNT_NO_ROUTE:
	case PW_PUNT_UNREACHABLE:
	case PW_PUNT_PROHIBITED:
	case PW_PUNT_BEYOND_SCOPE:
		break;
	}
	return (v4 ? PW_BUCKET_ERROR4 : PW_BUCKET_ERROR6) + kind;
}

static bool
admitted(struct pw_worker *w, const struct rte_mbuf *m, uint16_t lrp, enum pw_punt_why why)
{
	enum pw_copp_bucket bucket = bucket_of(m, why);
	const struct pw_meter *meter = &w->tables->copp[lrp].m[pw_copp_class(bucket)];
	if (meter->interval == 0 || pw_bucket_take(&w->dp->copp[lrp].full_at[bucket], meter, w->now))
		return true;
	w->refused[lrp].n[bucket]++;
	return false;
}

void
pw_punt(struct pw_worker *w, struct rte_mbuf *m, const struct pw_pkt *p, enum pw_punt_why why)
{
	if (unlikely(!admitted(w, m, p->lrp, why))) {
		pw_drop(w, m, refused(why, PW_DROP_PUNT_RATE));
		return;
	}
	*pw_meta(m) = (struct pw_meta){
		.tsc = w->now,
		.worker = w->cfg.index,
		.lsp = p->lsp,
		.lrp = p->lrp,
		.out_lrp = p->out_lrp,
		.why = why,
		.mark = pw_mark(m, p),
		.mtu = why == PW_PUNT_TOO_BIG ? w->tables->lrps[p->out_lrp].mtu : 0,
	};
	bool l2 = why == PW_PUNT_ARP || why == PW_PUNT_ND;
	if (unlikely(rte_ring_sp_enqueue(l2 ? w->punt_l2 : w->punt_ip, m) != 0))
		pw_drop(w, m, refused(why, l2 ? PW_DROP_PUNT_L2_FULL : PW_DROP_PUNT_IP_FULL));
}
