// SPDX-License-Identifier: Apache-2.0

package match

import (
	"fmt"
	"slices"
)

// Clause is a conjunction: all of its tests must hold. Without any it always does.
type Clause []Test

// Clauses is the expression as a disjunction: one of the clauses must hold. Without any
// nothing matches. An expression that becomes too large is an *Error with the figures.
func (e *Expr) Clauses() ([]Clause, error) {
	out, err := e.root.clauses()
	if err != nil {
		return nil, err
	}
	return out, checkSize(out)
}

func checkSize(cs []Clause) error {
	tests := 0
	for _, c := range cs {
		tests += len(c)
	}
	if len(cs) > MaxClauses || tests > MaxTests {
		return tooLarge(len(cs), tests)
	}
	return nil
}

func tooLarge(clauses, tests int) error {
	return &Error{1, fmt.Sprintf("the match becomes at least %d alternatives with %d conditions; %d with %d are possible", clauses, tests, MaxClauses, MaxTests),
		"sets multiply when they are joined by &&: use prefixes or ranges, or several policies"}
}

func (n *node) clauses() ([]Clause, error) {
	switch n.op {
	case constant:
		if n.truth {
			return []Clause{{}}, nil
		}
		return nil, nil
	case leafOp:
		if c, possible := join(slices.Clone(Clause(n.needs)), Clause{n.test}); possible {
			return []Clause{c}, nil
		}
		return nil, nil
	case or:
		var out []Clause
		for _, k := range n.kids {
			cs, err := k.clauses()
			if err != nil {
				return nil, err
			}
			for _, c := range cs {
				if !slices.ContainsFunc(out, c.same) {
					out = append(out, c)
				}
			}
			if err := checkSize(out); err != nil {
				return nil, err
			}
		}
		return out, nil
	}
	out := []Clause{{}}
	for _, k := range n.kids {
		cs, err := k.clauses()
		if err != nil {
			return nil, err
		}
		if out, err = product(out, cs); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// product joins every clause of a with every one of b, without those that contradict
// themselves.
func product(a, b []Clause) ([]Clause, error) {
	var out []Clause
	tests := 0
	for _, x := range a {
		for _, y := range b {
			c, possible := join(slices.Clone(x), y)
			if !possible || slices.ContainsFunc(out, c.same) {
				continue
			}
			out = append(out, c)
			if tests += len(c); len(out) > MaxClauses || tests > MaxTests {
				return nil, tooLarge(len(out), tests)
			}
		}
	}
	return out, nil
}

func (c Clause) same(d Clause) bool { return slices.Equal(c, d) }

// join adds tests to c, which it may change. Ranges of one field become one; false when
// no packet can pass them all.
func join(c, tests Clause) (Clause, bool) {
next:
	for _, t := range tests {
		for i := range c {
			old := &c[i]
			switch {
			case *old == t:
				continue next
			case old.Field != t.Field:
			case old.Field <= DstPort && !old.Not && !t.Not:
				if old.Lo, old.Hi = max(old.Lo, t.Lo), min(old.Hi, t.Hi); old.Lo > old.Hi {
					return nil, false
				}
				continue next
			case old.Field <= DstPort && covers(old, &t):
				return nil, false
			case old.Field == InPort && !old.Not && !t.Not: // of two names, which differ
				return nil, false
			case old.Field == InPort && old.Name == t.Name: // it is, and it isn't
				return nil, false
			}
		}
		c = append(c, t)
	}
	return c, true
}

// covers reports that one of the two ranges is excluded by the other.
func covers(a, b *Test) bool {
	if a.Not {
		a, b = b, a
	}
	return !a.Not && b.Not && b.Lo <= a.Lo && a.Hi <= b.Hi
}
