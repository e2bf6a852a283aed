// SPDX-License-Identifier: Apache-2.0

package plot

// Frame is what stands around every plot.
type Frame struct {
	Title    string // what is shown
	Subtitle string // how it was measured, and which way is better; may be empty
	Caption  string // commit, machine, date; may be empty
}

// entry is one line of a legend.
type entry struct {
	name  string
	color int
}

// head draws title, subtitle and legend and returns the y below them. A legend of one
// is left out where the title says it: solo.
func (c *canvas) head(f Frame, legend []entry, lines bool) float64 {
	y := margin + 4
	for _, s := range wrap(f.Title, sizeHead*1.06, width-2*margin) { // semibold is wider
		y += sizeHead - 2
		c.text(margin, y, sizeHead, "start", "", s)
		y += 6
	}
	for _, s := range wrap(f.Subtitle, sizeText, width-2*margin) {
		y += sizeText
		c.text(margin, y, sizeText, "start", "soft", s)
		y += 4
	}
	if len(legend) == 0 {
		return y + 6
	}
	sign := 18.0
	if lines {
		sign = 30
	}
	// In one row if it fits, else in columns.
	row, widest := 0.0, 0.0
	for _, e := range legend {
		w := sign + textWidth(e.name, sizeText) + 18
		row, widest = row+w, max(widest, w)
	}
	columns := len(legend)
	if room := width - 2*margin + 18; row > room {
		columns = max(1, int(room/widest))
	}
	x := margin
	for i, e := range legend {
		if i%columns == 0 {
			x, y = margin, y+18
		}
		if lines {
			c.way([]float64{x, y - 4, x + 24, y - 4}, e.color)
			c.marker(x+12, y-4, e.color)
		} else {
			c.rect(x, y-10, 12, 11, barClass(e.color))
		}
		c.text(x+sign, y, sizeText, "start", "", e.name)
		if columns == len(legend) {
			x += sign + textWidth(e.name, sizeText) + 18
		} else {
			x += widest
		}
	}
	return y + 10
}

// foot draws the caption from y on and returns the height of the picture.
func (c *canvas) foot(f Frame, y float64) float64 {
	for _, s := range wrap(f.Caption, sizeNote, width-2*margin) {
		y += sizeNote
		c.text(margin, y, sizeNote, "start", "soft", s)
		y += 4
	}
	return y + margin - 6
}
