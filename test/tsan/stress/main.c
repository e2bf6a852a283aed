// SPDX-License-Identifier: Apache-2.0
// stress [PACKETS [SEED]]: prints one line of figures and ends with 0 if every packet
// is accounted for and every flow kept its order; otherwise with 1 and a sentence, or
// as ThreadSanitizer has it.
#include <inttypes.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include <rte_rcu_qsbr.h>

#include "stress.h"

struct pw_datapath *dp;
_Thread_local unsigned int me;
static _Thread_local uint64_t random_state;
static uint64_t seed;

void
rnd_seed(uint64_t n)
{
	random_state = n * UINT64_C(0x9e3779b97f4a7c15) | 1;
}

uint32_t
rnd(uint32_t n)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return (uint32_t)(random_state >> 32) % n;
}

void
die(const char *format, ...)
{
	va_list args;
	va_start(args, format);
	fprintf(stderr, "stress: ");
	vfprintf(stderr, format, args);
	fprintf(stderr, " (seed %" PRIu64 ")\n", seed);
	va_end(args);
	_exit(1);
}

static void *
run_worker(void *arg)
{
	struct pw_worker *w = arg;
	me = w->cfg.index;
	rnd_seed(seed + me);
	pw_worker_run(w);
	return NULL;
}

static void *
run_control(void *arg)
{
	me = CONTROL;
	rnd_seed(seed + me);
	fate_run();
	return arg;
}

static const struct pw_park_config park = {
	.of[PW_PARK_NEXTHOP] = {.slots = SLOTS, .ring = RING, .max_packets = MAX_PACKETS},
};

static void
setup(void)
{
	static struct {
		struct rte_rcu_qsbr v;
		struct rte_rcu_qsbr_cnt cnt[WORKERS];
	} qsbr;
	dp = pw_datapath_new(&(struct pw_datapath_config){
		.qsbr = &qsbr.v,
		.pool = the_pool(),
		.max_adjs = HOPS,
		.pool_park_limit = WORKERS * MAX_PACKETS - 32,
	});
	struct pw_tables *t = pw_tables_new(&(struct pw_tables_size){
		.lsps = 1, .switches = 1, .lrps = 1, .routers = 1, .nexthops = 2, .list = 1});
	if (dp == NULL || t == NULL)
		die("no memory");
	t->lsps[0] = (struct pw_lsp){.kind = PW_LSP_VIF, .flags = PW_LSP_PLAIN};
	t->nexthops[1] = (struct pw_nexthop){.kind = PW_NH_GLEAN, .adj = PW_NONE32};
	pw_datapath_publish(dp, t);
	for (uint32_t i = 0; i < HOPS; i++) {
		dp->adjs[i].family = 4;
		dp->adjs[i].ip[0] = 10, dp->adjs[i].ip[2] = 2, dp->adjs[i].ip[3] = (uint8_t)i;
	}
	for (int i = 0; i < PW_MAX_PORTS; i++)
		dp->control_txq[i] = CONTROL;
	for (uint16_t i = 0; i < WORKERS; i++) {
		struct pw_worker_config cfg = {.index = i, .txq = i, .n_rxqs = 1, .ring_size = 64, .park = park};
		cfg.rxqs[0] = (struct pw_rxq){.port = 0, .queue = i};
		dp->workers[i] = pw_worker_new(dp, &cfg);
		if (dp->workers[i] == NULL || pw_control_add_worker(dp->control, dp->workers[i]) != 0)
			die("no memory");
		dp->n_workers++;
	}
}

static void
add(struct pw_counters *sum, const struct pw_counters *c)
{
	sum->rx += c->rx;
	sum->originated += c->originated;
	sum->tx += c->tx;
	sum->consumed += c->consumed;
	sum->parked += c->parked;
	sum->drained += c->drained;
	for (int i = 0; i < PW_DROP_COUNT; i++)
		sum->drops[i] += c->drops[i];
}

// What becomes of a parked packet besides being drained.
static const enum pw_drop ends[] = {PW_DROP_PARK_EVICTED, PW_DROP_PARK_PREEMPTED, PW_DROP_PARK_EXPIRED,
				    PW_DROP_PARK_FAILED, PW_DROP_PARK_DISCARDED};

static void
judge(uint64_t packets)
{
	struct pw_counters c = {0};
	uint64_t drops = 0, ended = 0;
	add(&c, &dp->control->own);
	for (int i = 0; i < WORKERS; i++) {
		add(&c, &dp->workers[i]->counters);
		add(&c, &dp->control->for_worker[i]);
	}
	for (int i = 0; i < PW_DROP_COUNT; i++)
		drops += c.drops[i];
	for (size_t i = 0; i < RTE_DIM(ends); i++)
		ended += c.drops[ends[i]];
	printf("%" PRIu64 " packets: %" PRIu64 " sent, %" PRIu64 " parked = %" PRIu64 " drained + %" PRIu64
	       " evicted + %" PRIu64 " pre-empted + %" PRIu64 " expired + %" PRIu64 " failed + %" PRIu64 " others; %" PRIu64 " drops in all; %" PRIu64
	       " resolved, %" PRIu64 " moved, %" PRIu64 " failed, %" PRIu64 " flushed, %" PRIu64 " abandoned; seed %" PRIu64
	       "\n",
	       c.rx, c.tx, c.parked, c.drained, c.drops[PW_DROP_PARK_EVICTED],
	       c.drops[PW_DROP_PARK_PREEMPTED], c.drops[PW_DROP_PARK_EXPIRED], c.drops[PW_DROP_PARK_FAILED],
	       ended - c.drops[PW_DROP_PARK_EVICTED] - c.drops[PW_DROP_PARK_PREEMPTED] - c.drops[PW_DROP_PARK_EXPIRED] -
		       c.drops[PW_DROP_PARK_FAILED],
	       drops,
	       fates.resolved, fates.moved, fates.failed, fates.flushed, fates.abandoned, seed);
	if (c.rx != packets)
		die("received %" PRIu64 " of %" PRIu64, c.rx, packets);
	if (c.rx + c.originated != c.tx + c.consumed + drops)
		die("in %" PRIu64 ", out %" PRIu64, c.rx + c.originated, c.tx + c.consumed + drops);
	if (c.parked != c.drained + ended)
		die("parked %" PRIu64 ", drained and ended %" PRIu64, c.parked, c.drained + ended);
	if (c.tx != packets_on_wire())
		die("%" PRIu64 " counted as sent, %" PRIu64 " on the wire", c.tx, packets_on_wire());
	if (packets_lost() != 0)
		die("%" PRIu64 " packets have no end", packets_lost());
	if (atomic_load(&dp->pool_parked) != 0)
		die("the pool's share of parked packets is %" PRId64, atomic_load(&dp->pool_parked));
	if (fates.resolved < 10 || fates.failed == 0 || fates.flushed == 0 || fates.expired == 0 ||
	    c.drops[PW_DROP_PARK_EVICTED] == 0 || c.drops[PW_DROP_PARK_PREEMPTED] == 0 || c.drained == 0 || c.tx <= c.drained)
		die("the test did not test");
}

int
main(int argc, char **argv)
{
	uint64_t packets = argc > 1 ? strtoull(argv[1], NULL, 10) : 2000000;
	pthread_t worker[WORKERS], control;

	seed = argc > 2 ? strtoull(argv[2], NULL, 10) : (uint64_t)time(NULL);
	rnd_seed(seed + CONTROL + 1);
	packets -= packets % WORKERS;
	setup_packets(packets / WORKERS);
	setup();
	for (int i = 0; i < WORKERS; i++)
		if (pthread_create(&worker[i], NULL, run_worker, dp->workers[i]) != 0)
			die("no thread");
	if (pthread_create(&control, NULL, run_control, NULL) != 0)
		die("no thread");
	pthread_join(control, NULL);
	for (int i = 0; i < WORKERS; i++)
		pw_worker_stop(dp->workers[i]);
	for (int i = 0; i < WORKERS; i++)
		pthread_join(worker[i], NULL);
	judge(packets);
	pw_datapath_free(dp);
	return 0;
}
