// SPDX-License-Identifier: Apache-2.0

package topology

import (
	"fmt"
	"strings"
)

// Severity says whether a finding stops the start.
type Severity uint8

const (
	Error   Severity = iota // the topology can't be built
	Warning                 // it can, but probably isn't what was meant
)

func (s Severity) String() string {
	if s == Warning {
		return "warning"
	}
	return "error"
}

// Path names a place in a Topology: the file's keys (strings) and list indices
// (ints), outermost first, such as {"logical_routers", 0, "ports", 1, "mac"}.
// The indices are those of the Topology's slices.
type Path []any

// At makes a Path of keys and indices.
func At(steps ...any) Path { return Path(steps) }

// String joins the steps the way a reader would point at them:
// logical_routers[0].ports[1].mac.
func (p Path) String() string {
	var b strings.Builder
	for _, step := range p {
		switch s := step.(type) {
		case int:
			fmt.Fprintf(&b, "[%d]", s)
		default:
			if b.Len() > 0 {
				b.WriteByte('.')
			}
			fmt.Fprint(&b, s)
		}
	}
	return b.String()
}

// Finding is one thing that Validate has to say.
type Finding struct {
	Severity Severity
	Path     Path   // where it is
	Column   int    // in the text at Path, from 1; 0 when it is about the whole
	Other    Path   // the earlier place that it clashes with; nil when there is none
	Message  string // what is wrong, naming the object
	Hint     string // how to mend it; may be empty
}

// String is the finding in one line, for callers that have no file to point at.
func (f Finding) String() string {
	s := f.Path.String() + ": "
	if f.Column > 0 {
		s += fmt.Sprintf("column %d: ", f.Column)
	}
	s += f.Message
	if f.Other != nil {
		s += " (first at " + f.Other.String() + ")"
	}
	if f.Hint != "" {
		s += "; " + f.Hint
	}
	return s
}
