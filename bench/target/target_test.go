// SPDX-License-Identifier: Apache-2.0

package target

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/parkway-gw/parkway/bench/traffic"
	"github.com/parkway-gw/parkway/internal/api"
	"github.com/parkway-gw/parkway/internal/api/apitest"
	"github.com/parkway-gw/parkway/internal/config"
)

func scenario(f Family, routes, neighbors int) Scenario {
	return Scenario{Family: f, Sizes: traffic.Fixed(64), Flows: 5000, Routes: routes, Neighbors: neighbors, Seed: 7, Memory: NoHuge,
		In: "net_pcap,rx_pcap=/x/in.pcap,infinite_rx=1", Out: "net_null,no-rx=1", Control: 0, Worker: 1}
}

// The daemon accepts every file that we write, and finds in it what we meant.
func TestParkwayConfig(t *testing.T) {
	for _, s := range []Scenario{
		scenario(IPv4, 16, 16), scenario(IPv6, 16, 16), scenario(Mixed, 16, 16), scenario(IPv4, 0, 1000),
		scenario(IPv4, 5000, 64), scenario(IPv6, 2000, 64), scenario(IPv4, 0, 65536),
	} {
		t.Run(fmt.Sprintf("%s-%d-%d", s.Family, s.Routes, s.Neighbors), func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "x.yaml")
			if err := os.WriteFile(file, []byte(ParkwayConfig(s)), 0o600); err != nil {
				t.Fatal(err)
			}
			c, err := config.Load(file)
			if err != nil {
				t.Fatal(err)
			}
			if len(c.Warnings) != 0 {
				t.Errorf("warnings: %v", c.Warnings)
			}
			families := map[Family]int{IPv4: 1, IPv6: 1, Mixed: 2}[s.Family]
			if got := len(c.Topology.Routers[0].StaticRoutes); got != s.Routes*families {
				t.Errorf("%d routes, want %d for each family", got, s.Routes)
			}
			if c.DPDK.Memory.Size != s.MemorySize() || c.DPDK.Mbufs != s.Mbufs() {
				t.Errorf("%d octets and %d mbufs, want %d and %d", c.DPDK.Memory.Size, c.DPDK.Mbufs, s.MemorySize(), s.Mbufs())
			}
			if got := c.Ports[1].Vdev; got != "net_null1,no-rx=1" {
				t.Errorf("out port %q", got)
			}
		})
	}
}

// A million packets need a pool that holds them.
func TestMemoryHoldsTheCapture(t *testing.T) {
	s := scenario(IPv4, 16, 16)
	s.Packets = 1_000_000
	if s.Mbufs() <= 1_000_000 || s.MemorySize() < 1_000_000*2304 || s.MemorySize()%(2<<20) != 0 {
		t.Errorf("%d mbufs, %d octets", s.Mbufs(), s.MemorySize())
	}
}

// Every flow meets a route of its own family, the routes differ, and all are used.
func TestNetwork(t *testing.T) {
	for _, tc := range []struct {
		family Family
		routes int
	}{{IPv4, 16}, {IPv4, 3000}, {IPv6, 16}, {IPv6, 3000}, {Mixed, 16}, {Mixed, 1000}} {
		s := scenario(tc.family, tc.routes, 64)
		s.Flows = 8000
		n := s.Network()
		at := map[netip.Prefix]bool{}
		for _, r := range n.Routes {
			if at[r.Prefix] || r.Prefix != r.Prefix.Masked() || r.Prefix.Addr().Is4() != r.Nexthop.Is4() {
				t.Fatalf("%s %d: route %+v, again %v", tc.family, tc.routes, r, at[r.Prefix])
			}
			at[r.Prefix] = true
			if a := r.Prefix.Addr(); a.IsLoopback() || a.IsMulticast() || RouterOut[0].Contains(a) || RouterIn[0].Contains(a) {
				t.Fatalf("route %s", r.Prefix)
			}
		}
		hit := map[netip.Prefix]bool{}
		tuples := map[string]bool{}
		for i := range s.Flows {
			f := n.Flow(i)
			if v6 := f.Dst.Is6(); v6 != f.Src.Is6() || tc.family == IPv4 && v6 || tc.family == IPv6 && !v6 || tc.family == Mixed && v6 != (i%2 == 1) {
				t.Fatalf("flow %d: %+v", i, f)
			}
			p, ok := longest(at, f.Dst)
			if !ok {
				t.Fatalf("flow %d to %s meets no route", i, f.Dst)
			}
			hit[p] = true
			tuples[fmt.Sprint(f)] = true
		}
		if len(tuples) != s.Flows {
			t.Errorf("%s: %d flows are %d", tc.family, s.Flows, len(tuples))
		}
		if len(hit) < len(n.Routes)*9/10 { // a few lie within longer ones
			t.Errorf("%s: %d of %d routes are used", tc.family, len(hit), len(n.Routes))
		}
	}
}

func longest(routes map[netip.Prefix]bool, a netip.Addr) (netip.Prefix, bool) {
	for bits := a.BitLen(); bits >= 0; bits-- {
		if p, _ := a.Prefix(bits); routes[p] {
			return p, true
		}
	}
	return netip.Prefix{}, false
}

func TestConnectedNeighbors(t *testing.T) {
	s := scenario(Mixed, 0, 65536)
	n := s.Network()
	macs, ips := map[MAC]bool{}, map[netip.Addr]bool{}
	for _, nb := range n.Neighbors {
		macs[nb.MAC], ips[nb.V4], ips[nb.V6] = true, true, true
		if !RouterOut[0].Contains(nb.V4) || !RouterOut[1].Contains(nb.V6) || nb.V4 == RouterOut[0].Addr() {
			t.Fatalf("%+v is not behind the out port", nb)
		}
	}
	if len(macs) != 65536 || len(ips) != 2*65536 {
		t.Errorf("%d MACs, %d addresses", len(macs), len(ips))
	}
	for i := range 100 {
		if f := n.Flow(i); !ips[f.Dst] {
			t.Errorf("flow %d goes to %s, which is nobody", i, f.Dst)
		}
	}
}

func TestWithin(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	for _, p := range []string{"16.0.0.0/12", "20.1.2.0/23", "20.1.2.3/32", "0.0.0.0/0", "2a00::/16", "2a00:1:2::/47", "2a00::1/128"} {
		for range 50 {
			if a := within(netip.MustParsePrefix(p), r); !netip.MustParsePrefix(p).Contains(a) {
				t.Fatalf("%s is not in %s", a, p)
			}
		}
	}
}

const stats = `testpmd> show port stats 1

  ######################## NIC statistics for port 1  ########################
  RX-packets: 12         RX-missed: 0          RX-bytes:  0
  RX-errors: 0
  RX-nombuf:  0         
  TX-packets: 7168704    TX-errors: 0          TX-bytes:  0

  Throughput (since last show)
  Rx-pps:            0          Rx-bps:            0
  Tx-pps:      2473944          Tx-bps:            0
  ############################################################################
testpmd> `

func TestTestpmdStats(t *testing.T) {
	if n, ok := testpmdSent(stats, 1); n != 7168704 || !ok {
		t.Errorf("%d, %v", n, ok)
	}
	if n, ok := testpmdSent(stats, 0); ok {
		t.Errorf("port 0 has %d", n)
	}
	for i := range strings.LastIndex(stats, "  ####") { // an answer that is still coming
		if n, ok := testpmdSent(stats[:i], 1); ok {
			t.Fatalf("%d of %q", n, stats[:i])
		}
	}
}

func TestTestpmdArgs(t *testing.T) {
	s := scenario(IPv4, 16, 16)
	has := func(args []string, want ...string) {
		t.Helper()
		all := " " + strings.Join(args, " ") + " "
		for _, w := range want {
			if !strings.Contains(all, " "+w+" ") {
				t.Errorf("no %q in %s", w, all)
			}
		}
	}
	has((&Testpmd{mode: "mac", s: s}).args(), "--no-huge", "--lcores 0@0,1@1", "--burst=64", "--forward-mode=mac",
		"--vdev net_pcap0,rx_pcap=/x/in.pcap,infinite_rx=1", "--vdev net_null1,no-rx=1", fmt.Sprintf("--total-num-mbufs=%d", s.Mbufs()))
	s.Memory, s.Burst = Hugepages, 32
	has((&Testpmd{mode: "io", s: s}).args(), "--in-memory", "--burst=32")
}

func TestMissingProgram(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	err := NewTestpmd("mac").Start(t.Context(), scenario(IPv4, 16, 16))
	if !IsUnavailable(err) || !strings.Contains(err.Error(), "apt-get install") {
		t.Errorf("%v", err)
	}
}

func TestProcess(t *testing.T) {
	p, err := StartProcess([]string{"HELLO=world"}, "sh", "-c", `echo $HELLO; while read l; do echo "got $l"; done; exit 3`)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	if _, err := p.Await(ctx, 0, func(s string) bool { return strings.Contains(s, "world") }); err != nil {
		t.Error(err)
	}
	mark := p.Mark()
	if err := p.Write("that"); err != nil {
		t.Error(err)
	}
	text, err := p.Await(ctx, mark, func(s string) bool { return strings.HasSuffix(s, "\n") })
	if text != "got that\n" || err != nil {
		t.Errorf("%q, %v", text, err)
	}
	if err := p.WaitEnd(); err == nil || !strings.Contains(err.Error(), "exit status 3") || !strings.Contains(err.Error(), "got that") {
		t.Errorf("%v; want the status and the last words", err)
	}
	if _, err := p.Await(ctx, 0, func(string) bool { return false }); err == nil || !strings.Contains(err.Error(), "has ended") {
		t.Errorf("%v", err)
	}
}

func TestPausedProcessIsStopped(t *testing.T) {
	p, err := StartProcess(nil, "sleep", "1000")
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Pause(); err != nil {
		t.Error(err)
	}
	if err := p.Stop(syscall.SIGTERM); err == nil { // it ends by the signal
		t.Error("no word of the signal")
	}
	if err := syscall.Kill(p.PID(), 0); err != syscall.ESRCH {
		t.Errorf("the process is there: %v", err)
	}
}

// A thread that is bound to one CPU is found, and nobody else.
func TestCPUTime(t *testing.T) {
	var allowed unix.CPUSet
	if err := unix.SchedGetaffinity(0, &allowed); err != nil {
		t.Fatal(err)
	}
	if allowed.Count() < 2 {
		t.Skip("all threads are bound to the only CPU")
	}
	cpu := 0
	for !allowed.IsSet(cpu) {
		cpu++
	}
	if _, err := CPUTime(os.Getpid(), cpu); err == nil {
		t.Error("a bound thread before there is one")
	}
	spun, stop := make(chan time.Duration), make(chan struct{})
	go func() {
		runtime.LockOSThread() // and the thread ends with the goroutine
		var one unix.CPUSet
		one.Set(cpu)
		_ = unix.SchedSetaffinity(0, &one)
		var ts unix.Timespec
		for ts.Nano() < int64(50*time.Millisecond) {
			_ = unix.ClockGettime(unix.CLOCK_THREAD_CPUTIME_ID, &ts)
		}
		spun <- time.Duration(ts.Nano())
		<-stop
	}()
	want := <-spun
	got, err := CPUTime(os.Getpid(), cpu)
	close(stop)
	if err != nil || got < want-20*time.Millisecond || got > want+time.Second {
		t.Errorf("%v, %v; want about %v", got, err, want)
	}
}

// What the daemon lost is an error.
func TestParkwayCheck(t *testing.T) {
	s := apitest.Sample()
	s.Answers.Counters = api.Counters{Rx: 10, Tx: 10, Drops: map[string]uint64{"ip_ttl": 0}}
	p := NewParkway("parkway", "")
	p.api = api.Dial(apitest.Serve(t, s))
	if err := p.Check(t.Context()); err != nil {
		t.Error(err)
	}
	s.Do(func() { s.Answers.Counters.Drops["ip_ttl"] = 2; s.Answers.Counters.Parked = 3 })
	if err := p.Check(t.Context()); err == nil || !strings.Contains(err.Error(), "dropped 2 packets: ip_ttl") || !strings.Contains(err.Error(), "3 packets parked") {
		t.Errorf("%v", err)
	}
	if err := p.Stop(); err != nil {
		t.Errorf("stop of what does not run: %v", err)
	}
}
