/* SPDX-License-Identifier: Apache-2.0 */

#include "cells.h"

#include <errno.h>

#include <rte_malloc.h>

int
pwt_cells_init(struct pwt_cells *c, uint32_t frames)
{
	c->mask = frames - 1;
	c->cell = rte_zmalloc("pwt_cells", (size_t)frames * sizeof(*c->cell), 64);
	return c->cell == NULL ? -ENOMEM : 0;
}

void
pwt_cells_fini(struct pwt_cells *c)
{
	rte_free(c->cell);
	c->cell = NULL;
}

struct pwt_cell *
pwt_cells_room(struct pwt_cells *c)
{
	uint32_t tail = atomic_load_explicit(&c->tail, memory_order_relaxed);
	if (tail - atomic_load_explicit(&c->head, memory_order_acquire) > c->mask) {
		atomic_fetch_add_explicit(&c->overflow, 1, memory_order_relaxed);
		return NULL;
	}
	return &c->cell[tail & c->mask];
}

void
pwt_cells_push(struct pwt_cells *c)
{
	uint32_t tail = atomic_load_explicit(&c->tail, memory_order_relaxed);
	atomic_store_explicit(&c->tail, tail + 1, memory_order_release);
}

const struct pwt_cell *
pwt_cells_front(struct pwt_cells *c)
{
	uint32_t head = atomic_load_explicit(&c->head, memory_order_relaxed);
	if (head == atomic_load_explicit(&c->tail, memory_order_acquire))
		return NULL;
	return &c->cell[head & c->mask];
}

void
pwt_cells_pop(struct pwt_cells *c)
{
	uint32_t head = atomic_load_explicit(&c->head, memory_order_relaxed);
	atomic_store_explicit(&c->head, head + 1, memory_order_release);
}
