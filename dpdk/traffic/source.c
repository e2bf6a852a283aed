/* SPDX-License-Identifier: Apache-2.0 */

#include "source.h"
#include "hook.h"

#include <errno.h>

#include <rte_cycles.h>
#include <rte_errno.h>
#include <rte_malloc.h>

/* A program that was replaced, until the poller is known to have left it. */
struct retired {
	struct pwt_program *program;
	uint64_t gen; /* the poller has left it when it has seen this one */
};

struct pwt_source {
	struct pwt_hook hook; /* first */
	uint16_t queue;
	uint32_t flows;
	struct rte_mempool *pool;
	const struct rte_eth_rxtx_callback *callback;
	double per_cycle; /* seconds per TSC cycle */

	_Atomic(struct pwt_program *) program;
	_Atomic uint64_t gen; /* grows with every change of program, after it */
	_Atomic uint64_t pps;
	_Atomic uint32_t backlog;
	struct pwt_cells inject;
	struct retired *retired; /* of the thread that runs programs */
	uint32_t n_retired, room;

	/* The poller's own, read by others. */
	_Atomic uint64_t seen __attribute__((aligned(64))); /* the gen before the last poll began */
	_Atomic uint64_t generated, injected, inject_tsc, skipped, no_mbuf, done;
	uint64_t paced_gen, last;
	double credit; /* packets due */
	_Atomic uint64_t *seq;
};

static inline void
add(_Atomic uint64_t *counter, uint64_t n) /* single writer */
{
	atomic_store_explicit(counter, atomic_load_explicit(counter, memory_order_relaxed) + n, memory_order_relaxed);
}

static inline uint16_t
fold(uint32_t sum)
{
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)sum;
}

static inline uint32_t
words64(uint64_t v)
{
	return (uint32_t)(v & 0xffff) + (uint32_t)(v >> 16 & 0xffff) + (uint32_t)(v >> 32 & 0xffff) + (uint32_t)(v >> 48);
}

/* The destination of the group's next packet: dst + flow, or for a scan the next of
 * a sequence that visits every address of the prefix once before it repeats (a
 * linear congruential generator of full period). */
static inline uint64_t
destination(struct pwt_group *g, uint32_t flow)
{
	if (g->scan_bits == 0)
		return g->dst + flow;
	uint64_t mask = g->scan_bits >= 64 ? UINT64_MAX : (UINT64_C(1) << g->scan_bits) - 1;
	g->scan = g->scan * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (g->dst & ~mask) | (g->scan & mask);
}

static inline void
fill(struct pwt_source *s, struct pwt_group *g, struct rte_mbuf *m, uint64_t now)
{
	uint8_t *f = rte_pktmbuf_mtod(m, uint8_t *);
	uint32_t i = g->at, flow = g->first + i;
	uint64_t dst = destination(g, i);
	uint64_t seq = atomic_load_explicit(&s->seq[flow], memory_order_relaxed);
	struct pwt_stamp stamp = {
		.magic = RTE_BE16(PWT_MAGIC),
		.flow = rte_cpu_to_be_32(flow),
		.seq = rte_cpu_to_be_64(seq),
		.tsc = rte_cpu_to_be_64(now),
	};

	if (--g->left == 0) {
		g->left = g->run;
		g->at = i + 1 == g->flows ? 0 : i + 1;
	}
	atomic_store_explicit(&s->seq[flow], seq + 1, memory_order_relaxed);
	rte_memcpy(f, g->frame, g->len);
	if (g->family == 4) {
		struct rte_ipv4_hdr *ip = (struct rte_ipv4_hdr *)(f + sizeof(struct rte_ether_hdr));
		ip->dst_addr = rte_cpu_to_be_32((uint32_t)dst);
		ip->hdr_checksum = rte_cpu_to_be_16((uint16_t)~fold(g->sum + words64((uint32_t)dst)));
		memcpy(f + PWT_IP4_PAYLOAD, &stamp, sizeof(stamp)); /* UDP checksum 0: none (RFC 768) */
	} else {
		struct rte_ipv6_hdr *ip = (struct rte_ipv6_hdr *)(f + sizeof(struct rte_ether_hdr));
		struct rte_udp_hdr *udp = (struct rte_udp_hdr *)(ip + 1);
		uint64_t low = rte_cpu_to_be_64(dst);
		memcpy(ip->dst_addr + 8, &low, sizeof(low));
		uint16_t sum = (uint16_t)~fold(g->sum + words64(dst) + PWT_MAGIC + words64(flow) + words64(seq) + words64(now));
		udp->dgram_cksum = rte_cpu_to_be_16(sum == 0 ? 0xffff : sum); /* RFC 8200 8.1 */
		memcpy(f + PWT_IP6_PAYLOAD, &stamp, sizeof(stamp));
	}
	m->data_len = g->len;
	m->pkt_len = g->len;
	m->port = s->hook.port;
}

/* How many packets are due, most at most. */
static inline uint16_t
due(struct pwt_source *s, struct pwt_program *p, uint64_t now, uint16_t most)
{
	uint64_t pps = atomic_load_explicit(&s->pps, memory_order_relaxed);
	if (s->paced_gen != p->gen) {
		s->paced_gen = p->gen;
		s->credit = 0;
		s->last = now;
	}
	if (pps != 0) {
		double backlog = atomic_load_explicit(&s->backlog, memory_order_relaxed);
		s->credit += (double)(now - s->last) * s->per_cycle * (double)pps;
		if (p->due && p->limit != 0) /* no more become due than the limit */
			s->credit = RTE_MIN(s->credit, (double)(p->limit - p->made - p->missed));
		if (s->credit > backlog) {
			uint64_t skip = (uint64_t)(s->credit - backlog);
			add(&s->skipped, skip);
			s->credit -= (double)skip;
			if (p->due)
				p->missed += skip;
		}
		if (s->credit < most)
			most = (uint16_t)s->credit;
	}
	s->last = now;
	if (p->limit != 0 && p->limit - p->made - p->missed < most)
		most = (uint16_t)(p->limit - p->made - p->missed);
	return most;
}

static uint16_t
generate(struct pwt_source *s, struct pwt_program *p, struct rte_mbuf **m, uint16_t room)
{
	uint64_t now = rte_rdtsc();
	uint16_t n = due(s, p, now, room);
	if (n == 0)
		return 0;
	if (rte_pktmbuf_alloc_bulk(s->pool, m, n) != 0) {
		add(&s->no_mbuf, 1);
		return 0;
	}
	uint64_t pps = atomic_load_explicit(&s->pps, memory_order_relaxed);
	/* Of credit packets, the first was due when there was credit for one. */
	double apart = p->due && pps != 0 ? 1.0 / (s->per_cycle * (double)pps) : 0;
	double ago = apart == 0 ? 0 : (s->credit - 1) * apart;
	uint32_t at = p->at;
	for (uint16_t i = 0; i < n; i++) {
		fill(s, &p->group[p->schedule[at]], m[i], ago > 0 ? now - (uint64_t)ago : now);
		ago -= apart;
		if (++at == p->n_schedule)
			at = 0;
	}
	p->at = at;
	p->made += n;
	if (pps != 0)
		s->credit -= n;
	add(&s->generated, n);
	if (p->limit != 0 && p->made + p->missed == p->limit)
		atomic_store_explicit(&s->done, p->gen, memory_order_release);
	return n;
}

static uint16_t
deliver(struct pwt_source *s, struct rte_mbuf **m, uint16_t room)
{
	const struct pwt_cell *c;
	uint16_t n = 0;
	while (n < room && (c = pwt_cells_front(&s->inject)) != NULL) {
		struct rte_mbuf *one = rte_pktmbuf_alloc(s->pool);
		if (one == NULL) {
			add(&s->no_mbuf, 1);
			break; /* it stays in the ring */
		}
		memcpy(rte_pktmbuf_append(one, c->len), c->data, c->len);
		one->port = s->hook.port;
		m[n++] = one;
		pwt_cells_pop(&s->inject);
	}
	if (n > 0) {
		atomic_store_explicit(&s->inject_tsc, rte_rdtsc(), memory_order_relaxed);
		atomic_store_explicit(&s->injected, atomic_load_explicit(&s->injected, memory_order_relaxed) + n,
				      memory_order_release);
	}
	return n;
}

static uint16_t
receive(uint16_t port, uint16_t queue, struct rte_mbuf *m[], uint16_t n, uint16_t max, void *arg)
{
	struct pwt_source *s = arg;
	uint64_t gen = atomic_load_explicit(&s->gen, memory_order_acquire);
	struct pwt_program *p = atomic_load_explicit(&s->program, memory_order_acquire);

	(void)port;
	(void)queue;
	if (n < max)
		n += deliver(s, m + n, max - n);
	if (p != NULL && n < max)
		n += generate(s, p, m + n, max - n);
	atomic_store_explicit(&s->seen, gen, memory_order_release);
	return n;
}

static void
detach(struct pwt_hook *h)
{
	struct pwt_source *s = (struct pwt_source *)h;
	rte_eth_remove_rx_callback(h->port, s->queue, s->callback);
	rte_free((void *)(uintptr_t)s->callback);
}

struct pwt_source *
pwt_source_new(uint16_t port, uint16_t queue, struct rte_mempool *pool, uint32_t flows, uint32_t inject, int *err)
{
	struct pwt_source *s = rte_zmalloc("pwt_source", sizeof(*s), 64);
	*err = -ENOMEM;
	if (s == NULL)
		return NULL;
	s->hook = (struct pwt_hook){.port = port, .detach = detach};
	s->queue = queue;
	s->pool = pool;
	s->flows = flows;
	s->per_cycle = 1.0 / (double)rte_get_tsc_hz();
	atomic_init(&s->backlog, 1024);
	s->seq = rte_zmalloc("pwt_seq", (size_t)flows * sizeof(*s->seq), 64);
	if (s->seq == NULL || pwt_cells_init(&s->inject, inject) != 0) {
		pwt_source_free(s);
		return NULL;
	}
	s->callback = rte_eth_add_rx_callback(port, queue, receive, s);
	if (s->callback == NULL) {
		*err = -rte_errno;
		pwt_source_free(s);
		return NULL;
	}
	*err = pwt_hook_add(&s->hook);
	if (*err != 0) {
		detach(&s->hook);
		pwt_source_free(s);
		return NULL;
	}
	return s;
}

void
pwt_source_free(struct pwt_source *s)
{
	pwt_hook_remove(&s->hook);
	for (uint32_t i = 0; i < s->n_retired; i++)
		rte_free(s->retired[i].program);
	rte_free(s->retired);
	rte_free(atomic_load(&s->program));
	pwt_cells_fini(&s->inject);
	rte_free(s->seq);
	rte_free(s);
}

struct pwt_program *
pwt_program_new(void)
{
	return rte_zmalloc("pwt_program", sizeof(struct pwt_program), 64);
}

/* Frees the programs that the poller has left. */
static void
reclaim(struct pwt_source *s)
{
	uint64_t seen = atomic_load_explicit(&s->seen, memory_order_acquire);
	uint32_t k = 0;
	for (uint32_t i = 0; i < s->n_retired; i++) {
		if (s->retired[i].gen <= seen)
			rte_free(s->retired[i].program);
		else
			s->retired[k++] = s->retired[i];
	}
	s->n_retired = k;
}

void
pwt_source_run(struct pwt_source *s, struct pwt_program *p)
{
	uint64_t gen = atomic_load_explicit(&s->gen, memory_order_relaxed) + 1;
	/* The poller may take up the program before it sees gen, and be done with it: it
	 * goes by the program's own number. */
	if (p != NULL)
		p->gen = gen;
	struct pwt_program *old = atomic_exchange_explicit(&s->program, p, memory_order_acq_rel);
	atomic_store_explicit(&s->gen, gen, memory_order_release);

	reclaim(s);
	if (old == NULL)
		return;
	if (s->n_retired == s->room) {
		uint32_t room = s->room == 0 ? 8 : 2 * s->room;
		struct retired *more = rte_realloc(s->retired, room * sizeof(*more), 0);
		if (more == NULL)
			return; /* better lost than freed too early */
		s->retired = more;
		s->room = room;
	}
	s->retired[s->n_retired++] = (struct retired){.program = old, .gen = gen};
}

void
pwt_source_rate(struct pwt_source *s, uint64_t pps)
{
	atomic_store_explicit(&s->pps, pps, memory_order_relaxed);
}

void
pwt_source_backlog(struct pwt_source *s, uint32_t packets)
{
	atomic_store_explicit(&s->backlog, packets, memory_order_relaxed);
}

void
pwt_source_stats(struct pwt_source *s, struct pwt_source_stats *out)
{
	uint64_t gen = atomic_load_explicit(&s->gen, memory_order_acquire);
	out->idle = atomic_load_explicit(&s->seen, memory_order_acquire) >= gen;
	out->done = atomic_load_explicit(&s->done, memory_order_acquire) == gen && gen != 0;
	out->injected = atomic_load_explicit(&s->injected, memory_order_acquire);
	out->inject_tsc = atomic_load_explicit(&s->inject_tsc, memory_order_relaxed);
	out->generated = atomic_load_explicit(&s->generated, memory_order_relaxed);
	out->skipped = atomic_load_explicit(&s->skipped, memory_order_relaxed);
	out->no_mbuf = atomic_load_explicit(&s->no_mbuf, memory_order_relaxed);
	out->attached = pwt_hook_on(&s->hook);
}

uint64_t
pwt_source_sent(struct pwt_source *s, uint32_t flow)
{
	return flow < s->flows ? atomic_load_explicit(&s->seq[flow], memory_order_relaxed) : 0;
}

bool
pwt_source_inject(struct pwt_source *s, const void *frame, uint16_t len)
{
	struct pwt_cell *c = pwt_cells_room(&s->inject);
	if (c == NULL)
		return false;
	memcpy(c->data, frame, len);
	c->len = len;
	pwt_cells_push(&s->inject);
	return true;
}
