/* SPDX-License-Identifier: Apache-2.0 */

/* rte_fib6 follows one address down to its leaf before it takes up the next.
 * In a large table nearly every step misses the caches, and where the leaf comes
 * is a branch that nobody can foretell, so hardly two misses overlap. Here all
 * addresses take the same step together: what they need for the next one is
 * fetched meanwhile, and no branch depends on what is loaded. */
#include "shim_walk6.h"

#include <string.h>

#include <rte_byteorder.h>
#include <rte_common.h>
#include <rte_prefetch.h>
#include <rte_version.h>

#define BULK 64
#define TBL8_ENTRIES 256

/* The private data of TRIE (struct rte_trie_tbl). An entry's lowest bit tells
 * whether the rest is the number of a tbl8 or a next hop. */
struct trie {
	uint32_t number_tbl8s, rsvd_tbl8s, cur_tbl8s;
	uint64_t def_nh;
	enum rte_fib_trie_nh_sz nh_sz;
	uint64_t *tbl8;
	uint32_t *tbl8_pool;
	uint32_t tbl8_pool_pos;
	uint64_t tbl24[] __rte_cache_aligned;
};

static inline uint64_t entry(const void *table, size_t i, int bytes)
{
	return bytes == 2 ? ((const uint16_t *)table)[i]
	       : bytes == 4 ? ((const uint32_t *)table)[i]
			    : ((const uint64_t *)table)[i];
}

/* The up to BULK addresses that are not at a leaf yet: which, and where in tbl8
 * each goes on. */
struct walkers {
	unsigned int n;
	uint8_t who[BULK];
	size_t at[BULK];
};

/* Takes what address i has found; it goes on by the given octet unless that is a leaf. */
static __rte_always_inline void found(struct walkers *w, unsigned int i, uint64_t e, uint8_t octet,
				      const struct trie *t, int bytes, uint64_t *nhs)
{
	size_t at = (e >> 1) * TBL8_ENTRIES + octet;
	nhs[i] = e >> 1;
	w->who[w->n] = i;
	w->at[w->n] = at;
	rte_prefetch1((const uint8_t *)t->tbl8 + (e & 1 ? at * bytes : 0));
	w->n += e & 1;
}

static __rte_always_inline void walk(const struct trie *t, uint8_t ips[][RTE_FIB6_IPV6_ADDR_SIZE], uint64_t *nhs,
				     unsigned int n, int bytes)
{
	struct walkers w = {.n = 0};
	for (unsigned int i = 0; i < n; i++) {
		rte_be32_t head;
		memcpy(&head, ips[i], sizeof(head));
		found(&w, i, entry(t->tbl24, rte_be_to_cpu_32(head) >> 8, bytes), ips[i][3], t, bytes, nhs);
	}
	for (unsigned int octet = 4; w.n > 0; octet++) {
		unsigned int m = w.n;
		w.n = 0;
		for (unsigned int k = 0; k < m; k++) /* behind the last octet are leaves only */
			found(&w, w.who[k], entry(t->tbl8, w.at[k], bytes),
			      ips[w.who[k]][octet % RTE_FIB6_IPV6_ADDR_SIZE], t, bytes, nhs);
	}
}

static __rte_always_inline int walk_all(struct rte_fib6 *fib, uint8_t ips[][RTE_FIB6_IPV6_ADDR_SIZE], uint64_t *nhs,
					int n, int bytes)
{
	const struct trie *t = rte_fib6_get_dp(fib);
	for (int i = 0; i < n; i += BULK)
		walk(t, ips + i, nhs + i, RTE_MIN(n - i, BULK), bytes);
	return 0;
}

static int walk2(struct rte_fib6 *fib, uint8_t ips[][RTE_FIB6_IPV6_ADDR_SIZE], uint64_t *nhs, int n)
{
	return walk_all(fib, ips, nhs, n, 2);
}

static int walk4(struct rte_fib6 *fib, uint8_t ips[][RTE_FIB6_IPV6_ADDR_SIZE], uint64_t *nhs, int n)
{
	return walk_all(fib, ips, nhs, n, 4);
}

static int walk8(struct rte_fib6 *fib, uint8_t ips[][RTE_FIB6_IPV6_ADDR_SIZE], uint64_t *nhs, int n)
{
	return walk_all(fib, ips, nhs, n, 8);
}

pw_walk6 pw_walk6_for(struct rte_fib6 *fib, uint32_t tbl8, int nh_bytes, uint64_t nh)
{
	const struct trie *t = rte_fib6_get_dp(fib);
	const size_t last = (1 << 24) - 1;
	enum rte_fib_trie_nh_sz size = nh_bytes == 8   ? RTE_FIB6_TRIE_8B
				       : nh_bytes == 2 ? RTE_FIB6_TRIE_2B
						       : RTE_FIB6_TRIE_4B;
	if (strncmp(strchr(rte_version(), ' ') + 1, "22.11", 5) != 0)
		return NULL;
	if (t->number_tbl8s != tbl8 || t->rsvd_tbl8s != 0 || t->def_nh != nh || t->nh_sz != size ||
	    t->tbl8 == NULL || entry(t->tbl24, 0, nh_bytes) != nh << 1 || entry(t->tbl24, last, nh_bytes) != nh << 1)
		return NULL;
	return nh_bytes == 8 ? walk8 : nh_bytes == 2 ? walk2 : walk4;
}

int pw_fib6_lookup(struct rte_fib6 *fib, pw_walk6 walk, void *addresses, uint64_t *nhs, int n)
{
	uint8_t(*ips)[RTE_FIB6_IPV6_ADDR_SIZE] = addresses;
	return walk != NULL ? walk(fib, ips, nhs, n) : rte_fib6_lookup_bulk(fib, ips, nhs, n);
}
