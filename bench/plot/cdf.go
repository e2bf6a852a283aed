// SPDX-License-Identifier: Apache-2.0

package plot

import (
	"fmt"
	"math"
)

// Curve is one arm's distribution: X a value, Y the part of the samples, 0 to 1, that
// is not more than it. Points must rise in both.
type Curve struct {
	Name   string
	Color  int
	Points []Point // Low and High are not used
}

// CDF shows distributions over a logarithmic axis, the whole of each, with a marker
// at the median and at the 99th percentile.
type CDF struct {
	Frame
	XLabel string // "latency"; may be empty
	Unit   string // "µs"
	Curves []Curve
}

// SVG draws it; values of 0 and less are drawn at the left edge.
func (f CDF) SVG() []byte {
	const left, right, tall = 76.0, width - 30.0, 270.0
	var c canvas
	var legend []entry
	low, high := math.Inf(1), 0.0
	var drawn []Curve
	for _, curve := range f.Curves {
		curve.Points = finite(curve.Points)
		if len(curve.Points) == 0 {
			continue
		}
		drawn = append(drawn, curve)
		legend = append(legend, entry{curve.legend(f.Unit), curve.Color})
		for _, p := range curve.Points {
			if p.X > 0 {
				low, high = min(low, p.X), max(high, p.X)
			}
		}
	}
	top := c.head(f.Frame, legend, true) + 10
	bottom := top + tall
	if high == 0 {
		c.text(width/2, top+30, sizeText, "middle", "soft", "not measured")
		return c.done(c.foot(f.Frame, top+60), f.Title, f.axis()+": not measured.")
	}
	ticks := decades(low, high)
	x := scale{low: ticks[0].at, high: ticks[len(ticks)-1].at, from: left, to: right, log: true}
	y := scale{low: 0, high: 1, from: bottom, to: top}
	for _, t := range []tick{{0, "0 %"}, {0.25, "25 %"}, {0.5, "50 %"}, {0.75, "75 %"}, {1, "100 %"}} {
		c.line(left, y.at(t.at), right, y.at(t.at), 1, "grid", "")
		c.text(left-8, y.at(t.at)+4, sizeText, "end", "soft", t.label)
	}
	for _, t := range spread(ticks, x, sizeText) {
		c.line(x.at(t.at), top, x.at(t.at), bottom+5, 1, "grid", "")
		c.text(x.at(t.at), bottom+19, sizeText, "middle", "soft", t.label)
	}
	c.line(left, bottom, right, bottom, 1, "axis", "")
	c.upright(margin+8, (top+bottom)/2, sizeText, "part of the samples")
	c.text((left+right)/2, bottom+38, sizeText, "middle", "soft", f.axis()+", logarithmic")
	said := f.axis() + "."
	for _, curve := range drawn {
		// A step at each value: nothing is known between two samples.
		way := []float64{x.at(curve.Points[0].X), bottom}
		at := bottom
		for _, p := range curve.Points {
			way = append(way, x.at(p.X), at, x.at(p.X), y.at(p.Y))
			at = y.at(p.Y)
		}
		c.way(append(way, right, at), curve.Color)
		for _, q := range []float64{0.5, 0.99} {
			if v, ok := curve.quantile(q); ok {
				c.marker(x.at(v), y.at(q), curve.Color)
			}
		}
		said += " " + curve.legend(f.Unit) + "."
	}
	return c.done(c.foot(f.Frame, bottom+52), f.Title, said)
}

// axis names the x axis: latency, µs.
func (f CDF) axis() string {
	if f.XLabel == "" {
		return f.Unit
	}
	return f.XLabel + ", " + f.Unit
}

// quantile returns the first value that part q of the samples does not exceed; false
// where the curve does not reach q.
func (c Curve) quantile(q float64) (float64, bool) {
	for _, p := range c.Points {
		if p.Y >= q-1e-12 {
			return p.X, true
		}
	}
	return 0, false
}

// legend is the name with the two figures that goals are about.
func (c Curve) legend(unit string) string {
	s := c.Name
	half, _ := c.quantile(0.5)
	if tail, ok := c.quantile(0.99); ok {
		s += fmt.Sprintf(", p50 %s, p99 %s %s", Number(half), Number(tail), unit)
	}
	return s
}
