// SPDX-License-Identifier: Apache-2.0

package paced

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/parkway-gw/parkway/bench/target"
	"github.com/parkway-gw/parkway/bench/traffic"
	"github.com/parkway-gw/parkway/dpdk"
)

// A server in this process, and what it answers. The EAL starts once in a process: one test
// has it all.
func TestServe(t *testing.T) {
	allowed, err := dpdk.AllowedCPUs()
	if err != nil || allowed.Len() < 2 {
		t.Skipf("worker and control need two CPUs: %v, %v", allowed, err)
	}
	cpus := allowed.List()
	cfg := target.PacedConfig{Control: cpus[0], Worker: cpus[len(cpus)-1], Memory: target.NoHuge, Octets: 512 << 20,
		Queue: 512, Sizes: traffic.IMIX(), Flows: 100}

	// What can't be met is refused before DPDK is touched, and said.
	bad := cfg
	bad.Flows = 0
	line, _ := json.Marshal(bad)
	var out strings.Builder
	if err := Serve(t.Context(), strings.NewReader(string(line)+"\n"), &out); err == nil || !strings.Contains(out.String(), "0 flows") {
		t.Errorf("%v, %q", err, out.String())
	}

	in, ask := io.Pipe()
	answers, reply := io.Pipe()
	ended := make(chan error, 1)
	go func() {
		err := Serve(t.Context(), in, reply)
		_ = reply.Close()
		ended <- err
	}()
	scan := bufio.NewScanner(answers)
	do := func(what any) (r target.PacedResult) {
		t.Helper()
		b, _ := json.Marshal(what)
		if _, err := fmt.Fprintf(ask, "%s\n", b); err != nil {
			t.Fatal(err)
		}
		if !scan.Scan() {
			t.Fatalf("no answer: %v", <-ended)
		}
		if err := json.Unmarshal([]byte(strings.TrimPrefix(scan.Text(), target.PacedReply)), &r); err != nil {
			t.Fatalf("%q: %v", scan.Text(), err)
		}
		if r.Error != "" {
			t.Fatal(r.Error)
		}
		return r
	}
	do(cfg)
	for _, trial := range []target.PacedTrial{
		{PPS: 50_000, Length: 200 * time.Millisecond},
		{Length: 50 * time.Millisecond},
		{PPS: 100_000, Packets: 1000},
		{PPS: 100_000_000, Packets: 50_000}, // more than the queue holds
	} {
		r := do(trial)
		waits := uint64(0)
		for _, w := range r.Waits {
			waits += w.Packets
		}
		if r.Offered != r.Missed+r.Sent+r.Dropped || r.Dropped != 0 || waits != r.Sent || r.Seconds <= 0 {
			t.Errorf("%+v: %+v, %d waits", trial, r, waits)
		}
		switch {
		case trial.Packets != 0 && r.Offered != trial.Packets:
			t.Errorf("%+v: %d were due", trial, r.Offered)
		case trial.PPS != 0 && trial.Packets == 0 && (r.Offered == 0 || float64(r.Offered) > 1.1*(r.Seconds+0.1)*float64(trial.PPS)):
			t.Errorf("%+v: %d were due in %v s", trial, r.Offered, r.Seconds)
		case trial.PPS == 100_000_000 && r.Missed == 0:
			t.Errorf("%+v: none found the queue full", trial)
		}
	}
	_ = ask.Close()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	if left, err := os.ReadDir("/var/run/dpdk"); err == nil {
		for _, f := range left {
			if f.Name() == fmt.Sprintf("paced-%d", os.Getpid()) {
				t.Errorf("left behind: %s", f.Name())
			}
		}
	}
}
