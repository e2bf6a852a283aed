// SPDX-License-Identifier: Apache-2.0

package app

import (
	"fmt"
	"os"
	"strconv"
	"time"

	"github.com/parkway-gw/parkway/forwarder"
)

// heartbeats remembers what each worker's poll counter said last. One goroutine at a
// time.
type heartbeats struct {
	last map[int]uint64 // by WorkerStatus.Index
}

// look compares with the last look: which workers have not polled since, and whether
// each was there last time, so that its silence would have shown. A worker that is new
// is no problem, and no proof of life either.
func (h *heartbeats) look(workers []forwarder.WorkerStatus) (problems []string, known bool) {
	now := make(map[int]uint64, len(workers))
	known = true
	for _, w := range workers {
		now[w.Index] = w.Polls
		before, seen := h.last[w.Index]
		switch {
		case !seen:
			known = false
		case before == w.Polls:
			problems = append(problems, fmt.Sprintf("worker %d on CPU %d does not poll", w.Index, w.CPU))
		}
	}
	h.last = now
	return problems, known
}

// watchdogPeriod is half of what systemd waits for (sd_watchdog_enabled(3)), or
// beatPeriod when it does not watch this process.
func watchdogPeriod() time.Duration {
	us, err := strconv.ParseUint(os.Getenv("WATCHDOG_USEC"), 10, 40)
	if err != nil || us < 2000 {
		return beatPeriod
	}
	if pid := os.Getenv("WATCHDOG_PID"); pid != "" && pid != strconv.Itoa(os.Getpid()) {
		return beatPeriod
	}
	return time.Duration(us) * time.Microsecond / 2
}
