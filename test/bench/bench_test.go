// SPDX-License-Identifier: Apache-2.0

package bench

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/parkway-gw/parkway/bench"
	"github.com/parkway-gw/parkway/bench/target"
	"github.com/parkway-gw/parkway/internal/lab"
	"github.com/parkway-gw/parkway/test/gateway"
)

func TestMain(m *testing.M) { gateway.Main(m) }

// run is a `parkway bench` with a folder of its own for temporary files.
type run struct {
	cmd          *exec.Cmd
	tmp          string
	stdout, errs lockedBuffer
	done         chan error
}

func start(t *testing.T, name string, args ...string) *run {
	t.Helper()
	tmp, err := os.MkdirTemp("", "b") // short, for sockets' paths have room for 107 octets
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(tmp) })
	r := &run{cmd: exec.Command(name, args...), tmp: tmp, done: make(chan error, 1)}
	r.cmd.Env = append(os.Environ(), "TMPDIR="+r.tmp)
	r.cmd.Stdout, r.cmd.Stderr = &r.stdout, &r.errs
	r.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := r.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() { r.done <- r.cmd.Wait() }()
	t.Cleanup(func() { // what a test that fails would leave
		_ = r.cmd.Process.Kill()
		for pid := range r.systems() {
			_ = syscall.Kill(pid, syscall.SIGKILL)
		}
	})
	return r
}

// exit waits for the end and returns the status.
func (r *run) exit(t *testing.T, within time.Duration) int {
	t.Helper()
	select {
	case err := <-r.done:
		var status *exec.ExitError
		if err != nil && !errors.As(err, &status) {
			t.Fatal(err)
		}
		return r.cmd.ProcessState.ExitCode()
	case <-time.After(within):
		t.Fatalf("it did not end within %v\n%s", within, r.errs.String())
		return 0
	}
}

// systems returns the processes that work on files below the run's folder.
func (r *run) systems() map[int]string {
	found := map[int]string{}
	files, _ := filepath.Glob("/proc/[0-9]*/cmdline")
	for _, file := range files {
		b, _ := os.ReadFile(file)
		if line := strings.ReplaceAll(string(b), "\x00", " "); strings.Contains(line, r.tmp) {
			if pid, err := strconv.Atoi(filepath.Base(filepath.Dir(file))); err == nil {
				found[pid] = line
			}
		}
	}
	return found
}

// nothingLeft demands that no process and no file of the run is left.
func (r *run) nothingLeft(t *testing.T) {
	t.Helper()
	if left := r.systems(); len(left) > 0 {
		t.Errorf("processes are left: %v", left)
	}
	left, err := os.ReadDir(r.tmp)
	if err != nil || len(left) > 0 {
		t.Errorf("files are left: %v, %v", left, err)
	}
}

func twoCPUs(t *testing.T) {
	t.Helper()
	var set unix.CPUSet
	if err := unix.SchedGetaffinity(0, &set); err != nil || set.Count() < 2 {
		t.Skip("a benchmark needs two CPUs")
	}
}

// Every case works, in its quick form: packets flow, none is lost (that would be an
// error), and what is recorded is what is printed.
func TestEveryCaseQuickly(t *testing.T) {
	twoCPUs(t)
	dir := t.TempDir()
	r := start(t, gateway.Binary, "bench", "--quick", "--rounds", "1", "--window", "100ms", "-o", "json", "--record", dir)
	if status := r.exit(t, 8*time.Minute); status != 0 {
		t.Fatalf("status %d\n%s", status, r.errs.String())
	}
	r.nothingLeft(t)
	var results []bench.Result
	if err := json.Unmarshal([]byte(r.stdout.String()), &results); err != nil {
		t.Fatal(err)
	}
	if len(results) < len(bench.Cases()) {
		t.Errorf("%d results of %d cases", len(results), len(bench.Cases()))
	}
	_, missing := exec.LookPath("dpdk-testpmd")
	for _, res := range results {
		recorded, err := bench.Read(filepath.Join(dir, bench.File(res.Case)))
		if err != nil {
			t.Error(err)
			continue
		}
		if recorded.Command != res.Command || len(recorded.Arms) != len(res.Arms) || !res.Quick || res.Commit != "v-e2e" {
			t.Errorf("%s: recorded %+v, printed %+v", res.Case, recorded, res)
		}
		for _, a := range res.Arms {
			lacks := strings.HasPrefix(a.Name, "testpmd") && missing != nil || strings.HasPrefix(a.Name, "ovn") && target.OVNAvailable() != nil ||
				a.Name == "without parking" // nobody has built it
			if lacks != (a.Missing != "") && res.Unit == "Mpps" {
				t.Errorf("%s: %s: missing %q", res.Case, a.Label(), a.Missing)
			}
			searched := strings.HasSuffix(a.Name, " NDR") || strings.HasSuffix(a.Name, " PDR") // a busy machine loses something at any rate
			if a.Missing == "" && res.Unit == "Mpps" && (len(a.Samples) != 1 || a.Median < 0.01 && !searched) {
				t.Errorf("%s: %s: %v", res.Case, a.Label(), a.Samples)
			}
		}
	}
}

// Ctrl-C in the middle of a window, and while a system starts.
func TestInterrupt(t *testing.T) {
	twoCPUs(t)
	for name, word := range map[string]string{"window": "parkway started", "start": "forward-ipv4:"} {
		t.Run(name, func(t *testing.T) {
			r := start(t, gateway.Binary, "bench", "forward-ipv4", "--quick", "--window", "1h")
			if err := until(t, func() bool { return strings.Contains(r.errs.String(), word) }); err != nil {
				t.Fatalf("%v\n%s", err, r.errs.String())
			}
			if err := r.cmd.Process.Signal(os.Interrupt); err != nil {
				t.Fatal(err)
			}
			if status := r.exit(t, time.Minute); status != 1 || !strings.Contains(r.errs.String(), "interrupted") {
				t.Errorf("status %d\n%s", status, r.errs.String())
			}
			r.nothingLeft(t)
		})
	}
}

// Whoever kills the harness has no systems left that poll for ever.
func TestKilled(t *testing.T) {
	twoCPUs(t)
	r := start(t, gateway.Binary, "bench", "forward-ipv4", "--quick", "--window", "1h")
	if err := until(t, func() bool { return strings.Contains(r.errs.String(), "parkway started") }); err != nil {
		t.Fatalf("%v\n%s", err, r.errs.String())
	}
	if len(r.systems()) == 0 {
		t.Fatal("no system is there to be left")
	}
	if left, _ := filepath.Glob(filepath.Join(r.tmp, "*", "*", "dpdk", "*")); len(left) == 0 {
		t.Error("DPDK's own files are not in the run's folder, which goes away, but elsewhere")
	}
	if err := r.cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	r.exit(t, time.Minute)
	if err := until(t, func() bool { return len(r.systems()) == 0 }); err != nil {
		t.Errorf("%v: %v", err, r.systems())
	}
}

func until(t *testing.T, done func() bool) error {
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	return lab.Wait(ctx, "the benchmark", func() error {
		if !done() {
			return errors.New("not yet")
		}
		return nil
	})
}

func TestRefusals(t *testing.T) {
	twoCPUs(t)
	nobody := &syscall.Credential{Uid: 65534, Gid: 65534}
	for _, tc := range []struct {
		as   *syscall.Credential
		args []string
		exit int
		want string
	}{
		{nil, []string{"nonsense"}, 2, `there is no case "nonsense"; the cases are forward-ipv4`},
		{nil, []string{"--memory", "large"}, 2, "--memory is auto, hugepages or no-huge"},
		{nil, []string{"--window", "1us"}, 2, "--window at least 50ms"},
		{nil, []string{"--threshold", "5"}, 2, "--against"},
		{nil, []string{"--against", gateway.Binary, "--record", "x"}, 2, "--record is for results beside the references"},
		{nil, []string{"--against", "/nonexistent/parkway", "flows"}, 1, "--against:"},
		{nobody, []string{"flows", "--memory", "hugepages"}, 1, "no permission to reserve hugepages; run as root, or choose --memory no-huge"},
	} {
		if tc.as != nil && os.Geteuid() != 0 {
			continue
		}
		if res := gateway.Run(t, tc.as, append([]string{"bench"}, tc.args...)...); res.Exit != tc.exit || !strings.Contains(res.Stderr, tc.want) {
			t.Errorf("%v: %+v; want status %d and %q", tc.args, res, tc.exit, tc.want)
		}
	}
	out, err := exec.Command("taskset", "-c", "0", gateway.Binary, "bench", "--quick").CombinedOutput()
	if err == nil || !bytes.Contains(out, []byte("a benchmark needs two CPUs")) {
		t.Errorf("on one CPU: %v, %s", err, out)
	}
}
