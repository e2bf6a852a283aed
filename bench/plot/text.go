// SPDX-License-Identifier: Apache-2.0

package plot

import (
	"math"
	"strconv"
	"strings"
)

// textWidth says how many pixels a text takes at most, in a font of the given size;
// by DejaVu Sans, which is wider than what most viewers have.
func textWidth(s string, size float64) float64 {
	w := 0.0
	for _, r := range s {
		switch {
		case strings.ContainsRune("iljI|.,:;'!", r):
			w += 0.34
		case strings.ContainsRune("ftr()[]-/ ", r):
			w += 0.41
		case strings.ContainsRune("mwMW%@→≤≥×", r):
			w += 0.97
		case r >= 'A' && r <= 'Z':
			w += 0.72
		default:
			w += 0.64
		}
	}
	return w * size
}

// wrap breaks a text at spaces into lines that fit; a word that is too long for a
// line is broken anywhere.
func wrap(s string, size, width float64) []string {
	var lines []string
	line := ""
	for _, word := range strings.Fields(s) {
		for textWidth(word, size) > width {
			cut := 1
			runes := []rune(word)
			for cut < len(runes) && textWidth(string(runes[:cut+1]), size) <= width {
				cut++
			}
			if line != "" {
				lines, line = append(lines, line), ""
			}
			lines, word = append(lines, string(runes[:cut])), string(runes[cut:])
		}
		switch {
		case line == "":
			line = word
		case textWidth(line+" "+word, size) <= width:
			line += " " + word
		default:
			lines, line = append(lines, line), word
		}
	}
	if line != "" {
		lines = append(lines, line)
	}
	return lines
}

// Number writes a value for an axis or a label: three significant digits at least,
// thousands apart, millions and up as 1M, 2.5G.
func Number(v float64) string {
	switch a := math.Abs(v); {
	case math.IsNaN(v) || math.IsInf(v, 0):
		return "?"
	case a == 0:
		return "0"
	case a >= 1e9:
		return trim(v/1e9) + "G"
	case a >= 1e6:
		return trim(v/1e6) + "M"
	case a >= 999.5:
		return thousands(v)
	default:
		return trim(v)
	}
}

// trim writes three significant digits, or all before the point, and no zeros after
// the last that counts.
func trim(v float64) string {
	digits := 2 - int(math.Floor(math.Log10(math.Abs(v))+1e-9))
	s := strconv.FormatFloat(v, 'f', max(digits, 0), 64)
	if strings.Contains(s, ".") {
		s = strings.TrimRight(strings.TrimRight(s, "0"), ".")
	}
	return s
}

// thousands writes a whole number with commas.
func thousands(v float64) string {
	s := strconv.FormatFloat(math.Abs(v), 'f', 0, 64)
	var b strings.Builder
	if v < 0 {
		b.WriteByte('-')
	}
	for i, r := range s {
		if i > 0 && (len(s)-i)%3 == 0 {
			b.WriteByte(',')
		}
		b.WriteRune(r)
	}
	return b.String()
}
