// SPDX-License-Identifier: Apache-2.0

package peers

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/parkway-gw/parkway/internal/lab"
	"github.com/parkway-gw/parkway/test/gateway"
)

// testpmd starts a generator (txonly) or sink (rxonly) on one port, in ordinary memory.
func testpmd(t *testing.T, l *lab.Lab, name, device, mode string, args ...string) *lab.Proc {
	t.Helper()
	prefix := fmt.Sprintf("pwpeer-%d-%s", os.Getpid(), name)
	t.Cleanup(func() { _ = os.RemoveAll(filepath.Join("/var/run/dpdk", prefix)) }) // of one that was killed
	p, err := l.Start(lab.Root, "dpdk-testpmd", append([]string{"--no-huge", "-m", "128", "--no-pci", "--lcores", "(0-1)@(0-" + gateway.LastCPU() + ")",
		"--file-prefix", prefix, "--vdev", device, "--", "--no-mlockall", "--total-num-mbufs=4096", "--nb-cores=1",
		"--forward-mode=" + mode, "--auto-start", "--stats-period=60"}, args...)...)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// A generator at full rate and its sink are killed, at once and in turn, and come back: no
// word of farewell, rings half full. Packets flow again, nothing leaks, and the gateway's
// counters balance.
func TestKilledUnderTraffic(t *testing.T) {
	if _, err := exec.LookPath("dpdk-testpmd"); err != nil {
		t.Skip("there is no dpdk-testpmd; apt-get install dpdk")
	}
	for _, k := range kinds {
		t.Run(k.name, func(t *testing.T) {
			d := k.start(t, `metrics: {listen: ""}`, `static_mac_bindings: [{logical_port: lr-green, ip: 198.19.0.2, mac: "02:00:00:00:02:02"}]`+"\n"+`metrics: {listen: ""}`)
			blue := func() *lab.Proc {
				return testpmd(t, d.Lab(), "blue", k.testpmd(socket(d, "blue")), "txonly", "--eth-peer=0,02:00:00:00:01:01", "--tx-ip=198.18.0.2,198.19.0.2")
			}
			green := func() *lab.Proc { return testpmd(t, d.Lab(), "green", k.testpmd(socket(d, "green")), "rxonly") }
			flows := func() {
				t.Helper()
				links(t, d, "up", "up")
				from := d.Counters().Tx
				d.Eventually("ten thousand packets more", func() error {
					if n := d.Counters().Tx - from; n < 10_000 {
						return fmt.Errorf("%d", n)
					}
					return nil
				})
			}
			kill := func(p *lab.Proc) {
				t.Helper()
				if err := p.Signal(syscall.SIGKILL); err != nil {
					t.Fatal(err)
				}
				var exit *exec.ExitError
				if err := p.Wait(t.Context()); !errors.As(err, &exit) {
					t.Fatal(err)
				}
			}
			source, sink := blue(), green()
			flows()
			kill(sink)
			links(t, d, "up", "down")
			sink = green()
			flows()
			kill(source)
			links(t, d, "down", "up")
			source = blue()
			flows()
			kill(source)
			kill(sink)
			links(t, d, "down", "down")
			source, sink = blue(), green()
			flows()
			kill(source)
			kill(sink)
			c := d.AtRest()
			t.Logf("received %d, sent %d", c.Rx, c.Tx)
			d.Stop(syscall.SIGTERM)
		})
	}
}
