// SPDX-License-Identifier: Apache-2.0

package gateway

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/parkway-gw/parkway/internal/api"
	"github.com/parkway-gw/parkway/internal/lab"
)

const (
	// Patience bounds every wait for a condition.
	Patience = 20 * time.Second
	// StopLimit is how long a daemon may take to end after a signal.
	StopLimit = 3 * time.Second
)

// Daemon is a `parkway run`, in the namespace NS.
type Daemon struct {
	Dir    string // its own; @DIR@ in the configuration
	Config string // the file
	Socket string // @SOCKET@, in a folder that the daemon makes
	NS     *lab.NS
	API    *api.Client

	t      testing.TB
	lab    *lab.Lab
	proc   *lab.Proc
	before []string // of leftovers
}

// New writes a configuration for a daemon. In it @DIR@, @SOCKET@ and @WORKER@ (the
// last CPU) are replaced, and before them what the pairs in values say.
func New(t testing.TB, l *lab.Lab, text string, values ...string) *Daemon {
	t.Helper()
	d := &Daemon{t: t, lab: l, Dir: t.TempDir(), NS: lab.Root}
	// Others must be able to read what they are given.
	if err := errors.Join(os.Chmod(d.Dir, 0o755), os.Chmod(filepath.Dir(d.Dir), 0o755)); err != nil {
		t.Fatal(err)
	}
	d.Socket = filepath.Join(d.Dir, "run", "parkway.sock")
	d.Config = filepath.Join(d.Dir, "gw.yaml")
	text = strings.NewReplacer(values...).Replace(text)
	text = strings.NewReplacer("@DIR@", d.Dir, "@SOCKET@", d.Socket, "@WORKER@", LastCPU()).Replace(text)
	if err := os.WriteFile(d.Config, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	d.API = api.Dial(d.Socket)
	t.Cleanup(d.API.Close)
	return d
}

// Launch starts the daemon and does not wait. What it could leave is noted before.
func (d *Daemon) Launch() {
	d.t.Helper()
	d.before = d.leftovers()
	var err error
	if d.proc, err = d.lab.Start(d.NS, Binary, "run", "-c", d.Config); err != nil {
		d.t.Fatal(err)
	}
}

// Start launches the daemon and waits until it is healthy.
func (d *Daemon) Start() {
	d.t.Helper()
	d.Launch()
	d.Eventually("the gateway is healthy", func() error {
		h, err := d.API.Health(d.t.Context())
		if err == nil && !h.OK() {
			err = fmt.Errorf("%+v", h)
		}
		return err
	})
}

// Eventually waits until check is satisfied, as long as the daemon runs.
func (d *Daemon) Eventually(what string, check func() error) {
	d.t.Helper()
	if err := d.Await(Patience, what, check); err != nil {
		d.t.Fatalf("%v; log:\n%s", err, d.Log())
	}
}

// Await is Eventually that returns its failure, and has a limit of its own.
func (d *Daemon) Await(limit time.Duration, what string, check func() error) error {
	ctx, cancel := context.WithTimeoutCause(d.t.Context(), limit, fmt.Errorf("%v are over", limit))
	defer cancel()
	ctx, giveUp := context.WithCancelCause(ctx)
	defer giveUp(nil)
	err := lab.Wait(ctx, what, func() error {
		err := check()
		if ended, _ := d.proc.Exited(); ended && err != nil {
			giveUp(errors.New("the daemon has ended"))
		}
		return err
	})
	if err != nil {
		return fmt.Errorf("%w (%w)", err, context.Cause(ctx))
	}
	return nil
}

// Lab is whose processes the daemon's are.
func (d *Daemon) Lab() *lab.Lab { return d.lab }

// Log is what the daemon has written.
func (d *Daemon) Log() string { return d.proc.Log() }

// Pid is the daemon's.
func (d *Daemon) Pid() int { return d.proc.Pid() }

// Counters reads the conservation law.
func (d *Daemon) Counters() api.Counters {
	d.t.Helper()
	c, err := d.API.Counters(d.t.Context())
	if err != nil {
		d.t.Fatalf("%v; log:\n%s", err, d.Log())
	}
	return c
}

// AtRest waits until two readings of the counters, 100 ms apart, agree and every
// packet is accounted for, and returns them.
func (d *Daemon) AtRest() api.Counters {
	d.t.Helper()
	var last string
	var c api.Counters
	d.Eventually("the counters are at rest and balance", func() error {
		c = d.Counters()
		text := fmt.Sprint(c)
		same := text == last
		last = text
		if c.Balance != 0 || !same {
			select { // the two readings must be apart to mean something
			case <-time.After(100 * time.Millisecond):
			case <-d.t.Context().Done():
			}
			return fmt.Errorf("%+v", c)
		}
		return nil
	})
	return c
}

// Stop sends the signal and demands exit status 0 within StopLimit, every mbuf
// back, and nothing left.
func (d *Daemon) Stop(sig syscall.Signal) {
	d.t.Helper()
	d.Terminate(sig)
	d.WantNothingLeft()
}

// Terminate is Stop without looking for what is left.
func (d *Daemon) Terminate(sig syscall.Signal) {
	d.t.Helper()
	began := time.Now()
	if err := d.proc.Stop(d.t.Context(), sig); err != nil {
		d.t.Errorf("%v: %v; log:\n%s", sig, err, d.Log())
	}
	if took := time.Since(began); took > StopLimit {
		d.t.Errorf("it took %v to end after %v; log:\n%s", took, sig, d.Log())
	}
	if !strings.Contains(d.Log(), "every mbuf is back") {
		d.t.Errorf("the log does not say that every mbuf is back:\n%s", d.Log())
	}
}

// Kill ends the daemon with SIGKILL.
func (d *Daemon) Kill() {
	d.t.Helper()
	_ = d.proc.Signal(syscall.SIGKILL)
	ctx, cancel := context.WithTimeout(d.t.Context(), StopLimit)
	defer cancel()
	_ = d.proc.Wait(ctx)
	if ended, _ := d.proc.Exited(); !ended {
		d.t.Fatal("it survived SIGKILL")
	}
}

// Refused runs a daemon that must not start: exit status as given, one line on
// standard error besides the log with all of want in it, nothing left.
func (d *Daemon) Refused(as *syscall.Credential, exit int, want ...string) {
	d.t.Helper()
	d.before = d.leftovers()
	r := Run(d.t, as, "run", "-c", d.Config)
	msg := r.LastLine()
	if r.Exit != exit || r.Stdout != "" || strings.TrimSpace(msg) == "" {
		d.t.Errorf("exit status %d, want %d; stdout %q, stderr:\n%s", r.Exit, exit, r.Stdout, r.Stderr)
	}
	for _, w := range want {
		if !strings.Contains(msg, w) {
			d.t.Errorf("%s\nlacks %q", msg, w)
		}
	}
	messages := 0
	for line := range strings.Lines(r.Stderr) {
		if !strings.HasPrefix(line, "{") && !strings.Contains(line, "warning: ") {
			messages++
		}
	}
	if messages != 1 {
		d.t.Errorf("%d lines beside the log, want 1:\n%s", messages, r.Stderr)
	}
	d.WantNothingLeft()
}

// WantNothingLeft compares what is there with what was before Launch or Refused.
func (d *Daemon) WantNothingLeft() {
	d.t.Helper()
	if after := d.leftovers(); !slices.Equal(after, d.before) {
		d.t.Errorf("left behind: %v; before it was %v", after, d.before)
	}
}

// leftovers lists what a daemon could leave: socket, lock and their folder, DPDK's
// runtime folders, hugepage files, taps, processes. Files elsewhere below Dir are
// the test's.
func (d *Daemon) leftovers() (found []string) {
	h := fnv.New32a()
	_, _ = h.Write([]byte(d.Socket))
	prefix := fmt.Sprintf("parkway-%08x", h.Sum32())
	for _, pattern := range []string{filepath.Dir(d.Socket), filepath.Dir(d.Socket) + "/*", "/var/run/dpdk/" + prefix, "/tmp/dpdk/" + prefix, "/dev/hugepages/" + prefix + "*"} {
		names, _ := filepath.Glob(pattern)
		found = append(found, names...)
	}
	_ = d.NS.Do(func() error {
		taps, _ := os.ReadFile("/proc/thread-self/net/dev")
		for line := range strings.Lines(string(taps)) {
			name, _, _ := strings.Cut(strings.TrimSpace(line), ":")
			if strings.HasPrefix(name, TapPrefix) {
				found = append(found, "interface "+name)
			}
		}
		return nil
	})
	exes, _ := filepath.Glob("/proc/[0-9]*/exe")
	for _, exe := range exes {
		if target, err := os.Readlink(exe); err == nil && target == Binary {
			found = append(found, "process "+filepath.Base(filepath.Dir(exe)))
		}
	}
	return found
}

// TapPrefix begins the names of the tests' taps.
const TapPrefix = "pwt"
