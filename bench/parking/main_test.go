// SPDX-License-Identifier: Apache-2.0

package parking

import (
	"fmt"
	"os"
	"runtime"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/parkway-gw/parkway/dpdk"
	"github.com/parkway-gw/parkway/dpdk/dpdktest"
)

// full asks for full size.
var full = os.Getenv("PARKWAY_BENCH") == "full"

// sized is the one or the other.
func sized[T any](small, large T) T {
	if full {
		return large
	}
	return small
}

// workerCPU is the worker's, others what is left for everything else.
var (
	workerCPU int
	others    dpdk.CPUSet
)

func TestMain(m *testing.M) {
	allowed, err := dpdk.AllowedCPUs()
	if err != nil {
		panic(err)
	}
	cpus := allowed.List()
	workerCPU, others = cpus[len(cpus)-1], allowed
	if len(cpus) > 1 {
		others = allowed.Without(dpdk.CPUs(workerCPU))
		if err := dpdk.ConfineProcess(others); err != nil {
			panic(err)
		}
	}
	runtime.GOMAXPROCS(4) // the runtime would go by the affinity, and the lcores are not on it
	dpdktest.Main(m)
}

// report gives figures out: into the test's log, and for the table.
func report(t *testing.T, format string, args ...any) {
	t.Helper()
	line := fmt.Sprintf(format, args...)
	t.Log(line)
	name := os.Getenv("PARKWAY_BENCH_TABLE")
	if name == "" {
		return
	}
	f, err := os.OpenFile(name, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close() //nolint:errcheck // the write says it
	if _, err := fmt.Fprintf(f, "%s|%s\n", t.Name()[len("TestCase"):], line); err != nil {
		t.Fatal(err)
	}
}

// wait waits until cond holds, 30 seconds at most.
func wait(t *testing.T, what string, cond func() bool) {
	t.Helper()
	if !within(30*time.Second, cond) {
		t.Fatalf("waited in vain for %s", what)
	}
}

// within reports whether cond held before d was over.
func within(d time.Duration, cond func() bool) bool {
	for end := time.Now().Add(d); !cond(); nap() {
		if time.Now().After(end) {
			return false
		}
	}
	return true
}

// nap sleeps 50 µs, where time.Sleep takes up to a millisecond: the runtime waits for
// timers in epoll_wait, which counts in those.
func nap() { _ = unix.Nanosleep(&unix.Timespec{Nsec: 50_000}, nil) }
