// SPDX-License-Identifier: Apache-2.0

package doctor

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// text is a file's content without white space around it; "" where there is none.
func (m Machine) text(path ...string) string {
	b, err := os.ReadFile(m.path(path...))
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(b))
}

func (m Machine) path(path ...string) string {
	return filepath.Join(append([]string{m.Root + "/"}, path...)...)
}

func (m Machine) exists(path ...string) bool {
	_, err := os.Stat(m.path(path...))
	return err == nil
}

// number is a file's decimal number; ok is false where there is none.
func (m Machine) number(path ...string) (n int64, ok bool) {
	n, err := strconv.ParseInt(m.text(path...), 10, 64)
	return n, err == nil
}

// names lists a folder.
func (m Machine) names(path ...string) (names []string) {
	entries, _ := os.ReadDir(m.path(path...))
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}

// target is the last element of what a link points to.
func (m Machine) target(path ...string) string {
	to, err := os.Readlink(m.path(path...))
	if err != nil {
		return ""
	}
	return filepath.Base(to)
}

// field finds "NAME: value" in a file of /proc.
func (m Machine) field(name string, path ...string) string {
	for line := range strings.Lines(m.text(path...)) {
		if value, ok := strings.CutPrefix(line, name+":"); ok {
			return strings.TrimSpace(value)
		}
	}
	return ""
}

// cpuList reads the kernel's form of a set of CPUs, "0-3,8". What it cannot read counts
// as no CPU.
func cpuList(text string) (cpus []int) {
	for part := range strings.SplitSeq(text, ",") {
		first, last, isRange := strings.Cut(strings.TrimSpace(part), "-")
		if !isRange {
			last = first
		}
		lo, err1 := strconv.Atoi(first)
		hi, err2 := strconv.Atoi(last)
		if err1 != nil || err2 != nil || lo < 0 || hi > 1<<16 {
			continue
		}
		for c := lo; c <= hi; c++ {
			cpus = append(cpus, c)
		}
	}
	return cpus
}

// listText writes CPUs as cpuList reads them.
func listText(cpus []int) string {
	cpus = slices.Clone(cpus)
	slices.Sort(cpus)
	cpus = slices.Compact(cpus)
	var parts []string
	for i := 0; i < len(cpus); {
		j := i
		for j+1 < len(cpus) && cpus[j+1] == cpus[j]+1 {
			j++
		}
		if i == j {
			parts = append(parts, strconv.Itoa(cpus[i]))
		} else {
			parts = append(parts, fmt.Sprintf("%d-%d", cpus[i], cpus[j]))
		}
		i = j + 1
	}
	return strings.Join(parts, ",")
}

// without returns the elements of a that b lacks.
func without(a, b []int) (rest []int) {
	for _, c := range a {
		if !slices.Contains(b, c) {
			rest = append(rest, c)
		}
	}
	return rest
}
