// SPDX-License-Identifier: Apache-2.0

// Package ovn imports from the real thing: an ovsdb-server with OVN's Northbound schema,
// filled by ovn-nbctl; and runs what comes out.
package ovn

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
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

func TestMain(m *testing.M) { gateway.Main(m) }

// fixture begins with the schema of OVN 23.03. The package that has the schema alone,
// ovn-central, would start services.
const fixture = "../../internal/ovnnb/testdata/seed-topology.nb.db"

// server is an ovsdb-server of the test's own.
type server struct {
	t      *testing.T
	file   string // the database
	remote string // unix:PATH
}

// startServer makes a database and serves it until the test ends.
func startServer(t *testing.T) *server {
	t.Helper()
	for _, tool := range []string{"ovsdb-server", "ovsdb-tool", "ovsdb-client", "ovn-nbctl"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skipf("there is no %s; make deps installs it", tool)
		}
	}
	text, err := os.ReadFile(fixture)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	schema := filepath.Join(dir, "schema")
	if err := os.WriteFile(schema, []byte(strings.SplitN(string(text), "\n", 3)[1]), 0o600); err != nil {
		t.Fatal(err)
	}
	s := &server{t: t, file: filepath.Join(dir, "nb.db"), remote: "unix:" + filepath.Join(dir, "nb.sock")}
	s.run("ovsdb-tool", "create", s.file, schema)
	log := filepath.Join(dir, "log")
	cmd := exec.Command("ovsdb-server", "--remote=p"+s.remote, "--remote=db:OVN_Northbound,NB_Global,connections",
		"--unixctl="+filepath.Join(dir, "ctl"), "--log-file="+log, "-vconsole:off", "--no-chdir", s.file)
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	ctx, cancel := context.WithTimeout(t.Context(), gateway.Patience)
	defer cancel()
	err = lab.Wait(ctx, "ovsdb-server listens", func() error {
		_, err := os.Stat(filepath.Join(dir, "nb.sock"))
		if errors.Is(err, fs.ErrNotExist) {
			text, _ := os.ReadFile(log)
			err = fmt.Errorf("%w; %s", err, text)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	s.nbctl("init")
	return s
}

func (s *server) run(name string, args ...string) string {
	s.t.Helper()
	out, err := exec.CommandContext(s.t.Context(), name, args...).CombinedOutput()
	if err != nil {
		s.t.Fatalf("%s %s: %v\n%s", name, strings.Join(args, " "), err, out)
	}
	return string(out)
}

// nbctl runs ovn-nbctl with one transaction per line of text. Words are separated by
// spaces; ~ stands for a space inside of one.
func (s *server) nbctl(text string) string {
	s.t.Helper()
	var out strings.Builder
	for line := range strings.Lines(text) {
		args := []string{"--db=" + s.remote, "--timeout=10"}
		for _, w := range strings.Fields(line) {
			args = append(args, strings.ReplaceAll(w, "~", " "))
		}
		if len(args) > 2 {
			out.WriteString(s.run("ovn-nbctl", args...))
		}
	}
	return out.String()
}

// seed is the article's topology, as an OVN operator types it.
const seed = `
	ls-add sw1 -- ls-add sw2 -- ls-add sw-ext
	lsp-add sw1 sw1-port1 -- lsp-set-addresses sw1-port1 00:00:01:00:00:01~1.1.0.1~2001:db8:1::11
	lsp-add sw1 sw1-port2 -- lsp-set-addresses sw1-port2 00:00:01:00:00:02~1.1.0.2~2001:db8:1::12
	lsp-add sw2 sw2-port3 -- lsp-set-addresses sw2-port3 00:00:02:00:00:03~1.2.0.3~2001:db8:2::13
	lsp-add sw2 sw2-port4 -- lsp-set-addresses sw2-port4 00:00:02:00:00:04~1.2.0.4~2001:db8:2::14
	lr-add lr0 -- set logical-router lr0 options:always_learn_from_arp_request=true options:mac_binding_age_threshold=300
	lrp-add lr0 lrp1 00:00:01:ff:00:01 1.1.254.254/16 2001:db8:1::1/64
	lrp-add lr0 lrp2 00:00:02:ff:00:02 1.2.254.254/16 2001:db8:2::1/64
	lrp-add lr0 lr0-ext 02:0a:7f:00:01:29 192.168.123.254/24 2001:db8:f0f0::1/64 -- set logical-router-port lr0-ext options:gateway_mtu=1500
	lsp-add sw1 sw1-portr0 -- lsp-set-type sw1-portr0 router -- lsp-set-addresses sw1-portr0 00:00:01:ff:00:01 -- lsp-set-options sw1-portr0 router-port=lrp1
	lsp-add sw2 sw2-portr0 -- lsp-set-type sw2-portr0 router -- lsp-set-addresses sw2-portr0 00:00:02:ff:00:02 -- lsp-set-options sw2-portr0 router-port=lrp2
	lsp-add sw-ext ext-lr0 -- lsp-set-type ext-lr0 router -- lsp-set-addresses ext-lr0 02:0a:7f:00:01:29 -- lsp-set-options ext-lr0 router-port=lr0-ext
	lsp-add sw-ext ext-localnet -- lsp-set-type ext-localnet localnet -- lsp-set-addresses ext-localnet unknown -- lsp-set-options ext-localnet network_name=physnet1
	lr-route-add lr0 0.0.0.0/0 192.168.123.1 lr0-ext
`

// listen lets the server listen on TCP too, with a probe after so much silence.
func (s *server) listen(probe time.Duration) string {
	s.t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		s.t.Fatal(err)
	}
	address := l.Addr().String()
	l.Close()
	_, port, _ := net.SplitHostPort(address)
	s.run("ovn-nbctl", "--db="+s.remote, fmt.Sprintf("--inactivity-probe=%d", probe.Milliseconds()), "set-connection", "ptcp:"+port+":127.0.0.1")
	ctx, cancel := context.WithTimeout(s.t.Context(), gateway.Patience)
	defer cancel()
	err = lab.Wait(ctx, "ovsdb-server listens on TCP", func() error {
		c, err := net.Dial("tcp", address)
		if err == nil {
			c.Close()
		}
		return err
	})
	if err != nil {
		s.t.Fatal(err)
	}
	return "tcp:" + address
}
