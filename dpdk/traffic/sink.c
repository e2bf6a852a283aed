/* SPDX-License-Identifier: Apache-2.0 */

#include "sink.h"
#include "hook.h"

#include <errno.h>

#include <rte_cycles.h>
#include <rte_errno.h>
#include <rte_malloc.h>

/* What all queues share of a flow. */
struct shared {
	_Atomic uint64_t next; /* highest number + 1; 0 before the first packet */
	_Atomic uint64_t first, first_tsc;
	_Atomic uint64_t run;  /* writer: who raised next over a gap */
};

/* A flow in one queue; single writer. */
struct flow {
	_Atomic uint64_t received, first, next, reordered, duplicates, gaps, missing, run, first_tsc, last_tsc, octets;
	uint64_t pad[5];
};

struct queue {
	struct pwt_sink *sink;
	uint16_t id;
	const struct rte_eth_rxtx_callback *callback;
	struct flow *flows;
	struct pwt_cells others;
	_Atomic uint64_t received, octets, reordered, duplicates, gaps, missing, strangers, unstamped, arp, nd, icmp;
	_Atomic uint64_t wait_min, wait_max, wait_sum, wait[PWT_BUCKETS];
} __attribute__((aligned(64)));

struct pwt_sink {
	struct pwt_hook hook; /* first */
	uint16_t n_queues;
	uint32_t n_flows;
	uint32_t turn; /* the queue whose frames pwt_sink_other reads first */
	struct shared *shared;
	struct queue queue[PWT_QUEUES];
};

static inline uint64_t
get(_Atomic uint64_t *p)
{
	return atomic_load_explicit(p, memory_order_relaxed);
}

static inline void
set(_Atomic uint64_t *p, uint64_t v)
{
	atomic_store_explicit(p, v, memory_order_relaxed);
}

static inline void
add(_Atomic uint64_t *p, uint64_t n) /* single writer */
{
	set(p, get(p) + n);
}

/* Takes packet seq of a flow into the shared view, and what it tells into the
 * queue's own. */
static inline void
order(struct queue *q, struct shared *all, struct flow *f, uint64_t seq, uint64_t now)
{
	uint64_t next = get(&all->next);
	while (seq >= next) {
		if (!atomic_compare_exchange_weak_explicit(&all->next, &next, seq + 1, memory_order_acq_rel,
							   memory_order_relaxed))
			continue;
		if (next == 0) {
			set(&all->first, seq);
			set(&all->first_tsc, now);
			set(&all->run, seq);
		} else if (seq > next) {
			set(&all->run, seq);
			add(&f->gaps, 1);
			add(&f->missing, seq - next);
			add(&q->gaps, 1);
			add(&q->missing, seq - next);
		}
		return;
	}
	if (seq + 1 == next) {
		add(&f->duplicates, 1);
		add(&q->duplicates, 1);
	} else {
		add(&f->reordered, 1);
		add(&q->reordered, 1);
	}
}

static inline void
own_view(struct flow *f, uint64_t seq, uint16_t len, uint64_t now)
{
	uint64_t next = get(&f->next);
	if (get(&f->received) == 0) {
		set(&f->first, seq);
		set(&f->first_tsc, now);
		set(&f->run, seq);
	} else if (seq > next) {
		set(&f->run, seq);
	}
	if (seq >= next)
		set(&f->next, seq + 1);
	set(&f->last_tsc, now);
	add(&f->octets, len);
	atomic_store_explicit(&f->received, get(&f->received) + 1, memory_order_release);
}

static inline void
waited(struct queue *q, uint64_t cycles)
{
	if (cycles < get(&q->wait_min) || get(&q->wait_min) == 0)
		set(&q->wait_min, cycles);
	if (cycles > get(&q->wait_max))
		set(&q->wait_max, cycles);
	add(&q->wait_sum, cycles);
	add(&q->wait[pwt_bucket(cycles)], 1);
}

/* What an unstamped frame is, as far as counters want to know. */
static void
classify(struct queue *q, const struct rte_mbuf *m)
{
	const uint8_t *f = rte_pktmbuf_mtod(m, const uint8_t *);
	uint32_t at = 12, len = m->data_len;
	if (len >= 18 && f[12] == 0x81 && f[13] == 0)
		at += 4;
	if (len < at + 2)
		return;
	uint16_t type = (uint16_t)(f[at] << 8 | f[at + 1]);
	at += 2;
	if (type == RTE_ETHER_TYPE_ARP)
		add(&q->arp, 1);
	else if (type == RTE_ETHER_TYPE_IPV4 && len > at + 9 && f[at + 9] == IPPROTO_ICMP)
		add(&q->icmp, 1);
	else if (type == RTE_ETHER_TYPE_IPV6 && len > at + 40 && f[at + 6] == IPPROTO_ICMPV6)
		add(f[at + 40] >= 133 && f[at + 40] <= 137 ? &q->nd : &q->icmp, 1);
}

static void
other(struct queue *q, const struct rte_mbuf *m, uint64_t now)
{
	add(&q->unstamped, 1);
	classify(q, m);
	struct pwt_cell *c = pwt_cells_room(&q->others);
	if (c == NULL)
		return;
	c->tsc = now;
	c->queue = q->id;
	c->len = (uint16_t)RTE_MIN(m->pkt_len, (uint32_t)UINT16_MAX);
	memcpy(c->data, rte_pktmbuf_mtod(m, const void *), RTE_MIN(m->data_len, PWT_SNAP));
	pwt_cells_push(&q->others);
}

static uint16_t
transmit(uint16_t port, uint16_t queue, struct rte_mbuf *m[], uint16_t n, void *arg)
{
	struct queue *q = arg;
	struct pwt_sink *s = q->sink;
	uint64_t now = rte_rdtsc();

	(void)port;
	(void)queue;
	for (uint16_t i = 0; i < n; i++) {
		const struct pwt_stamp *stamp = pwt_find(m[i]);
		if (stamp == NULL) {
			other(q, m[i], now);
			continue;
		}
		uint32_t flow = rte_be_to_cpu_32(stamp->flow);
		if (flow >= s->n_flows) {
			add(&q->strangers, 1);
			continue;
		}
		uint64_t seq = rte_be_to_cpu_64(stamp->seq), made = rte_be_to_cpu_64(stamp->tsc);
		order(q, &s->shared[flow], &q->flows[flow], seq, now);
		own_view(&q->flows[flow], seq, m[i]->data_len, now);
		waited(q, now > made ? now - made : 0);
		add(&q->octets, m[i]->pkt_len);
		add(&q->received, 1);
	}
	return n;
}

static void
detach(struct pwt_hook *h)
{
	struct pwt_sink *s = (struct pwt_sink *)h;
	for (uint16_t i = 0; i < s->n_queues; i++) {
		if (s->queue[i].callback == NULL)
			continue;
		rte_eth_remove_tx_callback(h->port, i, s->queue[i].callback);
		rte_free((void *)(uintptr_t)s->queue[i].callback);
		s->queue[i].callback = NULL;
	}
}

/* Attaches to the queues. 0 or a negative errno. */
static int
attach(struct pwt_sink *s)
{
	for (uint16_t i = 0; i < s->n_queues; i++) {
		struct queue *q = &s->queue[i];
		q->callback = rte_eth_add_tx_callback(s->hook.port, i, transmit, q);
		if (q->callback == NULL)
			return -rte_errno;
	}
	return pwt_hook_add(&s->hook);
}

struct pwt_sink *
pwt_sink_new(uint16_t port, uint32_t flows, uint32_t others, int *err)
{
	struct rte_eth_dev_info info;
	*err = rte_eth_dev_info_get(port, &info);
	if (*err != 0)
		return NULL;
	*err = -EINVAL;
	if (info.nb_tx_queues == 0 || info.nb_tx_queues > PWT_QUEUES)
		return NULL;
	*err = -ENOMEM;
	struct pwt_sink *s = rte_zmalloc("pwt_sink", sizeof(*s), 64);
	if (s == NULL)
		return NULL;
	s->hook = (struct pwt_hook){.port = port, .detach = detach};
	s->n_queues = info.nb_tx_queues;
	s->n_flows = flows;
	s->shared = rte_zmalloc("pwt_shared", (size_t)flows * sizeof(*s->shared), 64);
	bool ok = s->shared != NULL;
	for (uint16_t i = 0; i < s->n_queues; i++) {
		struct queue *q = &s->queue[i];
		q->sink = s;
		q->id = i;
		q->flows = rte_zmalloc("pwt_flows", (size_t)flows * sizeof(*q->flows), 64);
		ok = ok && q->flows != NULL && pwt_cells_init(&q->others, others) == 0;
	}
	if (ok)
		*err = attach(s);
	if (*err != 0) {
		detach(&s->hook);
		pwt_sink_free(s);
		return NULL;
	}
	return s;
}

void
pwt_sink_free(struct pwt_sink *s)
{
	pwt_hook_remove(&s->hook);
	for (uint16_t i = 0; i < s->n_queues; i++) {
		pwt_cells_fini(&s->queue[i].others);
		rte_free(s->queue[i].flows);
	}
	rte_free(s->shared);
	rte_free(s);
}

uint32_t
pwt_sink_queues(const struct pwt_sink *s)
{
	return s->n_queues;
}

void
pwt_sink_stats(struct pwt_sink *s, struct pwt_sink_stats *out)
{
	*out = (struct pwt_sink_stats){.attached = pwt_hook_on(&s->hook)};
	for (uint16_t i = 0; i < s->n_queues; i++) {
		struct queue *q = &s->queue[i];
		uint64_t least = get(&q->wait_min);
		out->received += get(&q->received);
		out->octets += get(&q->octets);
		out->reordered += get(&q->reordered);
		out->duplicates += get(&q->duplicates);
		out->gaps += get(&q->gaps);
		out->missing += get(&q->missing);
		out->strangers += get(&q->strangers);
		out->others += get(&q->unstamped);
		out->arp += get(&q->arp);
		out->nd += get(&q->nd);
		out->icmp += get(&q->icmp);
		out->overflow += get(&q->others.overflow);
		out->wait_sum += get(&q->wait_sum);
		out->wait_max = RTE_MAX(out->wait_max, get(&q->wait_max));
		if (least != 0 && (out->wait_min == 0 || least < out->wait_min))
			out->wait_min = least;
		for (int b = 0; b < PWT_BUCKETS; b++)
			out->wait[b] += get(&q->wait[b]);
	}
}

bool
pwt_sink_flow_queue(struct pwt_sink *s, uint32_t flow, uint32_t queue, struct pwt_flow_stats *out)
{
	*out = (struct pwt_flow_stats){0};
	if (flow >= s->n_flows || queue >= s->n_queues)
		return false;
	struct flow *f = &s->queue[queue].flows[flow];
	out->received = atomic_load_explicit(&f->received, memory_order_acquire);
	if (out->received == 0)
		return true;
	out->first = get(&f->first);
	out->last = get(&f->next) - 1;
	out->reordered = get(&f->reordered);
	out->duplicates = get(&f->duplicates);
	out->gaps = get(&f->gaps);
	out->missing = get(&f->missing);
	out->run = get(&f->run);
	out->first_tsc = get(&f->first_tsc);
	out->last_tsc = get(&f->last_tsc);
	out->octets = get(&f->octets);
	return true;
}

bool
pwt_sink_flow(struct pwt_sink *s, uint32_t flow, struct pwt_flow_stats *out)
{
	*out = (struct pwt_flow_stats){0};
	if (flow >= s->n_flows)
		return false;
	for (uint16_t i = 0; i < s->n_queues; i++) {
		struct pwt_flow_stats one;
		pwt_sink_flow_queue(s, flow, i, &one);
		out->received += one.received;
		out->reordered += one.reordered;
		out->duplicates += one.duplicates;
		out->gaps += one.gaps;
		out->missing += one.missing;
		out->octets += one.octets;
		out->last_tsc = RTE_MAX(out->last_tsc, one.last_tsc);
	}
	if (out->received == 0)
		return true;
	struct shared *all = &s->shared[flow];
	out->first = get(&all->first);
	out->first_tsc = get(&all->first_tsc);
	out->last = get(&all->next) - 1;
	out->run = get(&all->run);
	return true;
}

bool
pwt_sink_other(struct pwt_sink *s, struct pwt_cell *out)
{
	for (uint16_t i = 0; i < s->n_queues; i++) {
		struct pwt_cells *c = &s->queue[(s->turn + i) % s->n_queues].others;
		const struct pwt_cell *front = pwt_cells_front(c);
		if (front == NULL)
			continue;
		*out = *front;
		pwt_cells_pop(c);
		s->turn++;
		return true;
	}
	return false;
}
