// SPDX-License-Identifier: Apache-2.0

package ovnnb

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// writer writes nodes as YAML and notes where each of them begins.
type writer struct {
	b     strings.Builder
	line  int // of what is written next, from 1
	col   int // the same, in characters
	nodes []*node
}

func newWriter() *writer { return &writer{line: 1, col: 1} }

func (w *writer) print(s string) {
	w.b.WriteString(s)
	if n := strings.Count(s, "\n"); n > 0 {
		w.line += n
		w.col = 1
		s = s[strings.LastIndexByte(s, '\n')+1:]
	}
	w.col += utf8.RuneCountInString(s)
}

// mark notes that n begins here.
func (w *writer) mark(n *node) {
	n.line, n.col = w.line, w.col
	w.nodes = append(w.nodes, n)
}

// at returns the last node that begins at a place or before it, or nil.
func (w *writer) at(line, col int) *node {
	i, _ := slices.BinarySearchFunc(w.nodes, 0, func(n *node, _ int) int {
		if n.line < line || n.line == line && n.col <= col {
			return -1
		}
		return 1
	})
	if i == 0 {
		return nil
	}
	return w.nodes[i-1]
}

// section writes a list under a key of the file's first level.
func (w *writer) section(n *node) {
	if w.mark(n); !hasLive(n) {
		w.print(n.key + ": []\n")
		return
	}
	w.print(n.key + ":\n")
	w.elements(n, 2)
}

// elements writes a list's elements, one or more lines each.
func (w *writer) elements(n *node, indent int) {
	n.live(func(row *node) {
		w.print(strings.Repeat(" ", indent) + "- ")
		if w.mark(row); !row.block {
			w.flow(row)
			w.print("\n")
			return
		}
		first := true
		row.live(func(k *node) {
			if k.kind != leaf && !hasLive(k) {
				return
			}
			if !first {
				w.print(strings.Repeat(" ", indent+2))
			}
			first = false
			w.mark(k)
			w.print(k.key + ":")
			if k.kind == list && k.block {
				w.print("\n")
				w.elements(k, indent+4)
				return
			}
			w.print(" ")
			w.flow(k)
			w.print("\n")
		})
	})
}

// flow writes a value within its line.
func (w *writer) flow(n *node) {
	if n.kind == leaf {
		w.print(n.word)
		return
	}
	brackets := map[nodeKind][2]string{mapping: {"{", "}"}, list: {"[", "]"}}[n.kind]
	w.print(brackets[0])
	first := true
	n.live(func(k *node) {
		if k.kind != leaf && !hasLive(k) && !k.need {
			return
		}
		if !first {
			w.print(", ")
		}
		first = false
		w.mark(k)
		if n.kind == mapping {
			w.print(k.key + ": ")
		}
		w.flow(k)
	})
	w.print(brackets[1])
}

func hasLive(n *node) bool {
	return slices.ContainsFunc(n.kids, func(k *node) bool { return !k.gone })
}

// plain are words that YAML takes for strings without quotation marks.
var plain = regexp.MustCompile(`^(?:[A-Za-z_][A-Za-z0-9_./-]*|[0-9]+\.[0-9]+\.[0-9]+\.[0-9]+(?:/[0-9]+)?)$`)

// yamlWords mean something else than themselves in some YAML.
var yamlWords = []string{"true", "false", "yes", "no", "on", "off", "null", "y", "n"}

// yamlString writes a string as YAML does, in quotation marks where it must.
func yamlString(s string) string {
	if plain.MatchString(s) && !slices.Contains(yamlWords, strings.ToLower(s)) {
		return s
	}
	return quoted(s)
}

func quoted(s string) string {
	var b strings.Builder
	b.WriteByte('"')
	for _, r := range s {
		switch {
		case r == '"' || r == '\\':
			b.WriteByte('\\')
			b.WriteRune(r)
		case unicode.IsPrint(r):
			b.WriteRune(r)
		case r > 0xffff:
			fmt.Fprintf(&b, `\U%08x`, r)
		default:
			fmt.Fprintf(&b, `\u%04x`, r)
		}
	}
	b.WriteByte('"')
	return b.String()
}

// comment keeps what others wrote within one line of a comment.
func comment(s string) string {
	return strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return ' '
		}
		return r
	}, s)
}
