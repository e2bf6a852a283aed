// SPDX-License-Identifier: Apache-2.0
// How a packet is cut, for both families of lr_in_larger_pkts.
#ifndef PW_LR_IN_LARGER_PKTS_H
#define PW_LR_IN_LARGER_PKTS_H

#include "stages.h"

#define PW_OFFSET_UNIT 8u // octets that a fragment offset counts in

struct pw_cut {
	struct rte_mbuf *m;           // the whole
	bool v6;
	const struct rte_ipv4_hdr *ip;
	const struct rte_ipv6_hdr *ip6;
	rte_be32_t id;                // IPv6
	uint16_t header;              // octets of the first fragment's headers
	uint16_t more_header;         // octets of the other fragments' headers
	uint32_t from;                // where the payload begins in m
	uint32_t first, more;         // most payload of the first fragment and of the others
	uint32_t payload;             // octets to distribute
	uint32_t n;                   // fragments
	uint8_t options[RTE_IPV4_HDR_IHL_MASK * RTE_IPV4_IHL_MULTIPLIER]; // of IPv4's others
};

// pw_cut6_plan decides how the IPv6 packet m, which has no extension headers, is cut for
// packets of at most mtu octets; false when it can't be.
bool pw_cut6_plan(struct pw_cut *c, const struct rte_mbuf *m, uint32_t mtu);

// pw_cut6_fill writes the headers of the fragment f with n octets of payload from at on.
void pw_cut6_fill(const struct pw_cut *c, struct rte_mbuf *f, uint32_t at, uint16_t n);

#endif
