// SPDX-License-Identifier: Apache-2.0

package report

import (
	"slices"
	"strings"

	"github.com/parkway-gw/parkway/bench"
	"github.com/parkway-gw/parkway/bench/plot"
)

// picture is one plot of a case; name is its file's, without ".svg".
type picture struct {
	name string
	svg  []byte
}

// pictures chooses how a case is drawn: distributions as CDFs, percentages and what is
// not on an axis as bars, the rest as lines. A single figure needs no picture.
func pictures(r *bench.Result) []picture {
	var curves, values []bench.Arm
	for _, a := range r.Arms {
		switch {
		case a.Missing == "" && a.Unit != "" && a.Unit != r.Unit:
			// Another unit has no place on these axes; the table has it.
		case len(distribution(a)) > 1:
			curves = append(curves, a)
		default:
			values = append(values, a)
		}
	}
	measured := slices.ContainsFunc(values, func(a bench.Arm) bool { return a.Missing == "" })
	var out []picture
	if len(curves) > 0 {
		out = append(out, picture{r.Case + "-cdf", drawCurves(r, curves)})
	}
	switch places := positions(values); {
	case !measured || len(values) < 2:
	case r.Axis != "" && r.Unit != "%" && spans(places):
		out = append(out, picture{r.Case, drawLines(r, values)})
	default:
		out = append(out, picture{r.Case, drawBars(r, values, places)})
	}
	return out
}

// spans says whether the positions are values of one quantity rather than kinds.
func spans(places []position) bool {
	for i := 1; i < len(places); i++ {
		if places[i].x == places[i-1].x {
			return false
		}
	}
	return len(places) > 1
}

func frame(r *bench.Result, arms []bench.Arm) plot.Frame {
	sub := better(r)
	if n := rounds(arms); n != "" {
		sub = n + "; " + sub
	}
	return plot.Frame{Title: r.Title, Subtitle: sub, Caption: caption(r)}
}

func drawLines(r *bench.Result, arms []bench.Arm) []byte {
	l := plot.Lines{Frame: frame(r, arms), XLabel: r.Axis, YLabel: r.Unit, LogX: r.LogX}
	color := colors(r.Names())
	for _, name := range r.Names() {
		s := plot.Series{Name: name, Color: color[name]}
		for _, a := range arms {
			if a.Name == name && a.Missing == "" {
				s.Points = append(s.Points, plot.Point{X: a.X, Y: a.Median, Low: a.Low, High: a.High, Label: a.XLabel})
			}
		}
		l.Series = append(l.Series, s)
	}
	return l.SVG()
}

func drawCurves(r *bench.Result, arms []bench.Arm) []byte {
	f := frame(r, nil)
	f.Subtitle = "the whole distribution, median and 99th percentile marked; " + better(r)
	c := plot.CDF{Frame: f, XLabel: "time", Unit: r.Unit}
	var names []string
	for _, a := range arms {
		names = append(names, full(a))
	}
	color := colors(names)
	for _, a := range arms {
		c.Curves = append(c.Curves, plot.Curve{Name: full(a), Color: color[full(a)], Points: distribution(a)})
	}
	return c.SVG()
}

// distribution is an arm's curve, or what its percentiles say of it; nothing for an arm
// that is no distribution.
func distribution(a bench.Arm) []plot.Point {
	if a.Missing != "" {
		return nil
	}
	var out []plot.Point
	for _, p := range a.Curve {
		out = append(out, plot.Point{X: p.X, Y: p.Y})
	}
	if len(out) > 1 {
		return out
	}
	out = nil
	for _, k := range percentiles([]bench.Arm{a}) {
		if q, ok := part(k); ok {
			out = append(out, plot.Point{X: a.Percentiles[k], Y: q})
		}
	}
	if len(out) < 3 {
		return nil // two points are no distribution
	}
	return out
}

// drawBars groups by position where there are several, else by system.
func drawBars(r *bench.Result, arms []bench.Arm, places []position) []byte {
	b := plot.Bars{Frame: frame(r, arms), XLabel: r.Unit}
	if r.Unit == "%" {
		b.Suffix = " %"
		if !slices.ContainsFunc(arms, func(a bench.Arm) bool { return a.Median > 100 }) {
			b.Max = 100
		}
	}
	bar := func(a bench.Arm, color int) plot.Bar {
		return plot.Bar{Name: a.Name, Color: color, Value: a.Median, Low: a.Low, High: a.High, Missing: a.Missing != ""}
	}
	if len(places) > 1 {
		color := colors(r.Names())
		for _, p := range places {
			g := plot.Group{Label: strings.TrimSpace(p.label + " " + r.Axis)}
			for _, a := range p.arms {
				g.Bars = append(g.Bars, bar(a, color[a.Name]))
			}
			b.Groups = append(b.Groups, g)
		}
		return b.SVG()
	}
	color := colors(r.Names())
	if strings.HasPrefix(r.Case, "cost") {
		clear(color) // stages are parts of one system, not systems
	}
	for _, a := range arms {
		one := bar(a, color[a.Name])
		one.Name = "" // the group's label says it
		b.Groups = append(b.Groups, plot.Group{Label: a.Name, Bars: []plot.Bar{one}})
	}
	return b.SVG()
}
