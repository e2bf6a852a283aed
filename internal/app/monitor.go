// SPDX-License-Identifier: Apache-2.0

package app

import (
	"context"
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
	workers func() []forwarder.WorkerStatus
	control func(context.Context) error // nil when control has answered

	mu       sync.Mutex
	problems []string
}

func newMonitor(f *forwarder.Forwarder, r *arpbuf.Resolver) *monitor {
	return &monitor{workers: f.Workers, control: func(ctx context.Context) error { return r.Do(ctx, func() {}) }}
}

// failing returns what does not run.
func (m *monitor) failing() []string {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.problems
}

func (m *monitor) run(ctx context.Context) error {
	ticker := time.NewTicker(min(beatPeriod, watchdogPeriod()))
	defer ticker.Stop()
	var beats heartbeats
	beats.look(m.workers())
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
		}
		problems, known := beats.look(m.workers())
		answer, cancel := context.WithTimeout(ctx, controlWait)
		if err := m.control(answer); err != nil && ctx.Err() == nil {
			problems = append(problems, "control does not answer")
		}
		cancel()
		m.mu.Lock()
		m.problems = problems
		m.mu.Unlock()
		if known && len(problems) == 0 && ctx.Err() == nil {
			notify("WATCHDOG=1")
		}
	}
}
