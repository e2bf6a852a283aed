// SPDX-License-Identifier: Apache-2.0
// ls_out_check_port_sec: what a host behind a switch port with port_security may receive,
// by the rules of OVN. Groups always; of IP what is for its addresses, or for many.
#include <rte_ether.h>
#include <rte_ip.h>

#include "port_sec.h"

// 255.255.255.255, 224.0.0.0/4, and the broadcast address of a network that is listed.
static bool
for_many4(const struct pw_tables *t, const struct pw_port_sec *s, rte_be32_t ip)
{
	if (ip == 0xffffffff || (ip & RTE_BE32(0xf0000000)) == RTE_BE32(0xe0000000))
		return true;
	for (uint16_t i = 0; i < s->n4; i++) {
		if (t->sec4[s->first4 + i].broadcast == ip)
			return true;
	}
	return false;
}

static bool
may_receive(const struct pw_tables *t, const struct pw_port_sec *s, const struct rte_mbuf *m)
{
	const struct rte_ether_hdr *eth = rte_pktmbuf_mtod(m, const struct rte_ether_hdr *);
	if (pw_sec_any_ip(s))
		return true;
	if (eth->ether_type == RTE_BE16(RTE_ETHER_TYPE_IPV4)) {
		const struct rte_ipv4_hdr *ip = (const struct rte_ipv4_hdr *)(eth + 1);
		return m->data_len >= sizeof(*eth) + sizeof(*ip) && s->n4 > 0 &&
		       (pw_sec_has4(t, s, ip->dst_addr) || for_many4(t, s, ip->dst_addr));
	}
	if (eth->ether_type == RTE_BE16(RTE_ETHER_TYPE_IPV6)) {
		const struct rte_ipv6_hdr *ip = (const struct rte_ipv6_hdr *)(eth + 1);
		return m->data_len >= sizeof(*eth) + sizeof(*ip) && s->n6 > 0 &&
		       (ip->dst_addr[0] == 0xff || pw_sec_has6(t, s, ip->dst_addr));
	}
	return true;
}

enum pw_drop
pw_ls_out_check_port_sec(const struct pw_worker *w, const struct rte_mbuf *m, const struct pw_lsp *out)
{
	const struct pw_tables *t = w->tables;
	uint64_t mac = pw_mac48(rte_pktmbuf_mtod(m, const uint8_t *));
	enum pw_drop reason = PW_DROP_SEC_OUT_MAC;
	if (mac & 1)
		return PW_DROP_COUNT;
	const struct pw_port_sec *s = &t->secs[out->sec];
	for (const struct pw_port_sec *end = s + s->more + 1; s < end; s++) {
		if (s->mac != mac)
			continue;
		if (may_receive(t, s, m))
			return PW_DROP_COUNT;
		reason = PW_DROP_SEC_OUT_IP;
	}
	return reason;
}
