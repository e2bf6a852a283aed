// SPDX-License-Identifier: Apache-2.0
// How a connected destination is looked up among the neighbors.
#ifndef PW_NEIGH_KEY_H
#define PW_NEIGH_KEY_H

#include <string.h>

#include <rte_ether.h>
#include <rte_ip.h>
#include <rte_mbuf.h>

#include "datapath.h"

union pw_neigh_key {
	uint64_t v4;
	struct pw_neigh6_key v6;
};

// pw_neigh_key is the key of m's destination on the link of a router port.
static inline void
pw_neigh_key(union pw_neigh_key *key, const struct rte_mbuf *m, uint16_t lrp, uint8_t family)
{
	const void *ip = rte_pktmbuf_mtod_offset(m, const void *, sizeof(struct rte_ether_hdr));
	if (family == 4) {
		key->v4 = pw_neigh4_key(lrp, ((const struct rte_ipv4_hdr *)ip)->dst_addr);
	} else {
		memcpy(key->v6.ip, ((const struct rte_ipv6_hdr *)ip)->dst_addr, 16);
		key->v6.lrp = lrp;
		key->v6.zero = 0;
	}
}

#endif
