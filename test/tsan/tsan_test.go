// SPDX-License-Identifier: Apache-2.0

// Package tsan builds the C of worker and control with gcc's ThreadSanitizer and runs
// it on real threads: two workers that park, and a control that resolves, fails,
// expires, flushes and abandons at random. DPDK's libraries are built without
// ThreadSanitizer, which would then miss their ordering or report its absence, so small
// stand-ins take their place (stress/standins.c); no DPDK port, root or hugepage is
// needed. PARKWAY_TSAN_PACKETS sets the length, PARKWAY_TSAN_SEED repeats a run. It
// imports nothing of this module, and needs gcc and pkg-config's libdpdk.
//
// -Wno-tsan: gcc warns that ThreadSanitizer does not understand atomic_thread_fence.
// Our fences order atomics among themselves (an ask and an adjacency, a key and its
// slot's word), never plain memory, so it can neither miss nor invent a race by them.
// Whether they suffice is for model/tso.pml, and for the order of flows, which the
// stress judges.
package tsan

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"
)

// replaced are the files of cgo/ that stress/standins.c stands in for: the stages
// before and behind parking, and a lookup that control alone does.
var replaced = regexp.MustCompile(`^(ls_.*|in_plain|punt|control_egress|lr_in_(admission|chk_pkt_len|larger_pkts|ip.*))\.c$`)

func sources(t *testing.T) []string {
	t.Helper()
	all, err := filepath.Glob("../../cgo/*.c")
	if err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob("stress/*.c")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range all {
		if !replaced.MatchString(filepath.Base(f)) {
			files = append(files, f)
		}
	}
	if len(files) < 10 {
		t.Fatalf("only %d C files to build: %q", len(files), files)
	}
	return files
}

func build(t *testing.T, ctx context.Context) string {
	t.Helper()
	flags, err := exec.CommandContext(ctx, "pkg-config", "--cflags", "libdpdk").Output()
	if err != nil {
		t.Fatalf("pkg-config --cflags libdpdk: %v; DPDK's headers are missing (make deps)", err)
	}
	dir := t.TempDir()
	// Does this compiler have ThreadSanitizer at all, and does it run here?
	probe := filepath.Join(dir, "probe")
	cmd := exec.CommandContext(ctx, "gcc", "-fsanitize=thread", "-x", "c", "-", "-o", probe)
	cmd.Stdin = strings.NewReader("int main(void) { return 0; }\n")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("gcc -fsanitize=thread does not build here: %v; install gcc with libtsan\n%s", err, out)
	}
	if out, err := exec.CommandContext(ctx, probe).CombinedOutput(); err != nil {
		t.Fatalf("ThreadSanitizer does not run here: %v; if it speaks of memory mappings, lower vm.mmap_rnd_bits to 28\n%s", err, out)
	}

	bin := filepath.Join(dir, "stress")
	args := []string{"-std=gnu11", "-Wall", "-Wextra", "-Werror", "-Wno-tsan", "-O1", "-g", "-fsanitize=thread", "-I../../cgo", "-Istress"}
	args = append(args, strings.Fields(string(flags))...)
	args = append(args, sources(t)...)
	if out, err := exec.CommandContext(ctx, "gcc", append(args, "-o", bin, "-pthread")...).CombinedOutput(); err != nil {
		t.Fatalf("gcc: %v\n%s", err, out)
	}
	return bin
}

func number(t *testing.T, name string, otherwise uint64) string {
	t.Helper()
	s := os.Getenv(name)
	if s == "" {
		return strconv.FormatUint(otherwise, 10)
	}
	if _, err := strconv.ParseUint(s, 10, 64); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return s
}

// TestParkUnderThreadSanitizer: no data race, every flow in order, every packet with
// its next hop's MAC or counted under one reason, and nothing left anywhere.
func TestParkUnderThreadSanitizer(t *testing.T) {
	packets := number(t, "PARKWAY_TSAN_PACKETS", 2_000_000)
	seed := number(t, "PARKWAY_TSAN_SEED", uint64(time.Now().UnixNano()))
	ctx, cancel := context.WithCancel(t.Context())
	if at, ok := t.Deadline(); ok { // a stress that hangs ends before this test does
		ctx, cancel = context.WithDeadline(t.Context(), at.Add(-10*time.Second))
	}
	defer cancel()
	cmd := exec.CommandContext(ctx, build(t, ctx), packets, seed)
	cmd.Env = append(os.Environ(), "TSAN_OPTIONS=exitcode=66 history_size=4")
	start := time.Now()
	out, err := cmd.CombinedOutput()
	switch {
	case ctx.Err() != nil:
		t.Fatalf("stuck with %s packets and seed %s\n%s", packets, seed, out)
	case cmd.ProcessState != nil && cmd.ProcessState.ExitCode() == 66:
		t.Fatalf("ThreadSanitizer, seed %s:\n%s", seed, out)
	case err != nil:
		t.Fatalf("%v\n%s", err, out)
	}
	t.Logf("%s in %v", strings.TrimSpace(string(out)), time.Since(start).Round(time.Millisecond))
}
