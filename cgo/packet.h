// SPDX-License-Identifier: Apache-2.0
// Small questions about a packet that more than one stage asks.
#ifndef PW_PACKET_H
#define PW_PACKET_H

#include <stdbool.h>
#include <stdint.h>

#include <rte_ether.h>
#include <rte_ip.h>
#include <rte_mbuf.h>

// fe80::/10 (RFC 4291 2.5.6)
static inline bool
pw_ip6_link_local(const uint8_t ip[16])
{
	return ip[0] == 0xfe && (ip[1] & 0xc0) == 0x80;
}

// Neighbor Discovery (RFC 4861 4): RS, RA, NS, NA, redirect. Seen only directly
// behind the IPv6 header: with extension headers it is ignored as such (RFC 6980 5).
static inline bool
pw_ip6_is_nd(const struct rte_mbuf *m, const struct rte_ipv6_hdr *ip)
{
	if (ip->proto != IPPROTO_ICMPV6 || m->data_len <= sizeof(struct rte_ether_hdr) + sizeof(*ip))
		return false;
	uint8_t type = *(const uint8_t *)(ip + 1);
	return type >= 133 && type <= 137;
}

// pw_ip4_checksum_ok verifies the checksum of a header of the given length in octets
// (RFC 1071): 32-bit words summed in 64 bits, folded once.
static inline bool
pw_ip4_checksum_ok(const struct rte_ipv4_hdr *ip, uint32_t length)
{
	const void *start = ip;
	const unaligned_uint32_t *word = start;
	uint64_t sum = (uint64_t)word[0] + word[1] + word[2] + word[3] + word[4];
	for (uint32_t i = 5; unlikely(i < length / 4); i++)
		sum += word[i];
	sum = (sum & 0xffffffff) + (sum >> 32);
	sum = (sum & 0xffff) + (sum >> 16 & 0xffff) + (sum >> 32);
	sum = (sum & 0xffff) + (sum >> 16);
	return sum == 0xffff;
}

// pw_trim_padding cuts n octets off the end of m, over segments if need be: what
// stands behind the IP packet is padding, and none of it may leave with it.
static inline void
pw_trim_padding(struct rte_mbuf *m, uint32_t n)
{
	while (n > 0) {
		struct rte_mbuf *last = rte_pktmbuf_lastseg(m);
		if (last == m || last->data_len > n) {
			rte_pktmbuf_trim(m, (uint16_t)n);
			return;
		}
		n -= last->data_len;
		m->pkt_len -= last->data_len;
		m->nb_segs--;
		struct rte_mbuf *s = m;
		while (s->next != last)
			s = s->next;
		s->next = NULL;
		rte_pktmbuf_free_seg(last);
	}
}

#endif
