// SPDX-License-Identifier: Apache-2.0

package target

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"time"
)

const (
	testpmdBinary = "dpdk-testpmd"
	testpmdBurst  = 64 // as Parkway's
	replyTime     = 10 * time.Second
)

// Testpmd is DPDK's own test program on the same ports: what receiving and sending costs
// with no router between.
type Testpmd struct {
	mode  string
	s     Scenario
	p     *Process
	first uint64 // packets forwarded before Start returned
}

// NewTestpmd makes one. The mode is io (packets leave as they came) or mac (both MAC
// addresses are written, which touches each packet).
func NewTestpmd(mode string) *Testpmd { return &Testpmd{mode: mode} }

// Name is "testpmd mac" or "testpmd io".
func (t *Testpmd) Name() string { return "testpmd " + t.mode }

// Start starts the program and forwarding.
func (t *Testpmd) Start(ctx context.Context, s Scenario) error {
	path, err := exec.LookPath(testpmdBinary)
	if err != nil {
		return &Unavailable{testpmdBinary, "apt-get install --no-install-recommends dpdk-dev"}
	}
	t.s = s
	// stdbuf, because the program does not flush what it answers.
	if t.p, err = StartProcess([]string{"RUNTIME_DIRECTORY=" + s.Dir}, "stdbuf", append([]string{"-oL", path}, t.args()...)...); err != nil {
		return err
	}
	t.p.name = testpmdBinary // which stdbuf becomes
	if err = t.begin(ctx); err != nil {
		_ = t.Stop()
		return fmt.Errorf("%s: %w", t.Name(), err)
	}
	return nil
}

func (t *Testpmd) args() []string {
	s := t.s
	burst := s.Burst
	if burst == 0 {
		burst = testpmdBurst
	}
	memory := "--in-memory"
	args := []string{"--lcores", fmt.Sprintf("0@%d,1@%d", s.Control, s.Worker), "--no-pci", "--no-telemetry", "--file-prefix", fmt.Sprintf("bench-%d-%s", os.Getpid(), t.mode),
		"-m", fmt.Sprint(s.MemorySize() / mib)}
	if s.Memory == NoHuge {
		memory = "--no-huge"
		args = append(args, "--no-shconf")
	}
	return append(args, memory, "--vdev", numbered(s.In, 0), "--vdev", numbered(s.Out, 1), "--",
		"--interactive", "--forward-mode="+t.mode, "--nb-cores=1", "--no-mlockall", "--no-lsc-interrupt",
		fmt.Sprintf("--burst=%d", burst), fmt.Sprintf("--total-num-mbufs=%d", s.Mbufs()))
}

// numbered gives a vdev its number: "net_null,no-rx=1" is "net_null1,no-rx=1".
func numbered(vdev string, n int) string {
	driver, args, has := strings.Cut(vdev, ",")
	driver += strconv.Itoa(n)
	if has {
		return driver + "," + args
	}
	return driver
}

func (t *Testpmd) begin(ctx context.Context) error {
	if _, err := t.p.Await(ctx, 0, func(s string) bool { return strings.Contains(s, "testpmd>") }); err != nil {
		return err
	}
	if err := t.p.Write("start"); err != nil {
		return err
	}
	return untilFlowing(ctx, t)
}

// untilFlowing waits for the first packet of a target.
func untilFlowing(ctx context.Context, t Target) error {
	for {
		n, err := t.Packets()
		if err != nil || n > 0 {
			return err
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("%s forwards nothing: %w", t.Name(), context.Cause(ctx))
		case <-time.After(lookEvery):
		}
	}
}

// Packets returns what the out port has sent.
func (t *Testpmd) Packets() (uint64, error) {
	ctx, cancel := context.WithTimeout(context.Background(), replyTime)
	defer cancel()
	mark := t.p.Mark()
	if err := t.p.Write("show port stats 1"); err != nil {
		return 0, err
	}
	text, err := t.p.Await(ctx, mark, func(s string) bool { _, ok := testpmdSent(s, 1); return ok })
	n, _ := testpmdSent(text, 1)
	return n, err
}

var testpmdStats = regexp.MustCompile(`(?s)NIC statistics for port (\d+)  #.*?TX-packets:\s+(\d+)\s.*?\n  #{40,}`)

// testpmdSent reads the packets that a port has sent from `show port stats`; false as long
// as the answer is not complete.
func testpmdSent(text string, port int) (uint64, bool) {
	for _, m := range testpmdStats.FindAllStringSubmatch(text, -1) {
		if m[1] != strconv.Itoa(port) {
			continue
		}
		n, err := strconv.ParseUint(m[2], 10, 64)
		return n, err == nil
	}
	return 0, false
}

// Worker returns the CPU time of the forwarding lcore.
func (t *Testpmd) Worker() (time.Duration, error) { return CPUTime(t.p.PID(), t.s.Worker) }

// Pause makes the program stand still.
func (t *Testpmd) Pause() error { return t.p.Pause() }

// Resume lets it run again.
func (t *Testpmd) Resume() error { return t.p.Resume() }

// Stop ends it.
func (t *Testpmd) Stop() error {
	if t.p == nil {
		return nil
	}
	_ = t.p.Resume()
	_ = t.p.Write("stop\nquit") // one that has ended says so below
	err := t.p.WaitEnd()
	t.p = nil
	return err
}
