// SPDX-License-Identifier: Apache-2.0

package ports

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/parkway-gw/parkway/internal/lab"
	"github.com/parkway-gw/parkway/test/gateway"
)

// configs/bench-null.yaml as it is, but for its socket and CPU: a worker that never
// finds its queue empty counts every packet and stops as clean as an idle one.
func TestNullAtFullRate(t *testing.T) {
	text := configFile(t, "bench-null.yaml")
	d := gateway.New(t, lab.ForTest(t), text, "/tmp/parkway-bench.sock", "@SOCKET@", `workers: "1"`, `workers: "@WORKER@"`)
	d.Start()
	d.Eventually("a million packets have come in", func() error {
		if c := d.Counters(); c.Rx < 1e6 || c.Drops["l2_bad_source"] < 1e6 { // packets of zeros come from nobody
			return fmt.Errorf("%+v", c)
		}
		return nil
	})
	d.Stop(syscall.SIGTERM)
}

func TestNullAtRest(t *testing.T) {
	d := gateway.New(t, lab.ForTest(t), with())
	d.Start()
	if c := d.AtRest(); c.Rx != 0 || c.Tx != 0 {
		t.Errorf("%+v", c)
	}
	// How much of a CPU an idle adaptive worker takes is the machine's affair; this
	// only says it, and that it is not all of it.
	const window = 500 * time.Millisecond
	before, began := cpuTime(t, d.Pid()), time.Now()
	<-time.After(window)
	share := float64(cpuTime(t, d.Pid())-before) / float64(time.Since(began))
	t.Logf("idle, adaptive, one worker: %.0f %% of a CPU, all threads together", 100*share)
	if share > 0.9 {
		t.Errorf("an idle gateway takes %.0f %% of a CPU", 100*share)
	}
	d.Stop(syscall.SIGINT)
}

// cpuTime is what a process has used so far (proc(5), stat fields 14 and 15).
func cpuTime(t *testing.T, pid int) time.Duration {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "stat"))
	if err != nil {
		t.Fatal(err)
	}
	f := strings.Fields(string(b[strings.LastIndexByte(string(b), ')')+1:]))
	user, _ := strconv.Atoi(f[11])
	system, _ := strconv.Atoi(f[12])
	return time.Duration(user+system) * 10 * time.Millisecond // USER_HZ is 100 everywhere
}
