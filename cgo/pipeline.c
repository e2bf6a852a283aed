// SPDX-License-Identifier: Apache-2.0
// The order of the stages. This is the one place that says it.
#include <string.h>

#include <rte_ethdev.h>

#include "stages.h"

// The pipeline exists twice: as it is, and with a look at the time stamp counter after
// every pass, for polls that are measured (cost.h). Whatever has the parameter measured
// is inlined into both, where it is a constant.
#define PW_INLINE static inline __attribute__((always_inline))

PW_INLINE void
mark(struct pw_worker *w, const bool measured, enum pw_stage stage, uint32_t n)
{
	if (measured)
		pw_cost_mark(&w->cost, stage, n);
}

// What follows routing, which has left ecmp packets with a choice.
PW_INLINE void
routed(struct pw_worker *w, struct pw_burst *b, uint16_t ecmp, uint8_t family, const bool measured)
{
	uint16_t n = b->n;
	if (unlikely(w->tables->n_policies > 0)) {
		ecmp = pw_lr_in_policy(w, b);
		mark(w, measured, PW_STAGE_LR_IN_POLICY, n);
	}
	if (ecmp > 0) { // a choice is made once, whoever has left it
		pw_lr_in_ip_routing_ecmp(w, b);
		mark(w, measured, PW_STAGE_LR_IN_IP_ROUTING_ECMP, ecmp);
	}
	n = b->n;
	uint16_t unresolved = pw_lr_in_arp_resolve(w, b, family);
	mark(w, measured, PW_STAGE_LR_IN_ARP_RESOLVE, n);
	n = b->n;
	bool larger = pw_lr_in_chk_pkt_len(w, b) > 0, parked = false;
	mark(w, measured, PW_STAGE_LR_IN_CHK_PKT_LEN, n);
	struct pw_burst *out = unlikely(larger) ? &w->cut : b;
	uint16_t next = 0;
	do { // once, unless something has to be cut: that no longer fits one burst and goes on in parts
		if (unlikely(larger)) {
			uint16_t from = next;
			next = pw_lr_in_larger_pkts(w, b, from, out);
			mark(w, measured, PW_STAGE_LR_IN_LARGER_PKTS, next - from);
		}
		if (unresolved > 0) {
			n = out->n;
			parked = pw_lr_in_arp_request(w, out, family, parked);
			mark(w, measured, PW_STAGE_LR_IN_ARP_REQUEST, n);
		}
		n = out->n;
		pw_lr_out_delivery(w, out);
		mark(w, measured, PW_STAGE_LR_OUT_DELIVERY, n);
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

PW_INLINE void
route4(struct pw_worker *w, struct pw_burst *b, const bool measured)
{
	uint16_t n = b->n;
	uint64_t nh[PW_BURST];
	pw_route_lookup4(w, b, nh);
	mark(w, measured, PW_STAGE_ROUTE_LOOKUP, n);
	if (likely(b->bare)) {
		advance(w, b, nh, pw_out_plain4(w, b, nh));
		mark(w, measured, PW_STAGE_OUT_PLAIN, n);
	}
	if (unlikely(b->n > 0)) {
		n = b->n;
		uint16_t ecmp = pw_lr_in_ip4_routing(w, b, nh);
		mark(w, measured, PW_STAGE_LR_IN_IP_ROUTING, n);
		routed(w, b, ecmp, 4, measured);
	}
}

PW_INLINE void
route6(struct pw_worker *w, struct pw_burst *b, const bool measured)
{
	uint16_t n = b->n;
	uint64_t nh[PW_BURST];
	pw_route_lookup6(w, b, nh);
	mark(w, measured, PW_STAGE_ROUTE_LOOKUP, n);
	if (likely(b->bare)) {
		advance(w, b, nh, pw_out_plain6(w, b, nh));
		mark(w, measured, PW_STAGE_OUT_PLAIN, n);
	}
	if (unlikely(b->n > 0)) {
		n = b->n;
		uint16_t ecmp = pw_lr_in_ip6_routing(w, b, nh);
		mark(w, measured, PW_STAGE_LR_IN_IP_ROUTING, n);
		routed(w, b, ecmp, 6, measured);
	}
}

// What a router port takes in: IPv4 stays in b, IPv6 is added to r6.
PW_INLINE void
admit(struct pw_worker *w, struct pw_burst *b, struct pw_burst *r6, const bool measured)
{
	uint16_t n = b->n;
	pw_lr_in_admission(w, b, r6);
	mark(w, measured, PW_STAGE_LR_IN_ADMISSION, n);
	n = b->n + r6->n;
	if (b->n > 0)
		pw_lr_in_ip4_input(w, b);
	if (r6->n > 0)
		pw_lr_in_ip6_input(w, r6);
	if (n > 0)
		mark(w, measured, PW_STAGE_LR_IN_IP_INPUT, n);
}

PW_INLINE void
route(struct pw_worker *w, struct pw_burst *b, const bool measured)
{
	if (b->n > 0)
		route4(w, b, measured);
	if (w->r6.n > 0)
		route6(w, &w->r6, measured);
	b->bare = w->r6.bare = false;
}

// Packets whose next hop is another router of this node collect in w->next. Every
// turn takes them through one router; the rounds that a packet may take are bounded
// where it enters.
PW_INLINE void
next_routers(struct pw_worker *w, const bool measured)
{
	while (w->next->b[0].n > 0) {
		struct pw_hop *h = w->next;
		w->next = h == &w->hops[0] ? &w->hops[1] : &w->hops[0];
		for (uint16_t i = 0; i <= h->last; i++) {
			admit(w, &h->b[i], &w->r6, measured);
			route(w, &h->b[i], measured);
		}
		h->last = 0;
	}
}

PW_INLINE void
ingress(struct pw_worker *w, struct pw_burst *b, struct pw_burst *r6, uint16_t port, const bool measured)
{
	const uint16_t features = w->tables->ports[port].features;
	uint16_t n = b->n;
	bool groups = pw_ls_in_admission(w, b, port);
	mark(w, measured, PW_STAGE_LS_IN_ADMISSION, n);
	n = b->n;
	if (unlikely(features & PW_LSP_SECURE)) {
		pw_ls_in_check_port_sec(w, b);
		mark(w, measured, PW_STAGE_LS_IN_CHECK_PORT_SEC, n);
		n = b->n;
	}
	pw_ls_in_lookup_fdb(w, b);
	mark(w, measured, PW_STAGE_LS_IN_LOOKUP_FDB, n);
	n = b->n;
	if (unlikely(groups)) {
		if (features & PW_LSP_STORM) {
			pw_ls_in_storm_control(w, b);
			mark(w, measured, PW_STAGE_LS_IN_STORM_CONTROL, n);
			n = b->n;
		}
		pw_ls_in_arp_rsp(w, b);
		mark(w, measured, PW_STAGE_LS_IN_ARP_RSP, n);
		n = b->n;
	}
	pw_ls_in_l2_lkup(w, b);
	mark(w, measured, PW_STAGE_LS_IN_L2_LKUP, n);
	admit(w, b, r6, measured);
}

// For those that in_plain does not pass on; they count as its cost.
void
pw_ingress(struct pw_worker *w, struct pw_burst *b, struct pw_burst *r6, uint16_t port)
{
	ingress(w, b, r6, port, false);
}

// Whether control waits for a frame from the port, which only the stages look for.
static bool
awaited(const struct pw_worker *w, const struct pw_port *p)
{
	return unlikely(p->gated) && atomic_load_explicit(&w->dp->gates[p->lsp], memory_order_relaxed) == PW_GATE_ARMED;
}

PW_INLINE uint16_t
receive(struct pw_worker *w, const struct pw_rxq *q, const bool measured)
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
	pw_load_burst(&w->stats.load, n);
	mark(w, measured, PW_STAGE_RX, n);
	if (likely(p->router_mac != PW_NO_MAC && !awaited(w, p))) {
		pw_in_plain(w, b, q->port);
		mark(w, measured, PW_STAGE_IN_PLAIN, n);
	} else {
		ingress(w, b, &w->r6, q->port, measured);
	}
	route(w, b, measured);
	next_routers(w, measured);
	return n;
}

// Frames and packets that control made: a frame goes straight to its switch port, a
// packet starts at routing, for what the router itself sends is not checked like
// what it receives.
PW_INLINE uint16_t
inject(struct pw_worker *w, const bool measured)
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
	mark(w, measured, PW_STAGE_INJECT, n);
	route(w, &w->in, measured);
	next_routers(w, measured);
	return (uint16_t)n;
}

void
pw_worker_housekeeping(struct pw_worker *w, uint32_t slots)
{
	pw_park_housekeeping(w, slots);
	next_routers(w, false); // a drained packet may enter another router
	pw_tx_flush(w);
}

PW_INLINE uint32_t
poll(struct pw_worker *w, const bool measured)
{
	uint32_t handled = 0;

	w->now = rte_rdtsc();
	if (measured)
		pw_cost_begin(&w->cost, w->now);
	w->tables = atomic_load_explicit(&w->dp->tables, memory_order_acquire);
	for (uint16_t i = 0; i < w->cfg.n_rxqs; i++)
		handled += receive(w, &w->cfg.rxqs[i], measured);
	if (!rte_ring_empty(w->inject))
		handled += inject(w, measured);

	uint32_t kick = atomic_load_explicit(&w->kick, memory_order_acquire);
	if (PW_PARKING && kick != w->kick_seen) {
		w->kick_seen = kick;
		pw_worker_housekeeping(w, w->park.n_slots);
		mark(w, measured, PW_STAGE_HOUSEKEEPING, 0);
	}
	return handled;
}

static __attribute__((noinline)) uint32_t
poll_measured(struct pw_worker *w)
{
	const uint64_t before = w->counters.tx + w->counters.drops[PW_DROP_TX_FULL];
	uint32_t handled = poll(w, true);
	bool dirty = w->tx_dirty != 0;
	pw_tx_flush(w);
	uint64_t left = w->counters.tx + w->counters.drops[PW_DROP_TX_FULL] - before;
	if (dirty)
		pw_cost_mark(&w->cost, PW_STAGE_TX, (uint32_t)left);
	pw_cost_end(&w->cost, w->now, w->cfg.longest_poll);
	return handled;
}

uint32_t
pw_worker_poll(struct pw_worker *w)
{
	const uint32_t order = atomic_load_explicit(&w->sample, memory_order_relaxed);
	if (unlikely(order != 0) && pw_cost_due(&w->cost, order))
		return poll_measured(w);
	uint32_t handled = poll(w, false);
	pw_tx_flush(w);
	return handled;
}
