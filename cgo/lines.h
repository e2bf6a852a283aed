// SPDX-License-Identifier: Apache-2.0
// Which threads wrote which cache lines, in a build with the tag lines; see lines.c.
#ifndef PW_LINES_H
#define PW_LINES_H

#include <stdint.h>

struct pw_line {
	uintptr_t address;
	uint32_t writers; // a bit each
};

// pw_lines_begin forgets all.
void pw_lines_begin(void);

// pw_lines_as says that the calling thread writes as that one, a bit; 0: nobody looks.
void pw_lines_as(uint32_t writer);

// pw_lines_shared writes the lines with several writers, n at most, and returns their
// number; UINT32_MAX when not all could be kept.
uint32_t pw_lines_shared(struct pw_line *out, uint32_t n);

// pw_lines_written returns how many lines a writer wrote.
uint32_t pw_lines_written(uint32_t writer);

#endif
