// SPDX-License-Identifier: Apache-2.0

package gateway

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/parkway-gw/parkway/internal/lab"
)

// Binary is the program under test; Main builds it.
var Binary string

// Main is a TestMain: it builds the binary into a temporary folder that goes away
// with the tests, Ctrl-C included. What the tests need besides is around their run.
func Main(m *testing.M, around ...func(run func() int) int) {
	os.Exit(run(m, around))
}

func run(m *testing.M, around []func(run func() int) int) int {
	l := lab.New()
	defer l.Close()
	dir, err := os.MkdirTemp("", "parkway-e2e-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	l.Defer(func(context.Context) error { return os.RemoveAll(dir) })
	Binary = filepath.Join(dir, "parkway")
	if err := os.Chmod(dir, 0o755); err != nil { // others run it too
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	// The lab's, so that Ctrl-C ends it before the folder goes.
	build, err := l.Start(lab.Root, "go", "build", "-ldflags", "-X main.version=v-e2e", "-o", Binary, "github.com/parkway-gw/parkway/cmd/parkway")
	if err == nil {
		if err = build.Wait(context.Background()); err != nil {
			err = fmt.Errorf("%w\n%s", err, build.Log())
		}
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "building the gateway:", err)
		return 1
	}
	tests := m.Run
	for _, f := range around {
		inner := tests
		tests = func() int { return f(inner) }
	}
	return tests()
}

// Result is what a command did.
type Result struct {
	Exit           int
	Stdout, Stderr string
}

// LastLine is the message; what comes before it is the log.
func (r Result) LastLine() string {
	lines := strings.Split(strings.TrimSuffix(r.Stderr, "\n"), "\n")
	return lines[len(lines)-1]
}

// Run runs the binary to its end, within 30 s; as is whom it runs as, nil for us.
func Run(t testing.TB, as *syscall.Credential, args ...string) Result {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	var out, errs bytes.Buffer
	cmd := exec.CommandContext(ctx, Binary, args...)
	cmd.Stdout, cmd.Stderr, cmd.Dir = &out, &errs, "/"
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: as, Pdeathsig: syscall.SIGKILL}
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) || ctx.Err() != nil {
		t.Fatalf("%v: %v, %s", args, err, &errs)
	}
	return Result{cmd.ProcessState.ExitCode(), out.String(), errs.String()}
}

// LastCPU is the last CPU that this process may run on: a worker's.
func LastCPU() string {
	status, _ := os.ReadFile("/proc/self/status")
	_, list, _ := strings.Cut(string(status), "Cpus_allowed_list:\t")
	list, _, _ = strings.Cut(list, "\n")
	return list[strings.LastIndexAny(list, "-,")+1:]
}
