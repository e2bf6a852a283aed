// SPDX-License-Identifier: Apache-2.0

package demo

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/parkway-gw/parkway/internal/lab"
)

// DefaultDir holds the demo's socket, log and state while it is up.
const DefaultDir = "/run/parkway-demo"

const (
	readyTimeout = 20 * time.Second // for the gateway to answer on its socket
	stopTimeout  = 15 * time.Second // for it to end after SIGTERM
	quotedLines  = 20               // of its log, when it fails
)

// Options say where the demo lives. The zero value is the demo that users see.
type Options struct {
	Binary string    // of the gateway; "": this program
	Dir    string    // run directory; "": DefaultDir
	Prefix string    // of the namespaces' names; "": "parkway-"
	Out    io.Writer // results; nil: standard output
	Log    io.Writer // what goes on meanwhile; nil: standard error
}

func (o Options) withDefaults() (Options, error) {
	if o.Dir == "" {
		o.Dir = DefaultDir
	}
	if o.Prefix == "" {
		o.Prefix = "parkway-"
	}
	if o.Out == nil {
		o.Out = os.Stdout
	}
	if o.Log == nil {
		o.Log = os.Stderr
	}
	var err error
	if o.Binary == "" {
		o.Binary, err = os.Executable()
	} else {
		o.Binary, err = filepath.Abs(o.Binary)
	}
	if err == nil && os.Geteuid() != 0 {
		err = errors.New("the demo makes network namespaces and needs root; run it with sudo")
	}
	return o, err
}

// Socket is the path of the gateway's API socket.
func (o Options) Socket() string {
	if o.Dir == "" {
		o.Dir = DefaultDir
	}
	return filepath.Join(o.Dir, socketFile)
}

func (o Options) file(name string) string     { return filepath.Join(o.Dir, name) }
func (o Options) ns(name string) *lab.NS      { return &lab.NS{Name: o.Prefix + name} }
func (o Options) say(format string, a ...any) { fmt.Fprintf(o.Log, format+"\n", a...) }

// Up builds the topology and starts the gateway in the background. When it fails,
// or ctx ends, everything that it had made is gone again and the error quotes the
// gateway's log. What a crashed demo left is removed first.
func Up(ctx context.Context, o Options) error {
	o, err := o.withDefaults()
	if err != nil {
		return err
	}
	if err := o.preflight(ctx); err != nil {
		return err
	}
	if err := o.up(ctx); err != nil {
		clean, cancel := context.WithTimeout(context.WithoutCancel(ctx), 30*time.Second)
		defer cancel()
		return errors.Join(err, o.down(clean))
	}
	o.describe()
	return nil
}

// preflight finds out whether the demo can run here before it touches anything.
func (o Options) preflight(ctx context.Context) error {
	for tool, pkg := range map[string]string{"ip": "iproute2", "ping": "iputils-ping", "tcpdump": "tcpdump"} {
		if _, err := exec.LookPath(tool); err != nil {
			return fmt.Errorf("the demo needs %s; install the package %s", tool, pkg)
		}
	}
	if _, err := os.Stat("/dev/net/tun"); err != nil {
		return errors.New("there is no /dev/net/tun, so no tap can be made; load the tun module, or give the container that device")
	}
	if _, err := os.Stat(o.Binary); err != nil {
		return fmt.Errorf("no gateway to run: %w", err)
	}
	old, err := readState(o.Dir)
	if err != nil {
		return err
	}
	if old != nil {
		if old.Up && old.Gateway.alive() {
			return fmt.Errorf("the demo is up already (pid %d); `parkway demo down` ends it", old.Gateway.Pid)
		}
		if old.Owner.alive() && old.Owner.Pid != os.Getpid() {
			return fmt.Errorf("another `parkway demo up` is at work (pid %d)", old.Owner.Pid)
		}
		o.say("removing what an earlier demo left behind")
		if err := o.down(ctx); err != nil {
			return err
		}
	}
	for _, name := range o.namespaces() {
		if lab.Exists(name) {
			return fmt.Errorf("network namespace %s exists and is not this demo's; `ip netns del %s` removes it", name, name)
		}
	}
	return nil
}

func (o Options) namespaces() []string {
	names := []string{o.Prefix + gatewayNS}
	for _, h := range hosts {
		names = append(names, o.Prefix+h.name)
	}
	return names
}

func (o Options) up(ctx context.Context) error {
	if err := os.MkdirAll(o.Dir, 0o755); err != nil {
		return err
	}
	s := &state{Owner: identify(os.Getpid()), Namespaces: o.namespaces()}
	if err := s.write(o.Dir); err != nil {
		return err
	}
	if err := os.WriteFile(o.file(configFile), []byte(config(o.Socket())), 0o644); err != nil {
		return err
	}
	for _, name := range s.Namespaces {
		if _, err := lab.AddNS(ctx, name); err != nil {
			return err
		}
	}
	if err := o.startGateway(ctx, s); err != nil {
		return err
	}
	moving, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	for _, h := range hosts {
		if err := lab.MoveLink(moving, o.ns(gatewayNS), h.iface, o.ns(h.name)); err != nil {
			return err
		}
		if err := o.ns(h.name).Setup(moving, h.iface, h.Host); err != nil {
			return err
		}
	}
	s.Up = true
	return s.write(o.Dir)
}

// startGateway starts `parkway run` in its namespace, in a session of its own so
// that it outlives this program and its terminal, and waits until it answers.
func (o Options) startGateway(ctx context.Context, s *state) error {
	log, err := os.OpenFile(o.file(logFile), os.O_CREATE|os.O_TRUNC|os.O_WRONLY|os.O_APPEND, 0o644)
	if err != nil {
		return err
	}
	defer log.Close()
	cmd := exec.Command(o.Binary, "run", "-c", o.file(configFile))
	cmd.Stdout, cmd.Stderr, cmd.Dir = log, log, "/"
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if err := o.ns(gatewayNS).Do(cmd.Start); err != nil {
		return fmt.Errorf("start %s: %w", o.Binary, err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	s.Gateway = identify(cmd.Process.Pid)
	if err := s.write(o.Dir); err != nil {
		return err
	}
	if err := os.WriteFile(o.file(pidFile), []byte(strconv.Itoa(s.Gateway.Pid)+"\n"), 0o644); err != nil {
		return err
	}

	ready, cancel := context.WithTimeout(ctx, readyTimeout)
	defer cancel()
	watched, giveUp := context.WithCancelCause(ready)
	defer giveUp(nil)
	go func() {
		select {
		case err := <-ended:
			giveUp(fmt.Errorf("it ended at once (%s)", endedHow(err)))
		case <-watched.Done():
		}
	}()
	if err := lab.Wait(watched, "the gateway", func() error { return o.call(watched, http.MethodGet, "/v1/health") }); err != nil {
		why := context.Cause(watched)
		if errors.Is(why, context.DeadlineExceeded) {
			why = fmt.Errorf("it was not ready after %v: %w", readyTimeout, err)
		}
		return fmt.Errorf("the gateway did not start: %w\n%s", why, o.logTail())
	}
	return nil
}

func endedHow(err error) string {
	if err == nil {
		return "exit status 0"
	}
	return err.Error()
}

// logTail quotes the last lines of the gateway's log.
func (o Options) logTail() string {
	b, err := os.ReadFile(o.file(logFile))
	text := strings.TrimSpace(string(b))
	if err != nil || text == "" {
		return "its log is empty"
	}
	lines := strings.Split(text, "\n")
	if len(lines) > quotedLines {
		lines = lines[len(lines)-quotedLines:]
	}
	return "its log ends:\n  " + strings.Join(lines, "\n  ")
}

// call makes a request to the gateway's API.
func (o Options) call(ctx context.Context, method, path string) error {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	client := http.Client{Transport: &http.Transport{
		DisableKeepAlives: true,
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, "unix", o.Socket())
		},
	}}
	req, err := http.NewRequestWithContext(ctx, method, "http://parkway"+path, nil)
	if err != nil {
		return err
	}
	resp, err := client.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	body, _ := io.ReadAll(io.LimitReader(resp.Body, 4096))
	if resp.StatusCode/100 != 2 {
		return fmt.Errorf("%s %s: %s: %s", method, path, resp.Status, strings.TrimSpace(string(body)))
	}
	return nil
}

func (o Options) describe() {
	o.say("The demo is up. Every host has a network namespace; the gateway is in %s.\n", o.Prefix+gatewayNS)
	for _, h := range hosts {
		o.say("  %-15s %-5s %-18s %s", o.Prefix+h.name, h.iface, h.Addrs[0], h.Addrs[1])
	}
	o.say("\nThe gateway's log is %s. Try:", o.file(logFile))
	o.say("  ip netns exec %s ping %s", o.Prefix+hosts[pc1].name, hosts[pcExt].Addrs[0].Addr())
	o.say("  parkway --socket %s show\n", o.Socket())
}

// downPatience is what Down takes at most.
const downPatience = 30 * time.Second

// Down ends the gateway and removes what Up made, also half of it, and nothing
// else. Without a demo it does nothing. Once begun it goes to its end, also when ctx
// does: a Ctrl-C must not leave half a demo behind.
func Down(ctx context.Context, o Options) error {
	o, err := o.withDefaults()
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), downPatience)
	defer cancel()
	return o.down(ctx)
}

func (o Options) down(ctx context.Context) error {
	s, err := readState(o.Dir)
	if err != nil || s == nil {
		return err
	}
	errs := []error{s.Gateway.terminate(ctx)}
	for _, name := range s.Namespaces {
		if name == "" || strings.ContainsAny(name, "/.") {
			continue // not a name that Up writes
		}
		errs = append(errs, (&lab.NS{Name: name}).Delete(ctx))
	}
	for _, err := range errs[1:] {
		if err != nil {
			return errors.Join(errs...) // keep the state, for the next try
		}
	}
	return errors.Join(append(errs, removeFiles(o.Dir))...)
}

// terminate ends the process with SIGTERM and waits; if that doesn't help it
// kills it and says so.
func (p process) terminate(ctx context.Context) error {
	if !p.alive() {
		return nil
	}
	gone := func() error {
		if p.alive() {
			return fmt.Errorf("pid %d still runs", p.Pid)
		}
		return nil
	}
	_ = syscall.Kill(p.Pid, syscall.SIGTERM)
	wait, cancel := context.WithTimeout(ctx, stopTimeout)
	defer cancel()
	if lab.Wait(wait, "the gateway to end", gone) == nil {
		return nil
	}
	_ = syscall.Kill(p.Pid, syscall.SIGKILL)
	last, cancelLast := context.WithTimeout(context.WithoutCancel(ctx), 2*time.Second)
	defer cancelLast()
	return errors.Join(fmt.Errorf("the gateway (pid %d) ignored SIGTERM and was killed", p.Pid), lab.Wait(last, "the gateway to die", gone))
}
