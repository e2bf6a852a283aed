// SPDX-License-Identifier: Apache-2.0

package config

import (
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"pgregory.net/rapid"
)

// outcome is what every answer of Parse keeps to, whatever the input.
func outcome(t interface{ Fatalf(string, ...any) }, data []byte) {
	c, err := bothWays(t, string(data))
	if (c == nil) == (err == nil) {
		t.Fatalf("both or neither: %v, %v", c, err)
	}
	if err == nil {
		for _, b := range []bool{MbufBudget(c).Fits(), MemoryBudget(c).Fits(), len(c.Ports) > 0, len(c.CPU.Workers) > 0} {
			if !b {
				t.Fatalf("accepted: %+v", c)
			}
		}
		for _, f := range c.Topology.Validate() {
			if f.Severity == 0 {
				t.Fatalf("accepted: %s", f)
			}
		}
		return
	}
	ps, ok := err.(Problems)
	if !ok || len(ps) == 0 {
		t.Fatalf("%T: %v", err, err)
	}
	for i, p := range ps {
		s := p.String()
		if strings.ContainsAny(s, "\n\r\x00\x1b") || !utf8.ValidString(s) || p.Msg == "" {
			t.Fatalf("not one clean line: %q", s)
		}
		last := i == len(ps)-1 // the last may say how many more there are
		if i > 0 && !last && (p.Line < ps[i-1].Line || p.Line == ps[i-1].Line && p.Col < ps[i-1].Col) {
			t.Fatalf("not sorted: %s", ps)
		}
	}
}

// FuzzParse: any octets give a Config or problems, never a panic.
func FuzzParse(f *testing.F) {
	files, _ := filepath.Glob(examples + "/*.yaml")
	for _, name := range files {
		data, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	for _, s := range []string{"", "\x00", "---\n", "a: &a [*a]\n", "{", "- - - -", "? {a: b}\n: c\n", "version: 1\nports: [{}]\n", "<<: {version: 1}\n",
		"version: 1\nlogical_routers: [{ports: [{networks: [::/0]}]}]\n", "!!binary |\n  aGk=\n", "\ufeffversion: 1\n", "version: 1\r\nports: []\r\n", small} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) { outcome(t, data) })
}

// Files that are nearly right reach further than random octets do.
func TestDamagedSeed(t *testing.T) {
	lines := strings.SplitAfter(seed(t), "\n")
	rapid.Check(t, func(rt *rapid.T) {
		damaged := append([]string(nil), lines...)
		for range rapid.IntRange(1, 3).Draw(rt, "edits") {
			i := rapid.IntRange(0, len(damaged)-1).Draw(rt, "line")
			l := damaged[i]
			at := rapid.IntRange(0, len(l)).Draw(rt, "column")
			to := min(len(l), at+rapid.IntRange(0, 12).Draw(rt, "length"))
			damaged[i] = l[:at] + rapid.SampledFrom([]string{"", " ", ":", ": ", "{", "}", "[", "]", ",", "-", "\"", "~", "0", "::", "null", "true", "99999999999", "&a ", "*a", "!x ", "\t", "\n"}).Draw(rt, "text") + l[to:]
		}
		outcome(rt, []byte(strings.Join(damaged, "")))
	})
}

// What a valid file says comes back, whatever the values.
func TestRoundTrip(t *testing.T) {
	name := rapid.StringMatching(`[A-Za-z0-9_.:/-]{1,20}`)
	rapid.Check(t, func(rt *rapid.T) {
		want := Defaults()
		want.File, want.System.Name = "f.yaml", name.Draw(rt, "name")
		want.DPDK.Memory.Size = uint64(rapid.IntRange(512, 4096).Draw(rt, "MiB")) * mib
		want.DPDK.Mbufs = rapid.IntRange(16384, 1<<17).Draw(rt, "mbufs")
		want.Arpbuf.MaxAge = time.Duration(rapid.IntRange(10, 600_000).Draw(rt, "age")) * time.Millisecond
		want.Neighbors.RetransTime = time.Duration(rapid.IntRange(10_000, 60_000_000).Draw(rt, "retrans")) * time.Microsecond
		want.Log.Level = rapid.SampledFrom([]LogLevel{LogDebug, LogInfo, LogWarn, LogError}).Draw(rt, "level")
		want.Arpbuf.AgeFrom = rapid.SampledFrom([]AgeFrom{AgeFromArrival, AgeFromLastPacket}).Draw(rt, "age_from")
		want.Arpbuf.Gated.MaxAge = time.Duration(rapid.IntRange(1, 3600).Draw(rt, "gated age")) * time.Second
		want.Arpbuf.Gated.PacketsPerNexthop = rapid.IntRange(1, 1024).Draw(rt, "gated packets")
		want.Neighbors.ProbeRate = rapid.IntRange(1, 1_000_000).Draw(rt, "probe rate")
		want.Neighbors.Announcements = rapid.IntRange(0, 16).Draw(rt, "announcements")
		want.Neighbors.MaxMoves = rapid.IntRange(0, 1000).Draw(rt, "max moves")
		want.Neighbors.ManageRoutes = rapid.Bool().Draw(rt, "manage")
		want.Neighbors.DuplicateDetection = rapid.SampledFrom([]DuplicateDetection{DetectOff, DetectReport, DetectStrict}).Draw(rt, "detection")
		want.Neighbors.ForeignSender = rapid.SampledFrom([]ForeignSender{ForeignRefuse, ForeignAccept}).Draw(rt, "foreign")
		gate := rapid.SampledFrom([]string{"", "park_until: up", "options: {park_until: up}"}).Draw(rt, "gate")
		lo := rapid.IntRange(1, 900).Draw(rt, "cpu")
		want.CPU.Control, want.CPU.Workers, want.CPU.WorkersText = 0, []int{lo, lo + 1}, fmt.Sprintf("%d-%d", lo, lo+1)
		lsp := name.Draw(rt, "lsp")
		text := fmt.Sprintf(`version: 1
system: {name: %q}
dpdk: {memory: {size: %dMiB}, mbufs: %d}
cpu: {workers: %q}
ports: [{name: p, vdev: net_null0, iface_id: %q, rx_queues: 2}]
logical_switches: [{name: s, ports: [{name: %q, addresses: ["02:00:00:00:00:0a 10.0.0.5", unknown], %s}, {name: "%s.r", type: router, options: {router-port: lrp}}]}]
logical_routers: [{name: lr, ports: [{name: lrp, mac: "02:00:00:00:00:01", networks: [10.0.0.1/24]}]}]
arpbuf: {max_age: %q, age_from: %s, gated: {max_age: %ds, packets_per_nexthop: %d}}
neighbors: {retrans_time: %s, probe_rate: %d, announcements: %d, max_moves: %d, manage_routes: %t, duplicate_detection: %s, foreign_sender: %s}
log: {level: %s}
`, want.System.Name, want.DPDK.Memory.Size/mib, want.DPDK.Mbufs, want.CPU.WorkersText, lsp, lsp, gate, lsp,
			want.Arpbuf.MaxAge, want.Arpbuf.AgeFrom, want.Arpbuf.Gated.MaxAge/time.Second, want.Arpbuf.Gated.PacketsPerNexthop, strings.ReplaceAll(want.Neighbors.RetransTime.String(), "µ", "u"), want.Neighbors.ProbeRate, want.Neighbors.Announcements,
			want.Neighbors.MaxMoves, want.Neighbors.ManageRoutes, want.Neighbors.DuplicateDetection, want.Neighbors.ForeignSender, want.Log.Level)
		got, err := Parse("f.yaml", []byte(text))
		if err != nil {
			rt.Fatalf("%v\n%s", err, text)
		}
		if got.Topology.Switches[0].Ports[0].ParkUntilUp != (gate != "") || got.Topology.Switches[0].Ports[0].Name != lsp || got.Ports[0].IfaceID != lsp {
			rt.Fatalf("%+v", got)
		}
		want.Ports, want.Topology, want.Warnings = got.Ports, got.Topology, got.Warnings
		if !reflect.DeepEqual(got, want) {
			rt.Fatalf("got  %+v\nwant %+v", got, want)
		}
	})
}

// CPU lists, masks and sizes come back from their written form.
func TestValuesRoundTrip(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		mask := rapid.Uint64Range(1, 1<<63).Draw(rt, "mask")
		cpus, err := parseCPUs(maskText(mask))
		var back uint64
		for _, c := range cpus {
			back |= 1 << c
		}
		if err != nil || back != mask {
			rt.Fatalf("%x → %s → %v, %v", mask, maskText(mask), cpus, err)
		}
		size := rapid.Uint64Range(1, 1<<20).Draw(rt, "size") * mib
		if got, err := parseSize(sizeText(size), 0, 1<<62); err != nil || got != size {
			rt.Fatalf("%d → %s → %d, %v", size, sizeText(size), got, err)
		}
		s := rapid.String().Draw(rt, "anything")
		parseCPUs(s)
		parseSize(s, 0, 1<<62)
		parseDuration(s, 0, time.Hour)
		parseFileMode(s)
		parseListen(s)
		parseSocket(s)
		parseInt(s, 0, 10)
	})
}

// YAML that is small to write and large or deep to read.
func TestHostileYAML(t *testing.T) {
	start := time.Now()
	for _, s := range []string{
		strings.Repeat("[", 1<<16),
		strings.Repeat("{a: ", 1<<16),
		strings.Repeat("- ", 1<<16),
		strings.Repeat("? ", 1<<16),
		"a: " + strings.Repeat("&x ", 1<<12),
		"a: &a [x,x]\nb: &b [*a,*a]\nc: &c [*b,*b]\nd: [*c,*c]\n",
		"a: &a {b: *a}\n",
		"version: 1\nports: [" + strings.Repeat("{},", 1<<14) + "]\n",
		"version: 1\nlogical_switches: [" + strings.Repeat("{ports: [{},{}]},", 1<<13) + "]\n",
		"version: 1\ncpu: {workers: \"" + strings.Repeat("0-1023,", 1<<12) + "\"}\n",
		"version: 1\n" + strings.Repeat("x", 1<<16) + ": 1\n",
		strings.Repeat("version: 1\n", 1<<14),
	} {
		outcome(t, []byte(s))
	}
	if d := time.Since(start); d > 20*time.Second {
		t.Errorf("took %s", d)
	}
}
