// SPDX-License-Identifier: Apache-2.0

package lab

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"syscall"
	"time"
)

// stopGrace is how long a process may take to end after SIGTERM. The gateway waits 5 s for
// each of its parts: killed as soon as that, it could not say which one is stuck.
const stopGrace = 10 * time.Second

// Proc is a process in the background. It has a process group of its own, so that
// Ctrl-C reaches the program first, and dies with the program if that is killed.
type Proc struct {
	Name string

	cmd  *exec.Cmd
	log  lockedBuffer
	done chan struct{} // closed when the process has been waited for
	err  error         // Wait's result; read after done
}

// Start runs a command inside the namespace, in the background. The caller stops
// it; Lab.Start sees to that by itself.
func (n *NS) Start(name string, args ...string) (*Proc, error) {
	p := &Proc{Name: filepath.Base(name), cmd: exec.Command(name, args...), done: make(chan struct{})}
	p.cmd.Env = append(os.Environ(), "LC_ALL=C")
	p.cmd.Stdout, p.cmd.Stderr = &p.log, &p.log
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	p.cmd.WaitDelay = time.Second
	if err := n.Do(p.cmd.Start); err != nil {
		return nil, fmt.Errorf("%sstart %s: %w", n.in(), name, err)
	}
	go func() {
		p.err = p.cmd.Wait()
		close(p.done)
	}()
	return p, nil
}

// Pid returns the process's id.
func (p *Proc) Pid() int { return p.cmd.Process.Pid }

// Log returns what the process has written so far, both streams.
func (p *Proc) Log() string { return p.log.String() }

// Exited reports whether the process has ended, and its error if it failed.
func (p *Proc) Exited() (bool, error) {
	select {
	case <-p.done:
		return true, p.err
	default:
		return false, nil
	}
}

// Signal sends a signal; a process that has ended is fine.
func (p *Proc) Signal(sig syscall.Signal) error {
	if err := p.cmd.Process.Signal(sig); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("signal %s: %w", p.Name, err)
	}
	return nil
}

// Wait waits for the process to end and returns its error (an *exec.ExitError for
// a status other than 0), or ctx's when that ends first.
func (p *Proc) Wait(ctx context.Context) error {
	select {
	case <-p.done:
		return p.err
	case <-ctx.Done():
		return fmt.Errorf("waiting for %s to end: %w", p.Name, ctx.Err())
	}
}

// Stop sends sig and waits; a process that is still there after stopGrace, or when ctx
// ends, is killed with its whole group, and that is an error. Otherwise it returns
// what Wait does. On a process that has ended it only returns its result.
func (p *Proc) Stop(ctx context.Context, sig syscall.Signal) error {
	if err := p.Signal(sig); err != nil {
		return err
	}
	grace, cancel := context.WithTimeout(ctx, stopGrace)
	defer cancel()
	err := p.Wait(grace)
	if ended, _ := p.Exited(); ended {
		return err
	}
	_ = syscall.Kill(-p.Pid(), syscall.SIGKILL)
	<-p.done
	return fmt.Errorf("%s ignored %v for %v and was killed", p.Name, sig, stopGrace)
}

// stopQuietly is Stop for cleaning up, where a non-zero status is nobody's
// business but a process that had to be killed is.
func (p *Proc) stopQuietly(ctx context.Context) error {
	if ended, _ := p.Exited(); ended {
		return nil
	}
	err := p.Stop(ctx, syscall.SIGTERM)
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		return nil
	}
	return err
}

type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}
