/* SPDX-License-Identifier: Apache-2.0 */

/* Lookups in an rte_fib6 that is larger than a core's caches. */
#ifndef PW_SHIM_WALK6_H
#define PW_SHIM_WALK6_H

#include <stdint.h>

#include <rte_fib6.h>

/* Does what rte_fib6_lookup_bulk does, with its arguments. Any thread; 0. */
typedef int (*pw_walk6)(struct rte_fib6 *fib, uint8_t ips[][RTE_FIB6_IPV6_ADDR_SIZE], uint64_t *nhs, int n);

/* The walk for fib, a new and empty TRIE made with these figures. NULL when it
 * does not look like one of DPDK 22.11, whose insides the walk reads. */
pw_walk6 pw_walk6_for(struct rte_fib6 *fib, uint32_t tbl8, int nh_bytes, uint64_t nh);

/* By walk, or by rte_fib6_lookup_bulk where that is NULL. */
int pw_fib6_lookup(struct rte_fib6 *fib, pw_walk6 walk, void *addresses, uint64_t *nhs, int n);

#endif
