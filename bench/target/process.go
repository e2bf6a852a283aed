// SPDX-License-Identifier: Apache-2.0

package target

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"
)

// stopGrace is how long a process may take to end after it was asked to. Who gives back a
// million packets or routes takes a while.
const stopGrace = 30 * time.Second

// lookEvery is how often a process is looked at that is waited for.
const lookEvery = 2 * time.Millisecond

// Process is a process of a target, with its standard input and what it writes. It has a
// process group of its own, so that Ctrl-C reaches the harness first, and dies with the
// harness if that is killed. One goroutine uses it.
type Process struct {
	name  string
	cmd   *exec.Cmd
	stdin io.WriteCloser
	out   output
	done  chan struct{} // closed when it has been waited for
	err   error         // Wait's result; read after done
}

// StartProcess starts a command. Extra is added to the environment.
func StartProcess(extra []string, name string, args ...string) (*Process, error) {
	p := &Process{name: filepath.Base(name), cmd: exec.Command(name, args...), done: make(chan struct{})}
	p.cmd.Env = append(append(os.Environ(), "LC_ALL=C"), extra...)
	p.cmd.Stdout, p.cmd.Stderr, p.cmd.Dir = &p.out, &p.out, "/"
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	p.cmd.WaitDelay = time.Second
	var err error
	if p.stdin, err = p.cmd.StdinPipe(); err != nil {
		return nil, fmt.Errorf("start %s: %w", name, err)
	}
	if err := p.cmd.Start(); err != nil {
		return nil, fmt.Errorf("start %s: %w", name, err)
	}
	go func() {
		p.err = p.cmd.Wait()
		close(p.done)
	}()
	return p, nil
}

// PID returns the process's id.
func (p *Process) PID() int { return p.cmd.Process.Pid }

// Output returns what the process has written so far, both streams.
func (p *Process) Output() string { return p.out.since(0) }

// Mark returns where the output ends now, for Await.
func (p *Process) Mark() int { return p.out.size() }

// Write gives the process a line on its standard input.
func (p *Process) Write(line string) error {
	if _, err := io.WriteString(p.stdin, line+"\n"); err != nil {
		return fmt.Errorf("%s does not listen any more: %w%s", p.name, err, p.tail())
	}
	return nil
}

// Await waits until what the process has written since a Mark has found, and returns
// it. It fails when the process ends, or ctx does.
func (p *Process) Await(ctx context.Context, mark int, found func(string) bool) (string, error) {
	var text string
	err := p.Until(ctx, func() bool {
		text = p.out.since(mark)
		return found(text)
	})
	return text, err
}

// Until waits until done says so. It fails when the process ends, or ctx does.
func (p *Process) Until(ctx context.Context, done func() bool) error {
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	for {
		if done() {
			return nil
		}
		select {
		case <-tick.C:
		case <-p.done:
			if done() {
				return nil
			}
			return fmt.Errorf("%s has ended: %w%s", p.name, cmpErr(p.err, errors.New("without an error")), p.tail())
		case <-ctx.Done():
			return fmt.Errorf("waiting for %s: %w%s", p.name, context.Cause(ctx), p.tail())
		}
	}
}

func cmpErr(a, b error) error {
	if a != nil {
		return a
	}
	return b
}

// tail is the end of the output, for an error.
func (p *Process) tail() string {
	lines := strings.Split(strings.TrimSpace(p.Output()), "\n")
	lines = lines[max(0, len(lines)-8):]
	if len(lines) == 1 && lines[0] == "" {
		return ""
	}
	return "; its last words:\n  " + strings.Join(lines, "\n  ")
}

// Pause stops all threads of the process, and Resume lets them run again.
func (p *Process) Pause() error { return p.signal(syscall.SIGSTOP) }

// Resume lets a paused process run again.
func (p *Process) Resume() error { return p.signal(syscall.SIGCONT) }

func (p *Process) signal(sig syscall.Signal) error {
	if err := p.cmd.Process.Signal(sig); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("signal %v to %s: %w", sig, p.name, err)
	}
	return nil
}

// Stop sends sig, after Resume, and waits. A process that is still there after 30 s is
// killed with its whole group, which is an error, and so is an exit status other than 0.
func (p *Process) Stop(sig syscall.Signal) error {
	_ = p.Resume()
	_ = p.signal(sig)
	return p.WaitEnd()
}

// WaitEnd waits for the end of a process that was asked for it in its own way, as Stop does.
func (p *Process) WaitEnd() error {
	_ = p.stdin.Close()
	grace := time.NewTimer(stopGrace)
	defer grace.Stop()
	select {
	case <-p.done:
		if p.err != nil {
			return fmt.Errorf("%s: %w%s", p.name, p.err, p.tail())
		}
		return nil
	case <-grace.C:
		p.Kill()
		return fmt.Errorf("%s did not end within %v and was killed%s", p.name, stopGrace, p.tail())
	}
}

// Kill ends the process and its group at once, and waits.
func (p *Process) Kill() {
	_ = syscall.Kill(-p.PID(), syscall.SIGKILL)
	<-p.done
}

// output is what a process writes.
type output struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (o *output) Write(b []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.b.Write(b)
}

func (o *output) since(mark int) string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return string(o.b.Bytes()[min(mark, o.b.Len()):])
}

func (o *output) size() int {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.b.Len()
}
