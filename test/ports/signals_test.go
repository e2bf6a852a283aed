// SPDX-License-Identifier: Apache-2.0

package ports

import (
	"fmt"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/parkway-gw/parkway/internal/lab"
	"github.com/parkway-gw/parkway/test/gateway"
)

// endless is a gateway whose left port repeats its capture for ever: half of the
// packets are routed, the other half park behind a next hop that never answers.
func endless(t *testing.T) *gateway.Daemon {
	t.Helper()
	in := pcap(t, udp(t, "10.0.2.99", 1), udp(t, "192.0.2.1", 2))
	d := gateway.New(t, lab.ForTest(t), with("@LEFT@", "net_pcap0,rx_pcap="+in+",infinite_rx=1"))
	d.Start()
	d.Eventually("packets are routed, and parked", func() error {
		if c := d.Counters(); c.Tx < 10000 || c.Parked == 0 || c.Drops["park_evicted"] == 0 {
			return fmt.Errorf("%+v", c)
		}
		return nil
	})
	return d
}

func TestSIGTERMUnderTraffic(t *testing.T) { endless(t).Stop(syscall.SIGTERM) }

func TestSIGINTUnderTraffic(t *testing.T) { endless(t).Stop(syscall.SIGINT) }

// A gateway that was killed under traffic is no obstacle to the next one with the
// same socket and the same taps.
func TestStartAfterSIGKILL(t *testing.T) {
	l := lab.ForTest(t)
	d, a, b := taps(t, l)
	if _, err := l.Start(a, "ping", "-q", "-f", "-w", "30", "10.0.2.254"); err != nil {
		t.Fatal(err)
	}
	d.Eventually("traffic flows", func() error {
		if c := d.Counters(); c.Tx < 500 {
			return fmt.Errorf("%+v", c)
		}
		return nil
	})
	d.Kill()
	if stale, _ := filepath.Glob(d.Socket + "*"); len(stale) != 2 {
		t.Errorf("no stale socket and lock to test with: %v", stale)
	}
	for _, n := range []*lab.NS{a, b} { // the taps went with their process
		if err := n.Delete(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	d.Start()
	a, _ = left.join(t, l, d.NS), right.join(t, l, d.NS)
	ping(t, a, "10.0.2.254")
	ping(t, a, "2001:db8:2::fe")
	d.AtRest()
	d.Terminate(syscall.SIGTERM) // the folder of the socket was the killed one's, and stays
	if stale, _ := filepath.Glob(d.Socket + "*"); len(stale) != 0 {
		t.Errorf("left behind: %v", stale)
	}
}
