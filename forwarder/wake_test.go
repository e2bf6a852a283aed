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

// TestTapWakesWorker: with a tap only, an idle worker sleeps for long, though MaxSleep is
// short, and a frame ends its sleep at once.
func TestTapWakesWorker(t *testing.T) {
	const iface = "pwfwd10"
	if _, err := os.Stat("/dev/net/tun"); err != nil || os.Getuid() != 0 {
		t.Skipf("needs root and /dev/net/tun: %v", err)
	}
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
	// The kernel says a few things of its own at first. By the clock there would be some
	// thousand polls in a tenth of a second; asleep there are ten.
	polls := func() uint64 { return f.Workers()[0].Polls }
	for until := time.Now().Add(20 * time.Second); ; {
		before := polls()
		time.Sleep(100 * time.Millisecond)
		if n := polls() - before; n < 100 {
			break
		} else if time.Now().After(until) {
			t.Fatalf("%d polls in a tenth of a second: the worker does not sleep", n)
		}
	}
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
	soon := 0
	for range 20 {
		before := received()
		if err := unix.Sendto(fd, frame, 0, &unix.SockaddrLinklayer{Ifindex: ifi.Index}); err != nil {
			t.Fatal(err)
		}
		start := time.Now()
		for received() == before {
			if time.Since(start) > 10*time.Second {
				t.Fatal("the frame was not received")
			}
		}
		if time.Since(start) < 4*time.Millisecond { // it would sleep for up to ten, five on average
			soon++
		}
		time.Sleep(11 * time.Millisecond) // it has fallen asleep again
	}
	if soon < 15 {
		t.Errorf("%d of 20 frames were received within 4 ms: they do not wake the worker", soon)
	}
}
