// SPDX-License-Identifier: Apache-2.0

package config

import (
	"bytes"
	"math"
)

// A file with a million routes is a million times the same few words. To make a node of
// each, as YAML is read, takes half a minute and gigabytes. So lists of static routes are
// cut out of the text before it is read as YAML: an element that is written plainly is read
// here (route_element.go), any other as YAML, by itself. What a list means is the
// same either way, and so is what is said about it; where this file can't be sure of that,
// the whole text is read as YAML.

// fewElements is from how many elements on a list is worth that.
var fewElements = 256

// routeList is the elements of one static_routes in the text.
type routeList struct {
	text   []byte   // all of the file
	indent int      // spaces before the dash of each element
	starts []uint32 // where the elements' first lines begin, and where the last one ends
	lines  []uint32 // their numbers, from 1
	taken  bool     // by the router that it belongs to
}

// len is how many elements the list has.
func (l *routeList) len() int { return len(l.starts) - 1 }

// element is the text of elements from i to before k.
func (l *routeList) elements(i, k int) []byte { return l.text[l.starts[i]:l.starts[k]] }

var routesKey = []byte("static_routes:")

// findRouteLists finds what looks like long lists of static routes, in block style.
func findRouteLists(text []byte) (lists []*routeList) {
	if len(text) > math.MaxInt32 {
		return nil
	}
	line, counted := 1, 0
	for at := 0; ; {
		i := bytes.Index(text[at:], routesKey)
		if i < 0 {
			return lists
		}
		key := at + i
		at = key + len(routesKey)
		start := bytes.LastIndexByte(text[:key], '\n') + 1
		rest, next := cutLine(text, at)
		if !blank(text[start:key]) || !blankOrComment(rest) {
			continue
		}
		line += bytes.Count(text[counted:next], []byte{'\n'})
		counted = next
		if l := listAt(text, next, line, key-start); l != nil && l.len() >= fewElements {
			lists = append(lists, l)
			at = int(l.starts[l.len()])
		}
	}
}

// listAt reads the block list that begins at or after a line, nil for none. It ends before
// the first line that is neither an element nor inside one.
func listAt(text []byte, at, line, keyIndent int) *routeList {
	l := &routeList{text: text, indent: -1}
	end := at
	for at < len(text) {
		content, next := cutLine(text, at)
		indent := 0
		for indent < len(content) && content[indent] == ' ' {
			indent++
		}
		dash := indent+1 < len(content) && content[indent] == '-' && content[indent+1] == ' '
		switch {
		case blankOrComment(content): // or the last lines of a text in several lines
			if l.indent >= 0 {
				end = next
			}
		case l.indent < 0 && (!dash || indent < keyIndent):
			return nil
		case dash && (l.indent < 0 || indent == l.indent):
			l.indent = indent
			l.starts, l.lines = append(l.starts, uint32(at)), append(l.lines, uint32(line))
			end = next
		case indent <= l.indent:
			l.starts = append(l.starts, uint32(end))
			return l
		default:
			end = next
		}
		at = next
		line++
	}
	if l.indent < 0 {
		return nil
	}
	l.starts = append(l.starts, uint32(end))
	return l
}

// cutLine returns the line at a place without its end, and where the next one begins.
func cutLine(text []byte, at int) (line []byte, next int) {
	if n := bytes.IndexByte(text[at:], '\n'); n >= 0 {
		return text[at : at+n], at + n + 1
	}
	return text[at:], len(text)
}

func blank(line []byte) bool { return len(bytes.Trim(line, " \r")) == 0 }

func blankOrComment(line []byte) bool {
	line = bytes.TrimLeft(line, " \r")
	return len(line) == 0 || line[0] == '#'
}

// withoutElements is the text with empty lines in the place of all elements but the first
// of each list. That one stays to tell where the list is.
func withoutElements(text []byte, lists []*routeList) []byte {
	var out []byte
	at := 0
	for _, l := range lists {
		out = append(out, text[at:l.starts[1]]...)
		at = int(l.starts[l.len()])
		out = append(out, bytes.Repeat([]byte{'\n'}, bytes.Count(text[l.starts[1]:at], []byte{'\n'}))...)
	}
	return append(out, text[at:]...)
}
