// SPDX-License-Identifier: Apache-2.0

package dpdk

import (
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// maxCPU is one more than the highest CPU number a CPUSet can hold.
const maxCPU = len(unix.CPUSet{}) * 64

// CPUSet is a set of CPU numbers, as the kernel counts them. The zero value is
// empty. It is a value: assignment copies it and == compares it.
type CPUSet struct{ bits unix.CPUSet }

// CPUs returns the set of the given CPU numbers; numbers outside 0..1023 are
// left out.
func CPUs(cpus ...int) CPUSet {
	var s CPUSet
	for _, c := range cpus {
		if c >= 0 && c < maxCPU {
			s.bits.Set(c)
		}
	}
	return s
}

// ParseCPUSet reads a list of CPU numbers and ranges, "0-3,8". Blanks around
// items are allowed. Masks ("0xf") are refused, and so are an empty list, a
// range that runs backwards, a number named twice and numbers above 1023.
func ParseCPUSet(text string) (CPUSet, error) {
	var s CPUSet
	bad := func(format string, args ...any) (CPUSet, error) {
		return CPUSet{}, fmt.Errorf("CPU list %q: %s", text, fmt.Sprintf(format, args...))
	}
	if strings.TrimSpace(text) == "" {
		return bad("is empty; write numbers and ranges such as 0-3,8")
	}
	for _, item := range strings.Split(text, ",") {
		item = strings.TrimSpace(item)
		first, last, isRange := strings.Cut(item, "-")
		lo, err := parseCPU(first)
		if err != nil {
			return bad("%v", err)
		}
		hi := lo
		if isRange {
			if hi, err = parseCPU(last); err != nil {
				return bad("%v", err)
			}
		}
		if hi < lo {
			return bad("range %s runs backwards", item)
		}
		for c := lo; c <= hi; c++ {
			if s.bits.IsSet(c) {
				return bad("CPU %d is named twice", c)
			}
			s.bits.Set(c)
		}
	}
	return s, nil
}

func parseCPU(text string) (int, error) {
	text = strings.TrimSpace(text)
	n, err := strconv.ParseUint(text, 10, 32)
	switch {
	case text == "":
		return 0, errors.New("a number is missing")
	case strings.HasPrefix(text, "0x"):
		return 0, fmt.Errorf("%q is a mask; write numbers and ranges such as 0-3,8", text)
	case errors.Is(err, strconv.ErrRange) || (err == nil && n >= uint64(maxCPU)):
		return 0, fmt.Errorf("CPU %s is too high, the last is %d", text, maxCPU-1)
	case err != nil:
		return 0, fmt.Errorf("%q is not a CPU number", text)
	}
	return int(n), nil
}

// AllowedCPUs returns the CPUs that the calling thread may run on: the
// process's own set, as long as nobody has confined it or the thread.
func AllowedCPUs() (CPUSet, error) {
	var s CPUSet
	if err := unix.SchedGetaffinity(0, &s.bits); err != nil {
		return CPUSet{}, fmt.Errorf("sched_getaffinity(this thread): %w", err)
	}
	return s, nil
}

// String writes the set the way ParseCPUSet reads it, ranges joined: "0-3,8".
// The empty set is "none".
func (s CPUSet) String() string {
	list := s.List()
	if len(list) == 0 {
		return "none"
	}
	var b strings.Builder
	for i := 0; i < len(list); {
		j := i
		for j+1 < len(list) && list[j+1] == list[j]+1 {
			j++
		}
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteString(strconv.Itoa(list[i]))
		if j > i {
			b.WriteByte('-')
			b.WriteString(strconv.Itoa(list[j]))
		}
		i = j + 1
	}
	return b.String()
}

// Contains reports whether cpu is in the set.
func (s CPUSet) Contains(cpu int) bool {
	return cpu >= 0 && cpu < maxCPU && s.bits.IsSet(cpu)
}

// List returns the CPU numbers, ascending.
func (s CPUSet) List() []int {
	list := make([]int, 0, s.Len())
	for c := range maxCPU {
		if s.bits.IsSet(c) {
			list = append(list, c)
		}
	}
	return list
}

// Len returns how many CPUs are in the set.
func (s CPUSet) Len() int { return s.bits.Count() }

// Without returns the set less the CPUs of other.
func (s CPUSet) Without(other CPUSet) CPUSet {
	for i := range s.bits {
		s.bits[i] &^= other.bits[i]
	}
	return s
}

// Union returns the CPUs that are in either set.
func (s CPUSet) Union(other CPUSet) CPUSet {
	for i := range s.bits {
		s.bits[i] |= other.bits[i]
	}
	return s
}

// ConfineProcess makes cpus the affinity of every thread that the process has
// now (/proc/self/task). Threads made later inherit the affinity of the thread
// that makes them, and the Go runtime makes its own from unconfined ones or
// from a clean template thread, so one call early, before [Start] and before
// any [EAL.RegisterLcore], keeps every Go thread off the workers' CPUs. Called
// later it would move the lcores too.
//
// The Go runtime derives its default GOMAXPROCS from the affinity it saw at
// start and now and then looks again: set GOMAXPROCS by hand.
func ConfineProcess(cpus CPUSet) error {
	if cpus.Len() == 0 {
		return errors.New("confine process: the set of CPUs is empty")
	}
	// A thread may be born from one not yet confined while we walk, so walk
	// until a whole pass finds nobody new.
	done := map[int]bool{}
	for news := true; news; {
		news = false
		tasks, err := os.ReadDir("/proc/self/task")
		if err != nil {
			return fmt.Errorf("confine process: %w", err)
		}
		for _, t := range tasks {
			tid, err := strconv.Atoi(t.Name())
			if err != nil || done[tid] {
				continue
			}
			news, done[tid] = true, true
			err = unix.SchedSetaffinity(tid, &cpus.bits)
			if err != nil && !errors.Is(err, unix.ESRCH) {
				return fmt.Errorf("sched_setaffinity(thread %d, CPUs %s): %w", tid, cpus, err)
			}
		}
	}
	return nil
}
