// SPDX-License-Identifier: Apache-2.0

package target

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/parkway-gw/parkway/bench/traffic"
	"github.com/parkway-gw/parkway/internal/lab"
)

// ovnScenario is a short scenario on this machine, in a folder of its own.
func ovnScenario(t *testing.T, family Family) Scenario {
	t.Helper()
	// Longer than a socket's address can be.
	dir := filepath.Join(t.TempDir(), strings.Repeat("long", 20))
	must(t, os.Mkdir(dir, 0o700))
	s := Scenario{Name: "t", Family: family, Sizes: traffic.Fixed(64), Flows: 64, Spread: Uniform, Routes: 16, Neighbors: 16, Memory: NoHuge, Seed: 1,
		Pcap: filepath.Join(dir, "in.pcap"), Packets: traffic.MinPackets, Out: "net_null,no-rx=1", Dir: dir, Control: 0, Worker: 1}
	s.In = "net_pcap,rx_pcap=" + s.Pcap + ",infinite_rx=1"
	if err := traffic.WritePcap(s.Pcap, s.Network().Traffic()); err != nil {
		t.Fatal(err)
	}
	return s
}

func startOVN(t *testing.T, o *OVN, s Scenario) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), ovnPatience)
	defer cancel()
	err := o.Start(ctx, s)
	if IsUnavailable(err) {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = o.Stop() })
}

// TestOVNForwards starts OVN, sees it forward, pause, forward and end without a trace.
func TestOVNForwards(t *testing.T) {
	for _, family := range []Family{IPv4, IPv6} {
		t.Run(string(family), func(t *testing.T) {
			s := ovnScenario(t, family)
			o := &OVN{}
			startOVN(t, o, s)
			node := o.node
			ns, pids := node.ns.Name, []int{}
			for _, p := range node.procs {
				pids = append(pids, p.PID())
			}
			packets := func() uint64 {
				t.Helper()
				n, err := o.Packets()
				if err != nil {
					t.Fatal(err)
				}
				return n
			}
			// A round of the capture, and as many neighbors as there are in it.
			first := packets()
			until(t, "a round of the capture has left", func() bool { n, err := o.Sent(); return err == nil && n > first+traffic.MinPackets })
			if now := packets(); now <= first {
				t.Errorf("%d packets, and then %d", first, now)
			}
			if ran, err := o.Worker(); err != nil || ran <= 0 {
				t.Errorf("the worker ran for %v, %v", ran, err)
			}
			flows, err := node.Ctl("dpctl/dump-flows", "netdev@ovs-netdev")
			if err != nil {
				t.Fatal(err)
			}
			for _, nb := range s.Network().Neighbors {
				if !strings.Contains(flows, "dst="+nb.MAC.String()) {
					t.Errorf("no flow to %v in\n%s", nb.MAC, flows)
				}
			}
			if err := o.Check(t.Context()); err != nil {
				t.Error(err)
			}

			// Who is paused takes no CPU time; who goes on forwards as before, without upcalls.
			must(t, o.Pause())
			if len(o.windows) != 1 || o.windows[0].EMC+o.windows[0].Megaflow == 0 {
				t.Errorf("windows %+v", o.windows)
			}
			until(t, "all threads stand", func() bool { return stopped(node.switchd.PID()) })
			ran, err := o.Worker()
			must(t, err)
			time.Sleep(50 * time.Millisecond) // a time that must not count
			if later, _ := o.Worker(); later != ran {
				t.Errorf("the worker ran for %v while paused", later-ran)
			}
			must(t, o.Resume())
			before := packets()
			until(t, "it goes on", func() bool { n, err := o.Sent(); return err == nil && n > before+traffic.MinPackets })
			packets()
			must(t, o.Pause())
			if w := o.windows[1]; w.Upcalls+w.Lost != 0 {
				t.Errorf("after the pause: %+v", w)
			}
			for _, line := range o.Notes() {
				t.Log(line)
			}

			must(t, o.Stop())
			must(t, o.Stop())
			for _, pid := range pids {
				if _, err := os.Stat(fmt.Sprintf("/proc/%d", pid)); err == nil {
					t.Errorf("process %d is left", pid)
				}
			}
			if lab.Exists(ns) {
				t.Errorf("namespace %s is left", ns)
			}
			if left, _ := filepath.Glob(filepath.Join(s.Dir, "*")); len(left) != 1 || left[0] != s.Pcap {
				t.Errorf("left are %v", left)
			}
		})
	}
}

// A start that fails says what the switch said, and leaves nothing.
func TestOVNStartFails(t *testing.T) {
	s := ovnScenario(t, IPv4)
	s.In = "net_pcap,rx_pcap=/nonexistent,infinite_rx=1"
	o := &OVN{}
	err := o.Start(t.Context(), s)
	if IsUnavailable(err) {
		t.Skip(err)
	}
	if err == nil || !strings.Contains(err.Error(), "/nonexistent") {
		t.Errorf("got %v", err)
	}
	if o.node != nil || o.dir != "" {
		t.Errorf("left are %+v, %q", o.node, o.dir)
	}
	must(t, o.Stop())
	if left, _ := filepath.Glob(filepath.Join(s.Dir, "*")); len(left) != 1 {
		t.Errorf("left are %v", left)
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// until waits for a condition.
func until(t *testing.T, what string, done func() bool) {
	t.Helper()
	for end := time.Now().Add(30 * time.Second); !done(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("waited in vain: %s", what)
		}
	}
}

// stopped says whether every thread of a process is stopped.
func stopped(pid int) bool {
	tasks, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/stat", pid))
	for _, task := range tasks {
		text, err := os.ReadFile(task)
		if _, after, _ := strings.Cut(string(text), ") "); err == nil && !strings.HasPrefix(after, "T") {
			return false
		}
	}
	return len(tasks) > 0
}
