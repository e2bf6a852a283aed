/* SPDX-License-Identifier: Apache-2.0 */

/* A ring of short frames between one thread of Go and one polling thread: frames
 * to be received, or copies of frames that were sent. One producer, one consumer;
 * neither waits for the other. */
#ifndef PWT_CELLS_H
#define PWT_CELLS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#define PWT_SNAP 496 /* octets of a frame that a cell holds */

struct pwt_cell {
	uint64_t tsc;   /* when it was put in */
	uint16_t len;   /* of the frame, which may be more than is here */
	uint16_t queue; /* that it came from */
	uint32_t zero;
	uint8_t data[PWT_SNAP];
};

struct pwt_cells {
	uint32_t mask;
	struct pwt_cell *cell;
	_Atomic uint32_t tail __attribute__((aligned(64))); /* writer: producer */
	_Atomic uint64_t overflow;                          /* frames that found no room; writer: producer */
	_Atomic uint32_t head __attribute__((aligned(64))); /* writer: consumer */
};

/* pwt_cells_init takes memory for that many frames, a power of two. 0 or -ENOMEM. */
int pwt_cells_init(struct pwt_cells *c, uint32_t frames);
void pwt_cells_fini(struct pwt_cells *c);

/* Producer. pwt_cells_room is the next free cell, or NULL, which counts as an
 * overflow; pwt_cells_push hands it over. */
struct pwt_cell *pwt_cells_room(struct pwt_cells *c);
void pwt_cells_push(struct pwt_cells *c);

/* Consumer. pwt_cells_front is the oldest frame, or NULL; pwt_cells_pop gives its
 * cell back. */
const struct pwt_cell *pwt_cells_front(struct pwt_cells *c);
void pwt_cells_pop(struct pwt_cells *c);

#endif
