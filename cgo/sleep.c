// SPDX-License-Identifier: Apache-2.0
#include "sleep.h"

#include <errno.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#define WAKER 0
#define SOURCE 1

static int
add(const struct pw_sleeper *s, int fd, uint32_t events, uint32_t what)
{
	struct epoll_event e = {.events = events, .data.u32 = what};
	return epoll_ctl(s->epoll, EPOLL_CTL_ADD, fd, &e) == 0 ? 0 : -errno;
}

int
pw_sleeper_init(struct pw_sleeper *s)
{
	*s = (struct pw_sleeper){
		.event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK),
		.epoll = epoll_create1(EPOLL_CLOEXEC),
	};
	// Edge-triggered: every write is one event, so nobody has to read the counter, which
	// holds more of them than will ever be written.
	int err = s->event < 0 || s->epoll < 0 ? -errno : add(s, s->event, EPOLLIN | EPOLLET, WAKER);
	if (err != 0)
		pw_sleeper_fini(s);
	return err;
}

void
pw_sleeper_fini(struct pw_sleeper *s)
{
	if (s->event >= 0)
		close(s->event);
	if (s->epoll >= 0)
		close(s->epoll);
	s->event = s->epoll = -1;
}

int
pw_sleeper_watch(struct pw_sleeper *s, int fd)
{
	if (!pw_sleeper_can(s))
		return -ENOTSUP;
	int err = add(s, fd, EPOLLIN, SOURCE);
	if (err == 0)
		s->watched++;
	return err;
}

enum pw_woken
pw_sleeper_sleep(struct pw_sleeper *s, uint64_t ns)
{
	struct epoll_event e[2];
	struct timespec ts = {.tv_sec = (time_t)(ns / 1000000000), .tv_nsec = (long)(ns % 1000000000)};
	int n = epoll_pwait2(s->epoll, e, 2, &ts, NULL);
	int err = errno;
	atomic_store_explicit(&s->asleep, 0, memory_order_relaxed);
	if (n < 0 && err != EINTR)
		s->cant = true;
	for (int i = 0; i < n; i++)
		if (e[i].data.u32 == SOURCE)
			return PW_WOKEN_SOURCE;
	return n > 0 ? PW_WOKEN_WAKER : PW_WOKEN_TIME;
}

void
pw_sleeper_wake(struct pw_sleeper *s)
{
	const uint64_t one = 1;
	if (atomic_exchange_explicit(&s->asleep, 0, memory_order_acq_rel) == 0)
		return; // awake again, or somebody else's to wake
	// It can't fail but for a counter that is full, and then the sleeper has its event.
	ssize_t n = write(s->event, &one, sizeof(one));
	(void)n;
}
