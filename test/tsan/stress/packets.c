// SPDX-License-Identifier: Apache-2.0
// Packets with a number each, where they come from, and the wire that watches their
// order. The wire and the account of packets use relaxed atomics alone: a mutex here
// would order the threads that it is meant to catch unordered.
#include <stdlib.h>
#include <string.h>

#include <rte_ethdev.h>
#include <rte_ether.h>
#include <rte_ip.h>

#include "stress.h"

struct payload {
	uint32_t worker, hop, seq;
};

// An mbuf as a pool lays it out: struct, private area, room.
struct packet {
	struct rte_mbuf m;
	struct pw_meta meta;
	uint8_t room[128];
	_Atomic uint32_t live;
	uint32_t worker; // whose source uses it
} __attribute__((aligned(PW_CACHE_LINE)));

// Packets that control freed, on their way back to their source: one producer, one
// consumer. The consumer looks only when it has nothing else, so that the order which
// this one ring makes between the two threads comes once in PER_WORKER packets.
struct returns {
	struct packet *p[PER_WORKER];
	_Atomic uint32_t tail;
	uint32_t head;
};

struct source {
	struct packet *packets;
	struct packet *free[PER_WORKER];
	uint32_t n_free;
	uint64_t left;
	uint32_t seq[HOPS];
	uint32_t quiet; // polls that bring nothing
	_Atomic bool done;
	struct returns returns;
};

static struct source sources[WORKERS];
static struct rte_mempool pool;
static _Atomic uint32_t last[WORKERS][HOPS]; // on the wire, of a flow
static _Atomic uint64_t wired;
struct rte_eth_fp_ops rte_eth_fp_ops[RTE_MAX_ETHPORTS];
static void *queues[RTE_MAX_QUEUES_PER_PORT], *callbacks[RTE_MAX_QUEUES_PER_PORT];
static uintptr_t queue_number[CONTROL + 1];

void
hop_mac(uint8_t mac[6], uint32_t hop, uint8_t life)
{
	const uint8_t m[6] = {2, 0, 0, 0, life, (uint8_t)hop};
	memcpy(mac, m, sizeof(m));
}

void
packet_freed(struct rte_mbuf *m)
{
	struct packet *p = (struct packet *)m;
	if (atomic_exchange_explicit(&p->live, 0, memory_order_relaxed) != 1)
		die("a packet of worker %u ended twice", p->worker);
	struct source *s = &sources[p->worker];
	if (me == p->worker) {
		s->free[s->n_free++] = p;
		return;
	}
	if (me != CONTROL)
		die("thread %u freed a packet of worker %u", me, p->worker);
	uint32_t tail = atomic_load_explicit(&s->returns.tail, memory_order_relaxed);
	s->returns.p[tail % PER_WORKER] = p;
	atomic_store_explicit(&s->returns.tail, tail + 1, memory_order_release);
}

static void
fetch_returns(struct source *s)
{
	uint32_t tail = atomic_load_explicit(&s->returns.tail, memory_order_acquire);
	while (s->returns.head != tail)
		s->free[s->n_free++] = s->returns.p[s->returns.head++ % PER_WORKER];
}

static void
fill(struct packet *p, uint32_t worker, uint32_t hop, uint32_t seq)
{
	struct rte_mbuf *m = &p->m;
	m->data_off = 16;
	m->ol_flags = 0;
	m->vlan_tci = 0;
	m->pkt_len = m->data_len = sizeof(struct rte_ether_hdr) + sizeof(struct rte_ipv4_hdr) + sizeof(struct payload);
	struct rte_ether_hdr *eth = rte_pktmbuf_mtod(m, struct rte_ether_hdr *);
	struct rte_ipv4_hdr *ip = (struct rte_ipv4_hdr *)(eth + 1);
	struct payload load = {.worker = worker, .hop = hop, .seq = seq};
	memset(eth, 0, m->data_len);
	eth->ether_type = RTE_BE16(RTE_ETHER_TYPE_IPV4);
	ip->version_ihl = RTE_IPV4_VHL_DEF;
	ip->time_to_live = 64;
	ip->src_addr = rte_cpu_to_be_32(RTE_IPV4(10, 0, 1, rnd(16)));
	ip->dst_addr = rte_cpu_to_be_32(RTE_IPV4(10, 0, 2, hop));
	memcpy(ip + 1, &load, sizeof(load));
}

// The receive queue of worker number *queue.
static uint16_t
receive(void *queue, struct rte_mbuf **out, uint16_t most)
{
	uint32_t worker = (uint32_t)*(uintptr_t *)queue;
	struct source *s = &sources[worker];
	if (s->left == 0) {
		atomic_store_explicit(&s->done, true, memory_order_relaxed);
		return 0;
	}
	if (s->quiet > 0) {
		s->quiet--;
		return 0;
	}
	if (rnd(64) == 0)
		s->quiet = rnd(256);
	uint16_t n = (uint16_t)(1 + rnd(RTE_MIN(most, 32)));
	uint32_t few = rnd(4) == 0 ? 1 : HOPS; // now and then one flow alone
	uint32_t first = rnd(HOPS);
	uint16_t i;
	for (i = 0; i < n && s->left > 0; i++) {
		if (s->n_free == 0)
			fetch_returns(s);
		if (s->n_free == 0)
			break;
		struct packet *p = s->free[--s->n_free];
		uint32_t hop = (first + rnd(few)) % HOPS;
		if (atomic_exchange_explicit(&p->live, 1, memory_order_relaxed) != 0)
			die("a packet of worker %u is in use and free", worker);
		fill(p, worker, hop, ++s->seq[hop]);
		s->left--;
		out[i] = &p->m;
	}
	return i;
}

// The transmit queue of thread number *queue; now and then it takes a part only.
static uint16_t
transmit(void *queue, struct rte_mbuf **m, uint16_t n)
{
	uint32_t thread = (uint32_t)*(uintptr_t *)queue;
	if (thread != me)
		die("thread %u sends by the queue of thread %u", me, thread);
	if (rnd(16) == 0)
		n = (uint16_t)rnd(n + 1);
	for (uint16_t i = 0; i < n; i++) {
		const struct rte_ether_hdr *eth = rte_pktmbuf_mtod(m[i], const struct rte_ether_hdr *);
		struct payload load;
		memcpy(&load, (const struct rte_ipv4_hdr *)(eth + 1) + 1, sizeof(load));
		if (load.worker >= WORKERS || load.hop >= HOPS)
			die("a packet was overwritten");
		if (eth->dst_addr.addr_bytes[0] != 2 || eth->dst_addr.addr_bytes[5] != load.hop)
			die("a packet for next hop %u left for another", load.hop);
		uint32_t before = atomic_exchange_explicit(&last[load.worker][load.hop], load.seq, memory_order_relaxed);
		if (before >= load.seq)
			die("worker %u, next hop %u: %u left after %u", load.worker, load.hop, load.seq, before);
		packet_freed(m[i]);
	}
	atomic_fetch_add_explicit(&wired, n, memory_order_relaxed);
	return n;
}

// What rte_pktmbuf_free comes to.
static int
freed(struct rte_mempool *mp, void *const *m, unsigned int n)
{
	if (mp != &pool)
		die("a packet went back to another pool");
	for (unsigned int i = 0; i < n; i++)
		packet_freed(m[i]);
	return 0;
}

struct rte_mempool_ops_table rte_mempool_ops_table = {
	.num_ops = 1,
	.ops = {{.name = "stress", .enqueue = freed}},
};

struct rte_mempool *
the_pool(void)
{
	return &pool;
}

static void
setup_port(void)
{
	for (uintptr_t i = 0; i <= CONTROL; i++) {
		queue_number[i] = i;
		queues[i] = &queue_number[i];
	}
	for (int i = 0; i < RTE_MAX_ETHPORTS; i++) {
		rte_eth_fp_ops[i] = (struct rte_eth_fp_ops){
			.rx_pkt_burst = receive,
			.rxq = {.data = queues, .clbk = callbacks},
			.tx_pkt_burst = transmit,
			.txq = {.data = queues, .clbk = callbacks},
		};
	}
}

void
setup_packets(uint64_t each)
{
	setup_port();
	for (uint32_t w = 0; w < WORKERS; w++) {
		struct source *s = &sources[w];
		s->left = each;
		s->packets = aligned_alloc(PW_CACHE_LINE, sizeof(struct packet) * PER_WORKER);
		if (s->packets == NULL)
			die("no memory for packets");
		memset(s->packets, 0, sizeof(struct packet) * PER_WORKER);
		for (uint32_t i = 0; i < PER_WORKER; i++) {
			struct packet *p = &s->packets[i];
			p->worker = w;
			p->m.pool = &pool;
			p->m.priv_size = sizeof(p->meta);
			p->m.buf_addr = p->room;
			p->m.buf_len = sizeof(p->room);
			p->m.refcnt = 1;
			p->m.nb_segs = 1;
			s->free[s->n_free++] = p;
		}
	}
}

bool
source_done(unsigned int worker)
{
	return atomic_load_explicit(&sources[worker].done, memory_order_relaxed);
}

uint64_t
packets_lost(void)
{
	uint64_t n = 0;
	for (uint32_t w = 0; w < WORKERS; w++)
		for (uint32_t i = 0; i < PER_WORKER; i++)
			n += atomic_load_explicit(&sources[w].packets[i].live, memory_order_relaxed);
	return n;
}

uint64_t
packets_on_wire(void)
{
	return atomic_load_explicit(&wired, memory_order_relaxed);
}
