// SPDX-License-Identifier: Apache-2.0
// The order of the stages. This is the one place that says it.
#include <string.h>

#include <rte_ethdev.h>

#include "stages.h"

// What follows routing, which has left ecmp packets with a choice.
static inline void
routed(struct pw_worker *w, struct pw_burst *b, uint16_t ecmp, uint8_t family)
{
	if (unlikely(w->tables->n_policies > 0))
		ecmp = pw_lr_in_policy(w, b);
	if (ecmp > 0) // a choice is made once, whoever has left it
		pw_lr_in_ip_routing_ecmp(w, b);
	uint16_t unresolved = pw_lr_in_arp_resolve(w, b, family);
	bool larger = pw_lr_in_chk_pkt_len(w, b) > 0, parked = false;
	struct pw_burst *out = unlikely(larger) ? &w->cut : b;
	uint16_t next = 0;
	do { // once, unless something has to be cut: that no longer fits one burst and goes on in parts
		if (unlikely(larger))
			next = pw_lr_in_larger_pkts(w, b, next, out);
		if (unresolved > 0)
			parked = pw_lr_in_arp_request(w, out, family, parked);
		pw_lr_out_delivery(w, out);
	} while (unlikely(larger) && next < b->n);
	b->n = 0;
}

// Takes the first n packets, which are gone, out of b.
static void
advance(struct pw_worker *w, struct pw_burst *b, uint64_t nh[PW_BURST], uint16_t n)
{
	if (likely(n == b->n)) {
		b->n = 0;
		return;
	}
	pw_burst_dress(b, &w->plain);
	b->n -= n;
	memmove(nh, nh + n, sizeof(*nh) * b->n);
	memmove(b->m, b->m + n, sizeof(*b->m) * b->n);
	memmove(b->p, b->p + n, sizeof(*b->p) * b->n);
}

static void
route4(struct pw_worker *w, struct pw_burst *b)
{
	uint64_t nh[PW_BURST];
	pw_route_lookup4(w, b, nh);
	if (likely(b->bare))
		advance(w, b, nh, pw_out_plain4(w, b, nh));
	if (unlikely(b->n > 0))
		routed(w, b, pw_lr_in_ip4_routing(w, b, nh), 4);
}

static void
route6(struct pw_worker *w, struct pw_burst *b)
{
	uint64_t nh[PW_BURST];
	pw_route_lookup6(w, b, nh);
	if (likely(b->bare))
		advance(w, b, nh, pw_out_plain6(w, b, nh));
	if (unlikely(b->n > 0))
		routed(w, b, pw_lr_in_ip6_routing(w, b, nh), 6);
}

// What a router port takes in: IPv4 stays in b, IPv6 is added to r6.
static void
admit(struct pw_worker *w, struct pw_burst *b, struct pw_burst *r6)
{
	pw_lr_in_admission(w, b, r6);
	if (b->n > 0)
		pw_lr_in_ip4_input(w, b);
	if (r6->n > 0)
		pw_lr_in_ip6_input(w, r6);
}

static void
route(struct pw_worker *w, struct pw_burst *b)
{
	if (b->n > 0)
		route4(w, b);
	if (w->r6.n > 0)
		route6(w, &w->r6);
	b->bare = w->r6.bare = false;
}

// Packets whose next hop is another router of this node collect in w->next. Every
// turn takes them through one router; the rounds that a packet may take are bounded
// where it enters.
static void
next_routers(struct pw_worker *w)
{
	while (w->next->b[0].n > 0) {
		struct pw_hop *h = w->next;
		w->next = h == &w->hops[0] ? &w->hops[1] : &w->hops[0];
		for (uint16_t i = 0; i <= h->last; i++) {
			admit(w, &h->b[i], &w->r6);
			route(w, &h->b[i]);
		}
		h->last = 0;
	}
}

void
pw_ingress(struct pw_worker *w, struct pw_burst *b, struct pw_burst *r6, uint16_t port)
{
	const uint16_t features = w->tables->ports[port].features;
	bool groups = pw_ls_in_admission(w, b, port);
	if (unlikely(features & PW_LSP_SECURE))
		pw_ls_in_check_port_sec(w, b);
	pw_ls_in_lookup_fdb(w, b);
	if (unlikely(groups)) {
		if (features & PW_LSP_STORM)
			pw_ls_in_storm_control(w, b);
		pw_ls_in_arp_rsp(w, b);
	}
	pw_ls_in_l2_lkup(w, b);
	admit(w, b, r6);
}

// Whether control waits for a frame from the port, which only the stages look for.
static bool
awaited(const struct pw_worker *w, const struct pw_port *p)
{
	return unlikely(p->gated) && atomic_load_explicit(&w->dp->gates[p->lsp], memory_order_relaxed) == PW_GATE_ARMED;
}

static uint16_t
receive(struct pw_worker *w, const struct pw_rxq *q)
{
	struct pw_burst *b = &w->in;
	const struct pw_port *p = &w->tables->ports[q->port];
	uint16_t n = rte_eth_rx_burst(q->port, q->queue, b->m, PW_BURST);
	if (n == 0)
		return 0;
	b->n = n;
	w->counters.rx += n;
	w->stats.packets += n;
	w->stats.bursts++;
	if (likely(p->router_mac != PW_NO_MAC && !awaited(w, p)))
		pw_in_plain(w, b, q->port);
	else
		pw_ingress(w, b, &w->r6, q->port);
	route(w, b);
	next_routers(w);
	return n;
}

// Frames and packets that control made: a frame goes straight to its switch port, a
// packet starts at routing, for what the router itself sends is not checked like
// what it receives.
static uint16_t
inject(struct pw_worker *w)
{
	struct rte_mbuf *m[PW_BURST / 2];
	unsigned int n = rte_ring_sc_dequeue_burst(w->inject, (void **)m, PW_BURST / 2, NULL);
	for (unsigned int i = 0; i < n; i++) {
		const struct pw_meta *meta = pw_meta(m[i]);
		struct pw_pkt p = {.lsp = PW_NONE16, .lrp = meta->lrp, .flags = PW_PKT_ORIGINATED};
		if (meta->how == PW_INJECT_OUTPUT)
			pw_ls_out_delivery(w, m[i], meta->lsp, &p);
		else if (rte_pktmbuf_mtod(m[i], const struct rte_ether_hdr *)->ether_type ==
			 RTE_BE16(RTE_ETHER_TYPE_IPV4))
			pw_burst_push(&w->in, m[i], &p);
		else
			pw_burst_push(&w->r6, m[i], &p);
	}
	route(w, &w->in);
	next_routers(w);
	return (uint16_t)n;
}

void
pw_worker_housekeeping(struct pw_worker *w, uint32_t slots)
{
	pw_park_housekeeping(w, slots);
	next_routers(w); // a drained packet may enter another router
	pw_tx_flush(w);
}

uint32_t
pw_worker_poll(struct pw_worker *w)
{
	uint32_t handled = 0;

	w->now = rte_rdtsc();
	w->tables = atomic_load_explicit(&w->dp->tables, memory_order_acquire);
	for (uint16_t i = 0; i < w->cfg.n_rxqs; i++)
		handled += receive(w, &w->cfg.rxqs[i]);
	if (!rte_ring_empty(w->inject))
		handled += inject(w);

	uint32_t kick = atomic_load_explicit(&w->kick, memory_order_acquire);
	if (kick != w->kick_seen) {
		w->kick_seen = kick;
		pw_worker_housekeeping(w, w->park.n_slots);
	}
	pw_tx_flush(w);
	return handled;
}
