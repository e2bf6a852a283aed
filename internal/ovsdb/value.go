// SPDX-License-Identifier: Apache-2.0

package ovsdb

import (
	"encoding/hex"
	"fmt"
)

// UUID names a row (RFC 7047 §3.1).
type UUID [16]byte

// ParseUUID reads the form 8-4-4-4-12 hexadecimal digits.
func ParseUUID(s string) (u UUID, err error) {
	if len(s) == 36 && s[8] == '-' && s[13] == '-' && s[18] == '-' && s[23] == '-' {
		if _, err := hex.Decode(u[:], []byte(s[:8]+s[9:13]+s[14:18]+s[19:23]+s[24:])); err == nil {
			return u, nil
		}
	}
	return UUID{}, fmt.Errorf("%s is no UUID", quote(s))
}

func (u UUID) String() string {
	return fmt.Sprintf("%x-%x-%x-%x-%x", u[:4], u[4:6], u[6:8], u[8:10], u[10:])
}

// Atom is one of int64, float64, bool, string and UUID (RFC 7047 §5.1, <atom>).
type Atom any

// Pair is an element of a map.
type Pair struct{ Key, Value Atom }

// Value is what a column of a row holds (RFC 7047 §5.1, <value>): a set of atoms or a
// map. A single atom is a set of one, as on the wire. Elements keep their order there,
// which says nothing. The zero value is the empty set. Do not change what Atoms and
// Pairs return: values are shared.
type Value struct {
	Atoms []Atom
	Pairs []Pair
	IsMap bool
}

// Len counts the elements.
func (v Value) Len() int { return len(v.Atoms) + len(v.Pairs) }

// Empty reports a set or map without elements.
func (v Value) Empty() bool { return v.Len() == 0 }

// IsDefault reports what a column holds when nothing was written to it: nothing, or
// the one zero of its type (RFC 7047 §5.2.1).
func (v Value) IsDefault() bool {
	if len(v.Atoms) != 1 {
		return v.Empty()
	}
	switch a := v.Atoms[0].(type) {
	case int64:
		return a == 0
	case float64:
		return a == 0
	case bool:
		return !a
	case string:
		return a == ""
	case UUID:
		return a == UUID{}
	}
	return false
}

// Strings returns a set of strings.
func (v Value) Strings() ([]string, error) { return atomsOf[string](v, "strings") }

// UUIDs returns a set of references.
func (v Value) UUIDs() ([]UUID, error) { return atomsOf[UUID](v, "UUIDs") }

// Ints returns a set of integers.
func (v Value) Ints() ([]int64, error) { return atomsOf[int64](v, "integers") }

// Bools returns a set of booleans.
func (v Value) Bools() ([]bool, error) { return atomsOf[bool](v, "booleans") }

func atomsOf[T any](v Value, noun string) ([]T, error) {
	if v.IsMap && len(v.Pairs) > 0 {
		return nil, fmt.Errorf("holds a map; a set of %s is wanted", noun)
	}
	list := make([]T, len(v.Atoms))
	for i, a := range v.Atoms {
		t, ok := a.(T)
		if !ok {
			return nil, fmt.Errorf("holds %s; %s are wanted", typeOf(a), noun)
		}
		list[i] = t
	}
	return list, nil
}

// StringMap returns a map of strings to strings.
func (v Value) StringMap() (map[string]string, error) {
	if len(v.Atoms) > 0 {
		return nil, fmt.Errorf("holds %s; a map of strings is wanted", typeOf(v.Atoms[0]))
	}
	m := make(map[string]string, len(v.Pairs))
	for _, p := range v.Pairs {
		key, ok1 := p.Key.(string)
		val, ok2 := p.Value.(string)
		if !ok1 || !ok2 {
			return nil, fmt.Errorf("maps %s to %s; strings are wanted", typeOf(p.Key), typeOf(p.Value))
		}
		m[key] = val
	}
	return m, nil
}

// typeOf is RFC 7047's name of an atom's type.
func typeOf(a Atom) string {
	switch a.(type) {
	case int64:
		return "integer"
	case float64:
		return "real"
	case bool:
		return "boolean"
	case string:
		return "string"
	case UUID:
		return "uuid"
	}
	return fmt.Sprintf("%T", a)
}

// quote clips and quotes what others wrote, for messages.
func quote(s string) string {
	const most = 60
	if r := []rune(s[:min(len(s), 4*most+4)]); len(r) > most {
		return fmt.Sprintf("%q…", string(r[:most]))
	}
	return fmt.Sprintf("%q", s)
}
