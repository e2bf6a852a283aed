// SPDX-License-Identifier: Apache-2.0

package demo

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/parkway-gw/parkway/internal/lab"
)

// stubMode, in the environment, turns this test program into a stand-in for
// `parkway run -c FILE`: "router" lets the Linux kernel route between veth pairs
// called like the taps, "dies" fails at once, "no-taps" is ready without ports.
const stubMode = "PARKWAY_DEMO_STUB"

func TestMain(m *testing.M) {
	mode := os.Getenv(stubMode)
	if mode == "" || len(os.Args) < 4 || os.Args[1] != "run" || os.Args[2] != "-c" {
		os.Exit(m.Run())
	}
	if err := stub(mode, os.Args[3]); err != nil {
		fmt.Fprintln(os.Stderr, "stub:", err)
		os.Exit(3)
	}
}

const stubSetup = `
link add br1 address 00:00:01:ff:00:01 type bridge
link add br2 address 00:00:02:ff:00:02 type bridge
link add vm1 type veth peer name gw1
link add vm2 type veth peer name gw2
link add vm3 type veth peer name gw3
link add vm4 type veth peer name gw4
link add ext0 type veth peer name gwext address 02:0a:7f:00:01:29
link set gw1 master br1 up
link set gw2 master br1 up
link set gw3 master br2 up
link set gw4 master br2 up
addr add 1.1.254.254/16 dev br1
addr add 1.2.254.254/16 dev br2
addr add 192.168.123.254/24 dev gwext
addr add 2001:db8:1::1/64 dev br1 nodad
addr add 2001:db8:2::1/64 dev br2 nodad
addr add 2001:db8:f0f0::1/64 dev gwext nodad
link set br1 up
link set br2 up
link set gwext up
`

func stub(mode, configFile string) error {
	if mode == "dies" {
		return fmt.Errorf("cannot find a port")
	}
	text, err := os.ReadFile(configFile)
	if err != nil {
		return err
	}
	socket := regexp.MustCompile(`socket: "(.*?)"`).FindSubmatch(text)
	if socket == nil {
		return fmt.Errorf("no socket in %s", configFile)
	}
	if mode == "router" {
		setup := stubSetup
		if exec.Command("ip", "link", "add", "br9", "type", "bridge").Run() != nil {
			// A kernel without bridges: one host per router port is enough.
			setup = strings.NewReplacer("link add br1 address 00:00:01:ff:00:01 type bridge\n", "", "link add br2 address 00:00:02:ff:00:02 type bridge\n", "",
				" master br1", "", " master br2", "", "link set br1 up\n", "", "link set br2 up\n", "", "dev br1", "dev gw1", "dev br2", "dev gw3").Replace(setup)
		}
		if _, err := lab.Root.RunInput(context.Background(), setup, "ip", "-batch", "-"); err != nil {
			return err
		}
		for _, key := range []string{"net/ipv4/ip_forward", "net/ipv6/conf/all/forwarding"} {
			if err := lab.Root.Sysctl(key, "1"); err != nil {
				return err
			}
		}
	}
	l, err := net.Listen("unix", string(socket[1]))
	if err != nil {
		return err
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /v1/health", func(http.ResponseWriter, *http.Request) {})
	mux.HandleFunc("POST /v1/neighbors/flush", func(w http.ResponseWriter, r *http.Request) {
		if _, err := lab.Root.Run(r.Context(), "ip", "neigh", "flush", "all"); err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
		}
	})
	go http.Serve(l, mux)
	ch := make(chan os.Signal, 1)
	signal.Notify(ch, syscall.SIGTERM)
	<-ch
	return nil
}

func killAndWait(t *testing.T, p process) {
	t.Helper()
	_ = syscall.Kill(p.Pid, syscall.SIGKILL)
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	if err := lab.Wait(ctx, "the stub to die", func() error {
		if p.alive() {
			return os.ErrExist
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
}
