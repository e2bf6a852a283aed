// SPDX-License-Identifier: Apache-2.0

package target

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// CPUTime returns how long the threads of a process that may run on that one CPU only
// have run. Polling threads are the only ones that are bound so.
func CPUTime(pid, cpu int) (time.Duration, error) {
	tasks, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*", pid))
	if err != nil {
		return 0, err
	}
	var total time.Duration
	found := false
	for _, task := range tasks {
		status, err := os.ReadFile(filepath.Join(task, "status"))
		if err != nil || allowedCPUs(string(status)) != strconv.Itoa(cpu) {
			continue // it has ended, or is another's
		}
		stat, err := os.ReadFile(filepath.Join(task, "schedstat"))
		if err != nil {
			return 0, fmt.Errorf("CPU time of the worker: %w", err)
		}
		ran, err := ranFor(string(stat))
		if err != nil {
			return 0, fmt.Errorf("%s: %w", filepath.Join(task, "schedstat"), err)
		}
		total += ran
		found = true
	}
	if !found {
		return 0, fmt.Errorf("process %d has no thread bound to CPU %d", pid, cpu)
	}
	return total, nil
}

// allowedCPUs reads /proc/PID/task/TID/status.
func allowedCPUs(status string) string {
	for line := range strings.Lines(status) {
		if list, ok := strings.CutPrefix(line, "Cpus_allowed_list:"); ok {
			return strings.TrimSpace(list)
		}
	}
	return ""
}

// ranFor reads schedstat: nanoseconds on the CPU come first.
func ranFor(stat string) (time.Duration, error) {
	fields := strings.Fields(stat)
	if len(fields) < 2 {
		return 0, fmt.Errorf("%q is no schedstat", stat)
	}
	ns, err := strconv.ParseInt(fields[0], 10, 64)
	return time.Duration(ns), err
}
