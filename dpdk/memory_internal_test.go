// SPDX-License-Identifier: Apache-2.0

package dpdk

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestPlanMemory(t *testing.T) {
	const mib = 1 << 20
	fine := func(uint64) error { return nil }
	refuse := func(uint64) error { return errors.New("cgroup says no") }
	for name, c := range map[string]struct {
		want   MemoryMode
		pages  []hugePages
		usable func(uint64) error
		mode   MemoryMode
		words  []string // in the reason, or in the error
		fails  bool
	}{
		"auto, none":            {MemoryAuto, []hugePages{{2 * mib, 0}}, fine, MemoryNoHuge, []string{"512 MiB wanted, 0 MiB free", "0 x 2 MiB", "echo 256 | sudo tee"}, false},
		"auto, one short":       {MemoryAuto, []hugePages{{2 * mib, 255}}, fine, MemoryNoHuge, []string{"510 MiB free", "255 x 2 MiB"}, false},
		"auto, enough":          {MemoryAuto, []hugePages{{2 * mib, 256}}, fine, MemoryHugePages, []string{"512 MiB free", "using hugepages"}, false},
		"auto, a large page":    {MemoryAuto, []hugePages{{2 * mib, 0}, {1024 * mib, 1}}, fine, MemoryHugePages, []string{"1024 MiB free"}, false},
		"auto, not usable":      {MemoryAuto, []hugePages{{2 * mib, 512}}, refuse, MemoryNoHuge, []string{"cannot be mapped", "cgroup says no"}, false},
		"auto, no such kernel":  {MemoryAuto, nil, fine, MemoryNoHuge, []string{"no hugepages of 2 MiB"}, false},
		"hugepages, enough":     {MemoryHugePages, []hugePages{{2 * mib, 300}}, fine, MemoryHugePages, []string{"configured", "600 MiB free"}, false},
		"hugepages, too few":    {MemoryHugePages, []hugePages{{2 * mib, 3}}, fine, 0, []string{"too few hugepages", "6 MiB free", "echo 256 | sudo tee /sys/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages", "no-huge"}, true},
		"no-huge, though there": {MemoryNoHuge, []hugePages{{2 * mib, 300}}, fine, MemoryNoHuge, []string{"configured"}, false},
	} {
		plan, err := planMemory(c.want, 512*mib, c.pages, c.usable)
		text := plan.why
		if err != nil {
			text = err.Error()
		}
		if (err != nil) != c.fails || plan.mode != c.mode {
			t.Errorf("%s: got %v, %v", name, plan.mode, text)
		}
		for _, w := range c.words {
			if !strings.Contains(text, w) {
				t.Errorf("%s: %q does not say %q", name, text, w)
			}
		}
	}
}

func TestReadHugePages(t *testing.T) {
	dir := t.TempDir()
	for size, counts := range map[string][2]string{
		"hugepages-2048kB": {"10\n", "4\n"}, "hugepages-1048576kB": {"1\n", "3\n"}, "hugepages-oddkB": {"5", "0"},
	} {
		sub := filepath.Join(dir, size)
		if err := os.Mkdir(sub, 0o755); err != nil {
			t.Fatal(err)
		}
		for i, file := range []string{"free_hugepages", "resv_hugepages"} {
			if err := os.WriteFile(filepath.Join(sub, file), []byte(counts[i]), 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	got := readHugePages(dir)
	want := []hugePages{{2 << 20, 6}, {1 << 30, 0}}
	if len(got) != 2 || got[0] != want[0] || got[1] != want[1] {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestParseMemoryMode(t *testing.T) {
	for _, m := range []MemoryMode{MemoryAuto, MemoryHugePages, MemoryNoHuge} {
		if got, err := ParseMemoryMode(m.String()); err != nil || got != m {
			t.Errorf("%v became %v, %v", m, got, err)
		}
	}
	if _, err := ParseMemoryMode("huge"); err == nil || !strings.Contains(err.Error(), "auto, hugepages, no-huge") {
		t.Errorf("got error %v", err)
	}
}
