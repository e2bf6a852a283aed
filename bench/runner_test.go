// SPDX-License-Identifier: Apache-2.0

package bench

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/parkway-gw/parkway/bench/target"
)

func TestTwoCPUs(t *testing.T) {
	if _, _, err := chooseCPUs([]int{3}); err == nil || !strings.Contains(err.Error(), "needs two CPUs") {
		t.Errorf("one CPU: %v", err)
	}
	if c, w, err := chooseCPUs([]int{1, 2, 5}); c != 1 || w != 5 || err != nil {
		t.Errorf("control %d, worker %d, %v", c, w, err)
	}
}

func newRunner(t *testing.T, o Options) *Runner {
	t.Helper()
	r, err := NewRunner(o)
	if err != nil {
		if strings.Contains(err.Error(), "another") || strings.Contains(err.Error(), "two CPUs") {
			t.Skip(err)
		}
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = r.Close() })
	return r
}

func TestRunner(t *testing.T) {
	r := newRunner(t, Options{Quick: true, Version: "v1"})
	if _, err := NewRunner(Options{Quick: true}); err == nil || !strings.Contains(err.Error(), "another `parkway bench` runs") {
		t.Errorf("a second run: %v", err)
	}
	res, err := r.Run(t.Context(), Case{Name: "x", Title: "X", Goal: "much", Run: func(context.Context, *Runner) (*Result, error) { return &Result{Unit: "s"}, nil }})
	if err != nil || res.Case != "x" || res.Commit != "v1" || res.Goal != "much" || !res.Quick || res.When.IsZero() || res.Machine.Kernel == "" {
		t.Errorf("%+v, %v", res, err)
	}
	if want := "parkway bench x --quick --rounds 2 --window 300ms --memory no-huge"; res.Command != want {
		t.Errorf("command %q, want %q", res.Command, want)
	}
	if _, err := r.Run(t.Context(), Case{Name: "y", Run: func(context.Context, *Runner) (*Result, error) { return nil, errors.New("broken") }}); err == nil || !strings.HasPrefix(err.Error(), "case y: ") {
		t.Errorf("%v", err)
	}
	dir := r.Dir
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(dir); !os.IsNotExist(err) {
		t.Errorf("%s is left: %v", dir, err)
	}
	newRunner(t, Options{Quick: true}) // the lock is free again
}

func TestUnknownMemory(t *testing.T) {
	if _, err := NewRunner(Options{Memory: "large"}); err == nil || !strings.Contains(err.Error(), `no memory "large"`) {
		t.Errorf("%v", err)
	}
}

func TestFind(t *testing.T) {
	all := Cases()
	if got, err := Find(all, nil); err != nil || len(got) != len(all) {
		t.Errorf("all: %d, %v", len(got), err)
	}
	if got, err := Find(all, []string{"flows", "forward-ipv4"}); err != nil || len(got) != 2 || got[0].Name != "flows" {
		t.Errorf("%v, %v", got, err)
	}
	var unknown *UnknownCase
	if _, err := Find(all, []string{"forward-ipv5"}); !errors.As(err, &unknown) || !strings.Contains(err.Error(), "forward-ipv4, ") {
		t.Errorf("%v", err)
	}
}

// fakePages is a kernel that gives as many pages as it has.
func fakePages(t *testing.T, total, free string) *hugepages {
	h := &hugepages{dir: t.TempDir()}
	for name, v := range map[string]string{"nr_hugepages": total, "free_hugepages": free} {
		if err := os.WriteFile(filepath.Join(h.dir, name), []byte(v+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return h
}

func (h *hugepages) total(t *testing.T) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(h.dir, "nr_hugepages"))
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(b))
}

func TestHugepages(t *testing.T) {
	h := fakePages(t, "30", "10")
	if err := h.reserve(20 << 20); err != nil || h.total(t) != "30" { // ten are enough
		t.Errorf("%v, %s pages", err, h.total(t))
	}
	// Four more are needed; this kernel has none, and its setting returns.
	err := h.reserve(28 << 20)
	if err == nil || !strings.Contains(err.Error(), "10 of 14 hugepages") || h.total(t) != "34" {
		t.Errorf("%v, %s pages", err, h.total(t))
	}
	_ = h.reserve(40 << 20)
	for range 2 {
		if err := h.restore(); err != nil || h.total(t) != "30" {
			t.Errorf("%v, %s pages; want 30 as before the first", err, h.total(t))
		}
	}
	if err := (&hugepages{dir: t.TempDir()}).usable(); err == nil || !strings.Contains(err.Error(), "no-huge") {
		t.Errorf("without hugepages: %v", err)
	}
}

// Every case has positions, in both forms, that a target can make something of.
func TestScenariosOfCases(t *testing.T) {
	for _, positions := range []func(bool) []Position{routes(target.IPv4, []int{16, 1024}), routes(target.IPv6, []int{16, 1024})} {
		for _, quick := range []bool{false, true} {
			for _, p := range positions(quick) {
				if n := p.Scenario.Network(); len(n.Routes) != int(p.X) || p.Label == "" {
					t.Errorf("position %s has %d routes", p.Label, len(n.Routes))
				}
			}
		}
	}
	seen := map[string]bool{}
	for _, c := range Cases() {
		if c.Name == "" || c.Title == "" || c.Run == nil || seen[c.Name] || strings.ContainsAny(c.Name, " /") {
			t.Errorf("case %+v", c)
		}
		seen[c.Name] = true
	}
}

func TestMachineParsers(t *testing.T) {
	model, mhz, virtual := cpuInfo("processor\t: 0\nmodel name\t: AMD EPYC\ncpu MHz\t\t: 2596.1\nflags\t\t: fpu hypervisor sse\nprocessor\t: 1\nmodel name\t: other\n")
	if model != "AMD EPYC" || mhz != 2596.1 || virtual == "" {
		t.Errorf("%q %v %q", model, mhz, virtual)
	}
	if got := memTotal("MemTotal:       16 kB\nMemFree: 3 kB\n"); got != 16384 {
		t.Errorf("%d octets", got)
	}
	if got := prettyName("NAME=x\nPRETTY_NAME=\"Debian GNU/Linux 12\"\n"); got != "Debian GNU/Linux 12" {
		t.Errorf("%q", got)
	}
	if m := ReadMachine(); m.CPUs < 1 || m.Memory == 0 || m.Kernel == "" {
		t.Errorf("%+v", m)
	}
}
