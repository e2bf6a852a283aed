// SPDX-License-Identifier: Apache-2.0

package config

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"
)

// maxFileSize is above a full topology (4,094 switch ports and a million
// routes are some 80 MiB) and below what would hurt a machine that can hold them.
const maxFileSize = 128 << 20

const startHint = "start from configs/seed.yaml"

// parseYAML returns the root mapping, or the problems that keep the text from
// being one plain YAML document. What comes back holds no aliases, so it is a
// tree and no larger than the text.
func parseYAML(file string, data []byte) (root *yaml.Node, problems []Problem) {
	fail := func(line, col int, msg, hint string) (*yaml.Node, []Problem) {
		return nil, []Problem{{File: file, Line: line, Col: col, Msg: msg, Hint: hint}}
	}
	if len(data) > maxFileSize {
		return fail(0, 0, fmt.Sprintf("the file is larger than %d MiB", maxFileSize>>20), "is this the right file?")
	}
	if len(bytes.TrimSpace(data)) == 0 {
		return fail(0, 0, "the file is empty", startHint)
	}
	if line, col, b, bad := firstNonText(data); bad {
		return fail(line, col, fmt.Sprintf("this is no UTF-8 text: byte 0x%02x", b), "is this the right file?")
	}
	// The parser is the one piece of this package that others wrote; whatever it
	// thinks of, a bad file stays an error.
	defer func() {
		if r := recover(); r != nil {
			root, problems = fail(1, 1, "this can't be read as YAML", startHint)
		}
	}()
	dec := yaml.NewDecoder(bytes.NewReader(data))
	var doc, second yaml.Node
	if err := dec.Decode(&doc); errors.Is(err, io.EOF) {
		return fail(0, 0, "the file holds comments only", startHint)
	} else if err != nil {
		return nil, []Problem{yamlProblem(file, data, err)}
	}
	if err := dec.Decode(&second); err == nil {
		return fail(second.Line, max(second.Column, 1), "a second YAML document begins here", "put everything into one document; remove the line with ---")
	} else if !errors.Is(err, io.EOF) {
		return nil, []Problem{yamlProblem(file, data, err)}
	}
	if doc.Kind != yaml.DocumentNode || len(doc.Content) != 1 {
		return fail(1, 1, "this is no YAML document", startHint)
	}
	root = doc.Content[0]
	if problems = plainData(file, root, nil); len(problems) > 0 {
		return nil, problems
	}
	if root.Kind == yaml.ScalarNode && root.Tag == "!!null" {
		return fail(0, 0, "the file holds comments only", startHint)
	}
	if root.Kind != yaml.MappingNode {
		return fail(root.Line, root.Column, "the file wants `key: value` lines, not "+kindWord(root), startHint)
	}
	return root, nil
}

// firstNonText finds the first octet that no text file has.
func firstNonText(data []byte) (line, col int, b byte, bad bool) {
	line, col = 1, 1
	for i := 0; i < len(data); {
		r, size := utf8.DecodeRune(data[i:])
		switch {
		case r == utf8.RuneError && size == 1, r < ' ' && r != '\n' && r != '\r' && r != '\t', r == 0x7f:
			return line, col, data[i], true
		case r == '\n':
			line, col = line+1, 0
		}
		i += size
		col++
	}
	return 0, 0, 0, false
}

var yamlError = regexp.MustCompile(`^yaml: (?:line (\d+): )?(.*)$`)

// yamlHints say in the reader's words what the parser says in its own.
var yamlHints = []struct{ contains, hint string }{
	{"cannot start any token", "indent with spaces, not tabs, and quote values that begin with @, ` or %"},
	{"mapping values are not allowed", "quote a value that holds a colon and a space, and check the indentation"},
	{"could not find expected ':'", "write key: value, with a space after the colon"},
	{"did not find expected key", "check the indentation of this line and the one before"},
	{"did not find expected ',' or", "close the bracket or brace, or quote a value that holds one"},
	{"did not find expected '-' indicator", "check the indentation of the list"},
	{"unexpected end of stream", "close the quotation mark"},
	{"unknown anchor", "anchors and aliases are not supported: write the value out, or quote a value that begins with *"},
	{"exceeded max depth", startHint},
}

func yamlProblem(file string, data []byte, err error) Problem {
	p := Problem{File: file, Line: 1, Col: 1, Msg: err.Error(), Hint: "check the indentation and the quotation marks"}
	if m := yamlError.FindStringSubmatch(p.Msg); m != nil {
		p.Msg = "YAML: " + m[2]
		if n, err := strconv.Atoi(m[1]); err == nil {
			p.Line = n
		}
	}
	// The column is where the line's text begins: the parser knows no better.
	lines := bytes.SplitAfter(data, []byte("\n"))
	if n, ok := firstBadLine(lines, len(data)); ok {
		p.Line = n
	}
	p.Line = max(1, min(p.Line, len(lines)))
	text := lines[p.Line-1]
	p.Col = len(text) - len(bytes.TrimLeft(text, " ")) + 1
	for _, h := range yamlHints {
		if strings.Contains(p.Msg, h.contains) {
			p.Hint = h.hint
			break
		}
	}
	return p
}

// firstBadLine finds the line that breaks a text which isn't YAML: the one after
// the longest beginning that is. The parser's own line is that of the mapping
// or list around the mistake, often far above.
func firstBadLine(lines [][]byte, size int) (int, bool) {
	const (
		largest   = 256 << 10 // a larger text takes too long to parse a dozen times
		multiline = 8         // how many lines a value in brackets or quotes may take
	)
	if size > largest {
		return 0, false
	}
	all := bytes.Join(lines, nil)
	end := make([]int, len(lines)+1)
	for i, l := range lines {
		end[i+1] = end[i] + len(l)
	}
	parses := func(n int) bool {
		var node yaml.Node
		err := yaml.Unmarshal(all[:end[n]], &node)
		return err == nil
	}
	if parses(len(lines)) {
		return 0, false // the mistake is in a second document
	}
	good, bad := 0, len(lines)
	for good+1 < bad {
		mid := (good + bad) / 2
		found := false
		for n := mid; n < min(mid+multiline, bad) && !found; n++ {
			if parses(n) {
				good, found = n, true
			}
		}
		if !found {
			bad = mid
		}
	}
	return good + 1, true
}

// plainData refuses the parts of YAML that make a file mean something other
// than it shows: anchors and aliases (which can also grow a small file beyond
// any bound), merge keys and tags.
func plainData(file string, n *yaml.Node, ps []Problem) []Problem {
	if len(ps) > maxProblems {
		return ps
	}
	add := func(msg, hint string) {
		ps = append(ps, Problem{File: file, Line: n.Line, Col: n.Column, Msg: msg, Hint: hint})
	}
	switch {
	case n.Kind == yaml.AliasNode:
		add(fmt.Sprintf("alias *%s: aliases are not supported", clip(n.Value)), "write the value out, or quote it if it begins with *")
		return ps
	case n.Anchor != "":
		add(fmt.Sprintf("anchor &%s: anchors are not supported", clip(n.Anchor)), "write each value out, or quote it if it begins with &")
	case n.Style&yaml.TaggedStyle != 0:
		add(fmt.Sprintf("tag %s: tags are not supported", clip(n.Tag)), "remove it, or quote the value if it begins with !")
	}
	for _, c := range n.Content {
		ps = plainData(file, c, ps)
	}
	return ps
}

// clip shortens what a user wrote to what fits into a message.
func clip(s string) string {
	const most = 60
	if utf8.RuneCountInString(s) <= most {
		return s
	}
	return string([]rune(s)[:most]) + "…"
}

func quote(s string) string { return strconv.Quote(clip(s)) }

// kindWord names what a node is, in the words of the error messages.
func kindWord(n *yaml.Node) string {
	switch n.Kind {
	case yaml.MappingNode:
		return "a mapping"
	case yaml.SequenceNode:
		return "a list"
	}
	switch n.Tag {
	case "!!null":
		return "nothing"
	case "!!bool":
		return "the boolean " + clip(n.Value)
	case "!!int", "!!float":
		return "the number " + clip(n.Value)
	}
	return "the text " + quote(n.Value)
}
