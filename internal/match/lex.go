// SPDX-License-Identifier: Apache-2.0

package match

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// Error is what is wrong with an expression, and where.
type Error struct {
	Column int // from 1, in characters
	Msg    string
	Hint   string // the mend; may be empty
}

func (e *Error) Error() string {
	s := fmt.Sprintf("column %d: %s", e.Column, e.Msg)
	if e.Hint != "" {
		s += "; " + e.Hint
	}
	return s
}

// Bounds of an expression; at each there is an error with the figures.
const (
	MaxLength  = 16384 // octets of text
	MaxDepth   = 64    // parentheses in each other
	MaxClauses = 1024  // conjunctions that an expression becomes
	MaxTests   = 8192  // tests of all of them
)

type tokenKind uint8

const (
	endToken tokenKind = iota
	wordToken
	constToken  // digits, addresses, masks
	stringToken // text without the quotation marks
	setToken    // $name, without the $
	opToken     // == != < <= > >= && || ! ( ) { } ,
)

type token struct {
	kind tokenKind
	text string
	col  int
}

// said is the token as a message names it.
func (t token) said() string {
	switch t.kind {
	case endToken:
		return "the end"
	case stringToken:
		return fmt.Sprintf("the text %q", clip(t.text))
	case setToken:
		return fmt.Sprintf("%q", "$"+clip(t.text))
	}
	return fmt.Sprintf("%q", clip(t.text))
}

func clip(s string) string {
	const most = 40
	if utf8.RuneCountInString(s) <= most {
		return s
	}
	return string([]rune(s)[:most]) + "…"
}

// operators, longer ones first.
var operators = []string{"==", "!=", "<=", ">=", "&&", "||", "<", ">", "!", "(", ")", "{", "}", ","}

// lex splits s into tokens; the last one is endToken.
func lex(s string) ([]token, error) {
	if len(s) > MaxLength {
		return nil, &Error{1, fmt.Sprintf("the match is %d octets long, %d at most", len(s), MaxLength), "use address sets, or several policies"}
	}
	if !utf8.ValidString(s) {
		return nil, &Error{1, "this is no UTF-8 text", ""}
	}
	var out []token
	col := 1
	for s != "" {
		t, rest, err := next(s, col)
		if err != nil {
			return nil, err
		}
		if t.kind != endToken {
			out = append(out, t)
		}
		col += utf8.RuneCountInString(s[:len(s)-len(rest)])
		s = rest
	}
	return append(out, token{endToken, "", col}), nil
}

// next takes one token off s; endToken stands for white space.
func next(s string, col int) (t token, rest string, err error) {
	if trimmed := strings.TrimLeft(s, " \t\r\n"); len(trimmed) < len(s) {
		return token{}, trimmed, nil
	}
	for _, op := range operators {
		if rest, ok := strings.CutPrefix(s, op); ok {
			return token{opToken, op, col}, rest, nil
		}
	}
	if s[0] == '"' {
		return quoted(s, col)
	}
	n := len(s) - len(strings.TrimLeftFunc(strings.TrimPrefix(s, "$"), isWord))
	word := s[:n]
	switch {
	case s[0] == '$' && n > 1:
		return token{setToken, word[1:], col}, s[n:], nil
	case n == 0 || s[0] == '$':
		r, _ := utf8.DecodeRuneInString(s)
		return t, "", &Error{col, fmt.Sprintf("%q begins nothing that an expression may hold", r), strayHint(r)}
	case word[0] >= '0' && word[0] <= '9' || strings.Contains(word, ":"):
		return token{constToken, word, col}, s[n:], nil
	}
	return token{wordToken, word, col}, s[n:], nil
}

func strayHint(r rune) string {
	switch r {
	case '=':
		return "write == to compare"
	case '&':
		return "write &&"
	case '|':
		return "write ||"
	case '\'':
		return `write names in double quotes: inport == "lrp1"`
	case '@':
		return "there are no port groups; list the ports in braces"
	}
	return ""
}

func isWord(r rune) bool {
	return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '_' || r == '.' || r == ':' || r == '/' || r == '-'
}

// quoted takes a name in double quotes; \" and \\ stand for themselves.
func quoted(s string, col int) (token, string, error) {
	var b strings.Builder
	for i := 1; i < len(s); i++ {
		switch {
		case s[i] == '"':
			return token{stringToken, b.String(), col}, s[i+1:], nil
		case s[i] == '\\' && i+1 < len(s) && (s[i+1] == '"' || s[i+1] == '\\'):
			i++
		}
		b.WriteByte(s[i])
	}
	return token{}, "", &Error{col, "the quotation mark is never closed", `close it: "lrp1"`}
}
