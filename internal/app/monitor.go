// SPDX-License-Identifier: Apache-2.0

package app

import (
	"context"
	"fmt"
	"os"
	"strconv"
	"sync"
	"time"

	"github.com/parkway-gw/parkway/arpbuf"
	"github.com/parkway-gw/parkway/forwarder"
)

const (
	beatPeriod  = time.Second // between two looks; a worker polls at least a hundred times in it
	controlWait = time.Second // for control to answer
)

// monitor looks once in a while whether workers poll and control answers, and feeds
// systemd's watchdog as long as they do.
type monitor struct {
	f *forwarder.Forwarder
	r *arpbuf.Resolver

	mu       sync.Mutex
	problems []string
}

func newMonitor(f *forwarder.Forwarder, r *arpbuf.Resolver) *monitor { return &monitor{f: f, r: r} }

// failing returns what does not run.
func (m *monitor) failing() []string {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.problems
}

func (m *monitor) run(ctx context.Context) error {
	ticker := time.NewTicker(min(beatPeriod, watchdogPeriod()))
	defer ticker.Stop()
	var last []uint64
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
		}
		var polls []uint64
		var problems []string
		for i, w := range m.f.Workers() {
			polls = append(polls, w.Polls)
			if last != nil && last[i] == w.Polls {
				problems = append(problems, fmt.Sprintf("worker %d on CPU %d does not poll", w.Index, w.CPU))
			}
		}
		last = polls
		answer, cancel := context.WithTimeout(ctx, controlWait)
		if err := m.r.Do(answer, func() {}); err != nil && ctx.Err() == nil {
			problems = append(problems, "control does not answer")
		}
		cancel()
		m.mu.Lock()
		m.problems = problems
		m.mu.Unlock()
		if len(problems) == 0 {
			notify("WATCHDOG=1")
		}
	}
}

// watchdogPeriod is half of what systemd waits for (sd_watchdog_enabled(3)).
func watchdogPeriod() time.Duration {
	us, err := strconv.ParseUint(os.Getenv("WATCHDOG_USEC"), 10, 40)
	if err != nil || us < 2000 {
		return beatPeriod
	}
	return time.Duration(us) * time.Microsecond / 2
}
