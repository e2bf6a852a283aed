// SPDX-License-Identifier: Apache-2.0

package ports

import (
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/parkway-gw/parkway/internal/lab"
	"github.com/parkway-gw/parkway/test/gateway"
)

// What the configuration file can be wrong about: exit status 3, one line with the
// place and the mend, nothing started. cmd/parkway's tests have what the machine can
// be wrong about: a missing driver, CPU, permission or hugepage, a port in use.
func TestBadConfigurations(t *testing.T) {
	const lsp = `{name: left, addresses: ["02:00:00:00:01:02 10.0.1.2 2001:db8:1::2"]}`
	const lrp = `{name: lrp-right, mac: "02:00:00:00:02:01", networks: [10.0.2.1/24, "2001:db8:2::1/64"]}`
	for _, tc := range []struct {
		name, old, new string
		want           []string
	}{
		{"unknown key", "max_age:", "max_aeg:", []string{`unknown key "max_aeg" in arpbuf; did you mean "max_age"?`}},
		{"wrong type", "mbufs: 12288", "mbufs: many", []string{`dpdk.mbufs wants a whole number, not the text "many"; write a whole number`}},
		{"duplicate name", "name: sw-right", "name: sw-left", []string{`"sw-left"`, "(first at 10:"}},
		{"duplicate MAC", lsp, strings.Replace(lsp, "01:02", "01:01", 1), []string{"02:00:00:00:01:01", "(first at "}},
		{"dangling router-port", lsp, lsp + "\n      - {name: up-lr, type: router, options: {router-port: lrp-up}, addresses: [router]}",
			[]string{`switch port "up-lr" leads to router port "lrp-up", which doesn't exist; give the name`}},
		{"overlapping subnet", lrp, strings.Replace(lrp, "2001:db8:2::1/64", "2001:db8::1/32", 1), []string{`network 2001:db8:1::/64 of router port "lrp-left" overlaps 2001:db8::/32 of "lrp-right" (first at 22:`}},
		{"memory too small", "size: 256MiB", "size: 64MiB", []string{"DPDK memory of 64MiB is too small: it must hold"}},
		{"pool too small", "mbufs: 12288", "mbufs: 2048", []string{"a pool of 2048 mbufs is too small: it must hold"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			text := with()
			if !strings.Contains(text, tc.old) {
				t.Fatalf("the base has no %s", tc.old)
			}
			d := gateway.New(t, lab.ForTest(t), text, tc.old, tc.new)
			d.Refused(nil, 3, append(tc.want, d.Config+":")...)
		})
	}
}

func TestUnreadableConfigurations(t *testing.T) {
	l := lab.ForTest(t)
	t.Run("missing", func(t *testing.T) {
		d := gateway.New(t, l, with())
		_ = os.Remove(d.Config)
		d.Refused(nil, 3, d.Config, "no such file")
	})
	t.Run("a folder", func(t *testing.T) {
		d := gateway.New(t, l, with())
		d.Config = d.Dir
		d.Refused(nil, 3, d.Dir, "directory")
	})
	t.Run("another's", func(t *testing.T) {
		d := gateway.New(t, l, with())
		if err := os.Chmod(d.Config, 0o600); err != nil {
			t.Fatal(err)
		}
		d.Refused(&syscall.Credential{Uid: 65534, Gid: 65534}, 3, d.Config, "permission denied")
	})
}

// Another program's socket is left alone.
func TestSocketOfAnotherProgram(t *testing.T) {
	d := gateway.New(t, lab.ForTest(t), with())
	if err := os.Mkdir(filepath.Dir(d.Socket), 0o755); err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("unix", d.Socket)
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	d.Refused(nil, 1, "parkway: another program answers on "+d.Socket+"; stop it, or choose another api.socket")
	conn, err := net.Dial("unix", d.Socket)
	if err != nil {
		t.Fatalf("the other program's socket: %v", err)
	}
	_ = conn.Close()
}

// Two gateways with sockets of their own on one tap would each get half of its
// packets: the kernel lets both have queues of it.
func TestSecondInstanceOnTheSameTap(t *testing.T) {
	l := lab.ForTest(t)
	taps := []string{"@LEFT@", "net_tap0,iface=pwtl", "@RIGHT@", "net_tap1,iface=pwtr"}
	first := gateway.New(t, l, with(taps...))
	first.Start()
	second := gateway.New(t, l, with(taps...))
	second.Refused(nil, 1, `parkway: port "p-left" (net_tap0,iface=pwtl): the interface pwtl is there already and in use; stop what uses it`)
	if h, err := first.API.Health(t.Context()); err != nil || !h.OK() {
		t.Errorf("the first: %+v, %v", h, err)
	}
	first.Stop(syscall.SIGTERM)
}
