// SPDX-License-Identifier: Apache-2.0

package target

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/parkway-gw/parkway/bench/traffic"
)

func TestSaidAt(t *testing.T) {
	text := "noise\ntime=2026-11-22T17:35:36.247558082Z level=INFO msg=\"EAL is up\" memory=no-huge\ntime=2026-11-22T17:35:37Z level=INFO msg=\"the gateway runs\"\n"
	if at, err := saidAt(text, "EAL is up"); err != nil || at.Nanosecond() != 247558082 {
		t.Errorf("%v, %v", at, err)
	}
	if at, err := saidAt(text, "the gateway runs"); err != nil || at.Second() != 37 {
		t.Errorf("%v, %v", at, err)
	}
	if _, err := saidAt(text, "noise"); err == nil {
		t.Error("a line without a time")
	}
}

func TestForwarded(t *testing.T) {
	file := filepath.Join(t.TempDir(), "out.pcap")
	if forwarded(file) {
		t.Error("there is no file")
	}
	s := scenario(IPv4, 16, 16)
	s.Flows = 1
	if err := traffic.WritePcap(file, s.Network().Traffic()); err != nil {
		t.Fatal(err)
	}
	if !forwarded(file) {
		t.Error("a packet of IPv4")
	}
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	b[24+16+12], b[24+16+13] = 0x08, 0x06
	for _, n := range []int{len(b), 24} { // an ARP, a header alone
		if err := os.WriteFile(file, b[:n], 0o600); err != nil {
			t.Fatal(err)
		}
		if forwarded(file) {
			t.Errorf("%d octets without a packet of IP", n)
		}
	}
}

func TestWithoutTenth(t *testing.T) {
	text := "head\n" + strings.Repeat(routeLine+" …}\n", 25) + "tail\n"
	if got := withoutTenth(text); strings.Count(got, routeLine) != 23 || !strings.HasPrefix(got, "head\n") || !strings.HasSuffix(got, "tail\n") {
		t.Errorf("%d routes are left", strings.Count(got, routeLine))
	}
}

func TestPeakMemory(t *testing.T) {
	if n, err := peakMemory(os.Getpid()); err != nil || n < 1<<20 {
		t.Errorf("%d, %v", n, err)
	}
}

// One start of the real thing, with a table small enough.
func TestStartup(t *testing.T) {
	if testing.Short() {
		t.Skip("it builds the program")
	}
	dir := t.TempDir()
	binary := filepath.Join(dir, "parkway")
	if out, err := exec.Command("go", "build", "-o", binary, "../../cmd/parkway").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	s := scenario(IPv4, 300, 16)
	s.Dir, s.Memory, s.Flows, s.Worker = dir, NoHuge, 64, 1
	start, err := NewStartup(s, binary)
	if err != nil {
		t.Fatal(err)
	}
	for range 2 { // what the first one leaves is not in the way of the second
		x, err := start.Run(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if x.Check <= 0 || x.Read <= 0 || x.EAL <= 0 || x.First <= x.Read+x.EAL || x.Stop < x.Exit || x.Exit < 0 || x.Reload <= 0 || x.First > time.Minute {
			t.Errorf("%+v", x)
		}
		if x.Changed != 30 || x.Peak < 32<<20 {
			t.Errorf("%d routes changed, %d octets", x.Changed, x.Peak)
		}
	}
}
