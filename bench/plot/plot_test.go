// SPDX-License-Identifier: Apache-2.0

package plot_test

import (
	"bytes"
	"encoding/xml"
	"flag"
	"fmt"
	"io"
	"math"
	"os"
	"strings"
	"testing"

	"github.com/parkway-gw/parkway/bench/plot"
)

var update = flag.Bool("update", false, "write testdata anew")

// The figures here are invented; they are chosen for their shapes.
var (
	frame = plot.Frame{
		Title:    "Forwarding rate by flows (synthetic figures)",
		Subtitle: "64-octet frames, one worker; median and quartiles of 9 rounds in turn; higher is better",
		Caption:  "Commit 0123456789ab-dirty on 2026-01-02, 2 CPUs of a virtual machine: Example CPU @ 2.70GHz, Linux 6.1.0, DPDK 22.11.11. Not measured: made for a test.",
	}
	lines = plot.Lines{
		Frame: frame, XLabel: "flows", YLabel: "Mpps", LogX: true,
		Series: []plot.Series{
			{Name: "parkway", Color: 0, Points: append(points(51.2, 50.8, 50.9, 49.7, 47.1, 44.2), plot.Point{X: 12000, Y: 30, Low: 29, High: 32, Label: "mix", Apart: true})},
			{Name: "testpmd mac", Color: 1, Points: points(65.1, 65.3, 64.9, 65.0, 64.1, 62.0)},
			{Name: "ovs-dpdk <OVN> & conntrack", Color: 2, Points: points(12.1, 11.8, 10.4, 9.9, 6.1, 3.3)},
		},
	}
	cdf = plot.CDF{
		Frame:  plot.Frame{Title: "First packet: answer on the wire to packet on the wire (synthetic figures)", Caption: frame.Caption},
		XLabel: "latency", Unit: "µs",
		Curves: []plot.Curve{curve("parkway", 0, 34, 0.35), curve("linux", 3, 120, 0.6)},
	}
	bars = plot.Bars{
		Frame:  plot.Frame{Title: "Packets that wait and arrive (synthetic figures)", Subtitle: "per cent of a burst to an unresolved next hop; more is better", Caption: frame.Caption},
		XLabel: "delivered, %", Suffix: " %", Max: 100,
		Groups: []plot.Group{
			{Label: "10 packets", Bars: three(100, 100, 30)},
			{Label: "1,000 packets to a next hop whose first request got lost on the way", Bars: three(100, 25.6, 0.3)},
			{Label: "500 next hops × 4", Bars: append(three(100, 99.7, 0)[:2], plot.Bar{Name: "ovs-dpdk", Color: 2, Missing: true})},
		},
	}
)

func points(medians ...float64) []plot.Point {
	xs := []float64{1, 16, 256, 4096, 65536, 1 << 20}
	labels := []string{"1", "16", "256", "4k", "64k", "1M"}
	var out []plot.Point
	for i, m := range medians {
		out = append(out, plot.Point{X: xs[i], Y: m, Low: m * 0.96, High: m * 1.03, Label: labels[i]})
	}
	return out
}

func curve(name string, color int, median, sigma float64) plot.Curve {
	c := plot.Curve{Name: name, Color: color}
	for i := range 200 {
		q := (float64(i) + 1) / 200
		c.Points = append(c.Points, plot.Point{X: median * math.Exp(sigma*math.Log(q/(1.003-q))), Y: q})
	}
	return c
}

func three(a, b, c float64) []plot.Bar {
	return []plot.Bar{
		{Name: "parkway", Color: 0, Value: a, Low: a, High: a},
		{Name: "linux", Color: 3, Value: b, Low: b * 0.9, High: min(b*1.1, 100)},
		{Name: "ovs-dpdk", Color: 2, Value: c},
	}
}

// Every kind of plot is what it was; look at the new one before you use -update.
func TestGolden(t *testing.T) {
	empty := lines
	empty.Series = nil
	for name, got := range map[string][]byte{
		"lines": lines.SVG(), "cdf": cdf.SVG(), "bars": bars.SVG(), "empty": empty.SVG(),
	} {
		file := "testdata/" + name + ".svg"
		if *update {
			if err := os.WriteFile(file, got, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(file)
		if err != nil || !bytes.Equal(got, want) {
			t.Errorf("%s is not what is drawn (%v); look at it, then: go test ./bench/plot -update", file, err)
		}
	}
}

// What is drawn is XML, whatever the names, and holds what was given.
func TestIsXML(t *testing.T) {
	for _, svg := range [][]byte{lines.SVG(), cdf.SVG(), bars.SVG()} {
		d := xml.NewDecoder(bytes.NewReader(svg))
		for {
			if _, err := d.Token(); err == io.EOF {
				break
			} else if err != nil {
				t.Fatalf("%v in\n%s", err, svg)
			}
		}
	}
	for _, want := range []string{"ovs-dpdk &lt;OVN&gt; &amp; conntrack", "prefers-color-scheme:dark", ">64k<", ">Mpps<", "flows, logarithmic"} {
		if !bytes.Contains(lines.SVG(), []byte(want)) {
			t.Errorf("the plot has no %q", want)
		}
	}
}

// The axis of bars starts at 0: a bar twice as high is twice as long.
func TestBarsAreToScale(t *testing.T) {
	svg := string(plot.Bars{XLabel: "ns", Groups: []plot.Group{
		{Label: "a", Bars: []plot.Bar{{Name: "x", Value: 10}}},
		{Label: "b", Bars: []plot.Bar{{Name: "x", Value: 20}}},
	}}.SVG())
	var long []float64
	for line := range strings.Lines(svg) {
		var x, y, w, h float64
		if n, _ := fmt.Sscanf(line, `<rect x="%f" y="%f" width="%f" height="%f"`, &x, &y, &w, &h); n == 4 && strings.Contains(line, `class="f0"`) {
			long = append(long, w)
		}
	}
	if len(long) != 2 || math.Abs(long[1]/long[0]-2) > 0.01 {
		t.Errorf("bars of 10 and 20 are %v long", long)
	}
}

// What can't be drawn is left out, and nothing else with it.
func TestWhatCannotBeDrawn(t *testing.T) {
	l := plot.Lines{XLabel: "x", YLabel: "y", LogX: true, Series: []plot.Series{
		{Name: "good", Points: []plot.Point{{X: 0, Y: 1}, {X: 10, Y: 2}}},
		{Name: "bad", Points: []plot.Point{{X: math.NaN(), Y: 1}, {X: 1, Y: math.Inf(1)}}},
	}}
	svg := string(l.SVG())
	if strings.Contains(svg, "NaN") || strings.Contains(svg, "Inf") || strings.Contains(svg, ">bad<") || !strings.Contains(svg, ">good<") {
		t.Errorf("wrong:\n%s", svg)
	}
	if strings.Contains(svg, "logarithmic") {
		t.Error("an axis from 0 is said to be logarithmic")
	}
	for _, svg := range [][]byte{plot.Lines{}.SVG(), plot.CDF{}.SVG(), plot.Bars{}.SVG(),
		plot.CDF{Curves: []plot.Curve{{Name: "zero", Points: []plot.Point{{X: 0, Y: 1}}}}}.SVG()} {
		if !bytes.Contains(svg, []byte("not measured")) {
			t.Errorf("an empty plot does not say so:\n%s", svg)
		}
	}
}

func TestNumber(t *testing.T) {
	for _, tt := range []struct {
		v    float64
		want string
	}{
		{0, "0"}, {1, "1"}, {0.5, "0.5"}, {49.73, "49.7"}, {100, "100"}, {999.7, "1,000"}, {1024, "1,024"}, {65536, "65,536"},
		{1e6, "1M"}, {1048576, "1.05M"}, {2.5e9, "2.5G"}, {0.0123, "0.0123"}, {-3.25, "-3.25"}, {math.NaN(), "?"}, {200, "200"},
	} {
		if got := plot.Number(tt.v); got != tt.want {
			t.Errorf("Number(%v) = %q, want %q", tt.v, got, tt.want)
		}
	}
}
