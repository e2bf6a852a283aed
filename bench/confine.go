// SPDX-License-Identifier: Apache-2.0

package bench

import (
	"errors"
	"fmt"
	"os"
	"strconv"

	"golang.org/x/sys/unix"
)

// confine keeps the harness off the worker's CPU until release is called. Its own threads
// send and receive in cases of latency, and a worker that wakes must not find them there.
// Processes that it starts meanwhile inherit that, so daemons come first.
func (r *Runner) confine() (release func() error, err error) {
	cpus, err := allowedCPUs()
	if err != nil {
		return nil, err
	}
	release = func() error { return setAffinity(cpus) }
	if err := setAffinity([]int{r.Control}); err != nil {
		return nil, errors.Join(err, release())
	}
	return release, nil
}

// setAffinity moves all threads of this process. One that starts meanwhile inherits the
// CPUs of the one that starts it, so a second look gets it.
func setAffinity(cpus []int) error {
	var set unix.CPUSet
	for _, cpu := range cpus {
		set.Set(cpu)
	}
	for range 2 {
		tasks, err := os.ReadDir("/proc/self/task")
		if err != nil {
			return err
		}
		for _, t := range tasks {
			tid, err := strconv.Atoi(t.Name())
			if err != nil {
				continue
			}
			if err := unix.SchedSetaffinity(tid, &set); err != nil && !errors.Is(err, unix.ESRCH) {
				return fmt.Errorf("CPUs of the harness's thread %d: %w", tid, err)
			}
		}
	}
	return nil
}
