// SPDX-License-Identifier: Apache-2.0
// ls_in_l2_lkup: where a frame goes within its logical switch. Known unicast to its
// port, unknown unicast to the ports that list unknown, groups to everybody.
#include <rte_ether.h>
#include <rte_icmp.h>
#include <rte_ip.h>

#include "stages.h"

bool
pw_router_wants(const struct rte_mbuf *m, enum pw_punt_why *why)
{
	const struct rte_ether_hdr *eth = rte_pktmbuf_mtod(m, const struct rte_ether_hdr *);
	if (eth->ether_type == RTE_BE16(RTE_ETHER_TYPE_ARP)) {
		*why = PW_PUNT_ARP;
		return true;
	}
	if (eth->ether_type != RTE_BE16(RTE_ETHER_TYPE_IPV6) ||
	    m->data_len < sizeof(*eth) + sizeof(struct rte_ipv6_hdr) + 1)
		return false;
	const struct rte_ipv6_hdr *ip = (const struct rte_ipv6_hdr *)(eth + 1);
	if (pw_ip6_is_nd(m, ip)) {
		*why = PW_PUNT_ND;
		return true;
	}
	*why = PW_PUNT_LOCAL; // echo to an all-nodes or all-routers group (RFC 4443 4.1)
	return ip->proto == IPPROTO_ICMPV6 && *(const uint8_t *)(ip + 1) == 128;
}

// Admission has taken one tag off. A frame with another could leave by an untagged port
// and be of that tag's VLAN beyond (OVN drops it too, without vlan-passthru).
static bool
has_inner_tag(const struct rte_mbuf *m)
{
	rte_be16_t type = rte_pktmbuf_mtod(m, const struct rte_ether_hdr *)->ether_type;
	return type == RTE_BE16(RTE_ETHER_TYPE_VLAN) || type == RTE_BE16(RTE_ETHER_TYPE_QINQ) ||
	       type == RTE_BE16(RTE_ETHER_TYPE_QINQ1);
}

// A target of a flood: a router port, which gets it by way of control, or a switch port.
struct target {
	uint16_t index;
	bool router;
};

static void
deliver(struct pw_worker *w, struct rte_mbuf *m, const struct pw_pkt *p, struct target t, enum pw_punt_why why)
{
	struct pw_pkt q = *p;
	if (!t.router) {
		pw_ls_out_delivery(w, m, t.index, &q);
		return;
	}
	q.lrp = t.index;
	pw_punt(w, m, &q, why);
}

// Copies m to t: a copy, not a clone, for each may get another tag or header.
static void
deliver_copy(struct pw_worker *w, struct rte_mbuf *m, const struct pw_pkt *p, struct target t, enum pw_punt_why why)
{
	struct rte_mbuf *copy = rte_pktmbuf_copy(m, w->dp->pool, 0, UINT32_MAX);
	w->counters.originated++;
	if (copy == NULL) {
		w->counters.drops[PW_DROP_L2_COPY]++;
		return;
	}
	deliver(w, copy, p, t, why);
}

// Gives m to every target; the last one gets m itself.
static void
flood(struct pw_worker *w, struct rte_mbuf *m, const struct pw_pkt *p, const uint16_t *routers, uint16_t n_routers,
      enum pw_punt_why why, const uint16_t *ports, uint16_t n_ports, uint16_t from_lsp)
{
	struct target last = {.index = PW_NONE16};
	for (uint16_t i = 0; i < n_routers + n_ports; i++) {
		struct target t = {.router = i < n_routers};
		t.index = t.router ? routers[i] : ports[i - n_routers];
		if (!t.router && t.index == from_lsp)
			continue;
		if (last.index != PW_NONE16)
			deliver_copy(w, m, p, last, why);
		last = t;
	}
	if (last.index == PW_NONE16)
		pw_drop(w, m, PW_DROP_L2_NO_RECEIVER);
	else
		deliver(w, m, p, last, why);
}

void
pw_ls_flood(struct pw_worker *w, struct rte_mbuf *m, const uint16_t *list, uint16_t n, uint16_t from_lsp,
	    const struct pw_pkt *p)
{
	flood(w, m, p, NULL, 0, PW_PUNT_ARP, list, n, from_lsp);
}

static void
group(struct pw_worker *w, struct rte_mbuf *m, const struct pw_pkt *p, const struct pw_switch *sw)
{
	enum pw_punt_why why = PW_PUNT_ARP;
	uint16_t n_routers = sw->n_routers > 0 && pw_router_wants(m, &why) ? sw->n_routers : 0;
	flood(w, m, p, sw->routers, n_routers, why, sw->flood, sw->n_flood, p->lsp);
}

static void
unknown(struct pw_worker *w, struct rte_mbuf *m, const struct pw_pkt *p, const struct pw_switch *sw,
	uint16_t from_lsp)
{
	uint16_t others = sw->n_unknown;
	if (others == 1 && sw->unknown[0] == from_lsp)
		others = 0;
	if (others == 0)
		pw_drop(w, m, PW_DROP_L2_UNKNOWN_DST);
	else if (from_lsp == p->lsp && !pw_storm_allows(w, from_lsp, PW_STORM_UNKNOWN))
		pw_drop(w, m, PW_DROP_STORM_UNKNOWN);
	else
		pw_ls_flood(w, m, sw->unknown, sw->n_unknown, from_lsp, p);
}

void
pw_ls_out_by_mac(struct pw_worker *w, struct rte_mbuf *m, uint16_t sw, uint16_t from_lsp, const struct pw_pkt *p)
{
	const struct rte_ether_hdr *eth = rte_pktmbuf_mtod(m, const struct rte_ether_hdr *);
	uint64_t key = pw_fdb_key(sw, pw_mac48(eth->dst_addr.addr_bytes));
	void *lsp;
	if (rte_hash_lookup_data(w->dp->fdb, &key, &lsp) >= 0)
		pw_ls_out_delivery(w, m, (uint16_t)(uintptr_t)lsp, p);
	else
		unknown(w, m, p, &w->tables->switches[sw], from_lsp);
}

void
pw_ls_in_l2_lkup(struct pw_worker *w, struct pw_burst *b)
{
	const struct pw_tables *t = w->tables;
	uint16_t k = 0;

	for (uint16_t i = 0; i < b->n; i++) {
		struct rte_mbuf *m = b->m[i];
		struct pw_pkt *p = &b->p[i];
		uint16_t sw_index = t->lsps[p->lsp].sw;
		const struct pw_switch *sw = &t->switches[sw_index];
		uint64_t dst = pw_mac48(rte_pktmbuf_mtod(m, const uint8_t *));
		void *found;

		if (dst == sw->router_mac) { // what a gateway sees most
			p->lrp = sw->router_lrp;
			pw_burst_keep(b, k++, i);
			continue;
		}
		if (unlikely(has_inner_tag(m))) {
			pw_drop(w, m, PW_DROP_L2_INNER_TAG);
			continue;
		}
		if (dst & 1) {
			group(w, m, p, sw);
			continue;
		}
		uint64_t key = pw_fdb_key(sw_index, dst);
		if (rte_hash_lookup_data(w->dp->fdb, &key, &found) < 0) {
			unknown(w, m, p, sw, p->lsp);
			continue;
		}
		uint16_t out = (uint16_t)(uintptr_t)found;
		if (out == p->lsp)
			pw_drop(w, m, PW_DROP_L2_HAIRPIN);
		else
			pw_ls_out_delivery(w, m, out, p);
	}
	b->n = k;
}
