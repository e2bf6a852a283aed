// SPDX-License-Identifier: Apache-2.0

package plot

import "fmt"

// Bar is one value with its quartiles, which are 0 where nothing is known of the
// spread. A bar that was not measured has a word instead.
type Bar struct {
	Name      string // of the arm, as in the legend; one name has one Color
	Color     int
	Value     float64
	Low, High float64
	Missing   bool
}

// Group is the bars that stand together under one label.
type Group struct {
	Label string
	Bars  []Bar
}

// Bars shows values as horizontal bars from 0, in groups. Where all bars have one
// name there is no legend.
type Bars struct {
	Frame
	XLabel string  // with unit
	Suffix string  // after a bar's value: " %"
	Max    float64 // the axis goes so far at least: 100 for percentages
	Groups []Group
}

func barClass(color int) string { return fmt.Sprintf("f%d", color%Colors) }

// SVG draws it.
func (b Bars) SVG() []byte {
	const right, gap = width - 96.0, 3.0
	thick, between := 15.0, 12.0
	if len(b.Groups) > 10 {
		thick, between = 12.0, 7.0
	}
	var c canvas
	var legend []entry
	high := b.Max
	widest, rows := 0.0, 0.0
	for _, g := range b.Groups {
		for _, bar := range g.Bars {
			if !hasEntry(legend, bar.Name) {
				legend = append(legend, entry{bar.Name, bar.Color})
			}
			if !bar.Missing {
				high = max(high, bar.Value, bar.High)
			}
			rows += thick + gap
		}
		widest = max(widest, textWidth(g.Label, sizeText))
		rows += between
	}
	if len(legend) == 1 {
		legend = nil
	}
	left := margin + min(widest, 230) + 10
	top := c.head(b.Frame, legend, false) + 8
	if len(b.Groups) == 0 {
		c.text(width/2, top+30, sizeText, "middle", "soft", "not measured")
		return c.done(c.foot(b.Frame, top+60), b.Title, b.XLabel+": not measured.")
	}
	bottom := top + rows
	for _, g := range b.Groups { // a label may take more room than its bars
		bottom += max(0, labelHeight(g.Label)-barsHeight(g, thick+gap))
	}
	ticks := fromZero(high)
	x := scale{low: 0, high: ticks[len(ticks)-1].at, from: left, to: right}
	for _, t := range spread(ticks, x, sizeText) {
		c.line(x.at(t.at), top, x.at(t.at), bottom, 1, "grid", "")
		c.text(x.at(t.at), bottom+17, sizeText, "middle", "soft", t.label)
	}
	c.line(left, top, left, bottom, 1, "axis", "")
	c.text((left+right)/2, bottom+36, sizeText, "middle", "soft", b.XLabel)
	said := b.XLabel + "."
	y := top + between/2
	for _, g := range b.Groups {
		room := max(labelHeight(g.Label), barsHeight(g, thick+gap))
		lines := wrap(g.Label, sizeText, 230)
		for i, s := range lines {
			at := y + room/2 + 4 + (float64(i)-float64(len(lines)-1)/2)*14
			c.text(left-8, at, sizeText, "end", "", s)
		}
		at := y + (room-barsHeight(g, thick+gap))/2
		for _, bar := range g.Bars {
			c.bar(bar, x, left, at, thick, b.Suffix)
			at += thick + gap
			said += " " + g.Label
			if len(legend) > 0 {
				said += ", " + bar.Name
			}
			said += ": " + bar.word(b.Suffix) + "."
		}
		y += room + between
	}
	return c.done(c.foot(b.Frame, bottom+50), b.Title, said)
}

// bar draws one, with its whisker and its value behind both.
func (c *canvas) bar(bar Bar, x scale, left, y, thick float64, suffix string) {
	if bar.Missing {
		c.text(left+6, y+thick/2+4, sizeText, "start", "soft", bar.word(suffix))
		return
	}
	end := x.at(bar.Value)
	c.rect(left, y, max(end-left, 0.8), thick, barClass(bar.Color))
	if mid := y + thick/2; x.at(bar.High)-x.at(bar.Low) > 2 {
		c.line(x.at(bar.Low)-1.5, mid, x.at(bar.High)+1.5, mid, 4.5, "halo", "")
		c.line(x.at(bar.Low), mid, x.at(bar.High), mid, 1.5, "whisker", "")
		c.line(x.at(bar.Low), mid-3.5, x.at(bar.Low), mid+3.5, 1.5, "whisker", "")
		c.line(x.at(bar.High), mid-3.5, x.at(bar.High), mid+3.5, 1.5, "whisker", "")
		end = max(end, x.at(bar.High))
	}
	c.text(end+6, y+thick/2+4, sizeText, "start", "", bar.word(suffix))
}

func (b Bar) word(suffix string) string {
	if b.Missing {
		return "not measured"
	}
	return Number(b.Value) + suffix
}

func hasEntry(legend []entry, name string) bool {
	for _, e := range legend {
		if e.name == name {
			return true
		}
	}
	return false
}

func labelHeight(label string) float64 { return 14 * float64(len(wrap(label, sizeText, 230))) }

func barsHeight(g Group, each float64) float64 { return each * float64(len(g.Bars)) }
