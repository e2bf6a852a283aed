// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"os"
	"os/exec"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/parkway-gw/parkway/internal/api"
)

var program string // built by TestMain

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "parkway-test-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	program = filepath.Join(dir, "parkway")
	args := []string{"build", "-ldflags", "-X main.version=v-test", "-o", program}
	if info, ok := debug.ReadBuildInfo(); ok && slices.Contains(info.Settings, debug.BuildSetting{Key: "-race", Value: "true"}) {
		args = append(args, "-race") // as these tests
	}
	build := exec.Command("go", append(args, ".")...)
	build.Stderr = os.Stderr
	status := 1
	if err := errors.Join(os.Chmod(dir, 0o755), build.Run()); err == nil { // others run it too
		status = m.Run()
	}
	_ = os.RemoveAll(dir)
	os.Exit(status)
}

type result struct {
	exit           int
	stdout, stderr string
}

// parkway runs the binary to its end.
func parkway(t *testing.T, as *syscall.Credential, args ...string) result {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	var out, errs bytes.Buffer
	cmd := exec.CommandContext(ctx, program, args...)
	cmd.Stdout, cmd.Stderr = &out, &errs
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: as}
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) || ctx.Err() != nil {
		t.Fatalf("%v: %v, %s", args, err, &errs)
	}
	return result{cmd.ProcessState.ExitCode(), out.String(), errs.String()}
}

// lastLine is the message; what comes before it is the log.
func lastLine(s string) string {
	lines := strings.Split(strings.TrimSuffix(s, "\n"), "\n")
	return lines[len(lines)-1]
}

func TestExitStatuses(t *testing.T) {
	bad := filepath.Join(t.TempDir(), "bad.yaml")
	if err := os.WriteFile(bad, []byte("version: 1\nports: [\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		args string
		exit int
		want string // in what it writes
	}{
		{"version", 0, "parkway v-test ("},
		{"check ../../configs/seed.yaml", 0, "ok (5 ports"},
		{"completion bash", 0, "__start_parkway"},
		{"frobnicate", 2, "there is no command"},
		{"show --frobnicate", 2, "unknown flag"},
		{"check " + bad, 3, bad + ":"},
		{"run -c " + bad, 3, bad + ":"},
		{"show --socket /nowhere.sock", 4, "no daemon at /nowhere.sock: there is no such socket; start it with `parkway run -c FILE`"},
	} {
		r := parkway(t, nil, strings.Fields(tc.args)...)
		if r.exit != tc.exit || !strings.Contains(r.stdout+r.stderr, tc.want) {
			t.Errorf("%s: exit %d, stdout %.200q, stderr %q\nwant %d, %q", tc.args, r.exit, r.stdout, r.stderr, tc.exit, tc.want)
		}
		if (tc.exit == 0) != (r.stderr == "") || (tc.exit == 0) == (r.stdout == "") {
			t.Errorf("%s: stdout %d octets, stderr %q", tc.args, len(r.stdout), r.stderr)
		}
	}
}

// daemon is a running `parkway run`.
type daemon struct {
	t      *testing.T
	cmd    *exec.Cmd
	stderr bytes.Buffer
	done   chan struct{}
	dir    string // its own; the socket's is below it and made by the daemon
	config string
	client *api.Client
	before []string // of leftovers
}

func (d *daemon) socket() string { return filepath.Join(d.dir, "run", "parkway.sock") }

// newDaemon writes a configuration: values replace the ones of base.
func newDaemon(t *testing.T, values ...string) *daemon {
	t.Helper()
	d := &daemon{t: t, dir: t.TempDir(), done: make(chan struct{})}
	d.config = filepath.Join(d.dir, "gw.yaml")
	text := strings.NewReplacer(append(values, "@SOCKET@", d.socket(), "@LEFT@", "net_null0,no-rx=1", "@RIGHT@", "net_null1,no-rx=1",
		"@LISTEN@", "", "@WORKERS@", workerCPU(), "@MEMORY@", "no-huge")...).Replace(base)
	if err := os.WriteFile(d.config, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	d.before = d.leftovers()
	return d
}

// workerCPU is the last one that we may use.
func workerCPU() string {
	status, _ := os.ReadFile("/proc/self/status")
	_, list, _ := strings.Cut(string(status), "Cpus_allowed_list:\t")
	list, _, _ = strings.Cut(list, "\n")
	return list[strings.LastIndexAny(list, "-,")+1:]
}

const base = `
version: 1
system: {name: e2e}
dpdk: {memory: {mode: "@MEMORY@", size: 256MiB}, mbufs: 10240}
cpu: {workers: "@WORKERS@", idle: {mode: adaptive, max_sleep: 50us}}
ports:
  - {name: p-left, vdev: "@LEFT@", iface_id: left}
  - {name: p-right, vdev: "@RIGHT@", iface_id: right}
logical_switches:
  - name: sw-left
    ports:
      - {name: left, addresses: ["02:00:00:00:01:02 10.0.1.2"]}
      - {name: left-lr, type: router, options: {router-port: lrp-left}, addresses: [router]}
  - name: sw-right
    ports:
      - {name: right, addresses: [unknown]}
      - {name: right-lr, type: router, options: {router-port: lrp-right}, addresses: [router]}
logical_routers:
  - name: lr0
    ports:
      - {name: lrp-left, mac: "02:00:00:00:01:01", networks: [10.0.1.1/24, "2001:db8:1::1/64"]}
      - {name: lrp-right, mac: "02:00:00:00:02:01", networks: [10.0.2.1/24]}
    static_routes:
      - {ip_prefix: 198.51.100.0/24, nexthop: 10.0.2.254}
arpbuf: {max_age: 60s}
neighbors: {mcast_solicit: 60}
metrics: {listen: "@LISTEN@"}
api: {socket: "@SOCKET@", mode: "0600"}
`

// launch starts the daemon and does not wait.
func (d *daemon) launch() {
	d.t.Helper()
	d.cmd = exec.Command(program, "run", "-c", d.config)
	d.cmd.Stderr = &d.stderr
	if err := d.cmd.Start(); err != nil {
		d.t.Fatal(err)
	}
	d.client = api.Dial(d.socket())
	go func() { _ = d.cmd.Wait(); close(d.done) }()
	d.t.Cleanup(func() {
		_ = d.cmd.Process.Kill()
		<-d.done
		d.client.Close()
	})
}

// start launches the daemon and waits until it is healthy.
func (d *daemon) start() {
	d.t.Helper()
	d.launch()
	d.eventually("it is healthy", func() error {
		h, err := d.client.Health(d.t.Context())
		if err == nil && !h.OK() {
			err = fmt.Errorf("%+v", h)
		}
		return err
	})
}

// eventually waits until check is satisfied and the daemon still runs.
func (d *daemon) eventually(what string, check func() error) {
	d.t.Helper()
	deadline := time.Now().Add(20 * time.Second)
	for {
		err := check()
		if err == nil {
			return
		}
		select {
		case <-d.done:
			d.t.Fatalf("waiting until %s: the daemon has ended: %s", what, &d.stderr)
		default:
		}
		if time.Now().After(deadline) {
			d.t.Fatalf("waiting until %s: %v; log:\n%s", what, err, &d.stderr)
		}
		time.Sleep(10 * time.Millisecond)
	}
}

// stop sends the signal, waits, and wants exit status 0 and nothing left.
func (d *daemon) stop(s os.Signal) {
	d.t.Helper()
	_ = d.cmd.Process.Signal(s)
	select {
	case <-d.done:
	case <-time.After(15 * time.Second):
		d.t.Fatalf("still running 15 s after %v; log:\n%s", s, &d.stderr)
	}
	if code := d.cmd.ProcessState.ExitCode(); code != 0 {
		d.t.Errorf("exit status %d; log:\n%s", code, &d.stderr)
	}
	d.wantNothingLeft()
}

func (d *daemon) wantNothingLeft() {
	d.t.Helper()
	if after := d.leftovers(); !slices.Equal(after, d.before) {
		d.t.Errorf("left behind: %v; before it was %v", after, d.before)
	}
}

// leftovers lists what the daemon could leave: files of its own, DPDK's runtime
// folder, interfaces.
func (d *daemon) leftovers() (found []string) {
	h := fnv.New32a()
	_, _ = h.Write([]byte(d.socket()))
	runtimeDir := fmt.Sprintf("/var/run/dpdk/parkway-%08x", h.Sum32()) // see app's filePrefix
	for _, pattern := range []string{d.dir + "/*", d.dir + "/run/*", runtimeDir, "/sys/class/net/pwtest*"} {
		names, _ := filepath.Glob(pattern)
		found = append(found, names...)
	}
	return found
}
