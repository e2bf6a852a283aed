// SPDX-License-Identifier: Apache-2.0
// The order of the stages. This is the one place that says it.
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

static void
route4(struct pw_worker *w, struct pw_burst *b)
{
	routed(w, b, pw_lr_in_ip4_routing(w, b), 4);
}

static void
route6(struct pw_worker *w, struct pw_burst *b)
{
	routed(w, b, pw_lr_in_ip6_routing(w, b), 6);
}

// One router: IPv4 stays in b, IPv6 goes on in a burst of its own.
static void
router(struct pw_worker *w, struct pw_burst *b)
{
	pw_lr_in_admission(w, b, &w->r6);
	if (b->n > 0) {
		pw_lr_in_ip4_input(w, b);
		route4(w, b);
	}
	if (w->r6.n > 0) {
		pw_lr_in_ip6_input(w, &w->r6);
		route6(w, &w->r6);
	}
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
		for (uint16_t i = 0; i <= h->last; i++)
			router(w, &h->b[i]);
		h->last = 0;
	}
}

static uint16_t
receive(struct pw_worker *w, const struct pw_rxq *q)
{
	struct pw_burst *b = &w->in;
	uint16_t n = rte_eth_rx_burst(q->port, q->queue, b->m, PW_BURST);
	if (n == 0)
		return 0;
	b->n = n;
	w->counters.rx += n;
	w->stats.packets += n;
	w->stats.bursts++;
	const uint16_t features = w->tables->ports[q->port].features;
	bool groups = pw_ls_in_admission(w, b, q->port);
	if (unlikely(features & PW_LSP_SECURE))
		pw_ls_in_check_port_sec(w, b);
	pw_ls_in_lookup_fdb(w, b);
	if (unlikely(groups)) {
		if (features & PW_LSP_STORM)
			pw_ls_in_storm_control(w, b);
		pw_ls_in_arp_rsp(w, b);
	}
	pw_ls_in_l2_lkup(w, b);
	router(w, b);
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
	if (w->in.n > 0)
		route4(w, &w->in);
	if (w->r6.n > 0)
		route6(w, &w->r6);
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
