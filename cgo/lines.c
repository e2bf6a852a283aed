// SPDX-License-Identifier: Apache-2.0
//go:build lines
// Which thread writes which cache line. The package is built with -fsanitize=thread, by
// which the compiler calls a function before each access to memory; but these here take
// the place of ThreadSanitizer's, and write down who wrote where.
#include "lines.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#pragma GCC diagnostic ignored "-Wbuiltin-declaration-mismatch"

#define PLAIN __attribute__((no_sanitize_thread))

#define PLACES (1u << 21)

struct place {
	uintptr_t line; // address / 64; 0 is free
	uint32_t writers;
};

static struct place *places;
static uint32_t overflow;
static int lock;
static __thread uint32_t me;

PLAIN void
pw_lines_begin(void)
{
	if (places == NULL)
		places = calloc(PLACES, sizeof(*places));
	for (uint32_t i = 0; i < PLACES; i++)
		places[i] = (struct place){0};
	overflow = 0;
}

PLAIN void
pw_lines_as(uint32_t writer)
{
	me = writer;
}

PLAIN static void
put(uintptr_t line)
{
	while (__atomic_exchange_n(&lock, 1, __ATOMIC_ACQUIRE))
		;
	uint32_t i = (uint32_t)((line * UINT64_C(0x9e3779b97f4a7c15)) >> 43);
	uint32_t tries = 0;
	while (places[i].line != 0 && places[i].line != line && tries++ < PLACES)
		i = (i + 1) % PLACES;
	if (places[i].line == 0 || places[i].line == line) {
		places[i].line = line;
		places[i].writers |= me;
	} else {
		overflow++;
	}
	__atomic_store_n(&lock, 0, __ATOMIC_RELEASE);
}

PLAIN static void
wrote(const volatile void *p, size_t n)
{
	if (me == 0 || places == NULL || n == 0)
		return;
	for (uintptr_t line = (uintptr_t)p / 64; line <= ((uintptr_t)p + n - 1) / 64; line++)
		put(line);
}

PLAIN uint32_t
pw_lines_shared(struct pw_line *out, uint32_t n)
{
	uint32_t k = 0;
	for (uint32_t i = 0; i < PLACES; i++) {
		uint32_t w = places[i].writers;
		if (places[i].line != 0 && (w & (w - 1)) != 0 && k < n)
			out[k++] = (struct pw_line){.address = places[i].line * 64, .writers = w};
	}
	return overflow > 0 ? UINT32_MAX : k;
}

PLAIN uint32_t
pw_lines_written(uint32_t writer)
{
	uint32_t k = 0;
	for (uint32_t i = 0; i < PLACES; i++)
		k += places[i].line != 0 && (places[i].writers & writer) != 0;
	return k;
}

PLAIN void __tsan_init(void) {}
PLAIN void __tsan_acquire(void *p) { (void)p; } // cgo calls these two
PLAIN void __tsan_release(void *p) { (void)p; }
PLAIN void __tsan_func_entry(void *p) { (void)p; }
PLAIN void __tsan_func_exit(void) {}
PLAIN void __tsan_vptr_update(void **p, void *v) { (void)p, (void)v; }
PLAIN void __tsan_read_range(void *p, size_t n) { (void)p, (void)n; }
PLAIN void __tsan_write_range(void *p, size_t n) { wrote(p, n); }

#define ACCESS(size)                                                                                                  \
	PLAIN void __tsan_read##size(void *p) { (void)p; }                                                            \
	PLAIN void __tsan_write##size(void *p) { wrote(p, size); }                                                    \
	PLAIN void __tsan_unaligned_read##size(void *p) { (void)p; }                                                  \
	PLAIN void __tsan_unaligned_write##size(void *p) { wrote(p, size); }                                          \
	PLAIN void __tsan_volatile_read##size(void *p) { (void)p; }                                                   \
	PLAIN void __tsan_volatile_write##size(void *p) { wrote(p, size); }                                           \
	PLAIN void __tsan_unaligned_volatile_read##size(void *p) { (void)p; }                                         \
	PLAIN void __tsan_unaligned_volatile_write##size(void *p) { wrote(p, size); }
ACCESS(1)
ACCESS(2)
ACCESS(4)
ACCESS(8)
ACCESS(16)

#define SEQ __ATOMIC_SEQ_CST
#define ATOMIC(bits, T)                                                                                               \
	PLAIN T __tsan_atomic##bits##_load(const volatile T *p, int o) { (void)o; return __atomic_load_n(p, SEQ); }   \
	PLAIN void __tsan_atomic##bits##_store(volatile T *p, T v, int o) { (void)o; wrote(p, sizeof(T)); __atomic_store_n(p, v, SEQ); } \
	PLAIN T __tsan_atomic##bits##_exchange(volatile T *p, T v, int o) { (void)o; wrote(p, sizeof(T)); return __atomic_exchange_n(p, v, SEQ); } \
	PLAIN T __tsan_atomic##bits##_fetch_add(volatile T *p, T v, int o) { (void)o; wrote(p, sizeof(T)); return __atomic_fetch_add(p, v, SEQ); } \
	PLAIN T __tsan_atomic##bits##_fetch_sub(volatile T *p, T v, int o) { (void)o; wrote(p, sizeof(T)); return __atomic_fetch_sub(p, v, SEQ); } \
	PLAIN T __tsan_atomic##bits##_fetch_and(volatile T *p, T v, int o) { (void)o; wrote(p, sizeof(T)); return __atomic_fetch_and(p, v, SEQ); } \
	PLAIN T __tsan_atomic##bits##_fetch_or(volatile T *p, T v, int o) { (void)o; wrote(p, sizeof(T)); return __atomic_fetch_or(p, v, SEQ); } \
	PLAIN T __tsan_atomic##bits##_fetch_xor(volatile T *p, T v, int o) { (void)o; wrote(p, sizeof(T)); return __atomic_fetch_xor(p, v, SEQ); } \
	PLAIN int __tsan_atomic##bits##_compare_exchange_strong(volatile T *p, T *e, T v, int o, int f)              \
	{                                                                                                             \
		(void)o, (void)f;                                                                                     \
		wrote(p, sizeof(T));                                                                                  \
		return __atomic_compare_exchange_n(p, e, v, false, SEQ, SEQ);                                         \
	}                                                                                                             \
	PLAIN int __tsan_atomic##bits##_compare_exchange_weak(volatile T *p, T *e, T v, int o, int f)                \
	{                                                                                                             \
		return __tsan_atomic##bits##_compare_exchange_strong(p, e, v, o, f);                                  \
	}                                                                                                             \
	PLAIN T __tsan_atomic##bits##_compare_exchange_val(volatile T *p, T e, T v, int o, int f)                    \
	{                                                                                                             \
		__tsan_atomic##bits##_compare_exchange_strong(p, &e, v, o, f);                                        \
		return e;                                                                                             \
	}
ATOMIC(8, uint8_t)
ATOMIC(16, uint16_t)
ATOMIC(32, uint32_t)
ATOMIC(64, uint64_t)

PLAIN void __tsan_atomic_thread_fence(int o) { (void)o; __atomic_thread_fence(SEQ); }
PLAIN void __tsan_atomic_signal_fence(int o) { (void)o; }
