// SPDX-License-Identifier: Apache-2.0

package ports

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/parkway-gw/parkway/internal/lab"
	"github.com/parkway-gw/parkway/test/gateway"
)

const (
	hugeDir   = "/sys/kernel/mm/hugepages/hugepages-2048kB/"
	hugeCount = hugeDir + "nr_hugepages"
	// hugeWanted is a little more than the 256 MiB of base.
	hugeWanted = 144
)

func number(t *testing.T, file string) int {
	t.Helper()
	b, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		t.Skip("the kernel offers no hugepages of 2 MiB")
	}
	if err != nil {
		t.Fatal(err)
	}
	n, err := strconv.Atoi(strings.TrimSpace(string(b)))
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// reserve puts 2 MiB hugepages aside; as many as before when the test ends, however
// it ends.
func reserve(t *testing.T, l *lab.Lab, pages int) {
	t.Helper()
	before := number(t, hugeCount)
	l.Defer(func(context.Context) error { return os.WriteFile(hugeCount, []byte(strconv.Itoa(before)), 0o644) })
	if err := os.WriteFile(hugeCount, []byte(strconv.Itoa(pages)), 0o644); err != nil {
		t.Fatal(err)
	}
	if got := number(t, hugeCount); got < pages {
		t.Skipf("the kernel has memory for %d of %d hugepages", got, pages)
	}
}

// mount has a hugetlbfs where a daemon could leave files, and returns its folder:
// /dev/hugepages where that is one, or a folder of the test's.
func mount(t *testing.T, l *lab.Lab) string {
	t.Helper()
	const usual = "/dev/hugepages"
	var st unix.Statfs_t
	if unix.Statfs(usual, &st) == nil && st.Type == unix.HUGETLBFS_MAGIC {
		return usual
	}
	dir, err := os.MkdirTemp("", "parkway-huge-") // not t.TempDir, which goes before the lab unmounts
	if err != nil {
		t.Fatal(err)
	}
	l.Defer(func(context.Context) error { return os.Remove(dir) })
	if err := unix.Mount("none", dir, "hugetlbfs", 0, "pagesize=2M"); err != nil {
		t.Fatal(err)
	}
	l.Defer(func(context.Context) error { return unix.Unmount(dir, unix.MNT_DETACH) })
	return dir
}

// Modes hugepages and auto take hugepages when there are enough, and give all back.
func TestHugepages(t *testing.T) {
	for _, mode := range []string{"hugepages", "auto"} {
		t.Run(mode, func(t *testing.T) {
			l := lab.ForTest(t)
			reserve(t, l, max(hugeWanted, number(t, hugeCount)))
			dir := mount(t, l)
			files := func() []string { names, _ := filepath.Glob(filepath.Join(dir, "*")); return names }
			filesBefore, freeBefore := files(), number(t, hugeDir+"free_hugepages")
			d, a, _ := taps(t, l, "@MEMORY@", mode)
			why := map[string]string{"hugepages": "configured: 256 MiB wanted, ", "auto": ": using hugepages"}[mode]
			if !strings.Contains(d.Log(), `"memory":"hugepages"`) || !strings.Contains(d.Log(), why) {
				t.Errorf("the log lacks %q:\n%s", why, d.Log())
			}
			if free := number(t, hugeDir+"free_hugepages"); free >= freeBefore {
				t.Errorf("%d hugepages are free, %d were before it started", free, freeBefore)
			}
			ping(t, a, "10.0.2.254")
			ping(t, a, "2001:db8:2::fe")
			d.AtRest()
			d.Stop(syscall.SIGTERM)
			if after := files(); !slices.Equal(after, filesBefore) {
				t.Errorf("left behind: %v; before it was %v", after, filesBefore)
			}
			if free := number(t, hugeDir+"free_hugepages"); free != freeBefore {
				t.Errorf("%d hugepages are free, %d were", free, freeBefore)
			}
		})
	}
}

// Without hugepages, mode hugepages is refused with the figures and the command that
// reserves them, and auto does without and says why.
func TestNoHugepages(t *testing.T) {
	l := lab.ForTest(t)
	reserve(t, l, 0)
	const figures = "256 MiB wanted, 0 MiB free in hugepages"
	const mend = "echo 128 | sudo tee " + hugeCount
	d := gateway.New(t, l, with("@MEMORY@", "hugepages"))
	d.Refused(nil, 1, "parkway: too few hugepages: "+figures, mend, "or choose memory mode no-huge")

	d = gateway.New(t, l, with("@MEMORY@", "auto"))
	d.Start()
	for _, want := range []string{`"memory":"no-huge"`, figures, "using ordinary memory without hugepages", mend} {
		if !strings.Contains(d.Log(), want) {
			t.Errorf("the log lacks %q:\n%s", want, d.Log())
		}
	}
	d.Eventually("the worker polls", func() error {
		w, err := d.API.Workers(t.Context())
		if err == nil && (len(w) != 1 || w[0].IdleCycles == 0) {
			err = fmt.Errorf("%+v", w)
		}
		return err
	})
	d.Stop(syscall.SIGTERM)
}
