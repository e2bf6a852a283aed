/* SPDX-License-Identifier: Apache-2.0 */

#include "hook.h"

#include <pthread.h>

#include <rte_ethdev.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct pwt_hook *hooks; /* guarded by lock */

/* Detaches the hooks of port, or the one. */
static void
detach(uint16_t port, const struct pwt_hook *only)
{
	pthread_mutex_lock(&lock);
	for (struct pwt_hook **p = &hooks; *p != NULL;) {
		struct pwt_hook *h = *p;
		if (only != NULL ? h != only : h->port != port) {
			p = &h->next;
			continue;
		}
		*p = h->next;
		h->on = false;
		h->detach(h);
	}
	pthread_mutex_unlock(&lock);
}

static int
closing(uint16_t port, enum rte_eth_event_type event, void *arg, void *ret)
{
	(void)event;
	(void)arg;
	(void)ret;
	detach(port, NULL);
	return 0;
}

int
pwt_hook_add(struct pwt_hook *h)
{
	/* On every port number there is, for good: DPDK keeps event callbacks, too, when
	 * a port goes, and takes a second registration for the first. */
	int ret = rte_eth_dev_callback_register(RTE_ETH_ALL, RTE_ETH_EVENT_DESTROY, closing, NULL);
	if (ret != 0)
		return ret;
	pthread_mutex_lock(&lock);
	h->on = true;
	h->next = hooks;
	hooks = h;
	pthread_mutex_unlock(&lock);
	return 0;
}

void
pwt_hook_remove(struct pwt_hook *h)
{
	detach(0, h);
}

bool
pwt_hook_on(struct pwt_hook *h)
{
	pthread_mutex_lock(&lock);
	bool on = h->on;
	pthread_mutex_unlock(&lock);
	return on;
}
