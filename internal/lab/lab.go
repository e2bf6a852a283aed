// SPDX-License-Identifier: Apache-2.0

package lab

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"slices"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

// closeTimeout bounds the whole clean-up; a process that ignores SIGTERM is
// killed long before.
const closeTimeout = 30 * time.Second

// Lab owns namespaces, processes and whatever else is handed to Defer, and undoes
// them in reverse order. Any goroutine may use it.
type Lab struct {
	prefix string

	closing sync.Mutex // held by Close from beginning to end

	mu     sync.Mutex
	undo   []func(context.Context) error
	closed bool
}

var (
	labCount atomic.Int32
	openMu   sync.Mutex
	openLabs = map[*Lab]struct{}{}
	signals  sync.Once
)

// New makes an empty lab. Its namespaces are called pwlab-PID-NUMBER-…. Close it.
// The first call installs a handler of SIGINT, SIGTERM and SIGHUP that closes
// every open lab and ends the program with status 128 + the signal's number.
func New() *Lab {
	l := &Lab{prefix: fmt.Sprintf("pwlab-%d-%d-", os.Getpid(), labCount.Add(1))}
	openMu.Lock()
	openLabs[l] = struct{}{}
	openMu.Unlock()
	signals.Do(handleSignals)
	return l
}

func handleSignals() {
	ch := make(chan os.Signal, 1)
	signal.Notify(ch, syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP)
	go func() {
		sig := <-ch
		openMu.Lock()
		var labs []*Lab
		for l := range openLabs {
			labs = append(labs, l)
		}
		openMu.Unlock()
		for _, l := range labs {
			if err := l.Close(); err != nil {
				fmt.Fprintln(os.Stderr, "lab:", err)
			}
		}
		os.Exit(128 + int(sig.(syscall.Signal)))
	}()
}

// TB is what the lab needs of a *testing.T; an interface, so that the demo's
// binary does not link the testing package.
type TB interface {
	Helper()
	Context() context.Context
	Cleanup(func())
	Errorf(format string, args ...any)
	Fatal(args ...any)
	Skip(args ...any)
}

// ForTest makes a lab that closes when the test ends; what can't be undone fails
// the test. Without root the test is skipped.
func ForTest(t TB) *Lab {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("network namespaces need root")
	}
	l := New()
	t.Cleanup(func() {
		if err := l.Close(); err != nil {
			t.Errorf("lab: cleaning up: %v", err)
		}
	})
	return l
}

// Add makes a namespace called PREFIX+name and deletes it on Close.
func (l *Lab) Add(ctx context.Context, name string) (*NS, error) {
	n, err := AddNS(ctx, l.prefix+name)
	if err != nil {
		return nil, err
	}
	l.Defer(n.Delete)
	return n, nil
}

// NS is Add for tests: what fails, fails the test.
func (l *Lab) NS(t TB, name string) *NS {
	t.Helper()
	n, err := l.Add(t.Context(), name)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// Defer has f called when the lab closes, before everything that was deferred
// earlier. On a closed lab f is called at once.
func (l *Lab) Defer(f func(context.Context) error) {
	l.mu.Lock()
	if !l.closed {
		l.undo = append(l.undo, f)
		l.mu.Unlock()
		return
	}
	l.mu.Unlock()
	_ = f(context.Background())
}

// Start runs a process inside a namespace and stops it on Close: SIGTERM, and
// SIGKILL after 5 s. Its output goes to the Proc's log.
func (l *Lab) Start(n *NS, name string, args ...string) (*Proc, error) {
	p, err := n.Start(name, args...)
	if err != nil {
		return nil, err
	}
	l.Defer(p.stopQuietly)
	return p, nil
}

// Close undoes everything in reverse order, even when some of it fails, and
// returns what failed. Further calls wait for the first to end and do nothing: a
// test that fails because a signal's handler takes its lab away must not end the
// program before the handler is done.
func (l *Lab) Close() error {
	l.closing.Lock()
	defer l.closing.Unlock()
	l.mu.Lock()
	undo := l.undo
	l.undo, l.closed = nil, true
	l.mu.Unlock()

	ctx, cancel := context.WithTimeout(context.Background(), closeTimeout)
	defer cancel()
	var errs []error
	for _, f := range slices.Backward(undo) {
		if err := f(ctx); err != nil {
			errs = append(errs, err)
		}
	}
	openMu.Lock()
	delete(openLabs, l)
	openMu.Unlock()
	return errors.Join(errs...)
}
