/* SPDX-License-Identifier: Apache-2.0 */

/* Who has callbacks on a port, so that they come off when it is closed: DPDK leaves
 * receive and transmit callbacks on the port number, for its next owner to call. */
#ifndef PWT_HOOK_H
#define PWT_HOOK_H

#include <stdbool.h>
#include <stdint.h>

struct pwt_hook {
	struct pwt_hook *next;
	uint16_t port;
	void (*detach)(struct pwt_hook *h); /* takes the callbacks off; the port is stopped */
	bool on;
};

/* pwt_hook_add has h->detach called once: when h->port is closed or by
 * pwt_hook_remove, whichever comes first. 0 or a negative errno. Any thread. */
int pwt_hook_add(struct pwt_hook *h);
void pwt_hook_remove(struct pwt_hook *h);
bool pwt_hook_on(struct pwt_hook *h);

#endif
