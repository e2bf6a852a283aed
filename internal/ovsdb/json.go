// SPDX-License-Identifier: Apache-2.0

package ovsdb

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"strings"
	"unicode/utf8"
)

// decode reads one JSON value and nothing behind it. Numbers stay json.Number, so that
// an integer of 64 bits is what was written.
func decode(data []byte) (any, error) {
	if !utf8.Valid(data) {
		return nil, errors.New("this is no UTF-8")
	}
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		return nil, fmt.Errorf("this is no JSON: %s", jsonFault(err, d))
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("something follows the JSON value at its byte %d", d.InputOffset())
	}
	return v, nil
}

func jsonFault(err error, d *json.Decoder) string {
	var syntax *json.SyntaxError
	switch {
	case errors.As(err, &syntax):
		return fmt.Sprintf("%v at byte %d", err, syntax.Offset)
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return "it ends too early"
	}
	return fmt.Sprintf("%v at byte %d", err, d.InputOffset())
}

// object is v as a JSON object.
func object(v any, what string) (map[string]any, error) {
	if m, ok := v.(map[string]any); ok {
		return m, nil
	}
	return nil, fmt.Errorf("%s is %s, and an object is wanted", what, kindOf(v))
}

func array(v any, what string) ([]any, error) {
	if l, ok := v.([]any); ok {
		return l, nil
	}
	return nil, fmt.Errorf("%s is %s, and an array is wanted", what, kindOf(v))
}

func text(v any, what string) (string, error) {
	if s, ok := v.(string); ok {
		return s, nil
	}
	return "", fmt.Errorf("%s is %s, and a string is wanted", what, kindOf(v))
}

// kindOf says in words what a JSON value is.
func kindOf(v any) string {
	switch v := v.(type) {
	case nil:
		return "null"
	case bool:
		return "a boolean"
	case json.Number:
		return "the number " + clipped(v.String())
	case string:
		return "the string " + quote(v)
	case []any:
		return fmt.Sprintf("an array of %d", len(v))
	case map[string]any:
		return "an object"
	}
	return fmt.Sprintf("%T", v)
}

func clipped(s string) string {
	if len(s) > 30 {
		return s[:30] + "…"
	}
	return s
}

// ParseValue reads a <value> (RFC 7047 §5.1) that encoding/json decoded with UseNumber.
func ParseValue(v any) (Value, error) {
	l, ok := v.([]any)
	if !ok {
		a, err := parseAtom(v)
		return Value{Atoms: []Atom{a}}, err
	}
	if len(l) != 2 {
		return Value{}, fmt.Errorf("an array of %d is no value; a set, a map and a uuid are arrays of 2", len(l))
	}
	switch l[0] {
	case "uuid":
		a, err := parseAtom(v)
		return Value{Atoms: []Atom{a}}, err
	case "set":
		elements, err := array(l[1], "a set's content")
		if err != nil {
			return Value{}, err
		}
		return parseSet(elements)
	case "map":
		elements, err := array(l[1], "a map's content")
		if err != nil {
			return Value{}, err
		}
		return parseMap(elements)
	}
	return Value{}, fmt.Errorf("%s begins no value; set, map and uuid do", kindOf(l[0]))
}

func parseSet(elements []any) (v Value, err error) {
	seen := make(map[Atom]bool, len(elements))
	for _, e := range elements {
		a, err := parseAtom(e)
		if err != nil {
			return Value{}, err
		}
		if seen[a] {
			return Value{}, fmt.Errorf("a set holds %s twice", kindOf(e))
		}
		seen[a] = true
		v.Atoms = append(v.Atoms, a)
	}
	return v, nil
}

func parseMap(elements []any) (Value, error) {
	v := Value{IsMap: true}
	seen := make(map[Atom]bool, len(elements))
	for _, e := range elements {
		l, err := array(e, "an element of a map")
		if err != nil {
			return Value{}, err
		}
		if len(l) != 2 {
			return Value{}, fmt.Errorf("an element of a map has %d parts; key and value are wanted", len(l))
		}
		key, err := parseAtom(l[0])
		if err != nil {
			return Value{}, err
		}
		val, err := parseAtom(l[1])
		if err != nil {
			return Value{}, err
		}
		if seen[key] {
			return Value{}, fmt.Errorf("a map has %s twice", kindOf(l[0]))
		}
		seen[key] = true
		v.Pairs = append(v.Pairs, Pair{key, val})
	}
	return v, nil
}

func parseAtom(v any) (Atom, error) {
	switch v := v.(type) {
	case string:
		return v, nil
	case bool:
		return v, nil
	case json.Number:
		return parseNumber(v)
	case []any:
		if len(v) == 2 && v[0] == "uuid" {
			s, err := text(v[1], "a uuid")
			if err != nil {
				return nil, err
			}
			return ParseUUID(s)
		}
	}
	return nil, fmt.Errorf("%s is no atom; a number, a boolean, a string or a uuid is wanted", kindOf(v))
}

// parseNumber reads an integer of 64 bits, or a real when there is a point or an
// exponent (RFC 7047 §3.1).
func parseNumber(n json.Number) (Atom, error) {
	if !strings.ContainsAny(n.String(), ".eE") {
		i, err := n.Int64()
		if err != nil {
			return nil, fmt.Errorf("the integer %s does not fit into 64 bits", clipped(n.String()))
		}
		return i, nil
	}
	f, err := n.Float64()
	if err != nil || math.IsInf(f, 0) {
		return nil, fmt.Errorf("the number %s is too large", clipped(n.String()))
	}
	return f, nil
}
