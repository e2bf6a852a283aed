// SPDX-License-Identifier: Apache-2.0
// Stand-ins for what the linked C calls: DPDK's libraries, and the stages before and
// behind parking, which are not linked. They do as little as the calls need.
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <rte_cpuflags.h>
#include <rte_cycles.h>
#include <rte_debug.h>
#include <rte_hash.h>
#include <rte_lcore.h>
#include <rte_malloc.h>
#include <rte_random.h>
#include <rte_rcu_qsbr.h>
#include <rte_ring_elem.h>

#include "stages.h"
#include "stress.h"

// Memory. The block's padding keeps two threads' data from one cache line, as DPDK's.
void *
rte_zmalloc(const char *type, size_t size, unsigned int align)
{
	(void)type;
	(void)align;
	size = (size + PW_CACHE_LINE - 1) / PW_CACHE_LINE * PW_CACHE_LINE;
	void *p = aligned_alloc(PW_CACHE_LINE, size);
	if (p != NULL)
		memset(p, 0, size);
	return p;
}

void *
rte_zmalloc_socket(const char *type, size_t size, unsigned int align, int socket)
{
	(void)socket;
	return rte_zmalloc(type, size, align);
}

void
rte_free(void *p)
{
	free(p);
}

// Rings of worker and control for punts and injected packets: always empty here.
struct rte_ring *
rte_ring_create_elem(const char *name, unsigned int elem, unsigned int count, int socket, unsigned int flags)
{
	(void)socket;
	(void)flags;
	struct rte_ring *r = rte_zmalloc(name, sizeof(*r) + (size_t)elem * count, PW_CACHE_LINE);
	if (r != NULL) {
		r->size = count;
		r->mask = count - 1;
		r->capacity = r->mask;
		r->prod.sync_type = r->cons.sync_type = RTE_RING_SYNC_ST;
	}
	return r;
}

void
rte_ring_free(struct rte_ring *r)
{
	free(r);
}

// The neighbor table: fixed, so that it orders nothing. 10.0.2.N is adjacency N.
int
rte_hash_lookup_data(const struct rte_hash *h, const void *key, void **data)
{
	uint64_t k;
	(void)h;
	memcpy(&k, key, sizeof(k));
	uint32_t hop = rte_be_to_cpu_32((uint32_t)k) & 0xff;
	if (hop >= HOPS)
		return -ENOENT;
	*data = (void *)(uintptr_t)hop;
	return 0;
}

int
rte_hash_lookup(const struct rte_hash *h, const void *key)
{
	(void)h;
	(void)key;
	return -ENOENT; // no MAC is learned here
}

int32_t
rte_hash_max_key_id(const struct rte_hash *h)
{
	(void)h;
	return 0;
}

int
rte_hash_lookup_bulk_data(const struct rte_hash *h, const void **keys, uint32_t n, uint64_t *hits, void *data[])
{
	*hits = 0;
	for (uint32_t i = 0; i < n; i++)
		if (rte_hash_lookup_data(h, keys[i], &data[i]) == 0)
			*hits |= UINT64_C(1) << i;
	return __builtin_popcountll(*hits);
}

int
rte_rcu_qsbr_thread_register(struct rte_rcu_qsbr *v, unsigned int thread)
{
	(void)v;
	(void)thread;
	return 0; // no table is ever freed under a worker here
}

int
rte_rcu_qsbr_thread_unregister(struct rte_rcu_qsbr *v, unsigned int thread)
{
	(void)v;
	(void)thread;
	return 0;
}

uint64_t
rte_get_tsc_hz(void)
{
	return UINT64_C(1000000000); // only spans that nothing here depends on
}

uint64_t
rte_rand(void)
{
	return (uint64_t)rnd(UINT32_MAX) << 32 | rnd(UINT32_MAX);
}

int
rte_cpu_get_flag_enabled(enum rte_cpu_flag_t flag)
{
	(void)flag;
	return 0; // hashing in plain C
}

RTE_DEFINE_PER_LCORE(unsigned int, _lcore_id) = LCORE_ID_ANY;

void
__rte_panic(const char *function, const char *format, ...)
{
	(void)format;
	die("rte_panic in %s", function);
}

void
rte_pktmbuf_free_bulk(struct rte_mbuf **m, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++)
		rte_pktmbuf_free(m[i]);
}

struct rte_mbuf *
rte_pktmbuf_copy(const struct rte_mbuf *m, struct rte_mempool *mp, uint32_t offset, uint32_t length)
{
	(void)m;
	(void)mp;
	(void)offset;
	(void)length;
	die("nothing here copies packets");
}

uint16_t
rte_eth_call_rx_callbacks(uint16_t port, uint16_t queue, struct rte_mbuf **m, uint16_t n, uint16_t most, void *opaque)
{
	(void)port;
	(void)queue;
	(void)m;
	(void)most;
	(void)opaque;
	return n;
}

uint16_t
rte_eth_call_tx_callbacks(uint16_t port, uint16_t queue, struct rte_mbuf **m, uint16_t n, void *opaque)
{
	(void)port;
	(void)queue;
	(void)m;
	(void)opaque;
	return n;
}

// The stages. Every packet is IPv4 for a connected network behind the one next hop
// entry that main.c has put into the tables.
bool
pw_ls_in_admission(struct pw_worker *w, struct pw_burst *b, uint16_t port)
{
	(void)w;
	(void)port;
	for (uint16_t i = 0; i < b->n; i++)
		b->p[i] = (struct pw_pkt){.lsp = (uint16_t)(1 + i % 2), .adj = PW_NONE32};
	return false;
}

#define PASSES(stage)                                                                                                 \
	void stage(struct pw_worker *w, struct pw_burst *b)                                                           \
	{                                                                                                             \
		(void)w;                                                                                              \
		(void)b;                                                                                              \
	}
PASSES(pw_ls_in_check_port_sec)
PASSES(pw_ls_in_lookup_fdb)
PASSES(pw_ls_in_storm_control)
PASSES(pw_ls_in_arp_rsp)
PASSES(pw_ls_in_l2_lkup)
PASSES(pw_lr_in_ip4_input)
PASSES(pw_lr_in_ip6_input)
PASSES(pw_lr_in_ip_routing_ecmp)

uint16_t
pw_lr_in_chk_pkt_len(struct pw_worker *w, struct pw_burst *b)
{
	(void)w;
	(void)b;
	return 0; // nothing to cut
}

uint16_t
pw_lr_in_larger_pkts(struct pw_worker *w, struct pw_burst *b, uint16_t from, struct pw_burst *out)
{
	(void)w;
	(void)from;
	(void)out;
	return b->n; // never asked
}

void
pw_lr_in_admission(struct pw_worker *w, struct pw_burst *b, struct pw_burst *r6)
{
	(void)w;
	(void)b;
	(void)r6;
}

void
pw_in_plain(struct pw_worker *w, struct pw_burst *b, uint16_t port)
{
	pw_ingress(w, b, &w->r6, port);
}

void
pw_route_lookup4(struct pw_worker *w, const struct pw_burst *b, uint64_t nh[PW_BURST])
{
	(void)w;
	for (uint16_t i = 0; i < b->n; i++)
		nh[i] = 1;
}

void
pw_route_lookup6(struct pw_worker *w, const struct pw_burst *b, uint64_t nh[PW_BURST])
{
	(void)w;
	(void)b;
	(void)nh;
}

uint16_t
pw_lr_in_ip4_routing(struct pw_worker *w, struct pw_burst *b, const uint64_t nh[PW_BURST])
{
	(void)w;
	(void)nh;
	for (uint16_t i = 0; i < b->n; i++)
		b->p[i].nh = 1;
	return 0;
}

uint16_t
pw_lr_in_ip6_routing(struct pw_worker *w, struct pw_burst *b, const uint64_t nh[PW_BURST])
{
	(void)w;
	(void)nh;
	(void)b;
	return 0;
}

void
pw_ls_out_delivery(struct pw_worker *w, struct rte_mbuf *m, uint16_t lsp, const struct pw_pkt *p)
{
	(void)w;
	(void)m;
	(void)p;
	die("switch port %u is not plain", lsp);
}

void
pw_ls_out_by_mac(struct pw_worker *w, struct rte_mbuf *m, uint16_t sw, uint16_t from_lsp, const struct pw_pkt *p)
{
	(void)w;
	(void)m;
	(void)from_lsp;
	(void)p;
	die("an adjacency without a switch port on switch %u", sw);
}
