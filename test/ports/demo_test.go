// SPDX-License-Identifier: Apache-2.0

package ports

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/parkway-gw/parkway/internal/demo"
	"github.com/parkway-gw/parkway/internal/lab"
	"github.com/parkway-gw/parkway/test/gateway"
)

// demoLeft lists what a demo makes.
func demoLeft() (found []string) {
	for _, pattern := range []string{demo.DefaultDir, "/run/netns/parkway-*"} {
		names, _ := filepath.Glob(pattern)
		found = append(found, names...)
	}
	exes, _ := filepath.Glob("/proc/[0-9]*/exe")
	for _, exe := range exes {
		if target, err := os.Readlink(exe); err == nil && target == gateway.Binary {
			found = append(found, filepath.Dir(exe))
		}
	}
	return found
}

// Ctrl-C, which reaches the script and all that it runs, at any time leaves nothing;
// nor does a SIGTERM that reaches the script alone.
func TestDemoInterrupted(t *testing.T) {
	l := lab.ForTest(t)
	for _, tc := range []struct {
		name  string
		sig   syscall.Signal
		group bool
		when  func(said string) bool
	}{
		{"while it comes up", syscall.SIGINT, true, func(string) bool { return lab.Exists("parkway-gw") }},
		{"while it pings", syscall.SIGINT, true, func(said string) bool { return strings.Contains(said, "The demo is up") }},
		{"while it goes down", syscall.SIGINT, true, func(said string) bool { return strings.Contains(said, "port lr0-ext") }}, // the end of what show prints
		{"SIGTERM", syscall.SIGTERM, false, func(said string) bool { return strings.Contains(said, "The demo is up") }},
	} {
		t.Run(tc.name, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
			defer cancel()
			if err := lab.Wait(ctx, "another demo on this machine to end", func() error {
				if left := demoLeft(); len(left) > 0 {
					return errors.New(strings.Join(left, " "))
				}
				return nil
			}); err != nil {
				t.Fatal(err)
			}
			p, err := lab.Root.Start("../../scripts/demo.sh", gateway.Binary)
			if err != nil {
				t.Fatal(err)
			}
			l.Defer(func(ctx context.Context) error { // whatever happens, Ctrl-C of the tests included
				if ended, _ := p.Exited(); ended && len(demoLeft()) == 0 {
					return nil
				}
				_ = syscall.Kill(-p.Pid(), syscall.SIGKILL)
				_ = p.Wait(ctx)
				return demo.Down(ctx, demo.Options{Binary: gateway.Binary})
			})
			if err := lab.Wait(ctx, "the moment", func() error {
				if !tc.when(p.Log()) {
					return errors.New(p.Log())
				}
				return nil
			}); err != nil {
				t.Fatal(err)
			}
			target := p.Pid()
			if tc.group {
				target = -target
			}
			if err := syscall.Kill(target, tc.sig); err != nil {
				t.Fatal(err)
			}
			var exit *exec.ExitError
			err = p.Wait(ctx)
			over := err == nil && tc.name == "while it goes down" // the demo itself had ended well
			if !over && (!errors.As(err, &exit) || exit.ExitCode() != 130) {
				t.Errorf("%v, want exit status 130; it said:\n%s", err, p.Log())
			}
			if left := demoLeft(); len(left) > 0 {
				t.Errorf("left behind: %v; it said:\n%s", left, p.Log())
			}
		})
	}
}
