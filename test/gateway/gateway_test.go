// SPDX-License-Identifier: Apache-2.0

// Package gateway_test runs the built binary on net_tap ports with real Linux
// hosts around it, in network namespaces, and looks at it as a user does: through
// ping, curl, iperf3, tcpdump and the command line. Every test starts a gateway of
// its own, and at its end the counters balance, SIGTERM ends it with status 0, and
// nothing of it is left. It needs root, iproute2, iputils-ping, tcpdump, ethtool, curl
// and iperf3.
package gateway_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"hash/fnv"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/parkway-gw/parkway/internal/api"
	"github.com/parkway-gw/parkway/internal/lab"
)

const (
	testTimeout  = 100 * time.Second // of one test; what hangs ends here
	startTimeout = 30 * time.Second  // of a gateway on a busy machine
	restTimeout  = 10 * time.Second  // for the counters to stand still
)

var parkway string // bin/parkway as users get it

func TestMain(m *testing.M) { os.Exit(run(m)) }

func run(m *testing.M) int {
	if os.Geteuid() != 0 {
		return m.Run() // every test skips
	}
	l := lab.New() // so that the folder goes away on Ctrl-C too
	defer l.Close()
	dir, err := os.MkdirTemp("", "parkway-e2e-")
	if err == nil {
		l.Defer(func(context.Context) error { return os.RemoveAll(dir) })
		parkway = filepath.Join(dir, "parkway")
		var out []byte
		if out, err = exec.Command("go", "build", "-o", parkway, "../../cmd/parkway").CombinedOutput(); err != nil {
			err = fmt.Errorf("go build: %w\n%s", err, out)
		}
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return m.Run()
}

// gateway is a running `parkway run` and the hosts around it.
type gateway struct {
	*testing.T
	ctx    context.Context
	lab    *lab.Lab
	ns     *lab.NS
	proc   *lab.Proc
	dir    string
	socket string
	client *api.Client
	hosts  map[string]*lab.NS
	links  map[string]string // the tap in each host's namespace
}

// start runs a gateway with a configuration, whose @SOCKET@ it fills in, in a
// namespace of its own, and checks at the test's end what package gateway_test says.
func start(t *testing.T, config string) *gateway {
	t.Helper()
	g := &gateway{T: t, dir: t.TempDir(), hosts: map[string]*lab.NS{}, links: map[string]string{}}
	t.Cleanup(g.wantNamespacesGone) // runs last
	g.lab = lab.ForTest(t)
	ctx, cancel := context.WithTimeout(t.Context(), testTimeout)
	t.Cleanup(cancel)
	g.ctx, g.ns = ctx, g.lab.NS(t, "gw")
	g.socket = filepath.Join(g.dir, "run", "gw.sock")
	file := filepath.Join(g.dir, "gateway.yaml")
	g.must(os.WriteFile(file, []byte(strings.ReplaceAll(config, "@SOCKET@", g.socket)), 0o644))
	g.client = api.Dial(g.socket)
	t.Cleanup(g.client.Close)
	var err error
	g.proc, err = g.lab.Start(g.ns, parkway, "run", "-c", file)
	g.must(err)
	t.Cleanup(g.stop) // runs first
	wait, stopWaiting := context.WithTimeout(ctx, startTimeout)
	defer stopWaiting()
	watched, giveUp := context.WithCancelCause(wait)
	defer giveUp(nil)
	g.must(lab.Wait(watched, "the gateway to answer", func() error {
		if ended, err := g.proc.Exited(); ended {
			giveUp(err)
			return fmt.Errorf("it has ended (%v)", err)
		}
		h, err := g.client.Health(watched)
		if err == nil && !h.OK() {
			err = errors.New(strings.Join(h.Problems, "; "))
		}
		return err
	}))
	return g
}

func (g *gateway) must(err error) {
	g.Helper()
	if err != nil {
		g.Fatal(err)
	}
}

// stop asserts what holds at the end of every test.
func (g *gateway) stop() {
	defer func() {
		if g.Failed() {
			g.Logf("the gateway's log:\n%s", g.proc.Log())
		}
	}()
	ctx, cancel := context.WithTimeout(context.Background(), restTimeout+10*time.Second)
	defer cancel()
	if ended, err := g.proc.Exited(); ended {
		g.Errorf("the gateway has ended by itself: %v", err)
		return
	}
	g.wantBalance(ctx)
	if err := g.proc.Stop(ctx, syscall.SIGTERM); err != nil {
		g.Errorf("SIGTERM: %v", err)
	}
	if !strings.Contains(g.proc.Log(), "every mbuf is back") {
		g.Errorf("the gateway does not say that every mbuf is back")
	}
	if err := syscall.Kill(g.proc.Pid(), 0); !errors.Is(err, syscall.ESRCH) {
		g.Errorf("its process is still there: %v", err)
	}
	for name, ns := range g.hosts {
		if ns.HasLink(g.links[name]) {
			g.Errorf("tap %s is still in %s", g.links[name], ns.Name)
		}
	}
	if out, err := g.ns.Run(ctx, "ip", "-o", "link", "show"); err != nil || strings.Count(out, "\n") != 1 {
		g.Errorf("its namespace has more than lo left: %v\n%s", err, out)
	}
	h := fnv.New32a()
	_, _ = h.Write([]byte(g.socket))
	for _, path := range []string{g.socket, g.socket + ".lock", filepath.Dir(g.socket), fmt.Sprintf("/var/run/dpdk/parkway-%08x", h.Sum32())} {
		if _, err := os.Lstat(path); !errors.Is(err, os.ErrNotExist) {
			g.Errorf("%s is left (%v)", path, err)
		}
	}
	if out, err := lab.Root.Run(ctx, parkway, "--socket", g.socket, "show"); exitStatus(err) != 4 {
		g.Errorf("show without a daemon: %v, want exit status 4\n%s", err, out)
	}
}

func exitStatus(err error) int {
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		return exit.ExitCode()
	}
	return 0
}

func (g *gateway) wantNamespacesGone() {
	for _, ns := range append([]*lab.NS{g.ns}, values(g.hosts)...) {
		if ns != nil && lab.Exists(ns.Name) {
			g.Errorf("namespace %s is left", ns.Name)
		}
	}
}

func values(m map[string]*lab.NS) (out []*lab.NS) {
	for ns := range maps.Values(m) {
		out = append(out, ns)
	}
	return out
}

// wantBalance waits until two looks in a row are the same, and asserts the
// conservation law on them.
func (g *gateway) wantBalance(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, restTimeout)
	defer cancel()
	var last, now api.Counters
	text := "\x00"
	if err := lab.Wait(ctx, "the counters to be at rest", func() error {
		out, err := lab.Root.Run(ctx, parkway, "--socket", g.socket, "show", "counters", "-o", "json")
		if err != nil {
			return err
		}
		same := out == text
		text, last = out, now
		if err := json.Unmarshal([]byte(out), &now); err != nil {
			return err
		}
		if !same || now.Balance != 0 { // what control has just said may not have left yet
			return fmt.Errorf("balance %d, then %d; they still move", last.Balance, now.Balance)
		}
		return nil
	}); err != nil {
		g.Errorf("show counters: %v: %s", err, text)
		return
	}
	if now.Rx == 0 || now.Tx == 0 {
		g.Errorf("show counters: nothing was counted: %s", text)
	}
}

// cli runs a command of the binary against the gateway.
func (g *gateway) cli(args ...string) string {
	g.Helper()
	out, err := lab.Root.Run(g.ctx, parkway, append([]string{"--socket", g.socket}, args...)...)
	g.must(err)
	return out
}

// show decodes `show WHAT -o json`.
func show[T any](g *gateway, what string) (v T) {
	g.Helper()
	out := g.cli("show", what, "-o", "json")
	if err := json.Unmarshal([]byte(out), &v); err != nil {
		g.Fatalf("show %s: %v in %s", what, err, out)
	}
	return v
}

// capture starts a capture in a host's namespace; wait ends it and gives its frames.
func (g *gateway) capture(host string, filter ...string) *lab.Capture {
	g.Helper()
	c, err := g.hosts[host].Capture(g.ctx, g.links[host], filepath.Join(g.dir, fmt.Sprintf("%s-%d.pcap", host, time.Now().UnixNano())), filter...)
	g.must(err)
	return c
}

// frames ends a capture.
func (g *gateway) frames(c *lab.Capture) []lab.Frame {
	g.Helper()
	frames, err := c.Stop(g.ctx)
	g.must(err)
	return frames
}
