// SPDX-License-Identifier: Apache-2.0

package bench

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"github.com/parkway-gw/parkway/bench/target"
)

// Options is what a user chooses.
type Options struct {
	Quick   bool          // seconds instead of minutes, on small tables and ordinary memory
	Rounds  int           // windows of each system; 0: 9, or 2 when quick
	Window  time.Duration // 0: 3 s, or 300 ms when quick
	Memory  target.Memory // "": hugepages if this process may reserve them, ordinary memory otherwise and when quick
	Binary  string        // parkway's
	Version string        // of it
	Against string        // another parkway binary: takes the place of the references, in cases that are a Throughput
	Allowed float64       // percent that Binary may be slower than Against before a check fails; 0: no check
	Log     io.Writer     // progress, for people
}

// Runner runs cases. It has two CPUs, a folder for what runs leave until they end, and
// what the user chose.
type Runner struct {
	Options
	Control, Worker int // CPUs
	Dir             string
	Machine         Machine

	pages *hugepages
	lock  net.Listener
}

const (
	fullRounds, quickRounds = 9, 2
	fullWindow, quickWindow = 3 * time.Second, 300 * time.Millisecond
)

// lockName is an abstract socket: it goes with the process that has it, however that ends.
const lockName = "@parkway-bench"

// NewRunner prepares a run. Close it, whatever happens.
func NewRunner(o Options) (*Runner, error) {
	if o.Log == nil {
		o.Log = io.Discard
	}
	if o.Rounds == 0 {
		o.Rounds = pick(o.Quick, quickRounds, fullRounds)
	}
	if o.Window == 0 {
		o.Window = pick(o.Quick, quickWindow, fullWindow)
	}
	cpus, err := allowedCPUs()
	if err != nil {
		return nil, err
	}
	r := &Runner{Options: o}
	if r.Control, r.Worker, err = chooseCPUs(cpus); err != nil {
		return nil, err
	}
	if r.lock, err = net.Listen("unix", lockName); err != nil {
		if errors.Is(err, unix.EADDRINUSE) {
			return nil, errors.New("another `parkway bench` runs on this machine; two would measure each other: wait for its end")
		}
		return nil, fmt.Errorf("lock of the benchmark: %w", err)
	}
	if err := r.chooseMemory(); err != nil {
		return nil, errors.Join(err, r.Close())
	}
	if r.Dir, err = os.MkdirTemp("", "parkway-bench-"); err != nil {
		return nil, errors.Join(err, r.Close())
	}
	r.Machine = ReadMachine()
	r.Machine.WorkerCPU, r.Machine.ControlCPU = r.Worker, r.Control
	r.Machine.Hugepages = string(r.Memory)
	return r, nil
}

func pick[T any](quick bool, small, large T) T {
	if quick {
		return small
	}
	return large
}

// chooseMemory decides where DPDK's memory comes from.
func (r *Runner) chooseMemory() error {
	r.pages = &hugepages{dir: hugepagesDir}
	switch r.Memory {
	case target.Hugepages:
		return r.pages.usable()
	case target.NoHuge:
	case "":
		r.Memory = target.NoHuge
		if !r.Quick && r.pages.usable() == nil {
			r.Memory = target.Hugepages
		}
	default:
		return fmt.Errorf("there is no memory %q; choose hugepages or no-huge", r.Memory)
	}
	return nil
}

// Close removes what the run has made and puts the hugepages back.
func (r *Runner) Close() error {
	var errs []error
	if r.pages != nil {
		errs = append(errs, r.pages.restore())
	}
	if r.Dir != "" {
		errs = append(errs, os.RemoveAll(r.Dir))
	}
	if r.lock != nil {
		errs = append(errs, r.lock.Close())
	}
	return errors.Join(errs...)
}

// Logf tells the user what happens.
func (r *Runner) Logf(format string, a ...any) { fmt.Fprintf(r.Log, format+"\n", a...) }

// Run runs a case and completes its result.
func (r *Runner) Run(ctx context.Context, c Case) (*Result, error) {
	r.Logf("%s: %s", c.Name, c.Title)
	res, err := c.Run(ctx, r)
	if err != nil {
		return nil, fmt.Errorf("case %s: %w", c.Name, err)
	}
	if _, has := res.Arm(base, firstX(res)); r.Against != "" && !has {
		return nil, fmt.Errorf("case %s has systems of its own; it does not compare two binaries", c.Name)
	}
	res.Schema, res.Case, res.Title, res.Goal = Schema, c.Name, c.Title, c.Goal
	res.Machine, res.Commit, res.When, res.Quick = r.Machine, r.Version, time.Now().UTC().Truncate(time.Second), r.Quick
	if res.Command == "" {
		res.Command = r.command(c.Name)
	}
	if r.Memory == target.NoHuge && !r.Quick {
		res.Notes = append(res.Notes, "Without hugepages: large tables and many packets pay for misses of the TLB that a gateway with hugepages does not have.")
	}
	return res, nil
}

// command repeats a case.
func (r *Runner) command(name string) string {
	words := []string{"parkway bench", name}
	if r.Quick {
		words = append(words, "--quick")
	}
	if r.Against != "" {
		words = append(words, "--against", r.Against)
	}
	words = append(words, fmt.Sprintf("--rounds %d --window %v --memory %s", r.Rounds, r.Window, r.Memory))
	return strings.Join(words, " ")
}

// Folder makes a folder for one system; Close removes it.
func (r *Runner) Folder(name string) (string, error) {
	dir := filepath.Join(r.Dir, name)
	return dir, os.MkdirAll(dir, 0o700)
}

// allowedCPUs is what this process may run on.
func allowedCPUs() (cpus []int, err error) {
	var set unix.CPUSet
	if err := unix.SchedGetaffinity(os.Getpid(), &set); err != nil {
		return nil, fmt.Errorf("the CPUs that this process may run on: %w", err)
	}
	for i := range len(set) * 64 {
		if set.IsSet(i) {
			cpus = append(cpus, i)
		}
	}
	return cpus, nil
}

// chooseCPUs takes the last CPU for the worker and the first for all else.
func chooseCPUs(cpus []int) (control, worker int, err error) {
	if len(cpus) < 2 {
		return 0, 0, fmt.Errorf("a benchmark needs two CPUs, one of them for the worker alone; this process may run on %d; give it more (taskset, the container's cpuset)", len(cpus))
	}
	return cpus[0], cpus[len(cpus)-1], nil
}
