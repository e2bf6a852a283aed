// SPDX-License-Identifier: Apache-2.0

package plot

import (
	"fmt"
	"math"
	"slices"
	"sort"
)

// Point is one measurement: a median with its quartiles, where the varied quantity
// has the value X. Low and High are Y where nothing is known of the spread.
type Point struct {
	X, Y, Low, High float64
	Label           string // of the tick at X; empty: the number
	Apart           bool   // a mixture, say: the line between the others does not go through it
}

// Series is what one arm gave. Color is its place in the palette.
type Series struct {
	Name   string
	Color  int
	Points []Point
}

// Lines shows medians over a varied quantity, with bars from quartile to quartile.
// The y axis starts at 0. The x axis has a tick at each X that was measured.
type Lines struct {
	Frame
	XLabel, YLabel string // with units
	LogX           bool   // every X must be more than 0, or it is linear after all
	Series         []Series
}

// SVG draws it. Points that are not finite are left out; without any point there is
// an empty frame that says so.
func (l Lines) SVG() []byte {
	const right, tall = width - 30.0, 290.0
	var c canvas
	var legend []entry
	var xs []tick
	high := 0.0
	drawn := make([]Series, 0, len(l.Series))
	for _, s := range l.Series {
		s.Points = finite(s.Points)
		if len(s.Points) == 0 {
			continue
		}
		drawn = append(drawn, s)
		legend = append(legend, entry{s.Name, s.Color})
		for _, p := range s.Points {
			high = max(high, p.Y, p.High)
			xs = addTick(xs, p)
		}
	}
	top := c.head(l.Frame, legend, true) + 10
	bottom := top + tall
	if len(xs) == 0 {
		c.text(width/2, top+30, sizeText, "middle", "soft", "not measured")
		return c.done(c.foot(l.Frame, top+60), l.Title, l.describe(nil))
	}
	yTicks := fromZero(high)
	left := margin + 26
	for _, t := range yTicks {
		left = max(left, margin+26+textWidth(t.label, sizeText))
	}
	x := xScale(xs, l.LogX, left+24, right-24)
	y := scale{low: 0, high: yTicks[len(yTicks)-1].at, from: bottom, to: top}
	for _, t := range yTicks {
		c.line(left, y.at(t.at), right, y.at(t.at), 1, "grid", "")
		c.text(left-8, y.at(t.at)+4, sizeText, "end", "soft", t.label)
	}
	for _, t := range spread(xs, x, sizeText) {
		c.line(x.at(t.at), bottom, x.at(t.at), bottom+5, 1, "axis", "")
		c.text(x.at(t.at), bottom+19, sizeText, "middle", "soft", t.label)
	}
	c.line(left, bottom, right, bottom, 1, "axis", "")
	c.upright(margin+8, (top+bottom)/2, sizeText, l.YLabel)
	c.text((left+right)/2, bottom+38, sizeText, "middle", "soft", l.XLabel+map[bool]string{true: ", logarithmic"}[x.log])
	for _, s := range drawn {
		var way []float64
		class := fmt.Sprintf("l%d", s.Color%Colors)
		for _, p := range s.Points {
			px, low, high := x.at(p.X), y.at(p.Low), y.at(p.High)
			if !p.Apart {
				way = append(way, px, y.at(p.Y))
			}
			if low-high > 9 { // less than that the marker covers
				c.line(px, low, px, high, 1.5, class, "")
				c.line(px-4, low, px+4, low, 1.5, class, "")
				c.line(px-4, high, px+4, high, 1.5, class, "")
			}
		}
		c.way(way, s.Color)
		for _, p := range s.Points {
			c.marker(x.at(p.X), y.at(p.Y), s.Color)
		}
	}
	return c.done(c.foot(l.Frame, bottom+52), l.Title, l.describe(drawn))
}

// describe says the first and last median of each series, for those who do not see.
func (l Lines) describe(drawn []Series) string {
	out := l.YLabel + " by " + l.XLabel + "."
	for _, s := range drawn {
		first, last := s.Points[0], s.Points[len(s.Points)-1]
		out += fmt.Sprintf(" %s: %s at %s", s.Name, Number(first.Y), labelOf(first))
		if len(s.Points) > 1 {
			out += fmt.Sprintf(", %s at %s", Number(last.Y), labelOf(last))
		}
		out += "."
	}
	return out
}

func labelOf(p Point) string {
	if p.Label != "" {
		return p.Label
	}
	return Number(p.X)
}

// finite returns the points that can be drawn, by X.
func finite(points []Point) []Point {
	var out []Point
	for _, p := range points {
		ok := true
		for _, v := range []float64{p.X, p.Y, p.Low, p.High} {
			ok = ok && !math.IsNaN(v) && !math.IsInf(v, 0)
		}
		if ok {
			out = append(out, p)
		}
	}
	sort.SliceStable(out, func(i, j int) bool { return out[i].X < out[j].X })
	return out
}

// addTick keeps one tick per X, in order.
func addTick(ticks []tick, p Point) []tick {
	i, found := slices.BinarySearchFunc(ticks, p.X, func(t tick, x float64) int {
		switch {
		case t.at < x:
			return -1
		case t.at > x:
			return 1
		}
		return 0
	})
	if found {
		return ticks
	}
	return slices.Insert(ticks, i, tick{p.X, labelOf(p)})
}

// xScale spans the values that were measured; one alone stands in the middle.
func xScale(xs []tick, log bool, from, to float64) scale {
	s := scale{low: xs[0].at, high: xs[len(xs)-1].at, from: from, to: to, log: log && xs[0].at > 0}
	if s.low == s.high {
		s.low, s.high, s.log = s.low-1, s.high+1, false
	}
	return s
}
