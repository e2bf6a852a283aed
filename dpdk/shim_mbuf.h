/* SPDX-License-Identifier: Apache-2.0 */

/* Mempool and ring constructors that report rte_errno through errno. */
#ifndef PW_SHIM_MBUF_H
#define PW_SHIM_MBUF_H

#include <errno.h>

#include <rte_errno.h>
#include <rte_mbuf.h>
#include <rte_mempool.h>
#include <rte_ring.h>

static inline struct rte_mempool *pw_pool_create(const char *name, unsigned int n, unsigned int cache,
						 uint16_t priv, uint16_t room, int socket)
{
	struct rte_mempool *pool = rte_pktmbuf_pool_create(name, n, cache, priv, room, socket);
	if (pool == NULL)
		errno = rte_errno;
	return pool;
}

static inline struct rte_ring *pw_ring_create(const char *name, unsigned int size, int socket,
					      unsigned int flags)
{
	struct rte_ring *ring = rte_ring_create(name, size, socket, flags);
	if (ring == NULL)
		errno = rte_errno;
	return ring;
}

static inline unsigned int pw_ring_enqueue(struct rte_ring *ring, struct rte_mbuf **mbufs, unsigned int n)
{
	return rte_ring_enqueue_burst(ring, (void *const *)mbufs, n, NULL);
}

static inline unsigned int pw_ring_dequeue(struct rte_ring *ring, struct rte_mbuf **mbufs, unsigned int n)
{
	return rte_ring_dequeue_burst(ring, (void **)mbufs, n, NULL);
}

#endif
