// SPDX-License-Identifier: Apache-2.0

package plot

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// Sizes in pixels.
const (
	width    = 760.0
	margin   = 18.0
	sizeHead = 16.0
	sizeText = 12.0
	sizeNote = 10.5
)

// canvas collects the elements of one picture; y grows downwards.
type canvas struct {
	b strings.Builder
}

// px writes a coordinate, to a tenth of a pixel.
func px(v float64) string {
	v = math.Round(v*10) / 10
	if v == 0 {
		v = 0 // not -0
	}
	return strconv.FormatFloat(v, 'f', -1, 64)
}

var escaper = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", `"`, "&quot;")

// text writes one line; anchor is start, middle or end, class may be empty.
func (c *canvas) text(x, y, size float64, anchor, class, s string) {
	fmt.Fprintf(&c.b, `<text x="%s" y="%s" font-size="%s"`, px(x), px(y), px(size))
	if anchor != "start" {
		fmt.Fprintf(&c.b, ` text-anchor="%s"`, anchor)
	}
	if class != "" {
		fmt.Fprintf(&c.b, ` class="%s"`, class)
	}
	if size == sizeHead {
		c.b.WriteString(` font-weight="600"`)
	}
	fmt.Fprintf(&c.b, ">%s</text>\n", escaper.Replace(s))
}

// upright writes a line that reads upwards, centred at y.
func (c *canvas) upright(x, y, size float64, s string) {
	fmt.Fprintf(&c.b, `<text transform="translate(%s %s) rotate(-90)" font-size="%s" text-anchor="middle" class="soft">%s</text>`+"\n",
		px(x), px(y), px(size), escaper.Replace(s))
}

func (c *canvas) line(x1, y1, x2, y2, thick float64, class, dash string) {
	fmt.Fprintf(&c.b, `<line x1="%s" y1="%s" x2="%s" y2="%s" stroke-width="%s" class="%s"`,
		px(x1), px(y1), px(x2), px(y2), px(thick), class)
	if dash != "" {
		fmt.Fprintf(&c.b, ` stroke-dasharray="%s"`, dash)
	}
	c.b.WriteString("/>\n")
}

func (c *canvas) rect(x, y, w, h float64, class string) {
	fmt.Fprintf(&c.b, `<rect x="%s" y="%s" width="%s" height="%s" class="%s"/>`+"\n", px(x), px(y), px(w), px(h), class)
}

// way draws a line through points: x, y, x, y, ...
func (c *canvas) way(points []float64, color int) {
	var d strings.Builder
	for i := 0; i+1 < len(points); i += 2 {
		d.WriteString(map[bool]string{true: "M", false: "L"}[i == 0])
		d.WriteString(px(points[i]) + " " + px(points[i+1]))
	}
	fmt.Fprintf(&c.b, `<path d="%s" stroke-width="2" stroke-linejoin="round" class="l%d"`, d.String(), color%Colors)
	if dash := dashes[color%Colors]; dash != "" {
		fmt.Fprintf(&c.b, ` stroke-dasharray="%s"`, dash)
	}
	c.b.WriteString("/>\n")
}

// marker draws the sign of a series: circle, square, triangle, diamond, and again.
func (c *canvas) marker(x, y float64, color int) {
	class := fmt.Sprintf("f%d", color%Colors)
	poly := func(points ...float64) {
		var p []string
		for i := 0; i < len(points); i += 2 {
			p = append(p, px(x+points[i])+","+px(y+points[i+1]))
		}
		fmt.Fprintf(&c.b, `<polygon points="%s" class="%s"/>`+"\n", strings.Join(p, " "), class)
	}
	switch color % 4 {
	case 0:
		fmt.Fprintf(&c.b, `<circle cx="%s" cy="%s" r="4" class="%s"/>`+"\n", px(x), px(y), class)
	case 1:
		poly(-3.6, -3.6, 3.6, -3.6, 3.6, 3.6, -3.6, 3.6)
	case 2:
		poly(0, -4.8, 4.6, 3.6, -4.6, 3.6)
	default:
		poly(0, -5.2, 5.2, 0, 0, 5.2, -5.2, 0)
	}
}

// done closes the picture: its size, what a screen reader says, styles, background.
func (c *canvas) done(height float64, title, description string) []byte {
	var out strings.Builder
	fmt.Fprintf(&out, `<svg xmlns="http://www.w3.org/2000/svg" width="%s" height="%s" viewBox="0 0 %s %s" role="img">`+"\n",
		px(width), px(height), px(width), px(height))
	fmt.Fprintf(&out, "<title>%s</title>\n<desc>%s</desc>\n", escaper.Replace(title), escaper.Replace(description))
	fmt.Fprintf(&out, "<style>%s</style>\n", stylesheet())
	fmt.Fprintf(&out, `<rect x="0.5" y="0.5" width="%s" height="%s" rx="6" class="page"/>`+"\n", px(width-1), px(height-1))
	out.WriteString(c.b.String())
	out.WriteString("</svg>\n")
	return []byte(out.String())
}
