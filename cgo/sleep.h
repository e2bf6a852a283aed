// SPDX-License-Identifier: Apache-2.0
// Sleeping until somebody writes to one of our rings, without a system call on his side
// while we are awake: the sleeper announces its sleep, looks once more, then sleeps; the
// waker writes, then looks whether a sleep is announced. Between the two steps of each
// side stands a full fence, so one of the two always sees the other.
#ifndef PW_SLEEP_H
#define PW_SLEEP_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

// One thread's sleep. Its memory outlives whoever may wake it.
struct pw_sleeper {
	_Atomic uint32_t asleep; // writers: the owner sets it and clears it, a waker clears it
	int event;               // an eventfd that wakers write; -1: there is none, and nobody sleeps
	int epoll;               // waits for it, and for what is watched
	uint32_t watched;        // file descriptors besides; written before the owner runs
	bool cant;               // this kernel has no such sleep (Linux before 5.11); owner
};

// What ended a sleep.
enum pw_woken {
	PW_WOKEN_TIME,   // nothing but time, a signal, or that it can't sleep
	PW_WOKEN_WAKER,  // pw_wake, if nothing that is watched was ready too
	PW_WOKEN_SOURCE, // something that is watched is ready to be read, or broken
};

// pw_sleeper_init makes the file descriptors. 0, or a negative errno; then the sleeper is
// one that can't sleep, and may be given to every function here.
int pw_sleeper_init(struct pw_sleeper *s);

// pw_sleeper_fini closes them. The file descriptors that were watched stay open.
void pw_sleeper_fini(struct pw_sleeper *s);

// pw_sleeper_watch has the sleep end while fd is readable. Borrows fd until the end of the
// sleeper or of fd. 0 or a negative errno. Before the owner runs.
int pw_sleeper_watch(struct pw_sleeper *s, int fd);

// pw_sleeper_can says whether pw_sleeper_sleep sleeps; otherwise the owner uses a clock.
static inline bool
pw_sleeper_can(const struct pw_sleeper *s)
{
	return s->epoll >= 0 && !s->cant;
}

// Owner. pw_sleeper_announce comes before the last look at whatever a waker may have
// written; then either pw_sleeper_sleep, for at most ns, or pw_sleeper_stay.
static inline void
pw_sleeper_announce(struct pw_sleeper *s)
{
	// An exchange, so that what the last waker wrote before it cleared the word is seen.
	atomic_exchange_explicit(&s->asleep, 1, memory_order_seq_cst);
	atomic_thread_fence(memory_order_seq_cst);
}

static inline void
pw_sleeper_stay(struct pw_sleeper *s)
{
	atomic_store_explicit(&s->asleep, 0, memory_order_relaxed);
}

enum pw_woken pw_sleeper_sleep(struct pw_sleeper *s, uint64_t ns);

// Waker, any thread. pw_sleeper_asleep is a glance that may be late: it serves those who
// look again. pw_sleeper_wake ends an announced sleep, one system call for all of its
// wakers. pw_wake does so after something was written, and misses no sleep.
static inline bool
pw_sleeper_asleep(const struct pw_sleeper *s)
{
	return atomic_load_explicit(&s->asleep, memory_order_relaxed) != 0;
}

void pw_sleeper_wake(struct pw_sleeper *s);

static inline void
pw_wake(struct pw_sleeper *s)
{
	atomic_thread_fence(memory_order_seq_cst);
	if (pw_sleeper_asleep(s))
		pw_sleeper_wake(s);
}

#endif
