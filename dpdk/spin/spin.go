// SPDX-License-Identifier: Apache-2.0

// Package spin reads the time stamp counter in a loop of C, on one CPU, and says for how
// long at most the machine kept it from doing so: the kernel, other processes, a
// hypervisor. No poll loop can do better there. It imports nothing of this module and
// needs no EAL.
package spin

/*
#cgo CFLAGS: -std=gnu11 -O3 -Wall -Wextra -Werror
#include <stdint.h>
#include <x86intrin.h>

struct gaps { uint64_t longest, reads, total; };

// Spins for so many cycles.
static struct gaps
spin(uint64_t cycles)
{
	struct gaps g = {0};
	uint64_t begin = __rdtsc(), last = begin;
	while (last - begin < cycles) {
		uint64_t now = __rdtsc();
		if (now - last > g.longest)
			g.longest = now - last;
		g.reads++;
		last = now;
	}
	g.total = last - begin;
	return g;
}
*/
import "C"

import (
	"fmt"
	"runtime"
	"time"

	"golang.org/x/sys/unix"
)

// Gaps is what a loop saw.
type Gaps struct {
	Longest time.Duration // between two reads of the counter
	Reads   uint64
}

// Run spins on a CPU for d or a little longer. The calling goroutine's thread is its own
// from then on, and ends with it.
func Run(cpu int, d time.Duration) (Gaps, error) {
	runtime.LockOSThread()
	var set unix.CPUSet
	set.Set(cpu)
	if err := unix.SchedSetaffinity(0, &set); err != nil {
		return Gaps{}, fmt.Errorf("bind a thread to CPU %d: %w", cpu, err)
	}
	// Cycles per nanosecond, off by less than the longest gap in 20 ms.
	began := time.Now()
	calibration := C.spin(20_000_000)
	hz := float64(calibration.total) / time.Since(began).Seconds()
	g := C.spin(C.uint64_t(d.Seconds() * hz))
	return Gaps{Longest: time.Duration(float64(g.longest) / hz * 1e9), Reads: uint64(g.reads)}, nil
}
