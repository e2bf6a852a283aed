// SPDX-License-Identifier: Apache-2.0
// What an adaptive worker does while there is nothing to do: it goes on polling for a
// moment when control is about to answer, and otherwise sleeps until a port it watches
// receives, control writes, or time is up.
#include <time.h>

#include <rte_cycles.h>
#include <rte_pause.h>

#include "control.h"
#include "worker.h"

// How long control may take to answer before its worker sleeps, per second: 100 us.
#define ANSWER_PART 10000

// Ports that say they have something while nothing can be received, as one whose kernel
// side is gone: after so many sleeps that ended that way, the worker sleeps by the clock.
#define FALSE_ALARMS 8

// Grows with everything that the worker writes to control. Its own positions only.
static uint32_t
told(const struct pw_worker *w)
{
	return w->punt_l2->prod.tail + w->punt_ip->prod.tail + w->learn->prod.tail + w->appeared->prod.tail +
	       atomic_load_explicit(&w->park.ask_tail, memory_order_relaxed);
}

void
pw_worker_wake_control(struct pw_worker *w)
{
	uint32_t now = told(w);
	if (now == w->told)
		return;
	w->told = now;
	pw_sleeper_wake(&w->dp->control->sleep);
}

// The last look, after the announcement.
static bool
wanted(const struct pw_worker *w)
{
	return !rte_ring_empty(w->inject) || atomic_load_explicit(&w->kick, memory_order_acquire) != w->kick_seen ||
	       atomic_load_explicit(&w->stop, memory_order_relaxed);
}

static void
clock_sleep(uint64_t ns)
{
	struct timespec ts = {.tv_nsec = (long)ns};
	nanosleep(&ts, NULL);
}

// Where a port can't wake its worker, sleep doubles with every idle turn up to
// max_sleep_ns: one that just fell idle wakes fast, one that stays idle costs little.
static uint64_t
by_clock(const struct pw_worker *w, uint32_t turn)
{
	uint64_t ns = turn < 20 ? UINT64_C(1000) << turn : w->cfg.max_sleep_ns;
	return ns < w->cfg.max_sleep_ns ? ns : w->cfg.max_sleep_ns;
}

static void
asleep(struct pw_worker *w, uint32_t turn)
{
	uint64_t ns = by_clock(w, turn);
	if (!pw_sleeper_can(&w->sleep) || w->false_alarms > FALSE_ALARMS) {
		clock_sleep(ns);
		return;
	}
	if (w->sleep.watched == w->cfg.n_rxqs)
		ns = w->cfg.watched_sleep_ns;
	pw_sleeper_announce(&w->sleep);
	if (pw_sleeper_asleep(&w->dp->control->sleep))
		pw_worker_wake_control(w); // while we sleep, nobody looks again
	if (wanted(w))
		pw_sleeper_stay(&w->sleep);
	else if (pw_sleeper_sleep(&w->sleep, ns) == PW_WOKEN_SOURCE)
		w->false_alarms++;
}

void
pw_worker_idle(struct pw_worker *w, uint32_t turn)
{
	uint32_t said = told(w);
	uint64_t now = rte_rdtsc();
	if (turn == 1)
		w->false_alarms = 0;
	if (said != w->answered) {
		w->answered = said;
		w->answer_by = now + w->dp->tsc_hz / ANSWER_PART;
	}
	if (now < w->answer_by) {
		rte_pause();
		return;
	}
	rte_rcu_qsbr_thread_offline(w->dp->qsbr, w->cfg.index);
	asleep(w, turn);
	rte_rcu_qsbr_thread_online(w->dp->qsbr, w->cfg.index);
}

int
pw_worker_watch(struct pw_worker *w, int fd)
{
	return pw_sleeper_watch(&w->sleep, fd);
}
