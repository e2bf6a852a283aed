// SPDX-License-Identifier: Apache-2.0
// A plain packet is one that every ingress stage passes on as it is: an untagged frame
// to the router's MAC with an IP header that leaves nothing to say. Almost all that a
// gateway sees is plain. Whoever is not plain is not wrong: the stages will tell.
#ifndef PW_PLAIN_H
#define PW_PLAIN_H

#include <string.h>

#include <rte_byteorder.h>

#include "packet.h"
#include "tables.h"

_Static_assert(RTE_BYTE_ORDER == RTE_LITTLE_ENDIAN, "headers are read as words, octet 0 in the lowest byte");

static inline uint64_t
pw_load64(const uint8_t *at)
{
	uint64_t v;
	memcpy(&v, at, sizeof(v));
	return v;
}

static inline uint32_t
pw_load32(const uint8_t *at)
{
	uint32_t v;
	memcpy(&v, at, sizeof(v));
	return v;
}

// First octets of IPv4 addresses that nobody sends from or to: 0/8, 127/8, 224/4, 240/4
// (RFC 1812 5.3.7).
#define PW_ODD_OCTET4(o) ((o) == 0 || (o) == 127 || (o) >= 224)

// Likewise of IPv6: those of the unspecified address, loopback, link-local and groups.
#define PW_ODD_OCTET6(o) ((o) == 0 || (o) >= 0xfe)

extern const uint8_t pw_odd_octets4[256];

// What the frame at h starts with: the router's MAC, a source that is somebody's.
static inline bool
pw_plain_ethernet(const uint8_t *h, uint64_t router_mac)
{
	uint64_t dst_src = pw_load64(h);
	return (dst_src ^ router_mac) << 15 == 0 && // the 49th bit is the source's group bit
	       pw_load32(h + 8) != 0; // a source of zeros, or one that the stages tell from it
}

// Whether one of the router port's own addresses may end in that octet.
static inline bool
pw_may_be_own(uint64_t own, uint8_t last)
{
	return own >> (last & 63) & 1;
}

static inline bool
pw_is_own4(const struct pw_lrp *lrp, uint32_t ip)
{
	for (uint8_t i = 0; i < lrp->n_own4; i++)
		if (lrp->own4[i] == ip)
			return true;
	return false;
}

static inline bool
pw_is_own6(const struct pw_lrp *lrp, const uint8_t ip[16])
{
	for (uint8_t i = 0; i < lrp->n_own6; i++)
		if (memcmp(lrp->own6[i], ip, 16) == 0)
			return true;
	return false;
}

// IPv4 without options, checksum right, in have octets, 20 at least. Returns how many of
// them it says it has, or 0 when it is not plain.
static inline uint32_t
pw_plain_ip4(const struct pw_lrp *lrp, uint64_t own, const uint8_t *ip, uint32_t have)
{
	// The sum of 16-bit words in ones' complement is that of longer words, modulo 0xffff
	// (RFC 1071 2). It can't be 0: the version is in it.
	uint64_t first = pw_load64(ip), second = pw_load64(ip + 8);
	uint64_t sum = (first >> 32) + (uint32_t)first + (second >> 32) + (uint32_t)second + pw_load32(ip + 16);
	if (unlikely(sum % 0xffff != 0))
		return 0;
	uint32_t total = rte_be_to_cpu_16((uint16_t)(first >> 16));
	if (unlikely(total != have) && (total > have || total < sizeof(struct rte_ipv4_hdr)))
		return 0;
	if (pw_odd_octets4[ip[12]] | pw_odd_octets4[ip[16]])
		return 0;
	if (unlikely(pw_may_be_own(own, ip[15])) && pw_is_own4(lrp, rte_be_to_cpu_32(pw_load32(ip + 12))))
		return 0;
	return total;
}

// IPv6, in have octets, 40 at least, and nothing that a neighbor would say to us. Returns
// like pw_plain_ip4.
static inline uint32_t
pw_plain_ip6(const struct pw_lrp *lrp, uint64_t own, const uint8_t *ip, uint32_t have)
{
	uint32_t payload = rte_be_to_cpu_16((uint16_t)(pw_load32(ip + 4)));
	uint32_t total = payload + (uint32_t)sizeof(struct rte_ipv6_hdr);
	if (total > have || payload == 0 || ip[6] == IPPROTO_ICMPV6)
		return 0;
	if (PW_ODD_OCTET6(ip[8]) | PW_ODD_OCTET6(ip[24]))
		return 0;
	if (unlikely(pw_may_be_own(own, ip[23])) && pw_is_own6(lrp, ip + 8))
		return 0;
	return total;
}

#endif
