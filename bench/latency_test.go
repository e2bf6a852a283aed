// SPDX-License-Identifier: Apache-2.0

package bench

import (
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

func TestLatencies(t *testing.T) {
	var times []time.Duration
	for i := range 1001 {
		times = append(times, time.Duration(1000-i)*time.Microsecond) // 1000 down to 0
	}
	a := latencies("x", 4, "IPv4", times)
	for name, want := range map[string]float64{"p50": 500, "p90": 900, "p99": 990, "p99.9": 999, "max": 1000} {
		if got := a.Percentiles[name]; got < want-0.01 || got > want+0.01 {
			t.Errorf("%s is %v, want %v", name, got, want)
		}
	}
	if a.Median != 500 || a.Samples[0] != 1000 || a.Unit != "µs" {
		t.Errorf("%+v", a)
	}
	last := a.Curve[len(a.Curve)-1]
	if a.Curve[0] != (Point{0, 0}) || last.X != 1000 || last.Y < 0.999 || last.Y > 1.001 {
		t.Errorf("the curve goes from %v to %v", a.Curve[0], last)
	}
	for i := range a.Curve[1:] {
		if a.Curve[i+1].X < a.Curve[i].X || a.Curve[i+1].Y <= a.Curve[i].Y {
			t.Errorf("the curve falls at %v", a.Curve[i+1])
		}
	}
	if c := percentile(&a, "p99", 990.5); !c.Met || c.Value != a.Percentiles["p99"] {
		t.Errorf("%+v", c)
	}
	if c := percentile(&a, "p99", 989); c.Met {
		t.Errorf("%+v", c)
	}
	none := latencies("none", 0, "", nil)
	if c := percentile(&none, "p99", 1); c.Met || c.Missing == "" {
		t.Errorf("%+v", c)
	}
}

func TestThreadIsWoken(t *testing.T) {
	cpus, err := allowedCPUs()
	if err != nil {
		t.Fatal(err)
	}
	th, err := startThread(cpus[len(cpus)-1])
	if err != nil {
		t.Fatal(err)
	}
	for range 3 {
		if took, err := th.wake(); err != nil || took <= 0 {
			t.Errorf("%v, %v", took, err)
		}
	}
	th.end()
}

func TestConfine(t *testing.T) {
	before, err := allowedCPUs()
	if err != nil {
		t.Fatal(err)
	}
	if len(before) < 2 {
		t.Skip("one CPU")
	}
	r := &Runner{Control: before[0]}
	release, err := r.confine()
	if err != nil {
		t.Fatal(err)
	}
	got := make(chan int)
	go func() { // on a thread that may be new
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		var set unix.CPUSet
		_ = unix.SchedGetaffinity(0, &set)
		got <- set.Count()
	}()
	if n := <-got; n != 1 {
		t.Errorf("a thread may run on %d CPUs", n)
	}
	if err := release(); err != nil {
		t.Fatal(err)
	}
	if after, _ := allowedCPUs(); len(after) != len(before) {
		t.Errorf("afterwards %v, before %v", after, before)
	}
}

func TestWakeUpOnBusyMachine(t *testing.T) {
	at := func(name string, d time.Duration) *waker { return &waker{name: name, took: []time.Duration{d, d}} }
	for limit, notes := range map[time.Duration]int{100 * time.Microsecond: 0, time.Millisecond: 1} {
		res := &Result{}
		judgeWakeUp(res, []*waker{at(ours, 150*time.Microsecond), at(linux, time.Microsecond), at(bare, limit)})
		if len(res.Notes) != notes || len(res.Arms) != 3 || !res.Checks[0].Met || res.Ratio.To != bare {
			t.Errorf("a bare thread's %v: %+v", limit, res)
		}
	}
}

// A tiny run of every case on taps.
func TestCasesOnTaps(t *testing.T) {
	if _, err := os.Stat("/dev/net/tun"); err != nil || os.Geteuid() != 0 {
		t.Skipf("needs root and /dev/net/tun: %v", err)
	}
	binary := filepath.Join(t.TempDir(), "parkway")
	if out, err := exec.Command("go", "build", "-o", binary, "../cmd/parkway").CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	r := newRunner(t, Options{Quick: true, Rounds: 1, Window: 100 * time.Millisecond, Binary: binary})
	for _, c := range []Case{idle(), wakeUp(), firstPacket(), firstPacketAnswer()} {
		res, err := r.Run(t.Context(), c)
		if err != nil {
			t.Fatal(err)
		}
		for _, a := range res.Arms {
			if len(a.Samples) == 0 || a.Median <= 0 {
				t.Errorf("%s: %s has %v", c.Name, a.Label(), a.Samples)
			}
		}
		if len(res.Arms) < 3 || c.Goal != "" && len(res.Checks) == 0 {
			t.Errorf("%s: %d arms, %d checks", c.Name, len(res.Arms), len(res.Checks))
		}
	}
}
