// SPDX-License-Identifier: Apache-2.0

package match

import (
	"fmt"
	"net/netip"
	"strings"
)

type op uint8

const (
	leafOp op = iota
	and
	or
	constant
)

// node is a part of an expression without negations: those are in the leaves.
type node struct {
	op    op
	truth bool // constant
	test  Test // leaf
	needs []Test
	kids  []*node // and, or
}

func leaf(t Test) *node { return &node{op: leafOp, test: t} }

func both(o op, kids ...*node) *node { return &node{op: o, kids: kids} }

// not is the opposite of n, which stays as it is. What a leaf needs, it still needs.
func (n *node) not() *node {
	switch n.op {
	case leafOp:
		c := *n
		c.test.Not = !c.test.Not
		return &c
	case constant:
		return &node{op: constant, truth: !n.truth}
	}
	c := &node{op: and + or - n.op}
	for _, k := range n.kids {
		c.kids = append(c.kids, k.not())
	}
	return c
}

// Expr is an expression that Parse has read.
type Expr struct{ root *node }

// Parse reads an expression. sets are the address sets that $name may name. The error
// is an *Error.
func Parse(s string, sets map[string][]netip.Prefix) (*Expr, error) {
	tokens, err := lex(s)
	if err != nil {
		return nil, err
	}
	p := &parser{rest: tokens, sets: sets}
	n, err := p.expr(0)
	if err != nil {
		return nil, err
	}
	if t := p.peek(); t.kind != endToken {
		return nil, &Error{t.col, t.said() + " follows a complete expression", "join expressions by && or ||"}
	}
	return &Expr{n}, nil
}

type parser struct {
	rest []token
	sets map[string][]netip.Prefix
}

func (p *parser) peek() token { return p.rest[0] }

func (p *parser) take() token {
	t := p.rest[0]
	if t.kind != endToken {
		p.rest = p.rest[1:]
	}
	return t
}

func (p *parser) accept(text string) bool {
	if t := p.peek(); t.kind == opToken && t.text == text {
		p.take()
		return true
	}
	return false
}

// expr reads operands joined by && or by ||, never by both: OVN wants parentheses there.
func (p *parser) expr(depth int) (*node, error) {
	first, err := p.operand(depth)
	if err != nil {
		return nil, err
	}
	t := p.peek()
	if t.kind != opToken || t.text != "&&" && t.text != "||" {
		return first, nil
	}
	n := both(and, first)
	other := "||"
	if t.text == "||" {
		n.op, other = or, "&&"
	}
	for p.accept(t.text) {
		k, err := p.operand(depth)
		if err != nil {
			return nil, err
		}
		n.kids = append(n.kids, k)
	}
	if t := p.peek(); t.kind == opToken && t.text == other {
		return nil, &Error{t.col, "&& and || stand beside each other", "put parentheses around one of them"}
	}
	return n, nil
}

func (p *parser) operand(depth int) (*node, error) {
	t := p.peek()
	if depth > MaxDepth {
		return nil, &Error{t.col, fmt.Sprintf("more than %d parentheses or negations in each other", MaxDepth), ""}
	}
	switch {
	case p.accept("!"):
		n, err := p.operand(depth + 1)
		if err != nil {
			return nil, err
		}
		return n.not(), nil
	case p.accept("("):
		n, err := p.expr(depth + 1)
		if err != nil {
			return nil, err
		}
		if end := p.peek(); !p.accept(")") {
			return nil, &Error{end.col, fmt.Sprintf("%s stands where the parenthesis of column %d should be closed", end.said(), t.col), "write )"}
		}
		return n, nil
	case t.kind == constToken && (t.text == "0" || t.text == "1") && !p.compares(1):
		p.take()
		return &node{op: constant, truth: t.text == "1"}, nil
	case t.kind == wordToken && predicates[t.text] != nil:
		p.take()
		if c := p.peek(); p.compares(0) {
			return nil, &Error{c.col, fmt.Sprintf("%s is true or false and is compared with nothing", t.text), "write " + t.text + ", or !" + t.text}
		}
		return predicates[t.text], nil
	}
	return p.comparison()
}

// compares reports whether the token at i of the rest is a relation.
func (p *parser) compares(i int) bool {
	if i >= len(p.rest) || p.rest[i].kind != opToken {
		return false
	}
	switch p.rest[i].text {
	case "==", "!=", "<", "<=", ">", ">=":
		return true
	}
	return false
}

// comparison reads field op value, value op field, or value op field op value.
func (p *parser) comparison() (*node, error) {
	if t := p.peek(); t.kind == wordToken {
		f, err := p.field()
		if err != nil {
			return nil, err
		}
		return p.compareRight(f)
	}
	if t := p.peek(); t.kind == endToken || t.kind == opToken && t.text != "{" {
		return nil, &Error{t.col, t.said() + " stands where a condition should be", `write one such as ip4.src == 10.0.0.0/8, tcp, or inport == "lrp1"`}
	}
	values, err := p.values()
	if err != nil {
		return nil, err
	}
	if !p.compares(0) {
		t := p.peek()
		return nil, &Error{t.col, t.said() + " stands where a relation should be", "write ==, !=, <, <=, > or >="}
	}
	rel := p.take()
	rel.text = mirrored[rel.text]
	t := p.peek()
	if t.kind != wordToken {
		return nil, &Error{t.col, t.said() + " stands where a field should be", "compare a field with a constant"}
	}
	f, err := p.field()
	if err != nil {
		return nil, err
	}
	n, err := f.compare(rel, values)
	if err != nil || !p.compares(0) {
		return n, err
	}
	if second := p.peek(); rel.text == "==" || rel.text == "!=" || second.text == "==" || second.text == "!=" {
		return nil, &Error{second.col, "only <, <=, > and >= may stand on both sides of a field", "join two comparisons by &&"}
	}
	more, err := p.compareRight(f)
	if err != nil {
		return nil, err
	}
	return both(and, n, more), nil
}

var mirrored = map[string]string{"==": "==", "!=": "!=", "<": ">", "<=": ">=", ">": "<", ">=": "<="}

func (p *parser) compareRight(f fieldRef) (*node, error) {
	if !p.compares(0) {
		t := p.peek()
		return nil, &Error{t.col, fmt.Sprintf("%s stands where %s should be compared", t.said(), f.name), "write ==, !=, <, <=, > or >="}
	}
	rel := p.take()
	values, err := p.values()
	if err != nil {
		return nil, err
	}
	return f.compare(rel, values)
}

// fieldRef is a field at its place in the text.
type fieldRef struct {
	fieldInfo
	name string
	col  int
}

func (p *parser) field() (fieldRef, error) {
	t := p.take()
	if f, ok := fields[t.text]; ok {
		return fieldRef{f, t.text, t.col}, nil
	}
	hint := "fields are " + fieldNames
	for _, f := range foreign {
		if strings.HasPrefix(t.text, f) {
			hint = "OVN has it but Parkway doesn't"
		}
	}
	return fieldRef{}, &Error{t.col, fmt.Sprintf("there is no field %s", t.said()), hint}
}

const fieldNames = "ip, ip4, ip6, ip4.src, ip4.dst, ip6.src, ip6.dst, inport, ip.proto, tcp, udp, sctp, each with .src and .dst, icmp, icmp4, icmp6"

// values reads one constant, or several in braces.
func (p *parser) values() ([]token, error) {
	open := p.peek()
	if !p.accept("{") {
		v, err := p.value()
		return []token{v}, err
	}
	var out []token
	for !p.accept("}") {
		if len(out) > 0 {
			p.accept(",") // OVN doesn't insist on it
		}
		if t := p.peek(); t.kind == endToken {
			return nil, &Error{t.col, fmt.Sprintf("the brace of column %d is never closed", open.col), "write }"}
		}
		v, err := p.value()
		if err != nil {
			return nil, err
		}
		out = append(out, v)
	}
	if len(out) == 0 {
		return nil, &Error{open.col, "the set is empty", "list at least one value"}
	}
	return out, nil
}

func (p *parser) value() (token, error) {
	t := p.take()
	if t.kind == setToken {
		if _, known := p.sets[t.text]; !known {
			return t, &Error{t.col, fmt.Sprintf("there is no address set %s", t.said()), "list it under address_sets"}
		}
		members := make([]string, 0, len(p.sets[t.text]))
		for _, m := range p.sets[t.text] {
			members = append(members, m.String())
		}
		return token{setToken, strings.Join(append([]string{t.text}, members...), " "), t.col}, nil
	}
	if t.kind != constToken && t.kind != stringToken {
		return t, &Error{t.col, t.said() + " stands where a constant should be", "write a number, an address, a name in double quotes, or $ and an address set"}
	}
	return t, nil
}
