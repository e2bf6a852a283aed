// SPDX-License-Identifier: Apache-2.0
// ls_in_admission: from a port and a VLAN tag to a switch port. Frames run
// untagged through the pipeline; the tag comes back when they leave.
#include <string.h>

#include <rte_ether.h>
#include <rte_prefetch.h>

#include "stages.h"

#define PREFETCH_AHEAD 4

// IEEE 802.1D table 7-10: 01:80:c2:00:00:00 to 0f never cross a bridge.
static bool
reserved_group(const struct rte_ether_addr *a)
{
	const uint8_t *o = a->addr_bytes;
	return o[0] == 0x01 && o[1] == 0x80 && o[2] == 0xc2 && o[3] == 0 && o[4] == 0 && o[5] < 0x10;
}

// Takes the tag of m off and returns the switch port for it, or PW_NONE16.
static uint16_t
untag(const struct pw_port *port, struct rte_mbuf *m)
{
	uint16_t vid;
	if (m->ol_flags & RTE_MBUF_F_RX_VLAN_STRIPPED) {
		vid = m->vlan_tci & 0xfff;
	} else {
		if (m->data_len < sizeof(struct rte_ether_hdr) + 4)
			return PW_NONE16;
		const struct rte_vlan_hdr *v = rte_pktmbuf_mtod_offset(m, const struct rte_vlan_hdr *, sizeof(struct rte_ether_hdr));
		vid = rte_be_to_cpu_16(v->vlan_tci) & 0xfff;
		char *start = rte_pktmbuf_mtod(m, char *);
		memmove(start + 4, start, 2 * RTE_ETHER_ADDR_LEN);
		rte_pktmbuf_adj(m, 4);
	}
	if (vid == 0) // priority tag: the frame belongs to the untagged network (IEEE 802.1Q 6.9)
		return port->lsp;
	return port->vlan_lsp != NULL ? port->vlan_lsp[vid] : PW_NONE16;
}

static enum pw_drop
admit(const struct pw_port *port, struct rte_mbuf *m, uint16_t *lsp)
{
	if (m->data_len < sizeof(struct rte_ether_hdr))
		return PW_DROP_L2_TRUNCATED;
	const struct rte_ether_hdr *eth = rte_pktmbuf_mtod(m, const struct rte_ether_hdr *);
	uint64_t src = pw_mac48(eth->src_addr.addr_bytes);
	if (src == 0 || (src & 1))
		return PW_DROP_L2_SOURCE;
	if (reserved_group(&eth->dst_addr))
		return PW_DROP_L2_RESERVED;

	*lsp = port->lsp;
	if (eth->ether_type == RTE_BE16(RTE_ETHER_TYPE_VLAN) || (m->ol_flags & RTE_MBUF_F_RX_VLAN_STRIPPED)) {
		*lsp = untag(port, m);
		return *lsp == PW_NONE16 ? PW_DROP_L2_VLAN : PW_DROP_COUNT;
	}
	return *lsp == PW_NONE16 ? PW_DROP_L2_PORT_UNBOUND : PW_DROP_COUNT;
}

bool
pw_ls_in_admission(struct pw_worker *w, struct pw_burst *b, uint16_t port)
{
	const struct pw_port *pp = &w->tables->ports[port];
	uint16_t k = 0;
	uint8_t group = 0;

	for (uint16_t i = 0; i < b->n && i < PREFETCH_AHEAD; i++)
		rte_prefetch0(rte_pktmbuf_mtod(b->m[i], void *));
	for (uint16_t i = 0; i < b->n; i++) {
		if (i + PREFETCH_AHEAD < b->n)
			rte_prefetch0(rte_pktmbuf_mtod(b->m[i + PREFETCH_AHEAD], void *));
		struct rte_mbuf *m = b->m[i];
		uint16_t lsp;
		enum pw_drop reason = admit(pp, m, &lsp);
		if (reason != PW_DROP_COUNT) {
			pw_drop(w, m, reason);
			continue;
		}
		group |= *rte_pktmbuf_mtod(m, const uint8_t *);
		b->m[k] = m;
		b->p[k] = (struct pw_pkt){.lsp = lsp, .adj = PW_NONE32};
		k++;
	}
	b->n = k;
	return group & 1;
}
