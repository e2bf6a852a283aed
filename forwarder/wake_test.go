// SPDX-License-Identifier: Apache-2.0

package forwarder

import (
	"net"
	"os"
	"os/exec"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// TestTapWakesWorker: with a tap only, an idle worker sleeps for as long as it may, though
// MaxSleep is short, and a frame ends its sleep.
func TestTapWakesWorker(t *testing.T) {
	const iface = "pwfwd10"
	if _, err := os.Stat("/dev/net/tun"); err != nil || os.Getuid() != 0 {
		t.Skipf("needs root and /dev/net/tun: %v", err)
	}
	defer func(d time.Duration) { watchedSleep = d }(watchedSleep)
	watchedSleep = time.Hour
	cfg := testConfig(article(), 1)
	cfg.Ports = []Port{{Name: "vm1", Device: "net_tap_w0,iface=" + iface, IfaceID: "vm1"}}
	cfg.Adaptive, cfg.MaxSleep = true, 50*time.Microsecond
	f, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	defer nothingLeft(t)
	defer stopForwarder(t, f)
	if err := f.Start(); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command("ip", "link", "set", iface, "up").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	// The kernel says a few things of its own at first.
	asleep := func() {
		t.Helper()
		polls := func() uint64 { return f.Workers()[0].Polls }
		for until := time.Now().Add(20 * time.Second); ; {
			before := polls()
			time.Sleep(5 * time.Millisecond)
			if polls() == before {
				return
			} else if time.Now().After(until) {
				t.Fatal("the worker does not sleep")
			}
		}
	}
	asleep()
	ifi, err := net.InterfaceByName(iface)
	if err != nil {
		t.Fatal(err)
	}
	fd, err := unix.Socket(unix.AF_PACKET, unix.SOCK_RAW|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(fd)
	frame := make([]byte, 60) // for nobody
	copy(frame, []byte{2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 0x88, 0xb5})
	received := func() uint64 { return f.Counters().Rx }
	for range 20 {
		before := received()
		if err := unix.Sendto(fd, frame, 0, &unix.SockaddrLinklayer{Ifindex: ifi.Index}); err != nil {
			t.Fatal(err)
		}
		for start := time.Now(); received() == before; {
			if time.Since(start) > 10*time.Second {
				t.Fatal("the frame did not end the worker's sleep")
			}
		}
		asleep()
	}
}
