/* SPDX-License-Identifier: Apache-2.0 */

/* The stamp: 22 octets at the start of the UDP payload, all big-endian, that say
 * which flow a packet belongs to, which of the flow's packets it is, and when the
 * source made it. They fill an IPv4 frame of 64 octets to the end. */
#ifndef PWT_STAMP_H
#define PWT_STAMP_H

#include <stdint.h>
#include <string.h>

#include <rte_byteorder.h>
#include <rte_ether.h>
#include <rte_ip.h>
#include <rte_mbuf.h>
#include <rte_udp.h>

#define PWT_MAGIC 0x5057 /* "PW" */
#define PWT_IP4_PAYLOAD (sizeof(struct rte_ether_hdr) + sizeof(struct rte_ipv4_hdr) + sizeof(struct rte_udp_hdr))
#define PWT_IP6_PAYLOAD (sizeof(struct rte_ether_hdr) + sizeof(struct rte_ipv6_hdr) + sizeof(struct rte_udp_hdr))

struct pwt_stamp {
	rte_be16_t magic;
	rte_be32_t flow;
	rte_be64_t seq; /* the flow's first packet is 0 */
	rte_be64_t tsc; /* time stamp counter when it was made */
} __attribute__((packed));

/* pwt_find returns the stamp of a frame, untagged or with one VLAN tag, or NULL.
 * Borrows m. */
static inline const struct pwt_stamp *
pwt_find(const struct rte_mbuf *m)
{
	const uint8_t *f = rte_pktmbuf_mtod(m, const uint8_t *);
	uint32_t at = sizeof(struct rte_ether_hdr), len = m->data_len;
	const struct pwt_stamp *s;
	rte_be16_t type;

	if (len < PWT_IP4_PAYLOAD + sizeof(*s))
		return NULL;
	memcpy(&type, f + 12, 2);
	if (type == RTE_BE16(RTE_ETHER_TYPE_VLAN)) {
		memcpy(&type, f + 16, 2);
		at += 4;
	}
	if (type == RTE_BE16(RTE_ETHER_TYPE_IPV4)) {
		if (f[at] != 0x45 || f[at + 9] != IPPROTO_UDP)
			return NULL;
		at += sizeof(struct rte_ipv4_hdr);
	} else if (type == RTE_BE16(RTE_ETHER_TYPE_IPV6)) {
		if (f[at + 6] != IPPROTO_UDP)
			return NULL;
		at += sizeof(struct rte_ipv6_hdr);
	} else {
		return NULL;
	}
	at += sizeof(struct rte_udp_hdr);
	if (len < at + sizeof(*s))
		return NULL;
	s = (const struct pwt_stamp *)(f + at);
	return s->magic == RTE_BE16(PWT_MAGIC) ? s : NULL;
}

#endif
