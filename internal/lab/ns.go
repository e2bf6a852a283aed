// SPDX-License-Identifier: Apache-2.0

package lab

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

const netnsDir = "/run/netns/"

// NS is a named network namespace, as `ip netns` knows it. Any goroutine may use
// it. Root, with the empty name, is the namespace that the program runs in.
type NS struct {
	Name string
}

// Root is the namespace that the program itself runs in.
var Root = &NS{}

// Exists reports whether a namespace of that name exists.
func Exists(name string) bool {
	_, err := os.Stat(netnsDir + name)
	return err == nil
}

// AddNS creates a namespace with the loopback interface up and quiet IPv6 (see
// the package comment). It fails if the name is taken, and leaves nothing behind
// when it fails. The namespace outlives the program: delete it with Delete.
func AddNS(ctx context.Context, name string) (*NS, error) {
	if Exists(name) {
		return nil, fmt.Errorf("network namespace %s exists already", name)
	}
	if _, err := Root.Run(ctx, "ip", "netns", "add", name); err != nil {
		return nil, err
	}
	n := &NS{Name: name}
	err := n.Do(quietIPv6)
	if err == nil {
		_, err = n.Run(ctx, "ip", "link", "set", "lo", "up")
	}
	if err != nil {
		return nil, errors.Join(err, n.Delete(context.WithoutCancel(ctx)))
	}
	return n, nil
}

// quietIPv6 sets what interfaces that come later start with: addresses usable at
// once, link-local ones included, and no packets that nobody asked for.
func quietIPv6() error {
	const dir = "/proc/sys/net/ipv6/conf/"
	if _, err := os.Stat(dir); err != nil {
		return nil // a kernel without IPv6
	}
	for _, conf := range []string{"all", "default"} {
		for _, key := range []string{"accept_dad", "dad_transmits", "accept_ra", "autoconf", "router_solicitations", "accept_redirects", "use_tempaddr"} {
			if err := os.WriteFile(dir+conf+"/"+key, []byte("0"), 0); err != nil {
				return fmt.Errorf("sysctl: %w", err)
			}
		}
	}
	return nil
}

// Delete kills the processes that still run in the namespace and removes it. A
// namespace that is gone already is fine.
func (n *NS) Delete(ctx context.Context) error {
	if n.Name == "" {
		return errors.New("refusing to delete the program's own network namespace")
	}
	if !Exists(n.Name) {
		return nil
	}
	out, err := Root.Run(ctx, "ip", "netns", "pids", n.Name)
	if err == nil {
		for _, s := range strings.Fields(out) {
			// Our own pid appears while a thread of ours is inside.
			if pid, _ := strconv.Atoi(s); pid > 1 && pid != os.Getpid() {
				_ = syscall.Kill(pid, syscall.SIGKILL)
			}
		}
	}
	if _, err := Root.Run(ctx, "ip", "netns", "del", n.Name); err != nil && Exists(n.Name) {
		return err
	}
	return nil
}

// Do runs f on an OS thread that is inside the namespace. Sockets that f opens
// and processes that f starts belong to the namespace and stay there. f must not
// start goroutines that rely on it: they run outside.
func (n *NS) Do(f func() error) error {
	if n.Name == "" {
		return f()
	}
	result := make(chan error)
	go func() { result <- n.do(f) }()
	return <-result
}

func (n *NS) do(f func() error) error {
	runtime.LockOSThread()
	back, err := unix.Open("/proc/thread-self/ns/net", unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		runtime.UnlockOSThread()
		return fmt.Errorf("open /proc/thread-self/ns/net: %w", err)
	}
	defer unix.Close(back)
	err = n.enter()
	if err == nil {
		err = f()
	}
	if backErr := unix.Setns(back, unix.CLONE_NEWNET); backErr != nil {
		// The thread is in the wrong place for good. It stays locked to this
		// goroutine, so the runtime ends it instead of reusing it.
		return errors.Join(err, fmt.Errorf("leave network namespace %s: %w", n.Name, backErr))
	}
	runtime.UnlockOSThread()
	return err
}

func (n *NS) enter() error {
	fd, err := unix.Open(netnsDir+n.Name, unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return fmt.Errorf("open network namespace %s: %w", n.Name, err)
	}
	defer unix.Close(fd)
	if err := unix.Setns(fd, unix.CLONE_NEWNET); err != nil {
		return fmt.Errorf("enter network namespace %s: %w (root needed)", n.Name, err)
	}
	return nil
}

// Run runs a command inside the namespace, until it ends or ctx does, and returns
// its standard output. A failure's error has the command and what it said.
func (n *NS) Run(ctx context.Context, name string, args ...string) (string, error) {
	return n.RunInput(ctx, "", name, args...)
}

// RunInput is Run with something on standard input.
func (n *NS) RunInput(ctx context.Context, input, name string, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Env = append(os.Environ(), "LC_ALL=C")
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	cmd.WaitDelay = time.Second
	if input != "" {
		cmd.Stdin = strings.NewReader(input)
	}
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err := n.Do(cmd.Start)
	if err == nil {
		err = cmd.Wait()
	}
	if err == nil {
		return stdout.String(), nil
	}
	if ctx.Err() != nil {
		err = ctx.Err()
	}
	said := strings.TrimSpace(stderr.String())
	if said == "" {
		said = strings.TrimSpace(stdout.String())
	}
	return stdout.String(), fmt.Errorf("%s%s: %w: %s", n.in(), strings.Join(append([]string{name}, args...), " "), err, said)
}

func (n *NS) in() string {
	if n.Name == "" {
		return ""
	}
	return "in " + n.Name + ": "
}

// Sysctl sets a key such as "net/ipv4/conf/eth0/arp_ignore" inside the namespace.
func (n *NS) Sysctl(key, value string) error {
	return n.Do(func() error {
		if err := os.WriteFile("/proc/sys/"+key, []byte(value), 0); err != nil {
			return fmt.Errorf("%ssysctl: %w", n.in(), err)
		}
		return nil
	})
}
