// SPDX-License-Identifier: Apache-2.0

package tables

import (
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/netip"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/parkway-gw/parkway/cgo"
	"github.com/parkway-gw/parkway/dpdk"
	"github.com/parkway-gw/parkway/forwarder"
	"github.com/parkway-gw/parkway/internal/config"
)

var full = os.Getenv("PARKWAY_BENCH") == "full"

func sized(small, large int) int {
	if full {
		return large
	}
	return small
}

var eal *dpdk.EAL

func TestMain(m *testing.M) {
	var err error
	eal, err = dpdk.Start(dpdk.EALConfig{Program: "tables", Memory: dpdk.MemoryNoHuge, MemorySize: uint64(sized(512, 4096)) << 20,
		FilePrefix: fmt.Sprintf("tables-%d", os.Getpid()), Control: dpdk.CPUs(0), Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	code := m.Run()
	_ = eal.Close()
	os.Exit(code)
}

// mix is prefix lengths with their share in percent: roughly those of the default-free
// zone, and two in a hundred longer ones for IPv4, as a gateway of hosts has.
type mix []struct{ bits, percent int }

var (
	mix4 = mix{{24, 58}, {23, 10}, {22, 12}, {21, 5}, {20, 5}, {19, 3}, {18, 2}, {17, 1}, {16, 2}, {32, 1}, {28, 1}}
	mix6 = mix{{48, 47}, {32, 14}, {44, 11}, {40, 9}, {36, 5}, {46, 4}, {29, 3}, {56, 3}, {64, 3}, {128, 1}}
)

func (m mix) draw(r *rand.Rand) int {
	n := r.IntN(100)
	for _, p := range m {
		if n -= p.percent; n < 0 {
			return p.bits
		}
	}
	return m[0].bits
}

// routes draws so many different prefixes of a family.
func routes(r *rand.Rand, n int, v6 bool) []forwarder.StaticRoute {
	out := make([]forwarder.StaticRoute, 0, n)
	seen := make(map[netip.Prefix]struct{}, n)
	for len(out) < n {
		var p netip.Prefix
		var via netip.Addr
		if v6 {
			var a [16]byte
			for i := range a {
				a[i] = byte(r.Uint32())
			}
			a[0], a[1], a[2] = 0x2a, byte(r.IntN(32)), a[2]&0xf0
			p, _ = netip.AddrFrom16(a).Prefix(mix6.draw(r))
			via = netip.AddrFrom16([16]byte{0x20, 1, 0xd, 0xb8, 15: byte(2 + r.IntN(64))})
		} else {
			p, _ = netip.AddrFrom4([4]byte{byte(20 + r.IntN(180)), byte(r.Uint32()), byte(r.Uint32()), byte(r.Uint32())}).Prefix(mix4.draw(r))
			via = netip.AddrFrom4([4]byte{172, 16, 0, byte(2 + r.IntN(64))})
		}
		if _, is := seen[p]; !is {
			seen[p] = struct{}{}
			out = append(out, forwarder.StaticRoute{Prefix: p, Nexthop: via})
		}
	}
	return out
}

func topology(static []forwarder.StaticRoute) forwarder.Topology {
	return forwarder.Topology{
		Switches: []forwarder.Switch{{Name: "sw", Ports: []forwarder.SwitchPort{{Name: "out", Unknown: true},
			{Name: "to-lr", Type: forwarder.PortRouter, RouterPort: "lrp"}}}},
		Routers: []forwarder.Router{{Name: "lr", Ports: []forwarder.RouterPort{{Name: "lrp", MAC: forwarder.MAC{2, 0, 0, 0, 0, 1},
			Networks: []netip.Prefix{netip.MustParsePrefix("172.16.0.1/15"), netip.MustParsePrefix("2001:db8::1/64")}}}, StaticRoutes: static}},
	}
}

func heap() float64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return float64(m.HeapAlloc) / (1 << 20)
}

// clock takes laps: of the wall, and of the CPUs, for the machine may have others to serve.
type clock struct {
	t   *testing.T
	at  time.Time
	cpu time.Duration
}

func cpuTime() time.Duration {
	var u unix.Rusage
	_ = unix.Getrusage(unix.RUSAGE_SELF, &u)
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

func newClock(t *testing.T) *clock { return &clock{t, time.Now(), cpuTime()} }

// lap returns the CPU time since the last one, or since start, and begins the next.
func (c *clock) lap(format string, args ...any) time.Duration {
	d, cpu := time.Since(c.at), cpuTime()-c.cpu
	c.t.Logf("%-46s %8.3f s, %8.3f s of CPU", fmt.Sprintf(format, args...), d.Seconds(), cpu.Seconds())
	c.start()
	return cpu
}

func (c *clock) start() { c.at, c.cpu = time.Now(), cpuTime() }

func TestTables(t *testing.T) {
	n4, n6, neighbors := sized(20_000, 1_000_000), sized(4_000, 200_000), 65536
	const seed = 7
	r := rand.New(rand.NewPCG(seed, 0))
	static := append(routes(r, n4, false), routes(r, n6, true)...)
	t.Logf("seed %d; %d IPv4 and %d IPv6 routes, %d neighbors", seed, n4, n6, neighbors)
	base := heap()
	c := newClock(t)

	fc := forwarder.Defaults()
	fc.EAL, fc.Logger, fc.Mbufs, fc.MaxNeighbors = eal, slog.New(slog.DiscardHandler), 8192, neighbors
	fc.Ports = []forwarder.Port{{Name: "out", Device: "net_null_tables,no-rx=1", IfaceID: "out"}}
	fc.Topology = topology(static)
	f, err := forwarder.New(fc)
	if err != nil {
		t.Fatal(err)
	}
	loaded := c.lap("New with all routes")
	defer func() {
		if err := f.Stop(t.Context()); err != nil {
			t.Error(err)
		}
	}()
	t.Logf("%d routes per second of CPU; Go heap %.0f MiB", int(float64(len(static))/loaded.Seconds()), heap()-base)
	if err := f.Start(); err != nil {
		t.Fatal(err)
	}

	c.start()
	for i := range neighbors - 1024 { // those of the routes have theirs
		ip := netip.AddrFrom4([4]byte{172, 17, byte(i >> 8), byte(i)})
		adj, err := f.Adjacency(0, ip)
		if err != nil {
			t.Fatal(err)
		}
		f.SetAdjacency(adj, forwarder.MAC{2, 1, 0, 0, byte(i >> 8), byte(i)}, cgo.AdjReachable)
	}
	d := c.lap("%d neighbors entered", neighbors-1024)
	t.Logf("%d neighbors per second of CPU; Go heap %.0f MiB", int(float64(neighbors-1024)/d.Seconds()), heap()-base)

	// Batches: a tenth goes, then comes back. The first one makes the second table.
	batch4, batch6 := n4/10, n6/10
	for round := range sized(3, 1) {
		for _, gone := range []bool{true, false} {
			now := static
			if gone {
				now = append(append([]forwarder.StaticRoute(nil), static[batch4:n4]...), static[n4+batch6:]...)
			}
			c.start()
			p, err := f.Prepare(topology(now))
			if err != nil {
				t.Fatal(err)
			}
			prepared := c.lap("round %d, prepared, gone %v", round, gone)
			change, err := p.Commit()
			if err != nil {
				t.Fatal(err)
			}
			committed := c.lap("round %d, committed (waiting %v)", round, change.Grace)
			n := change.RoutesSet + change.RoutesDeleted
			if n < (batch4+batch6)*9/10 {
				t.Fatalf("%d routes changed, want about %d", n, batch4+batch6)
			}
			t.Logf("%d routes per second of CPU", int(float64(n)/(prepared+committed).Seconds()))
			f.Maintain()
		}
	}
	updates(t, f, "IPv4", static[:n4])
	updates(t, f, "IPv6", static[n4:])
	t.Logf("Go heap %.0f MiB", heap()-base)
}

// updates has routes go and come back by UpdateRoutes, in batches of several sizes.
func updates(t *testing.T, f *forwarder.Forwarder, family string, list []forwarder.StaticRoute) {
	for _, size := range []int{len(list) / 10, len(list) / 100, 10} {
		for _, gone := range []bool{true, false} {
			n, rounds := 0, min(5, len(list)/size)
			var prepare, commit time.Duration
			began := time.Now()
			cpu := cpuTime()
			for i := range rounds {
				add, del := list[i*size:(i+1)*size], []forwarder.StaticRoute(nil)
				if gone {
					add, del = nil, add
				}
				at := time.Now()
				p, err := f.PrepareRoutes("lr", add, del)
				if err != nil {
					t.Fatal(err)
				}
				prepare += time.Since(at)
				at = time.Now()
				change, err := p.Commit()
				if err != nil {
					t.Fatal(err)
				}
				commit = max(commit, time.Since(at))
				if n += change.RoutesSet + change.RoutesDeleted; change.RoutesSet+change.RoutesDeleted != size {
					t.Fatalf("%+v", change)
				}
				f.Maintain()
			}
			wall := time.Since(began)
			cpu = cpuTime() - cpu
			what := map[bool]string{true: "deleted", false: "added"}[gone]
			t.Logf("%s: %d times %d %s by UpdateRoutes: %.3f s, %.3f s of CPU; %.0f per second, %.0f per second of CPU; preparing %v on average, longest commit %v",
				family, rounds, size, what, wall.Seconds(), cpu.Seconds(), float64(n)/wall.Seconds(), float64(n)/cpu.Seconds(), prepare/time.Duration(rounds), commit)
		}
	}
}

// Rates of the FIBs themselves, of one route at a time.
func TestFIBRates(t *testing.T) {
	n4, n6 := sized(10_000, 1_000_000), sized(2_000, 200_000)
	r := rand.New(rand.NewPCG(7, 0))
	r4, r6 := routes(r, n4, false), routes(r, n6, true)
	type table interface {
		Add(netip.Prefix, uint64) error
		Delete(netip.Prefix) error
		Close() error
	}
	run := func(name string, f table, err error, list []forwarder.StaticRoute) {
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		c := newClock(t)
		for i := range list {
			if err := f.Add(list[i].Prefix, uint64(1+i%64)); err != nil {
				t.Fatalf("%s: route %d: %v", name, i, err)
			}
		}
		added := c.lap("%s: %d added", name, len(list))
		for i := range list {
			if err := f.Delete(list[i].Prefix); err != nil {
				t.Fatalf("%s: route %d: %v", name, i, err)
			}
		}
		deleted := c.lap("%s: as many deleted", name)
		t.Logf("%s: %d adds, %d deletes per second of CPU", name, int(float64(len(list))/added.Seconds()), int(float64(len(list))/deleted.Seconds()))
	}
	f4, err := dpdk.NewFIB4("rates4", dpdk.FIBConfig{MaxRoutes: n4 + 1024, NextHopBytes: 4, Tbl8: n4/20 + 1024, Socket: dpdk.SocketAny})
	run("IPv4", f4, err, r4)
	f6, err := dpdk.NewFIB6("rates6", dpdk.FIBConfig{MaxRoutes: n6 + 1024, NextHopBytes: 4, Tbl8: n6*4 + 1024, Socket: dpdk.SocketAny})
	run("IPv6", f6, err, r6)
}

// A YAML file with as many routes: what reading and checking it takes.
func TestYAML(t *testing.T) {
	n4, n6 := sized(10_000, 1_000_000), sized(2_000, 200_000)
	r := rand.New(rand.NewPCG(7, 0))
	static := append(routes(r, n4, false), routes(r, n6, true)...)
	var b strings.Builder
	b.WriteString(`version: 1
dpdk: {memory: {mode: no-huge, size: 4GiB}}
ports: [{name: p, vdev: "net_null0", iface_id: out}]
logical_switches:
  - name: sw
    ports:
      - {name: out, addresses: [unknown]}
      - {name: to-lr, type: router, addresses: ["02:00:00:00:00:01"], options: {router-port: lrp}}
logical_routers:
  - name: lr
    ports: [{name: lrp, mac: "02:00:00:00:00:01", networks: [172.16.0.1/15, "2001:db8::1/64"]}]
    static_routes:
`)
	for _, s := range static {
		fmt.Fprintf(&b, "      - {ip_prefix: \"%s\", nexthop: \"%s\"}\n", s.Prefix, s.Nexthop)
	}
	file := filepath.Join(t.TempDir(), "many.yaml")
	if err := os.WriteFile(file, []byte(b.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Logf("%.0f MiB of YAML", float64(b.Len())/(1<<20))
	b.Reset()
	base := heap()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	c := newClock(t)
	cfg, err := config.Load(file)
	if err != nil {
		text := err.Error()
		t.Fatal(text[:min(len(text), 2000)])
	}
	c.lap("read and checked")
	runtime.ReadMemStats(&after)
	t.Logf("Go heap %.0f MiB afterwards, %.0f MiB allocated on the way, %.0f MiB from the system at most", heap()-base,
		float64(after.TotalAlloc-before.TotalAlloc)/(1<<20), float64(after.HeapSys)/(1<<20))
	if got := len(cfg.Topology.Routers[0].StaticRoutes); got != len(static) {
		t.Errorf("%d routes read, want %d", got, len(static))
	}
}
