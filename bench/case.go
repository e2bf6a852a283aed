// SPDX-License-Identifier: Apache-2.0

package bench

import (
	"context"
	"fmt"
	"strings"
)

// Case is a benchmark.
type Case struct {
	Name  string // short and fit for a file name: "routes-ipv4"
	Title string // one line
	Goal  string // in words; "": it has none
	Run   func(context.Context, *Runner) (*Result, error)
}

// Find returns the cases of these names, in their order; all without names. The error
// names what there is.
func Find(all []Case, names []string) ([]Case, error) {
	if len(names) == 0 {
		return all, nil
	}
	var found []Case
next:
	for _, name := range names {
		for _, c := range all {
			if c.Name == name {
				found = append(found, c)
				continue next
			}
		}
		return nil, &UnknownCase{name, all}
	}
	return found, nil
}

// UnknownCase is the error of a name that no case has.
type UnknownCase struct {
	Name  string
	Cases []Case
}

func (e *UnknownCase) Error() string {
	names := make([]string, len(e.Cases))
	for i, c := range e.Cases {
		names[i] = c.Name
	}
	return fmt.Sprintf("there is no case %q; the cases are %s", e.Name, strings.Join(names, ", "))
}
