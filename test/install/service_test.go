// SPDX-License-Identifier: Apache-2.0

package install

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/parkway-gw/parkway/internal/lab"
	"github.com/parkway-gw/parkway/test/gateway"
)

const unit = repo + "deploy/systemd/parkway.service"

// setting finds KEY= in the unit.
func setting(t *testing.T, key string) string {
	t.Helper()
	b, err := os.ReadFile(unit)
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(b)) {
		if value, ok := strings.CutPrefix(strings.TrimSpace(line), key+"="); ok {
			return value
		}
	}
	t.Fatalf("the unit has no %s=", key)
	return ""
}

// systemd reads the unit without a word, and finds little that it could still take away.
func TestUnit(t *testing.T) {
	analyze, err := exec.LookPath("systemd-analyze")
	if err != nil {
		t.Skip("needs systemd-analyze")
	}
	b, err := os.ReadFile(unit)
	if err != nil {
		t.Fatal(err)
	}
	here := filepath.Join(t.TempDir(), "parkway.service") // its program need not be installed
	if err := os.WriteFile(here, bytes.ReplaceAll(b, []byte("/usr/bin/parkway"), []byte(gateway.Binary)), 0o644); err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command(analyze, "verify", "--man=no", here).CombinedOutput()
	if err != nil || bytes.Contains(out, []byte("parkway.service")) {
		t.Errorf("verify: %v\n%s", err, out)
	}
	if out, err := exec.Command(analyze, "security", "--offline=true", "--threshold=30", here).CombinedOutput(); err != nil {
		t.Errorf("security: %v\n%s", err, out)
	}
}

const config = `
version: 1
dpdk: {memory: {mode: no-huge, size: 256MiB}, mbufs: 10240}
cpu: {control: "0", workers: "@CPU@"}
ports:
  - {name: p-tap, vdev: "net_tap0,iface=pwsvc0", iface_id: a}
logical_switches:
  - name: sw
    ports:
      - {name: a, addresses: [unknown]}
      - {name: a-lr, type: router, addresses: [router], options: {router-port: lrp}}
logical_routers:
  - name: lr0
    ports: [{name: lrp, mac: "02:00:00:00:00:01", networks: [192.0.2.1/24]}]
metrics: {listen: ""}
api: {socket: "@SOCKET@"}
`

// service is the gateway as the unit runs it, as far as that goes without systemd.
type service struct {
	cmd    *exec.Cmd
	stderr bytes.Buffer
	notify *net.UnixConn
	state  string
}

// launch starts it in a namespace as a user who is nobody, with these capabilities alone.
func launch(t *testing.T, l *lab.Lab, caps string) *service {
	t.Helper()
	const nobody = 65534
	dir := t.TempDir()
	// The folders that systemd would have made, and the way to them.
	for d := dir; d != os.TempDir(); d = filepath.Dir(d) {
		if err := os.Chmod(d, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	run, state := filepath.Join(dir, "run"), filepath.Join(dir, "state")
	for _, d := range []string{run, state} {
		if err := os.Mkdir(d, 0o750); err != nil {
			t.Fatal(err)
		}
		if err := os.Chown(d, nobody, nobody); err != nil {
			t.Fatal(err)
		}
	}
	text := strings.NewReplacer("@CPU@", gateway.LastCPU(), "@SOCKET@", run+"/s").Replace(config)
	if err := os.WriteFile(dir+"/gw.yaml", []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	conn, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: dir + "/notify", Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	if err := os.Chmod(dir+"/notify", 0o777); err != nil {
		t.Fatal(err)
	}
	set := "-all"
	for c := range strings.FieldsSeq(caps) {
		set += ",+" + strings.ToLower(strings.TrimPrefix(c, "CAP_"))
	}
	s := &service{notify: conn, state: state}
	s.cmd = exec.Command("ip", "netns", "exec", l.NS(t, "svc").Name,
		"setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups", "--no-new-privs",
		"--bounding-set", set, "--inh-caps", set, "--ambient-caps", set,
		gateway.Binary, "run", "-c", dir+"/gw.yaml")
	s.cmd.Env = append(os.Environ(), "NOTIFY_SOCKET="+dir+"/notify", "WATCHDOG_USEC=400000",
		"RUNTIME_DIRECTORY="+run, "STATE_DIRECTORY="+state)
	s.cmd.Stderr = &s.stderr
	if err := s.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.cmd.Process.Kill() })
	return s
}

// hears waits for a word to systemd.
func (s *service) hears(t *testing.T, want string) {
	t.Helper()
	b := make([]byte, 256)
	for deadline := time.Now().Add(30 * time.Second); ; {
		_ = s.notify.SetReadDeadline(deadline)
		n, err := s.notify.Read(b)
		if err != nil {
			_ = s.cmd.Process.Kill()
			_ = s.cmd.Wait()
			t.Fatalf("no %s: %v; log:\n%s", want, err, &s.stderr)
		}
		if string(b[:n]) == want {
			return
		}
	}
}

// The unit's capabilities are enough for a tap, and the service tells systemd all that
// the unit makes use of; its folders are the ones that systemd gave it.
func TestServiceWithoutRoot(t *testing.T) {
	l := lab.ForTest(t)
	if kind := setting(t, "Type"); kind != "notify" {
		t.Errorf("Type=%s", kind)
	}
	s := launch(t, l, setting(t, "AmbientCapabilities"))
	s.hears(t, "READY=1")
	for range 3 {
		s.hears(t, "WATCHDOG=1")
	}
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", s.cmd.Process.Pid))
	if err != nil || !strings.Contains(string(status), "Uid:\t65534\t65534") || !strings.Contains(string(status), "CapEff:\t0000000000007000") {
		t.Errorf("%v\n%s", err, status)
	}
	if err := s.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	s.hears(t, "STOPPING=1")
	if err := s.cmd.Wait(); err != nil || !strings.Contains(s.stderr.String(), "every mbuf is back") {
		t.Errorf("%v; log:\n%s", err, &s.stderr)
	}
	if _, err := os.Stat(s.state + "/neighbors.json"); err != nil {
		t.Errorf("saved neighbors: %v", err)
	}
}

// Without NET_ADMIN a tap is refused by a line that names the capability.
func TestServiceLacksCapability(t *testing.T) {
	l := lab.ForTest(t)
	s := launch(t, l, "CAP_NET_RAW")
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	stop := context.AfterFunc(ctx, func() { _ = s.cmd.Process.Kill() })
	defer stop()
	if err := s.cmd.Wait(); err == nil || !strings.Contains(s.stderr.String(), "the capability NET_ADMIN is missing") {
		t.Errorf("%v; log:\n%s", err, &s.stderr)
	}
}
