// SPDX-License-Identifier: Apache-2.0

package parking

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"time"

	"golang.org/x/sys/unix"

	"github.com/parkway-gw/parkway/cgo"
)

// stopwatch measures a worker's rate by the CPU time that its thread had: on a machine
// that others use too it then says what the worker does, not what it was allowed.
type stopwatch struct {
	g   *gateway
	tsc uint64
	cpu time.Duration
}

func (g *gateway) watch() stopwatch { return stopwatch{g, cgo.TSC(), g.workerTime()} }

// rate is n packets per second of the worker's CPU time, in millions; had is the part of
// the time that it had its CPU.
func (w stopwatch) rate(n uint64) (mpps, had float64) {
	wall, cpu := w.g.since(w.tsc, cgo.TSC()), w.g.workerTime()-w.cpu
	if w.g.tid == 0 {
		cpu = wall
	}
	if cpu <= 0 {
		return 0, 0
	}
	return float64(n) / cpu.Seconds() / 1e6, cpu.Seconds() / wall.Seconds()
}

// until waits until the worker's thread has had so much CPU time, most at most.
func (w stopwatch) until(cpu, most time.Duration) {
	time.Sleep(cpu)
	within(most-cpu, func() bool { return w.g.tid == 0 || w.g.workerTime()-w.cpu >= cpu })
}

// workerTime is the CPU time of the worker's thread.
func (g *gateway) workerTime() time.Duration {
	var ts unix.Timespec
	// The kernel's clock of a thread of ours: MAKE_THREAD_CPUCLOCK(tid, CPUCLOCK_SCHED).
	if g.tid == 0 || unix.ClockGettime(int32(^g.tid<<3|6), &ts) != nil {
		return 0
	}
	return time.Duration(ts.Nano())
}

// onlyThreadOn returns the one thread of this process that is bound to a CPU, or 0.
func onlyThreadOn(cpu int) (tid int) {
	files, _ := filepath.Glob("/proc/self/task/*/status")
	bound := regexp.MustCompile(fmt.Sprintf(`(?m)^Cpus_allowed_list:\t%d$`, cpu))
	for _, name := range files {
		text, err := os.ReadFile(name)
		if err != nil || !bound.Match(text) {
			continue
		}
		if tid != 0 {
			return 0
		}
		tid, _ = strconv.Atoi(filepath.Base(filepath.Dir(name)))
	}
	return tid
}
