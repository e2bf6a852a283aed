// SPDX-License-Identifier: Apache-2.0
// lr_in_admission: what a router port takes in. IPv4 stays in the burst, IPv6 goes on
// in one of its own, ARP goes to control, anything else ends here.
#include <rte_ether.h>

#include "stages.h"

void
pw_lr_in_admission(struct pw_worker *w, struct pw_burst *b, struct pw_burst *r6)
{
	uint16_t k = 0;
	for (uint16_t i = 0; i < b->n; i++) {
		struct rte_mbuf *m = b->m[i];
		const struct rte_ether_hdr *eth = rte_pktmbuf_mtod(m, const struct rte_ether_hdr *);
		if (eth->ether_type == RTE_BE16(RTE_ETHER_TYPE_IPV4))
			pw_burst_keep(b, k++, i);
		else if (eth->ether_type == RTE_BE16(RTE_ETHER_TYPE_IPV6))
			pw_burst_push(r6, m, &b->p[i]);
		else if (eth->ether_type == RTE_BE16(RTE_ETHER_TYPE_ARP))
			pw_punt(w, m, &b->p[i], PW_PUNT_ARP);
		else
			pw_drop(w, m, PW_DROP_LR_ETHERTYPE);
	}
	b->n = k;
}
