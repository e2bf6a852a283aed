// SPDX-License-Identifier: Apache-2.0

package state

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/parkway-gw/parkway/internal/topology"
)

var t0 = time.Date(2026, 1, 15, 12, 0, 0, 250_000_000, time.UTC)

func sample(n int) (out []Neighbor) {
	for i := range n {
		out = append(out, Neighbor{RouterPort: "lr0-ext", IP: netip.AddrFrom4([4]byte{10, 0, byte(i >> 8), byte(i)}),
			MAC: topology.MAC{2, 0, 0, 0, byte(i >> 8), byte(i)}, Age: time.Duration(i) * time.Second, Confirmed: i%2 == 0})
	}
	return append(out, Neighbor{RouterPort: "lrp1", IP: netip.MustParseAddr("fe80::1"), MAC: topology.MAC{2, 9}, Age: 1500 * time.Millisecond})
}

func older(list []Neighbor, by time.Duration) (out []Neighbor) {
	for _, n := range list {
		n.Age += by
		out = append(out, n)
	}
	return out
}

// What was written is read, older by the time in between.
func TestRoundTrip(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "made", "by", "us")
	for _, n := range []int{0, 1, 1000} {
		want := sample(n)
		if err := Write(dir, want, t0); err != nil {
			t.Fatal(err)
		}
		for now, away := range map[time.Time]time.Duration{t0: 0, t0.Add(time.Hour): time.Hour, t0.Add(-time.Hour): 0} {
			got, err := Read(dir, 1<<16, now)
			if err != nil || !slices.Equal(got, older(want, away)) {
				t.Errorf("%d neighbors, %v later: %v, %v", n, away, err, got)
			}
		}
		if got, err := Read(dir, 1, t0); err != nil || !slices.Equal(got, want[:1]) {
			t.Errorf("at most one: %v, %v", err, got)
		}
		names, _ := filepath.Glob(dir + "/{*,.*}")
		entries, _ := os.ReadDir(dir)
		if len(entries) != 1 {
			t.Errorf("the folder holds %v %v", entries, names)
		}
	}
	info, err := os.Stat(filepath.Join(dir, File))
	if err != nil || info.Mode() != 0o640 {
		t.Errorf("%v, %v", info.Mode(), err)
	}
}

func TestNoFile(t *testing.T) {
	if _, err := Read(t.TempDir(), 10, t0); !errors.Is(err, fs.ErrNotExist) {
		t.Error(err)
	}
}

// Whatever is there instead of the file is an error that says what.
func TestDamagedFiles(t *testing.T) {
	good := string(encode(sample(3), t0))
	for _, c := range []struct{ text, want string }{
		{"", "it is no file of saved neighbors"},
		{"\x00\x01\x02", "it is no file of saved neighbors"},
		{"[]", "it is no file of saved neighbors"},
		{"{}", "it is no file of saved neighbors, or damaged"},
		{`{"name": "x"}`, `"name" where "format" should be`},
		{`{"format": "nobody's"}`, `its format is "nobody's", not "parkway-neighbors"`},
		{`{"format": 7}`, "format: "},
		{strings.Replace(good, `"version": 1`, `"version": 2`, 1), "it is of version 2; this Parkway reads version 1"},
		{strings.Replace(good, "2026-01", "2026-13", 1), "saved_at: "},
		{strings.Replace(good, "10.0.0.1", "10.0.0.256", 1), `neighbor 2: "10.0.0.256" is no IP address`},
		{strings.Replace(good, "10.0.0.1", "::ffff:10.0.0.1", 1), "is no IP address"},
		{strings.Replace(good, "10.0.0.1", "fe80::1%eth0", 1), "is no IP address"},
		{strings.Replace(good, "02:00:00:00:00:01", "03:00:00:00:00:01", 1), `neighbor 2: "03:00:00:00:00:01" is no station's MAC`},
		{strings.Replace(good, "02:00:00:00:00:01", "", 1), "is no station's MAC"},
		{strings.Replace(good, "lr0-ext", "", 1), "the router port"},
		{strings.Replace(good, `"age_seconds":1,`, `"age_seconds":-1,`, 1), "an age of -1 s"},
		{strings.Replace(good, `"age_seconds":1,`, `"age_seconds":"1",`, 1), "neighbor 2: "},
		{good + "x", "something stands behind the end"},
		{good + good, "something stands behind the end"},
	} {
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, File), []byte(c.text), 0o600); err != nil {
			t.Fatal(err)
		}
		got, err := Read(dir, 100, t0)
		if err == nil || got != nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), dir) {
			t.Errorf("%.60q: %v, %v; want %q", c.text, got, err, c.want)
		}
	}
	for n := range len(good) - 1 { // without the last newline it is whole
		if got, err := decode(strings.NewReader(good[:n]), 100, t0); err == nil {
			t.Errorf("cut after %d octets: %v", n, got)
		}
	}
	huge := strings.Replace(good, `"age_seconds":1,`, `"age_seconds":1e300,`, 1)
	if got, err := decode(strings.NewReader(huge), 100, t0); err != nil || got[1].Age != maxAge {
		t.Errorf("an age of 1e300 s: %v, %v", got, err)
	}
}

// What is no ordinary file is not read, nor waited for.
func TestOddFiles(t *testing.T) {
	for what, make := range map[string]func(path string) error{
		"folder": func(path string) error { return os.Mkdir(path, 0o700) },
		"fifo":   func(path string) error { return unix.Mkfifo(path, 0o600) },
		"link":   func(path string) error { return os.Symlink("/dev/zero", path) },
		"oversized": func(path string) error {
			return errors.Join(os.WriteFile(path, nil, 0o600), os.Truncate(path, maxSize+1))
		},
	} {
		dir := t.TempDir()
		if err := make(filepath.Join(dir, File)); err != nil {
			t.Fatal(err)
		}
		if got, err := Read(dir, 100, t0); err == nil || errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s: %v, %v", what, got, err)
		}
	}
}

// A disk that is full leaves the file of before, and nothing else.
func TestWriteFails(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("mounting needs root")
	}
	dir := t.TempDir()
	if err := unix.Mount("none", dir, "tmpfs", 0, "size=64k"); err != nil {
		t.Skipf("no tmpfs: %v", err)
	}
	defer func() { _ = unix.Unmount(dir, 0) }()
	want := sample(10)
	if err := Write(dir, want, t0); err != nil {
		t.Fatal(err)
	}
	if err := Write(dir, sample(10_000), t0); !errors.Is(err, unix.ENOSPC) {
		t.Errorf("a full disk: %v", err)
	}
	if err := unix.Mount("none", dir, "tmpfs", unix.MS_REMOUNT|unix.MS_RDONLY, "size=64k"); err != nil {
		t.Fatal(err)
	}
	if err := Write(dir, sample(1), t0); !errors.Is(err, unix.EROFS) {
		t.Errorf("a read-only disk: %v", err)
	}
	got, err := Read(dir, 100, t0)
	entries, _ := os.ReadDir(dir)
	if err != nil || !slices.Equal(got, want) || len(entries) != 1 {
		t.Errorf("afterwards: %v, %v, %v", got, err, entries)
	}
	if err := Write("/dev/null/x", want, t0); err == nil {
		t.Error("a folder below a file")
	}
}

// Whatever a file holds, decode returns sound neighbors or an error, and what it
// returns survives being written.
func FuzzDecode(f *testing.F) {
	good := encode(sample(2), t0)
	f.Add(good)
	f.Add(good[:len(good)/2])
	f.Add([]byte(`{"format": "parkway-neighbors", "version": 1, "saved_at": "2026-01-15T12:00:00Z", "neighbors": []}`))
	f.Add([]byte("{}"))
	f.Fuzz(func(t *testing.T, text []byte) {
		got, err := decode(bytes.NewReader(text), 3, t0)
		if err != nil {
			if got != nil {
				t.Fatalf("%v beside %v", got, err)
			}
			return
		}
		if len(got) > 3 {
			t.Fatalf("%d neighbors", len(got))
		}
		for _, n := range got {
			if !n.IP.IsValid() || n.IP.Is4In6() || n.IP.Zone() != "" || n.MAC.IsZero() || n.MAC[0]&1 != 0 || n.Age < 0 || n.Age > maxAge || topology.CheckName(n.RouterPort) != "" {
				t.Fatalf("%+v", n)
			}
		}
		again, err := decode(bytes.NewReader(encode(got, t0)), 3, t0)
		if err != nil || fmt.Sprint(stripAges(again)) != fmt.Sprint(stripAges(got)) {
			t.Fatalf("%v\n%v\n%v", err, got, again)
		}
	})
}

// stripAges: seconds as a float lose nanoseconds.
func stripAges(list []Neighbor) (out []Neighbor) {
	for _, n := range list {
		n.Age = n.Age.Round(time.Second)
		out = append(out, n)
	}
	return out
}
