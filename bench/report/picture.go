// SPDX-License-Identifier: Apache-2.0

package report

import (
	"fmt"
	"regexp"
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

// pictures chooses how a case is drawn: distributions as CDFs, percentages and what has
// fewer than three places on an axis as bars, the rest as lines. A single figure needs no
// picture.
func pictures(r *bench.Result) []picture {
	var curves, values, others []bench.Arm
	for _, a := range r.Arms {
		switch {
		case a.Unit != "" && a.Unit != r.Unit:
			others = append(others, a) // they need axes of their own
		case len(distribution(a)) > 1:
			curves = append(curves, a)
		default:
			values = append(values, a)
		}
	}
	measured := slices.ContainsFunc(values, func(a bench.Arm) bool { return !absent(a) })
	var out []picture
	if len(curves) > 0 {
		out = append(out, picture{r.Case + "-cdf", drawCurves(r, curves)})
	}
	switch places := positions(values); {
	case !measured || len(values) < 2:
	case r.Axis != "" && r.Unit != "%" && quantities(places) > 2:
		out = append(out, picture{r.Case, drawLines(r, values)})
	default:
		out = append(out, picture{r.Case, drawBars(r, values, true)})
	}
	return append(out, otherUnits(r, others)...)
}

// otherUnits draws arms whose unit is not the case's as bars, a picture per unit that
// several systems have. Which way is better is not known of them.
func otherUnits(r *bench.Result, arms []bench.Arm) (out []picture) {
	for len(arms) > 0 {
		unit := arms[0].Unit
		var these, rest []bench.Arm
		for _, a := range arms {
			if a.Unit != unit {
				rest = append(rest, a)
			} else if !absent(a) {
				these = append(these, a)
			}
		}
		arms = rest
		if one := (bench.Result{Arms: these}); len(one.Names()) > 1 {
			as := *r
			as.Unit, as.Arms = unit, these
			out = append(out, picture{fmt.Sprintf("%s-%d", r.Case, 2+len(out)), drawBars(&as, these, false)})
		}
	}
	return out
}

// quantities is how many of the positions are values of one quantity, 16, 4k or 1,514,
// rather than kinds: a line between IPv4 and IPv6 would say that there is something
// between them.
func quantities(places []position) int {
	n := 0
	for i, p := range places {
		if !isNumber(p.label) {
			continue
		}
		if i > 0 && p.x == places[i-1].x {
			return 0
		}
		n++
	}
	return n
}

// name is a position's label, with the axis's where it is a number: "IPv4", "16 routes".
func (p position) name(axis string) string {
	if !isNumber(p.label) {
		return p.label
	}
	if what, unit, ok := strings.Cut(axis, ", "); ok {
		return what + " " + p.label + " " + unit
	}
	return p.label + " " + axis
}

// isNumber says whether a position's label is a number: 16, 1,024, 4k, 90 %.
func isNumber(label string) bool { return number.MatchString(label) }

var number = regexp.MustCompile(`^[0-9][0-9.,]* ?[kMG%]?$`)

// frame is what stands around a plot of a case; direction says whether it tells which
// way is better.
func frame(r *bench.Result, arms []bench.Arm, direction bool) plot.Frame {
	f := plot.Frame{Title: title(r), Subtitle: rounds(arms), Caption: caption(r)}
	if direction {
		f.Subtitle = strings.TrimPrefix(f.Subtitle+"; "+better(r), "; ")
	}
	return f
}

func drawLines(r *bench.Result, arms []bench.Arm) []byte {
	l := plot.Lines{Frame: frame(r, arms, true), XLabel: r.Axis, YLabel: r.Unit, LogX: r.LogX}
	color := colors(r.Names())
	for _, name := range r.Names() {
		s := plot.Series{Name: name, Color: color[name]}
		for _, a := range arms {
			if a.Name == name && !absent(a) {
				s.Points = append(s.Points, plot.Point{X: a.X, Y: a.Median, Low: a.Low, High: a.High, Label: a.XLabel, Apart: a.XLabel != "" && !isNumber(a.XLabel)})
			}
		}
		l.Series = append(l.Series, s)
	}
	return l.SVG()
}

func drawCurves(r *bench.Result, arms []bench.Arm) []byte {
	f := frame(r, nil, false)
	f.Subtitle = "the whole distribution, median and 99th percentile marked; " + better(r)
	c := plot.CDF{Frame: f, Unit: r.Unit}
	if slices.Contains([]string{"ns", "µs", "us", "ms", "s"}, r.Unit) {
		c.XLabel = "time"
	}
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
	if absent(a) {
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

// drawBars groups by position where there are several, else by system; by name where
// there are so many that they are parts, as stages are, rather than systems.
func drawBars(r *bench.Result, arms []bench.Arm, direction bool) []byte {
	b := plot.Bars{Frame: frame(r, arms, direction), XLabel: r.Unit}
	var places []position
	if r.Axis != "" {
		places = positions(arms)
	}
	if r.Unit == "%" {
		b.Suffix = " %"
		if !slices.ContainsFunc(arms, func(a bench.Arm) bool { return a.Median > 100 }) {
			b.Max = 100
		}
	}
	bar := func(a bench.Arm, color int) plot.Bar {
		return plot.Bar{Name: a.Name, Color: color, Value: a.Median, Low: a.Low, High: a.High, Missing: absent(a)}
	}
	if many(r.Names()) && len(places) > 1 {
		for _, name := range r.Names() {
			g := plot.Group{Label: name}
			for i, p := range places {
				if a := p.arm(name); a != nil {
					one := bar(*a, 2*i%plot.Colors)
					one.Name = p.name(r.Axis)
					g.Bars = append(g.Bars, one)
				}
			}
			if len(g.Bars) > 0 { // else it is of another unit
				b.Groups = append(b.Groups, g)
			}
		}
		return b.SVG()
	}
	if len(places) > 1 {
		color := colors(r.Names())
		for _, p := range places {
			g := plot.Group{Label: p.name(r.Axis)}
			for _, a := range p.arms {
				g.Bars = append(g.Bars, bar(a, color[a.Name]))
			}
			b.Groups = append(b.Groups, g)
		}
		return b.SVG()
	}
	if r.Unit == "Mpps" {
		// What a packet costs adds up, and goals are about it; the rates are in the table.
		b.XLabel = "ns/packet"
		b.Subtitle = strings.Replace(b.Subtitle, better(r), "lower is better", 1)
		arms = slices.Clone(arms)
		for i, a := range arms {
			arms[i].Median, arms[i].Low, arms[i].High = nanoseconds(a.Median), nanoseconds(a.High), nanoseconds(a.Low)
		}
	}
	color := colors(r.Names())
	if strings.HasPrefix(r.Case, "cost") {
		clear(color) // stages are parts of one system, not systems
	}
	for _, a := range arms {
		one := bar(a, color[a.Name])
		one.Name = "" // the group's label says it
		b.Groups = append(b.Groups, plot.Group{Label: full(a), Bars: []plot.Bar{one}})
	}
	return b.SVG()
}

// nanoseconds is what a packet takes at a rate in Mpps; 0 of no rate.
func nanoseconds(mpps float64) float64 {
	if mpps == 0 {
		return 0
	}
	return 1e3 / mpps
}
