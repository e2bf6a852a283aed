// SPDX-License-Identifier: Apache-2.0

package config

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Problem is one thing wrong (or, among Config.Warnings, doubtful) at one place.
type Problem struct {
	File string // the file, or the environment variable that a value came from
	Line int    // from 1; 0 when the problem has no line
	Col  int    // from 1, in characters; 0 when unknown
	Msg  string // what is wrong, naming the object
	Hint string // the mend; may be empty
}

// Where is file:line:column, as far as known.
func (p Problem) Where() string {
	switch {
	case p.Line == 0:
		return p.File
	case p.Col == 0:
		return fmt.Sprintf("%s:%d", p.File, p.Line)
	}
	return fmt.Sprintf("%s:%d:%d", p.File, p.Line, p.Col)
}

// String is the problem in one line: file:line:column: message; hint.
func (p Problem) String() string {
	s := p.Where() + ": " + p.Msg
	if p.Hint != "" {
		s += "; " + p.Hint
	}
	return oneLine(s)
}

// oneLine keeps what users wrote from breaking a line or driving a terminal.
func oneLine(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return ' '
		}
		return r
	}, s)
}

// Problems is every problem of a file, sorted by position. It is the error that
// Load and Parse return.
type Problems []Problem

// Error is one line per problem.
func (ps Problems) Error() string {
	lines := make([]string, len(ps))
	for i, p := range ps {
		lines[i] = p.String()
	}
	return strings.Join(lines, "\n")
}

const maxProblems = 100 // more of them help nobody

// sorted orders by position and drops what says the same at the same place.
func sorted(file string, ps []Problem) []Problem {
	slices.SortStableFunc(ps, func(a, b Problem) int {
		return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Col, b.Col), strings.Compare(a.File, b.File))
	})
	ps = slices.Compact(ps)
	if more := len(ps) - maxProblems; more > 0 {
		ps = append(ps[:maxProblems:maxProblems], Problem{File: file, Msg: fmt.Sprintf("%d more problems not listed", more), Hint: "mend these first"})
	}
	return ps
}
