// SPDX-License-Identifier: Apache-2.0

package dpdk

import (
	"fmt"
	"math/bits"
	"os"
	"path/filepath"
	"sort"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// DefaultMemorySize is used where EALConfig.MemorySize is 0: 512 MiB.
const DefaultMemorySize = 512 << 20

// MemoryMode says where DPDK's memory comes from.
type MemoryMode int

const (
	// MemoryAuto takes hugepages if enough are free, else ordinary pages.
	MemoryAuto MemoryMode = iota
	// MemoryHugePages takes hugepages (--in-memory) or fails.
	MemoryHugePages
	// MemoryNoHuge takes ordinary 4 KiB pages (--no-huge); NICs bound to
	// VFIO need an IOMMU then, and TLB misses cost some speed.
	MemoryNoHuge
)

// String returns the mode's name: auto, hugepages or no-huge.
func (m MemoryMode) String() string {
	switch m {
	case MemoryAuto:
		return "auto"
	case MemoryHugePages:
		return "hugepages"
	case MemoryNoHuge:
		return "no-huge"
	}
	return fmt.Sprintf("MemoryMode(%d)", int(m))
}

// ParseMemoryMode reads what String writes.
func ParseMemoryMode(text string) (MemoryMode, error) {
	for _, m := range []MemoryMode{MemoryAuto, MemoryHugePages, MemoryNoHuge} {
		if text == m.String() {
			return m, nil
		}
	}
	return 0, fmt.Errorf("memory mode %q is none of auto, hugepages, no-huge", text)
}

// memoryPlan is what planMemory decided. mode is never MemoryAuto.
type memoryPlan struct {
	mode MemoryMode
	why  string
}

// hugePages is one size of hugepages and how many of them nobody has taken.
type hugePages struct {
	size, free uint64 // bytes, pages
}

// planMemory chooses the memory mode. pages is what the kernel has, and usable
// tries whether this process may map a page of that size; --in-memory maps
// them without any hugetlbfs mount.
func planMemory(want MemoryMode, size uint64, pages []hugePages, usable func(pageSize uint64) error) (memoryPlan, error) {
	if want == MemoryNoHuge {
		return memoryPlan{MemoryNoHuge, fmt.Sprintf("configured: %s of ordinary memory without hugepages", mebibytes(size))}, nil
	}
	var free uint64
	var parts []string
	var trouble error
	for _, p := range pages {
		if p.free > 0 {
			if err := usable(p.size); err != nil {
				trouble = fmt.Errorf("hugepages of %s are free but cannot be mapped: %w", mebibytes(p.size), err)
				continue
			}
		}
		free += p.free * p.size
		parts = append(parts, fmt.Sprintf("%d x %s", p.free, mebibytes(p.size)))
	}
	figures := fmt.Sprintf("%s wanted, %s free in hugepages", mebibytes(size), mebibytes(free))
	if len(parts) > 0 {
		figures += " (" + strings.Join(parts, ", ") + ")"
	}
	if free >= size {
		mode := memoryPlan{MemoryHugePages, figures + ": using hugepages"}
		if want == MemoryHugePages {
			mode.why = "configured: " + figures
		}
		return mode, nil
	}
	mend := mendHugePages(size, pages)
	if trouble != nil {
		figures += "; " + trouble.Error()
	}
	if want == MemoryHugePages {
		return memoryPlan{}, fmt.Errorf("too few hugepages: %s; %s, or choose memory mode no-huge", figures, mend)
	}
	return memoryPlan{MemoryNoHuge, fmt.Sprintf("%s: using ordinary memory without hugepages; for hugepages, %s", figures, mend)}, nil
}

// mendHugePages returns the command that reserves enough hugepages.
func mendHugePages(size uint64, pages []hugePages) string {
	for _, p := range pages {
		if p.size == 2<<20 || len(pages) == 1 {
			more := (size + p.size - 1) / p.size
			return fmt.Sprintf("reserve them with: echo %d | sudo tee /sys/kernel/mm/hugepages/hugepages-%dkB/nr_hugepages",
				more, p.size>>10)
		}
	}
	return "this kernel has no hugepages of 2 MiB, reserve larger ones on its command line"
}

// readHugePages reads the kernel's counts below dir, /sys/kernel/mm/hugepages.
// Reserved pages are promised to somebody and not counted as free.
func readHugePages(dir string) []hugePages {
	names, _ := filepath.Glob(filepath.Join(dir, "hugepages-*kB"))
	var pages []hugePages
	for _, name := range names {
		kb, err := strconv.ParseUint(strings.TrimSuffix(strings.TrimPrefix(filepath.Base(name), "hugepages-"), "kB"), 10, 40)
		if err != nil {
			continue
		}
		free, reserved := readCount(filepath.Join(name, "free_hugepages")), readCount(filepath.Join(name, "resv_hugepages"))
		pages = append(pages, hugePages{kb << 10, free - min(free, reserved)})
	}
	sort.Slice(pages, func(i, j int) bool { return pages[i].size < pages[j].size })
	return pages
}

func readCount(file string) uint64 {
	text, err := os.ReadFile(file)
	if err != nil {
		return 0
	}
	n, _ := strconv.ParseUint(strings.TrimSpace(string(text)), 10, 63)
	return n
}

// mapHugePage maps one hugepage and lets go of it: containers and memory
// cgroups can refuse pages that the kernel counts as free.
func mapHugePage(size uint64) error {
	flags := unix.MAP_PRIVATE | unix.MAP_ANONYMOUS | unix.MAP_HUGETLB | bits.TrailingZeros64(size)<<unix.MAP_HUGE_SHIFT
	mem, err := unix.Mmap(-1, 0, int(size), unix.PROT_READ|unix.PROT_WRITE, flags)
	if err != nil {
		return fmt.Errorf("mmap(MAP_HUGETLB, %s): %w", mebibytes(size), err)
	}
	return unix.Munmap(mem)
}

func mebibytes(n uint64) string {
	if n%(1<<20) == 0 {
		return fmt.Sprintf("%d MiB", n>>20)
	}
	return fmt.Sprintf("%.1f MiB", float64(n)/(1<<20))
}
