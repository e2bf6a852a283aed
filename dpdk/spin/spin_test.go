// SPDX-License-Identifier: Apache-2.0

package spin

import (
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

func TestRun(t *testing.T) {
	var set unix.CPUSet
	if err := unix.SchedGetaffinity(0, &set); err != nil {
		t.Fatal(err)
	}
	cpu := 0
	for !set.IsSet(cpu) {
		cpu++
	}
	type result struct {
		g   Gaps
		err error
	}
	c := make(chan result)
	go func() {
		g, err := Run(cpu, 20*time.Millisecond)
		c <- result{g, err}
	}()
	r := <-c
	if r.err != nil || r.g.Reads < 1000 || r.g.Longest <= 0 || r.g.Longest > time.Second {
		t.Errorf("%+v", r)
	}
	go func() {
		g, err := Run(1023, time.Millisecond)
		c <- result{g, err}
	}()
	if r := <-c; r.err == nil {
		t.Error("CPU 1023 took a thread")
	}
}
