// SPDX-License-Identifier: Apache-2.0
// ls_in_arp_rsp: ARP requests and neighbor solicitations to everybody, for addresses that
// the topology places. The switch answers for hosts, in place, and a router port's
// addresses are that router's business alone. What it has no answer to is flooded.
#include <string.h>

#include <rte_arp.h>
#include <rte_ether.h>
#include <rte_icmp.h>
#include <rte_ip.h>

#include "stages.h"

#define ND_NS 135
#define ND_NA 136
#define ND_OPT_TLLA 2
#define ND_NS_LENGTH 24                         // RFC 4861 4.3, without options
#define ND_NA_LENGTH 32                         // RFC 4861 4.4, with the target's link-layer address
#define ND_NA_SOLICITED RTE_BE32(0x60000000)    // S and O: asked for, and to be believed
#define ND_NA_UNSOLICITED RTE_BE32(0x20000000)  // O
#define ND_OPTIONS_MAX 64                       // octets of options that are read

// A neighbor solicitation or advertisement: ICMPv6 behind its IPv6 header.
struct nd {
	struct rte_ether_hdr eth;
	struct rte_ipv6_hdr ip;
	uint8_t type, code;
	rte_be16_t checksum;
	rte_be32_t flags;
	uint8_t target[16];
	uint8_t option[8];
} __rte_packed __rte_aligned(2);

struct arp {
	struct rte_ether_hdr eth;
	struct rte_arp_hdr h;
} __rte_packed __rte_aligned(2);

static const struct pw_rsp4 *
find4(const struct pw_switch *sw, uint32_t ip)
{
	uint32_t lo = 0, hi = sw->n_rsp4;
	while (lo < hi) {
		uint32_t mid = lo + (hi - lo) / 2;
		if (sw->rsp4[mid].ip < ip)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo < sw->n_rsp4 && sw->rsp4[lo].ip == ip ? &sw->rsp4[lo] : NULL;
}

static const struct pw_rsp6 *
find6(const struct pw_switch *sw, const uint8_t ip[16])
{
	uint32_t lo = 0, hi = sw->n_rsp6;
	while (lo < hi) {
		uint32_t mid = lo + (hi - lo) / 2;
		if (memcmp(sw->rsp6[mid].ip, ip, 16) < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo < sw->n_rsp6 && memcmp(sw->rsp6[lo].ip, ip, 16) == 0 ? &sw->rsp6[lo] : NULL;
}

enum verdict {
	FLOOD, // as any other frame for a group
	REPLY,
	ROUTER,
};

// What to do with p's question for an address of switch port owner. Its owner hears a
// duplicate's questions, and is asked itself; so is everybody on the wire of a localnet
// port, where other nodes have the same switch; and a host that is not up has no address.
static enum verdict
judge(const struct pw_worker *w, const struct pw_pkt *p, uint16_t owner)
{
	const struct pw_lsp *lsp = &w->tables->lsps[owner];
	if (lsp->kind == PW_LSP_ROUTER)
		return ROUTER;
	if (owner == p->lsp || w->tables->lsps[p->lsp].kind == PW_LSP_LOCALNET)
		return FLOOD;
	if (lsp->gated && atomic_load_explicit(&w->dp->gates[owner], memory_order_relaxed) == PW_GATE_ARMED)
		return FLOOD;
	return REPLY;
}

static void
to_asker(struct rte_ether_hdr *eth, const uint8_t mac[6])
{
	eth->dst_addr = eth->src_addr;
	memcpy(eth->src_addr.addr_bytes, mac, RTE_ETHER_ADDR_LEN);
}

// RFC 826. A request for the sender's own address is an announcement, which is everybody's.
static enum verdict
arp(const struct pw_worker *w, struct rte_mbuf *m, const struct pw_pkt *p, const struct pw_switch *sw, uint16_t *owner)
{
	struct arp *f = rte_pktmbuf_mtod(m, struct arp *);
	if (m->data_len < sizeof(*f) || f->h.arp_hardware != RTE_BE16(RTE_ARP_HRD_ETHER) ||
	    f->h.arp_protocol != RTE_BE16(RTE_ETHER_TYPE_IPV4) || f->h.arp_hlen != RTE_ETHER_ADDR_LEN ||
	    f->h.arp_plen != sizeof(rte_be32_t) || f->h.arp_opcode != RTE_BE16(RTE_ARP_OP_REQUEST) ||
	    f->h.arp_data.arp_sip == f->h.arp_data.arp_tip)
		return FLOOD;
	const struct pw_rsp4 *found = find4(sw, rte_be_to_cpu_32(f->h.arp_data.arp_tip));
	if (found == NULL)
		return FLOOD;
	*owner = found->lsp;
	enum verdict v = judge(w, p, found->lsp);
	if (v != REPLY)
		return v;
	to_asker(&f->eth, found->mac);
	f->h.arp_opcode = RTE_BE16(RTE_ARP_OP_REPLY);
	f->h.arp_data.arp_tha = f->h.arp_data.arp_sha;
	f->h.arp_data.arp_tip = f->h.arp_data.arp_sip;
	memcpy(f->h.arp_data.arp_sha.addr_bytes, found->mac, RTE_ETHER_ADDR_LEN);
	f->h.arp_data.arp_sip = rte_cpu_to_be_32(found->ip);
	return REPLY;
}

// What RFC 4861 7.1.1 demands of a solicitation before it is acted on. Options whose
// length is 0 or beyond the packet make it invalid.
static bool
valid_ns(const struct rte_mbuf *m, const struct nd *f)
{
	if (m->data_len < offsetof(struct nd, option) || f->ip.proto != IPPROTO_ICMPV6 || f->type != ND_NS)
		return false;
	uint32_t length = rte_be_to_cpu_16(f->ip.payload_len);
	if (f->ip.hop_limits != 255 || f->code != 0 || length < ND_NS_LENGTH || length > ND_NS_LENGTH + ND_OPTIONS_MAX ||
	    m->data_len < offsetof(struct nd, type) + length || f->target[0] == 0xff)
		return false;
	// To the solicited-node group of its target (RFC 4291 2.7.1).
	static const uint8_t group[13] = {0xff, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0xff};
	if (memcmp(f->ip.dst_addr, group, sizeof(group)) != 0 || memcmp(f->ip.dst_addr + 13, f->target + 13, 3) != 0)
		return false;
	for (uint32_t at = 0; at < length - ND_NS_LENGTH;) {
		const uint8_t *option = f->option + at;
		if (length - ND_NS_LENGTH - at < 8 || option[1] == 0 || option[1] * 8u > length - ND_NS_LENGTH - at)
			return false;
		at += option[1] * 8u;
	}
	return rte_ipv6_udptcp_cksum(&f->ip, &f->type) == 0; // over a right one nothing is missing
}

static bool
unspecified(const uint8_t ip[16])
{
	static const uint8_t none[16];
	return memcmp(ip, none, 16) == 0;
}

// Makes m, one segment, exactly that long. False when it has no room.
static bool
resize(struct rte_mbuf *m, uint16_t length)
{
	if (m->nb_segs != 1)
		return false;
	if (m->data_len > length)
		return rte_pktmbuf_trim(m, m->data_len - length) == 0;
	return rte_pktmbuf_append(m, length - m->data_len) != NULL;
}

// RFC 4861 7.2.4: to the asker, or, when it has no address yet, to all nodes; here that is
// the asker's port alone.
static enum verdict
nd(const struct pw_worker *w, struct rte_mbuf *m, const struct pw_pkt *p, const struct pw_switch *sw, uint16_t *owner)
{
	struct nd *f = rte_pktmbuf_mtod(m, struct nd *);
	if (!valid_ns(m, f))
		return FLOOD;
	const struct pw_rsp6 *found = find6(sw, f->target);
	if (found == NULL)
		return FLOOD;
	*owner = found->lsp;
	enum verdict v = judge(w, p, found->lsp);
	if (v != REPLY)
		return v;
	if (!resize(m, sizeof(*f)))
		return FLOOD;
	to_asker(&f->eth, found->mac);
	f->flags = ND_NA_SOLICITED;
	if (unspecified(f->ip.src_addr)) {
		static const uint8_t all_nodes[16] = {0xff, 2, [15] = 1};
		static const struct rte_ether_addr all_nodes_mac = {{0x33, 0x33, 0, 0, 0, 1}};
		memcpy(f->ip.dst_addr, all_nodes, 16);
		f->eth.dst_addr = all_nodes_mac;
		f->flags = ND_NA_UNSOLICITED;
	} else {
		memcpy(f->ip.dst_addr, f->ip.src_addr, 16);
	}
	memcpy(f->ip.src_addr, f->target, 16);
	f->ip.payload_len = RTE_BE16(ND_NA_LENGTH);
	f->type = ND_NA;
	f->option[0] = ND_OPT_TLLA;
	f->option[1] = 1;
	memcpy(f->option + 2, found->mac, RTE_ETHER_ADDR_LEN);
	f->checksum = 0;
	f->checksum = rte_ipv6_udptcp_cksum(&f->ip, &f->type);
	return REPLY;
}

void
pw_ls_in_arp_rsp(struct pw_worker *w, struct pw_burst *b)
{
	const struct pw_tables *t = w->tables;
	uint16_t k = 0;

	for (uint16_t i = 0; i < b->n; i++) {
		struct rte_mbuf *m = b->m[i];
		struct pw_pkt *p = &b->p[i];
		const struct rte_ether_hdr *eth = rte_pktmbuf_mtod(m, const struct rte_ether_hdr *);
		const struct pw_switch *sw = &t->switches[t->lsps[p->lsp].sw];
		enum verdict v = FLOOD;
		bool is_arp = eth->ether_type == RTE_BE16(RTE_ETHER_TYPE_ARP);
		uint16_t owner = PW_NONE16;

		if (rte_is_multicast_ether_addr(&eth->dst_addr)) {
			if (is_arp)
				v = arp(w, m, p, sw, &owner);
			else if (eth->ether_type == RTE_BE16(RTE_ETHER_TYPE_IPV6))
				v = nd(w, m, p, sw, &owner);
		}
		switch (v) {
		case REPLY:
			pw_ls_out_delivery(w, m, p->lsp, p);
			break;
		case ROUTER:
			p->lrp = t->lsps[owner].lrp;
			pw_punt(w, m, p, is_arp ? PW_PUNT_ARP : PW_PUNT_ND);
			break;
		case FLOOD:
			pw_burst_keep(b, k++, i);
			break;
		}
	}
	b->n = k;
}
