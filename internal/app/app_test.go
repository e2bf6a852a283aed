// SPDX-License-Identifier: Apache-2.0

package app

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/parkway-gw/parkway/internal/api"
	"github.com/parkway-gw/parkway/internal/config"
)

// What `show config` shows is what the gateway was started with: read as a file it
// is the same configuration.
func TestShownConfigMeansTheSame(t *testing.T) {
	files, err := filepath.Glob("../../configs/*.yaml")
	if err != nil || len(files) < 3 {
		t.Fatalf("%v, %v", files, err)
	}
	for _, file := range files {
		want, err := config.Load(file)
		if err != nil {
			t.Errorf("%v", err)
			continue
		}
		text, err := api.Encode(viewConfig(want))
		if err != nil {
			t.Fatal(err)
		}
		got, err := config.Parse(file, text)
		if err != nil {
			t.Errorf("%s\n%v", text, err)
			continue
		}
		for _, c := range []*config.Config{got, want} {
			c.Warnings = nil // they name lines
			if len(c.DPDK.EALExtra) == 0 {
				c.DPDK.EALExtra = nil
			}
		}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%s: got\n%+v\nwant\n%+v", file, got, want)
		}
	}
}

func TestGoMaxProcs(t *testing.T) {
	for workers, want := range map[int]int{0: 4, 1: 4, 2: 5, 4: 8, 8: 13} {
		if got := goMaxProcs(workers); got != want {
			t.Errorf("%d workers: %d, want %d", workers, got, want)
		}
	}
}

func TestConfineRefusesCPUsThatAreNotOurs(t *testing.T) {
	err := confine(config.CPU{Control: 0, Workers: []int{0, 1000, 1001}})
	if err == nil || !strings.HasPrefix(err.Error(), "cpu.workers: this process may not run on CPU 1000-1001, only on ") {
		t.Errorf("%v", err)
	}
	err = confine(config.CPU{Control: 1000})
	if err == nil || !strings.HasPrefix(err.Error(), "cpu.control: this process may not run on CPU 1000, only on ") {
		t.Errorf("%v", err)
	}
}

func TestHasCapability(t *testing.T) {
	for status, want := range map[string]bool{
		"Name:\tx\nCapEff:\t0000000000001000\nSeccomp:\t0\n": true,
		"CapEff:\t000001ffffffffff\n":                        true,
		"CapEff:\t0000000000000000\n":                        false,
		"CapEff:\tfffffffffffffffe\n":                        true,
		"":                                                   true, // a kernel that doesn't say
	} {
		if got := hasCapability(status, capNetAdmin); got != want {
			t.Errorf("%q: %v", status, got)
		}
	}
}

func TestPCIOfNetdev(t *testing.T) {
	sys := t.TempDir()
	for _, dir := range []string{"class/net/lo", "class/net/eth0", "class/net/virt0", "bus/pci", "bus/virtio",
		"devices/pci0/0000:3b:00.0", "devices/pci0/0000:00:03.0/virtio0"} {
		if err := os.MkdirAll(filepath.Join(sys, dir), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	for link, target := range map[string]string{
		"class/net/eth0/device":                       "devices/pci0/0000:3b:00.0",
		"class/net/virt0/device":                      "devices/pci0/0000:00:03.0/virtio0",
		"devices/pci0/0000:3b:00.0/subsystem":         "bus/pci",
		"devices/pci0/0000:00:03.0/subsystem":         "bus/pci",
		"devices/pci0/0000:00:03.0/virtio0/subsystem": "bus/virtio",
	} {
		if err := os.Symlink(filepath.Join(sys, target), filepath.Join(sys, link)); err != nil {
			t.Fatal(err)
		}
	}
	for name, want := range map[string]string{"eth0": "0000:3b:00.0", "virt0": "0000:00:03.0", "lo": "is not a PCI device", "none": "there is no network interface none"} {
		got, err := pciOfNetdev(sys, name)
		if err != nil {
			got = err.Error()
		}
		if !strings.Contains(got, want) {
			t.Errorf("%s: %s", name, got)
		}
	}
}

func TestFilePrefix(t *testing.T) {
	a, b := filePrefix("/run/a.sock"), filePrefix("/run/b.sock")
	if filePrefix(api.DefaultSocket) != "parkway" || a == b || a != filePrefix("/run/a.sock") || strings.ContainsAny(a, "/.") {
		t.Errorf("%s, %s", a, b)
	}
}

func TestLogForms(t *testing.T) {
	var b bytes.Buffer
	newLogger(config.Log{Format: config.LogAuto, Level: config.LogInfo}, &b, new(slog.LevelVar)).Info("hello", "port", "p1")
	newLogger(config.Log{Format: config.LogText, Level: config.LogWarn}, &b, new(slog.LevelVar)).Info("too quiet")
	newLogger(config.Log{Format: config.LogText, Level: config.LogDebug}, &b, new(slog.LevelVar)).Debug("text")
	lines := strings.Split(strings.TrimSpace(b.String()), "\n")
	if len(lines) != 2 || !strings.Contains(lines[0], `"port":"p1"`) || !strings.Contains(lines[1], "msg=text") {
		t.Errorf("%q", lines)
	}
}

func TestNotify(t *testing.T) {
	path := filepath.Join(t.TempDir(), "notify")
	conn, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: path, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	t.Setenv("NOTIFY_SOCKET", path)
	notify("READY=1")
	_ = conn.SetReadDeadline(time.Now().Add(5 * time.Second))
	buf := make([]byte, 64)
	if n, err := conn.Read(buf); err != nil || string(buf[:n]) != "READY=1" {
		t.Errorf("%q, %v", buf[:n], err)
	}
	t.Setenv("NOTIFY_SOCKET", filepath.Join(t.TempDir(), "nobody"))
	notify("READY=1")
	t.Setenv("WATCHDOG_USEC", "500000")
	if got := watchdogPeriod(); got != 250*time.Millisecond {
		t.Error(got)
	}
}

// A part that does not end stops the taking apart: the parts below it stay.
func TestStopLeavesWhatAStuckPartUses(t *testing.T) {
	g := &gateway{patience: 10 * time.Millisecond, fail: func(error) {}}
	var freed []string
	g.onStop(func() error { freed = append(freed, "memory"); return nil })
	release := make(chan struct{})
	defer close(release)
	g.background("control", func(context.Context) error { <-release; return nil })
	g.onStop(func() error { freed = append(freed, "servers"); return nil })
	err := g.stop()
	if err == nil || err.Error() != "control: it does not end within 10ms" || len(freed) != 1 || freed[0] != "servers" {
		t.Errorf("%v, freed %v", err, freed)
	}
}

// A part that ends on its own is the gateway's error, said once.
func TestAPartThatEndsEndsTheGateway(t *testing.T) {
	for _, ended := range []error{nil, errors.New("broken")} {
		failed := make(chan error, 1)
		g := &gateway{patience: time.Second, fail: func(err error) { failed <- err }}
		g.background("API", func(context.Context) error { return ended })
		want := "API: it ended"
		if ended != nil {
			want = "API: broken"
		}
		if err := <-failed; err.Error() != want {
			t.Errorf("%v", err)
		}
		if err := g.stop(); err != nil {
			t.Errorf("stop: %v", err)
		}
	}
}
