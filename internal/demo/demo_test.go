// SPDX-License-Identifier: Apache-2.0

package demo

import (
	"bytes"
	"context"
	"flag"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/parkway-gw/parkway/internal/lab"
	"github.com/parkway-gw/parkway/internal/topology"
)

var update = flag.Bool("update", false, "rewrite the golden files in testdata")

func golden(t *testing.T, name, got string) {
	t.Helper()
	file := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s differs; go test ./internal/demo -update rewrites it\n--- got\n%s--- want\n%s", file, got, want)
	}
}

const lossy = `PING 192.168.123.10 (192.168.123.10) 56(84) bytes of data.
64 bytes from 192.168.123.10: icmp_seq=2 ttl=63 time=0.649 ms
64 bytes from 192.168.123.10: icmp_seq=2 ttl=63 time=0.700 ms (DUP!)
64 bytes from 192.168.123.10: icmp_seq=3 ttl=63 time=12.3 ms
From 1.1.254.254 icmp_seq=1 Destination Host Unreachable

--- 192.168.123.10 ping statistics ---
10 packets transmitted, 2 received, +1 duplicates, +1 errors, 80% packet loss, time 1846ms
rtt min/avg/max/mdev = 0.649/6.474/12.3/5.825 ms
`

func TestParsePing(t *testing.T) {
	p, ok := parsePing(lossy)
	if !ok || p.Sent != 10 || p.Received != 2 || p.Duplicates != 1 || p.TotalMS != 1846 {
		t.Errorf("%+v, %v", p, ok)
	}
	if len(p.RTT) != 2 || p.RTT[2] != 649*time.Microsecond || p.RTT[3] != 12300*time.Microsecond {
		t.Errorf("times %v", p.RTT)
	}
	if _, ok := parsePing("ping: connect: Network is unreachable\n"); ok {
		t.Error("took a failure for a result")
	}
}

func TestReadWire(t *testing.T) {
	var (
		target = hosts[pcExt].Addrs[0].Addr()
		source = hosts[pc1].Addrs[0].Addr()
		router = hosts[pcExt].Gateways[0]
		ext    = hosts[pcExt].MAC
		start  = time.Unix(1000, 0)
		frames []lab.Frame
	)
	add := func(us int, f []byte) {
		frames = append(frames, lab.Frame{Time: start.Add(time.Duration(us) * time.Microsecond), Data: f})
	}
	echo := func(seq byte) []byte {
		return lab.NewFrame(ext, routerMAC, 0, lab.EtherIPv4, lab.NewIPv4(source, target, 63, lab.ProtoICMP, []byte{lab.ICMPEchoRequest, 0, 0, 0, 0, 1, 0, seq}))
	}
	add(0, lab.NewARP(topology.MAC{255, 255, 255, 255, 255, 255}, 0, lab.ARPRequest, ext, target, topology.MAC{}, router)) // PC-EXT's own question
	add(5, lab.NewARP(topology.MAC{255, 255, 255, 255, 255, 255}, 0, lab.ARPRequest, routerMAC, router, topology.MAC{}, target))
	add(25, lab.NewARP(routerMAC, 0, lab.ARPReply, ext, target, routerMAC, router))
	add(65, echo(1))
	add(99, echo(2))
	w := readWire(frames, routerMAC, target)
	if len(w.Asked) != 1 || w.Asked[0] != target || w.Answer != 20*time.Microsecond || w.Release != 40*time.Microsecond || len(w.Requests) != 2 {
		t.Errorf("%+v", w)
	}
}

func TestTable(t *testing.T) {
	good := articlePing(10, 1846, 0.912, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 12.3)
	bad, _ := parsePing(lossy)
	v4, v6 := hosts[pcExt].Addrs[0].Addr(), hosts[pcExt].Addrs[1].Addr()
	for _, tc := range []struct {
		name   string
		result Result
		fails  string
	}{
		{"good.txt", Result{Runs: []Run{
			{Name: "IPv4", PingOutput: good, Wire: Wire{Asked: []netip.Addr{v4}, Answer: 18 * time.Microsecond, Release: 41500 * time.Nanosecond, Requests: []uint16{1, 2}}},
			{Name: "IPv6", PingOutput: good, Wire: Wire{Asked: []netip.Addr{v6}, Answer: 2 * time.Microsecond, Release: 5 * time.Millisecond}},
		}}, ""},
		{"bad.txt", Result{Runs: []Run{
			{Name: "IPv4", PingOutput: bad, Wire: Wire{Asked: []netip.Addr{v4, v4}, Requests: []uint16{2, 1}}},
			{Name: "IPv6", PingOutput: PingOutput{Sent: 10}},
		}}, "IPv4: 2 of 10 packets came back, not 10 of 10\nIPv6: 0 of 10"},
	} {
		var b bytes.Buffer
		if err := tc.result.WriteTable(&b); err != nil {
			t.Fatal(err)
		}
		golden(t, tc.name, b.String())
		for line := range strings.Lines(b.String()) {
			if len([]rune(strings.TrimSuffix(line, "\n"))) > 80 {
				t.Errorf("%s: wider than 80 columns: %s", tc.name, line)
			}
		}
		if err := tc.result.Err(); (err == nil) != (tc.fails == "") || err != nil && !strings.HasPrefix(err.Error(), tc.fails) {
			t.Errorf("%s: error %v, want %q", tc.name, err, tc.fails)
		}
	}
}

// The demo's configuration has the same ports, switches and routers as the seed.
func TestConfigIsTheSeed(t *testing.T) {
	seed, err := os.ReadFile("../../configs/seed.yaml")
	if err != nil {
		t.Skip("no configs/seed.yaml: ", err)
	}
	if got, want := logical(configTemplate), logical(string(seed)); got != want {
		t.Errorf("the logical part differs from configs/seed.yaml\n--- demo\n%s\n--- seed\n%s", got, want)
	}
}

// logical is the part of a configuration from ports: to static_routes:, without
// comments and blanks.
func logical(config string) string {
	var lines []string
	in := false
	for line := range strings.Lines(config) {
		if i := strings.Index(line, " #"); i >= 0 {
			line = line[:i]
		}
		line = strings.TrimRight(line, " \n")
		if line != "" && line[0] != ' ' && line[0] != '#' {
			in = line == "ports:" || line == "logical_switches:" || line == "logical_routers:"
		}
		if in && strings.TrimSpace(line) != "" && line[0] != '#' {
			lines = append(lines, line)
		}
	}
	return strings.Join(lines, "\n")
}

func TestConfigIsFilledIn(t *testing.T) {
	c := config("/run/x.sock")
	if strings.Contains(c, "@") || !strings.Contains(c, `socket: "/run/x.sock"`) {
		t.Errorf("config:\n%s", c)
	}
}

// testOptions are a demo of the test's own: names and files that no other has.
func testOptions(t *testing.T, mode string) (Options, *bytes.Buffer) {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("network namespaces need root")
	}
	if _, err := os.Stat("/dev/net/tun"); err != nil {
		t.Skip(err)
	}
	l := lab.New() // for its clean-up on Ctrl-C
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv(stubMode, mode)
	n, err := l.Add(t.Context(), "demo")
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	o := Options{Binary: self, Dir: filepath.Join(t.TempDir(), "run"), Prefix: n.Name + "-", Out: &out, Log: t.Output()}
	l.Defer(func(ctx context.Context) error { return Down(ctx, o) })
	t.Cleanup(func() {
		if err := l.Close(); err != nil {
			t.Error(err)
		}
	})
	return o, &out
}

func mustBeGone(t *testing.T, o Options) {
	t.Helper()
	for _, name := range o.namespaces() {
		if lab.Exists(name) {
			t.Errorf("namespace %s is left", name)
		}
	}
	if files, err := os.ReadDir(o.Dir); err == nil {
		t.Errorf("the run directory is left, with %v", files)
	}
}

// The whole demo, with the Linux kernel in the gateway's part (stub_test.go).
func TestDemoOnAKernelRouter(t *testing.T) {
	o, out := testOptions(t, "router")
	ctx := t.Context()
	if err := Ping(ctx, o); err == nil || !strings.Contains(err.Error(), "not up") {
		t.Errorf("ping before up: %v", err)
	}
	if err := Up(ctx, o); err != nil {
		t.Fatal(err)
	}
	s, err := readState(o.Dir)
	if err != nil || s == nil || !s.Gateway.alive() {
		t.Fatalf("state %+v, %v", s, err)
	}
	if err := Up(ctx, o); err == nil || !strings.Contains(err.Error(), "already") {
		t.Errorf("second up: %v", err)
	}
	if err := Ping(ctx, o); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
	t.Logf("\n%s", out)
	if !strings.Contains(out.String(), "1 ARP request for 192.168.123.10") || !strings.Contains(out.String(), "1 neighbor solicitation for 2001:db8:f0f0::10") {
		t.Error("the capture does not show one question each")
	}
	for range 2 {
		if err := Down(ctx, o); err != nil {
			t.Error(err)
		}
		mustBeGone(t, o)
	}
	if s.Gateway.alive() {
		t.Error("the gateway still runs")
	}
}

func TestUpQuotesTheLogAndCleansUp(t *testing.T) {
	for _, tc := range []struct{ mode, says string }{
		{"dies", "the gateway did not start: it ended at once (exit status 3)\nits log ends:\n  stub: cannot find a port"},
		{"no-taps", "interface vm1"},
	} {
		t.Run(tc.mode, func(t *testing.T) {
			o, _ := testOptions(t, tc.mode)
			ctx, cancel := context.WithTimeout(t.Context(), 4*time.Second)
			defer cancel()
			if err := Up(ctx, o); err == nil || !strings.Contains(err.Error(), tc.says) {
				t.Errorf("error %v", err)
			}
			mustBeGone(t, o)
		})
	}
}

func TestUpReplacesACrashedDemoAndKeepsOthersThings(t *testing.T) {
	o, _ := testOptions(t, "router")
	ctx := t.Context()
	if err := Up(ctx, o); err != nil {
		t.Fatal(err)
	}
	s, _ := readState(o.Dir)
	killAndWait(t, s.Gateway)
	if err := Ping(ctx, o); err == nil || !strings.Contains(err.Error(), "has died") {
		t.Errorf("ping with a dead gateway: %v", err)
	}
	if err := Up(ctx, o); err != nil {
		t.Fatalf("up after a crash: %v", err)
	}
	precious := filepath.Join(o.Dir, "precious")
	if err := os.WriteFile(precious, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := Down(ctx, o); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(precious); err != nil {
		t.Error("down removed a file that is not the demo's")
	}
	if _, err := lab.AddNS(ctx, o.Prefix+"pc3"); err != nil {
		t.Fatal(err)
	}
	if err := Up(ctx, o); err == nil || !strings.Contains(err.Error(), "not this demo's") {
		t.Errorf("up with a taken name: %v", err)
	}
	if !lab.Exists(o.Prefix + "pc3") {
		t.Error("up removed a namespace that is not the demo's")
	}
	if err := o.ns("pc3").Delete(ctx); err != nil {
		t.Error(err)
	}
}
