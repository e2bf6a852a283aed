// SPDX-License-Identifier: Apache-2.0
// ls_in_check_port_sec: what a host behind a switch port with port_security may send, by
// the rules of OVN (ovn-nb(5), Logical_Switch_Port.port_security). Two of ours: an ARP
// probe for an address that is listed may pass (RFC 5227), and Neighbor Discovery behind
// extension headers, where nobody sends it, may not.
#include <string.h>

#include <rte_arp.h>
#include <rte_ether.h>
#include <rte_icmp.h>
#include <rte_ip.h>
#include <rte_udp.h>

#include "port_sec.h"

struct arp {
	struct rte_ether_hdr eth;
	struct rte_arp_hdr h;
} __rte_packed __rte_aligned(2);

// From 0.0.0.0 a host may ask for an address (RFC 2131), and nothing else.
static bool
dhcp_request(const struct rte_mbuf *m, const struct rte_ipv4_hdr *ip)
{
	if (ip->src_addr != 0 || ip->dst_addr != 0xffffffff || ip->next_proto_id != IPPROTO_UDP)
		return false;
	uint32_t at = sizeof(struct rte_ether_hdr) + (ip->version_ihl & 0xf) * 4u;
	if (m->data_len < at + sizeof(struct rte_udp_hdr) || (ip->fragment_offset & RTE_BE16(RTE_IPV4_HDR_OFFSET_MASK)))
		return false;
	const struct rte_udp_hdr *udp = rte_pktmbuf_mtod_offset(m, const struct rte_udp_hdr *, at);
	return udp->src_port == RTE_BE16(68) && udp->dst_port == RTE_BE16(67);
}

static enum pw_drop
check_ip4(const struct pw_tables *t, const struct pw_port_sec *s, const struct rte_mbuf *m)
{
	if (pw_sec_any_ip(s))
		return PW_DROP_COUNT;
	const struct rte_ipv4_hdr *ip = rte_pktmbuf_mtod_offset(m, const struct rte_ipv4_hdr *, sizeof(struct rte_ether_hdr));
	if (s->n4 == 0 || m->data_len < sizeof(struct rte_ether_hdr) + sizeof(*ip))
		return PW_DROP_SEC_IP;
	return pw_sec_has4(t, s, ip->src_addr) || dhcp_request(m, ip) ? PW_DROP_COUNT : PW_DROP_SEC_IP;
}

static enum pw_drop
check_arp(const struct pw_tables *t, const struct pw_port_sec *s, const struct rte_mbuf *m)
{
	const struct arp *f = rte_pktmbuf_mtod(m, const struct arp *);
	if (m->data_len < sizeof(*f) || f->h.arp_hlen != RTE_ETHER_ADDR_LEN || f->h.arp_plen != sizeof(rte_be32_t) ||
	    pw_mac48(f->h.arp_data.arp_sha.addr_bytes) != s->mac)
		return PW_DROP_SEC_ARP;
	if (pw_sec_any_ip(s) || pw_sec_has4(t, s, f->h.arp_data.arp_sip))
		return PW_DROP_COUNT;
	bool probe = f->h.arp_data.arp_sip == 0 && f->h.arp_opcode == RTE_BE16(RTE_ARP_OP_REQUEST);
	return probe && pw_sec_has4(t, s, f->h.arp_data.arp_tip) ? PW_DROP_COUNT : PW_DROP_SEC_ARP;
}

// What stands behind an IPv6 header and its extension headers (RFC 8200 4): the protocol,
// and where in the frame. HIDDEN where that can't be seen: behind more headers than
// anybody needs, or beyond the first segment or the first fragment, which has to have all
// of them (RFC 7112 5). The other fragments have none.
#define EXTENSIONS 8
#define HIDDEN 256

static uint16_t
upper_layer(const struct rte_mbuf *m, const struct rte_ipv6_hdr *ip, uint32_t *at)
{
	uint8_t proto = ip->proto;
	*at = sizeof(struct rte_ether_hdr) + sizeof(*ip);
	for (int i = 0; i <= EXTENSIONS; i++) {
		if (proto != IPPROTO_HOPOPTS && proto != IPPROTO_ROUTING && proto != IPPROTO_FRAGMENT &&
		    proto != IPPROTO_DSTOPTS)
			return proto == IPPROTO_ICMPV6 && *at >= m->data_len ? HIDDEN : proto;
		if (m->data_len < *at + 8)
			return HIDDEN;
		const uint8_t *h = rte_pktmbuf_mtod_offset(m, const uint8_t *, *at);
		if (proto == IPPROTO_FRAGMENT && (h[2] != 0 || (h[3] & 0xf8) != 0))
			return IPPROTO_NONE;
		*at += proto == IPPROTO_FRAGMENT ? 8 : (h[1] + 1u) * 8;
		proto = h[0];
	}
	return HIDDEN;
}

// Every link-layer address option has to be the sender's (RFC 4861 4.6.1), and an
// advertisement's target an address of its.
static enum pw_drop
check_nd(const struct pw_tables *t, const struct pw_port_sec *s, const struct rte_mbuf *m, uint8_t type)
{
	static const uint8_t options_at[] = {8, 16, 24, 24, 40}; // RS, RA, NS, NA, redirect
	uint32_t at = sizeof(struct rte_ether_hdr) + sizeof(struct rte_ipv6_hdr);
	const struct rte_ipv6_hdr *ip = rte_pktmbuf_mtod_offset(m, const struct rte_ipv6_hdr *, sizeof(struct rte_ether_hdr));
	uint32_t end = at + rte_be_to_cpu_16(ip->payload_len);
	if (end > m->data_len || end < at + options_at[type - PW_ND_FIRST])
		return PW_DROP_SEC_ND;
	if (type == PW_ND_NA && !pw_sec_any_ip(s) &&
	    !pw_sec_has6(t, s, rte_pktmbuf_mtod_offset(m, const uint8_t *, at + 8)))
		return PW_DROP_SEC_ND;
	for (at += options_at[type - PW_ND_FIRST]; at + 8 <= end;) {
		const uint8_t *option = rte_pktmbuf_mtod_offset(m, const uint8_t *, at);
		if (option[1] == 0)
			return PW_DROP_SEC_ND;
		// A redirect's is its target's, which is somebody else.
		if ((option[0] == 1 || option[0] == 2) && pw_mac48(option + 2) != s->mac)
			return PW_DROP_SEC_ND;
		at += option[1] * 8u;
	}
	return PW_DROP_COUNT;
}

// From :: a host may look for duplicates of its address and join groups (RFC 4862 5.4).
static bool
from_nobody(const struct rte_ipv6_hdr *ip, uint16_t proto, uint8_t type)
{
	static const uint8_t none[16];
	return memcmp(ip->src_addr, none, 16) == 0 && ip->dst_addr[0] == 0xff && ip->dst_addr[1] == 2 &&
	       proto == IPPROTO_ICMPV6 && (type == 131 || type == PW_ND_NS || type == 143);
}

static enum pw_drop
check_ip6(const struct pw_tables *t, const struct pw_port_sec *s, const struct rte_mbuf *m)
{
	const struct rte_ipv6_hdr *ip = rte_pktmbuf_mtod_offset(m, const struct rte_ipv6_hdr *, sizeof(struct rte_ether_hdr));
	if (m->data_len < sizeof(struct rte_ether_hdr) + sizeof(*ip) || (s->n6 == 0 && !pw_sec_any_ip(s)))
		return PW_DROP_SEC_IP;
	uint32_t at;
	uint16_t proto = upper_layer(m, ip, &at);
	uint8_t type = proto == IPPROTO_ICMPV6 ? *rte_pktmbuf_mtod_offset(m, const uint8_t *, at) : 0;
	bool is_nd = type >= PW_ND_FIRST && type <= PW_ND_LAST;
	if (proto == HIDDEN || (is_nd && ip->proto != IPPROTO_ICMPV6))
		return PW_DROP_SEC_ND;
	if (!pw_sec_any_ip(s) && !pw_sec_has6(t, s, ip->src_addr) && !from_nobody(ip, proto, type))
		return is_nd ? PW_DROP_SEC_ND : PW_DROP_SEC_IP;
	return is_nd ? check_nd(t, s, m, type) : PW_DROP_COUNT;
}

static enum pw_drop
check(const struct pw_tables *t, const struct pw_lsp *lsp, const struct rte_mbuf *m)
{
	const struct rte_ether_hdr *eth = rte_pktmbuf_mtod(m, const struct rte_ether_hdr *);
	uint64_t mac = pw_mac48(eth->src_addr.addr_bytes);
	enum pw_drop reason = PW_DROP_SEC_MAC;
	const struct pw_port_sec *s = &t->secs[lsp->sec];
	for (const struct pw_port_sec *end = s + s->more + 1; s < end; s++) {
		if (s->mac != mac)
			continue;
		if (eth->ether_type == RTE_BE16(RTE_ETHER_TYPE_IPV4))
			reason = check_ip4(t, s, m);
		else if (eth->ether_type == RTE_BE16(RTE_ETHER_TYPE_IPV6))
			reason = check_ip6(t, s, m);
		else if (eth->ether_type == RTE_BE16(RTE_ETHER_TYPE_ARP))
			reason = check_arp(t, s, m);
		else
			return PW_DROP_COUNT;
		if (reason == PW_DROP_COUNT)
			return reason;
	}
	return reason;
}

void
pw_ls_in_check_port_sec(struct pw_worker *w, struct pw_burst *b)
{
	const struct pw_tables *t = w->tables;
	uint16_t k = 0;
	for (uint16_t i = 0; i < b->n; i++) {
		const struct pw_lsp *lsp = &t->lsps[b->p[i].lsp];
		enum pw_drop reason = lsp->flags & PW_LSP_SECURE ? check(t, lsp, b->m[i]) : PW_DROP_COUNT;
		if (reason != PW_DROP_COUNT) {
			atomic_fetch_add_explicit(&w->dp->lsp_states[b->p[i].lsp].sec_drops, 1, memory_order_relaxed);
			pw_drop(w, b->m[i], reason);
			continue;
		}
		pw_burst_keep(b, k++, i);
	}
	b->n = k;
}
