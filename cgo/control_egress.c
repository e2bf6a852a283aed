// SPDX-License-Identifier: Apache-2.0
// Where a packet of control's own would leave.
#include <string.h>

#include "control.h"

uint16_t
pw_control_egress(const struct pw_control *c, uint16_t lrp, const uint8_t *ip, uint8_t family)
{
	const struct pw_tables *t = atomic_load_explicit(&c->dp->tables, memory_order_relaxed);
	if (t == NULL || lrp >= t->n_lrps)
		return PW_NONE16;
	const struct pw_router *r = &t->routers[t->lrps[lrp].table];
	uint64_t row = 0;

	if (family == 4 && r->fib4 != NULL) {
		uint32_t dst;
		memcpy(&dst, ip, sizeof(dst));
		dst = rte_be_to_cpu_32(dst);
		rte_fib_lookup_bulk(r->fib4, &dst, &row, 1);
	} else if (family == 6 && r->fib6 != NULL) {
		uint8_t dst[1][RTE_FIB6_IPV6_ADDR_SIZE];
		memcpy(dst[0], ip, sizeof(dst[0]));
		rte_fib6_lookup_bulk(r->fib6, dst, &row, 1);
	}
	const struct pw_nexthop *nh = &t->nexthops[row];
	if (nh->kind == PW_NH_ECMP)
		nh = &t->nexthops[nh->adj];
	return nh->kind <= PW_NH_LOCAL ? PW_NONE16 : nh->lrp;
}
