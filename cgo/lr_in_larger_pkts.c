// SPDX-License-Identifier: Apache-2.0
// lr_in_larger_pkts: what lr_in_chk_pkt_len found too long and its sender lets us cut
// leaves in fragments (RFC 791 3.2, RFC 1812 4.2.2.7). They take the identification of
// the whole, whose sender made it unique (RFC 6864 4.2), and its place in the burst.
// A packet leaves in all its fragments or not at all. IPv6 comes here from the router
// itself only; lr_in_larger_pkts6.c knows how to cut it.
#include <string.h>

#include "lr_in_larger_pkts.h"

#define OPTION_END 0
#define OPTION_NOP 1
#define OPTION_COPIED 0x80 // goes into every fragment

// Collects the options that every fragment carries and returns their length, padded to
// whole words. From one on whose length makes no sense, all are taken as they stand:
// what we can't read is not ours to drop.
static uint16_t
copied_options(const uint8_t *in, uint16_t n, uint8_t *out)
{
	uint16_t k = 0;
	for (uint16_t i = 0, length; i < n && in[i] != OPTION_END; i += length) {
		length = 1;
		if (in[i] == OPTION_NOP)
			continue; // they align what may be gone
		length = i + 1 < n ? in[i + 1] : 0;
		if (length < 2 || i + length > n)
			length = n - i;
		else if (!(in[i] & OPTION_COPIED))
			continue;
		memcpy(out + k, in + i, length);
		k += length;
	}
	while (k % RTE_IPV4_IHL_MULTIPLIER != 0)
		out[k++] = OPTION_END;
	return k;
}

// Decides how the IPv4 packet m is cut for packets of at most mtu octets; false when it
// can't be.
static bool
plan4(struct pw_cut *c, const struct rte_mbuf *m, uint32_t mtu)
{
	c->ip = rte_pktmbuf_mtod_offset(m, const struct rte_ipv4_hdr *, sizeof(struct rte_ether_hdr));
	c->header = rte_ipv4_hdr_len(c->ip);
	c->more_header = (uint16_t)(sizeof(*c->ip) + copied_options((const uint8_t *)(c->ip + 1),
				    (uint16_t)(c->header - sizeof(*c->ip)), c->options));
	if (mtu < c->header + PW_OFFSET_UNIT)
		return false;
	c->first = RTE_ALIGN_FLOOR(mtu - c->header, PW_OFFSET_UNIT);
	c->more = RTE_ALIGN_FLOOR(mtu - c->more_header, PW_OFFSET_UNIT);
	c->from = (uint32_t)sizeof(struct rte_ether_hdr) + c->header;
	c->payload = rte_be_to_cpu_16(c->ip->total_length) - c->header;
	if (c->payload <= c->first)
		return false; // its length field and its octets disagree
	c->n = 1 + (c->payload - c->first + c->more - 1) / c->more;
	// A fragment of a packet that can't exist would get an offset that runs over.
	uint32_t offset = rte_be_to_cpu_16(c->ip->fragment_offset) & RTE_IPV4_HDR_OFFSET_MASK;
	return offset * PW_OFFSET_UNIT + c->header + c->payload <= UINT16_MAX;
}

// Makes f the fragment with the n octets of payload from at on; the Ethernet header is there.
static void
fill4(const struct pw_cut *c, struct rte_mbuf *f, uint32_t at, uint16_t n)
{
	uint16_t header = at == 0 ? c->header : c->more_header;
	uint16_t offset = rte_be_to_cpu_16(c->ip->fragment_offset); // flags too: the last has those of the whole
	struct rte_ether_hdr *eth = rte_pktmbuf_mtod(f, struct rte_ether_hdr *);
	struct rte_ipv4_hdr *ip = (struct rte_ipv4_hdr *)(eth + 1);

	memcpy(ip, c->ip, at == 0 ? header : sizeof(*ip));
	if (at > 0)
		memcpy(ip + 1, c->options, header - sizeof(*ip));
	offset = (uint16_t)(offset + at / PW_OFFSET_UNIT);
	if (at + n < c->payload)
		offset |= RTE_IPV4_HDR_MF_FLAG;
	ip->version_ihl = (uint8_t)(0x40 | header / RTE_IPV4_IHL_MULTIPLIER);
	ip->total_length = rte_cpu_to_be_16((uint16_t)(header + n));
	ip->fragment_offset = rte_cpu_to_be_16(offset);
	ip->hdr_checksum = 0;
	ip->hdr_checksum = rte_ipv4_cksum(ip);
}

// Makes f the fragment with the n octets of payload from at on.
static void
fill(const struct pw_cut *c, struct rte_mbuf *f, uint32_t at, uint16_t n)
{
	uint32_t header = sizeof(struct rte_ether_hdr) + (at == 0 ? c->header : c->more_header);
	uint8_t *data = rte_pktmbuf_mtod_offset(f, uint8_t *, header);

	memcpy(rte_pktmbuf_mtod(f, void *), rte_pktmbuf_mtod(c->m, const void *), sizeof(struct rte_ether_hdr));
	if (c->v6)
		pw_cut6_fill(c, f, at, n);
	else
		fill4(c, f, at, n);
	const void *from = rte_pktmbuf_read(c->m, c->from + at, n, data);
	if (from != data)
		memcpy(data, from, n);
	f->data_len = (uint16_t)(header + n);
	f->pkt_len = f->data_len;
	f->port = c->m->port;
}

static bool
plan(struct pw_cut *c, struct rte_mbuf *m, uint32_t mtu)
{
	c->m = m;
	c->v6 = rte_pktmbuf_mtod(m, const struct rte_ether_hdr *)->ether_type != RTE_BE16(RTE_ETHER_TYPE_IPV4);
	return (c->v6 ? pw_cut6_plan(c, m, mtu) : plan4(c, m, mtu)) && c->n <= PW_MAX_FRAGMENTS;
}

// Cuts packet i of b and appends the fragments to out, which has room for
// PW_MAX_FRAGMENTS.
static void
fragment(struct pw_worker *w, const struct pw_burst *b, uint16_t i, struct pw_burst *out)
{
	struct rte_mempool *pool = w->dp->pool;
	uint32_t room = rte_pktmbuf_data_room_size(pool) - RTE_PKTMBUF_HEADROOM - (uint32_t)sizeof(struct rte_ether_hdr);
	struct pw_pkt p = b->p[i];
	struct rte_mbuf *f[PW_MAX_FRAGMENTS];
	struct pw_cut c;

	// A fragment is one segment: ports that send no chains take it.
	if (!plan(&c, b->m[i], RTE_MIN((uint32_t)w->tables->lrps[p.out_lrp].mtu, room))) {
		pw_drop(w, b->m[i], PW_DROP_IP_UNFRAGMENTABLE);
		return;
	}
	if (rte_pktmbuf_alloc_bulk(pool, f, c.n) != 0) {
		pw_drop(w, b->m[i], PW_DROP_IP_FRAGMENT_MBUF);
		return;
	}
	p.flags &= (uint8_t)~PW_PKT_FRAGMENT;
	for (uint32_t k = 0, at = 0; k < c.n; k++) {
		uint16_t n = (uint16_t)RTE_MIN(c.payload - at, k == 0 ? c.first : c.more);
		fill(&c, f[k], at, n);
		pw_meta(f[k])->mark = pw_mark(b->m[i], &p);
		at += n;
		pw_burst_push(out, f[k], &p);
	}
	w->counters.originated += c.n;
	w->counters.fragments += c.n;
	w->counters.consumed++;
	rte_pktmbuf_free(b->m[i]);
}

uint16_t
pw_lr_in_larger_pkts(struct pw_worker *w, struct pw_burst *b, uint16_t from, struct pw_burst *out)
{
	for (; from < b->n; from++) {
		bool cut = b->p[from].flags & PW_PKT_FRAGMENT;
		if (out->n + (cut ? PW_MAX_FRAGMENTS : 1) > PW_BURST)
			break;
		if (cut)
			fragment(w, b, from, out);
		else
			pw_burst_push(out, b->m[from], &b->p[from]);
	}
	return from;
}
