// SPDX-License-Identifier: Apache-2.0

package ovnnb

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Unsupported is a row, or a column of a row, that was left out.
type Unsupported struct {
	Table  string
	Row    string // its name, with its owner's where that is needed
	Column string // empty: the whole row; COLUMN:KEY for a key of a map
	Reason string
}

// String is "TABLE ROW, COLUMN: REASON".
func (u Unsupported) String() string {
	s := u.Table + " " + u.Row
	if u.Column != "" {
		s += ", " + u.Column
	}
	return comment(s + ": " + u.Reason)
}

// Report sorts and says what was left out, a line each, of each table and column
// so many, and then how many more there are.
func Report(left []Unsupported, most int) []string {
	type group struct{ table, column string }
	left = slices.Clone(left)
	slices.SortFunc(left, func(a, b Unsupported) int {
		return cmp.Or(strings.Compare(a.Table, b.Table), strings.Compare(a.Row, b.Row), strings.Compare(a.Column, b.Column), strings.Compare(a.Reason, b.Reason))
	})
	counts := map[group]int{}
	var groups []group
	var lines []string
	for _, u := range left {
		g := group{u.Table, u.Column}
		if counts[g]++; counts[g] == 1 {
			groups = append(groups, g)
		}
		if counts[g] <= most {
			lines = append(lines, u.String())
		}
	}
	for _, g := range groups {
		if more := counts[g] - most; more > 0 {
			what := g.table
			if g.column != "" {
				what += ", " + g.column
			}
			lines = append(lines, comment(fmt.Sprintf("%s: %d more", what, more)))
		}
	}
	return lines
}
