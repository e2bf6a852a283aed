// SPDX-License-Identifier: Apache-2.0

package plot

import (
	"fmt"
	"strings"
)

// Colors is how many colours there are; series with Color i and i+Colors look alike
// but for marker and dash.
const Colors = 7

// palette keeps its members apart for readers who do not tell red from green; the
// first is Parkway's in every plot. Light page, dark page.
var palette = [Colors][2]string{
	{"#0067b1", "#4da6ff"}, // blue
	{"#6b6b6b", "#b0b0b0"}, // grey: the ceiling, not a rival
	{"#d45500", "#ff9245"}, // orange
	{"#8a3a9c", "#d08ae0"}, // purple
	{"#00805e", "#35c79b"}, // green
	{"#a8890a", "#e8cf4a"}, // ochre
	{"#b5174b", "#ff7ba3"}, // crimson
}

// dashes of lines, by series.
var dashes = [Colors]string{"", "7 3", "2 3", "9 3 2 3", "5 5", "12 4", "4 2 1 2"}

// stylesheet has both sets of colours. A viewer without media queries shows the light
// one.
func stylesheet() string {
	var b strings.Builder
	set := func(dark int, ink, soft, grid, page, edge string) {
		fmt.Fprintf(&b, ".page{fill:%s;stroke:%s}", page, edge)
		fmt.Fprintf(&b, "text{fill:%s}.soft{fill:%s}", ink, soft)
		fmt.Fprintf(&b, ".grid{stroke:%s}.axis{stroke:%s}.whisker{stroke:%s}.halo{stroke:%s}", grid, soft, ink, page)
		for i, pair := range palette {
			fmt.Fprintf(&b, ".f%d{fill:%s}.l%d{stroke:%s}", i, pair[dark], i, pair[dark])
		}
	}
	set(0, "#1f2328", "#57606a", "#e1e4e8", "#ffffff", "#d0d7de")
	b.WriteString("\n@media (prefers-color-scheme:dark){")
	set(1, "#e6edf3", "#a3adb8", "#30363d", "#0d1117", "#3d444d")
	b.WriteString("}\n")
	b.WriteString("path,line{fill:none}text{font-family:system-ui,'Helvetica Neue',Arial,'DejaVu Sans',sans-serif}")
	return b.String()
}
