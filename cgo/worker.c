// SPDX-License-Identifier: Apache-2.0
#include "worker.h"

#include <inttypes.h>
#include <stdio.h>
#include <sys/prctl.h>

#include <rte_cycles.h>
#include <rte_malloc.h>

#include "control.h"
#include "stages.h"

// Polls without work before an adaptive worker sleeps at all, and how often it
// looks after its park slots when nobody kicks it. Both counted in polls: the loop
// asks for the time once per poll and for nothing else.
#define IDLE_POLLS 64
#define HOUSEKEEPING_POLLS 256
#define HOUSEKEEPING_SLOTS 64

// Polls at the end, at most: more than empty an inject ring of the default size.
#define LAST_POLLS 64

static struct rte_ring *
ring(const struct pw_worker *w, const char *what, uint32_t elem, uint32_t size)
{
	char name[RTE_RING_NAMESIZE];
	// The datapath's address keeps two datapaths of one process apart.
	snprintf(name, sizeof(name), "pw_%" PRIxPTR "_%u_%s", (uintptr_t)w->dp >> 6 & 0xffffffff, w->cfg.index, what);
	return rte_ring_create_elem(name, elem, size, w->cfg.socket, RING_F_SP_ENQ | RING_F_SC_DEQ);
}

struct pw_worker *
pw_worker_new(struct pw_datapath *dp, const struct pw_worker_config *cfg)
{
	struct pw_worker *w = rte_zmalloc_socket("pw_worker", sizeof(*w), PW_CACHE_LINE, cfg->socket);
	if (w == NULL)
		return NULL;
	w->cfg = *cfg;
	w->dp = dp;
	w->next = &w->hops[0];
	pw_sleeper_init(&w->sleep); // one that fails sleeps by the clock
	w->refused = rte_zmalloc_socket("pw_refused", sizeof(*w->refused) * PW_MAX_LRPS, PW_CACHE_LINE, cfg->socket);
	w->punt_l2 = ring(w, "l2", sizeof(void *), cfg->ring_size);
	w->punt_ip = ring(w, "ip", sizeof(void *), cfg->ring_size);
	w->inject = ring(w, "in", sizeof(void *), cfg->ring_size);
	w->learn = ring(w, "mac", sizeof(struct pw_learn), cfg->ring_size);
	w->appeared = ring(w, "up", sizeof(struct pw_learn), rte_align32pow2(PW_MAX_LSPS + 1));
	if (!w->refused || !w->punt_l2 || !w->punt_ip || !w->inject || !w->learn || !w->appeared ||
	    pw_park_init(&w->park, &cfg->park, cfg->socket)) {
		pw_worker_free(w);
		return NULL;
	}
	return w;
}

void
pw_worker_free(struct pw_worker *w)
{
	if (w == NULL)
		return;
	rte_ring_free(w->punt_l2);
	rte_ring_free(w->punt_ip);
	rte_ring_free(w->inject);
	rte_ring_free(w->learn);
	rte_ring_free(w->appeared);
	pw_park_fini(&w->park);
	pw_sleeper_fini(&w->sleep);
	rte_free(w->refused);
	rte_free(w);
}

// Once a second the cache of seen sources starts anew, so that a MAC which moved
// away and back by other workers' ports is reported again.
static void
forget_learned(struct pw_worker *w, uint64_t *next)
{
	if (w->now < *next)
		return;
	*next = w->now + w->dp->tsc_hz;
	for (int i = 0; i < PW_LEARN_CACHE; i++)
		w->learned[i] = 0;
}

void
pw_worker_run(struct pw_worker *w)
{
	struct rte_rcu_qsbr *qsbr = w->dp->qsbr;
	const struct pw_control *control = w->dp->control;
	uint32_t idle = 0;
	uint64_t forget = 0;
	const uint64_t us = pw_load_us(w->dp->tsc_hz);

	// The kernel rounds sleeps up by the timer slack, 50 us unless told otherwise.
	prctl(PR_SET_TIMERSLACK, 1);
	rte_rcu_qsbr_thread_register(qsbr, w->cfg.index);
	rte_rcu_qsbr_thread_online(qsbr, w->cfg.index);

	uint64_t last = rte_rdtsc();
	while (!atomic_load_explicit(&w->stop, memory_order_relaxed)) {
		uint32_t handled = pw_worker_poll(w);

		// It sends by the tables that the poll loaded, so it comes before they may go.
		if (++w->stats.heartbeat % HOUSEKEEPING_POLLS == 0 || idle > 0) {
			pw_worker_housekeeping(w, HOUSEKEEPING_SLOTS);
			forget_learned(w, &forget);
		}
		if (pw_sleeper_asleep(&control->sleep))
			pw_worker_wake_control(w);
		rte_rcu_qsbr_quiescent(qsbr, w->cfg.index);
		uint64_t now = rte_rdtsc();
		pw_load_gap(&w->stats.load, now - last, us);
		if (handled > 0) {
			w->stats.busy_cycles += now - last;
			last = now;
			idle = 0;
			continue;
		}
		if (w->cfg.adaptive && ++idle > IDLE_POLLS) {
			pw_worker_idle(w, idle - IDLE_POLLS);
			now = rte_rdtsc();
		}
		w->stats.idle_cycles += now - last;
		last = now;
	}

	// Control has ended before its workers, and what it said last is in the ring.
	for (int i = 0; i < LAST_POLLS && !rte_ring_empty(w->inject); i++)
		pw_worker_poll(w);
	rte_rcu_qsbr_thread_offline(qsbr, w->cfg.index);
	rte_rcu_qsbr_thread_unregister(qsbr, w->cfg.index);
}

void
pw_worker_stop(struct pw_worker *w)
{
	atomic_store_explicit(&w->stop, 1, memory_order_relaxed);
	pw_wake(&w->sleep);
}

void
pw_worker_sample(struct pw_worker *w, uint16_t every)
{
	uint32_t order = every == 0 ? 0 : ++w->orders << 16 | every;
	atomic_store_explicit(&w->sample, order, memory_order_relaxed);
}

void
pw_worker_reset_gap(struct pw_worker *w)
{
	atomic_store_explicit(&w->stats.load.max_gap, 0, memory_order_relaxed);
}

void
pw_worker_gap(struct pw_worker *w, uint64_t cycles)
{
	pw_load_gap(&w->stats.load, cycles, pw_load_us(w->dp->tsc_hz));
}

uint64_t
pw_tsc(void)
{
	return rte_rdtsc();
}

static void
purge_ring(struct pw_worker *w, struct rte_ring *r)
{
	void *m;
	while (rte_ring_sc_dequeue(r, &m) == 0)
		pw_drop(w, m, PW_DROP_SHUTDOWN);
}

void
pw_worker_purge(struct pw_worker *w)
{
	purge_ring(w, w->punt_l2);
	purge_ring(w, w->punt_ip);
	purge_ring(w, w->inject);
	for (uint32_t i = 0; i < w->park.n_slots; i++) {
		struct rte_mbuf *m;
		bool lost;
		while ((m = pw_park_pop(&w->park.slots[i], 0, &lost)) != NULL) {
			atomic_fetch_sub_explicit(&w->dp->pool_parked, 1, memory_order_relaxed);
			w->counters.gate_discarded += w->park.slots[i].cls == PW_PARK_GATED;
			pw_drop(w, m, PW_DROP_PARK_DISCARDED);
		}
	}
}
