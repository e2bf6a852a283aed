// SPDX-License-Identifier: Apache-2.0

package ovsdb

import (
	"reflect"
	"strings"
	"testing"
)

const uuidText = "0f4d22af-f470-46ac-b554-0e5928c355c6"

func TestParseValue(t *testing.T) {
	id, err := ParseUUID(uuidText)
	if err != nil || id.String() != uuidText {
		t.Fatal(id, err)
	}
	for text, want := range map[string]Value{
		`"a"`:                                   {Atoms: []Atom{"a"}},
		`true`:                                  {Atoms: []Atom{true}},
		`-9223372036854775808`:                  {Atoms: []Atom{int64(-1 << 63)}},
		`0.5`:                                   {Atoms: []Atom{0.5}},
		`["set",[]]`:                            {},
		`["set",[1,2]]`:                         {Atoms: []Atom{int64(1), int64(2)}},
		`["map",[]]`:                            {IsMap: true},
		`["map",[["k","v"]]]`:                   {IsMap: true, Pairs: []Pair{{"k", "v"}}},
		`["uuid","` + uuidText + `"]`:           {Atoms: []Atom{id}},
		`["set",[["uuid","` + uuidText + `"]]]`: {Atoms: []Atom{id}},
		`["map",[[1,["uuid","` + uuidText + `"]]]]`: {IsMap: true, Pairs: []Pair{{int64(1), id}}},
	} {
		v, err := decode([]byte(text))
		if err != nil {
			t.Fatal(err)
		}
		if got, err := ParseValue(v); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %+v, %v", text, got, err)
		}
	}
}

func TestParseValueRefuses(t *testing.T) {
	for text, want := range map[string]string{
		`null`:                      "null is no atom",
		`{}`:                        "an object is no atom",
		`[]`:                        "an array of 0 is no value",
		`["set"]`:                   "an array of 1 is no value",
		`["bag",[]]`:                `the string "bag" begins no value`,
		`[1,[]]`:                    "the number 1 begins no value",
		`["set",{}]`:                "a set's content is an object",
		`["set",["a","a"]]`:         `a set holds the string "a" twice`,
		`["set",[["set",[]]]]`:      "an array of 2 is no atom",
		`["map",[["a"]]]`:           "1 parts",
		`["map",[["a",1],["a",2]]]`: `a map has the string "a" twice`,
		`["map",[7]]`:               "an element of a map is the number 7",
		`["uuid","xyz"]`:            `"xyz" is no UUID`,
		`["uuid",1]`:                "a uuid is the number 1",
		`["named-uuid","x"]`:        "begins no value",
		`9223372036854775808`:       "does not fit into 64 bits",
		`1e999`:                     "is too large",
		`["set",[` + strings.Repeat("9", 5000) + `]]`: "does not fit into 64 bits",
	} {
		v, err := decode([]byte(text))
		if err != nil {
			t.Fatal(text, err)
		}
		if got, err := ParseValue(v); err == nil || !strings.Contains(err.Error(), want) || len(err.Error()) > 200 {
			t.Errorf("%s: %+v, %v; want %q", text, got, err, want)
		}
	}
	if _, err := decode([]byte("\"\xff\"")); err == nil {
		t.Error("octets that are no UTF-8 pass")
	}
	if _, err := decode([]byte(strings.Repeat("[", 1<<20))); err == nil {
		t.Error("a tower of arrays passes")
	}
}

func TestAccessors(t *testing.T) {
	set := Value{Atoms: []Atom{"a", int64(1)}}
	if _, err := set.Strings(); err == nil || err.Error() != "holds integer; strings are wanted" {
		t.Error(err)
	}
	m := Value{IsMap: true, Pairs: []Pair{{"a", int64(1)}}}
	if _, err := m.Strings(); err == nil || err.Error() != "holds a map; a set of strings is wanted" {
		t.Error(err)
	}
	if _, err := m.StringMap(); err == nil || err.Error() != "maps string to integer; strings are wanted" {
		t.Error(err)
	}
	if _, err := set.StringMap(); err == nil {
		t.Error("a set is a map")
	}
	for _, v := range []Value{{}, {IsMap: true}, {Atoms: []Atom{""}}, {Atoms: []Atom{int64(0)}}, {Atoms: []Atom{0.0}}, {Atoms: []Atom{false}}, {Atoms: []Atom{UUID{}}}} {
		if !v.IsDefault() {
			t.Errorf("%+v is no default", v)
		}
	}
	if set.IsDefault() || m.IsDefault() || (Value{Atoms: []Atom{true}}).IsDefault() {
		t.Error("what was written is a default")
	}
}

// What a difference does to a value, by ovsdb-server(7).
func TestPatch(t *testing.T) {
	one := ColumnType{Key: "string", Min: 0, Max: 1}
	set := ColumnType{Key: "string", Max: 9}
	table := ColumnType{Key: "string", Value: "string", Max: 9}
	s := func(words ...Atom) Value { return Value{Atoms: words} }
	m := func(pairs ...Pair) Value { return Value{IsMap: true, Pairs: pairs} }
	for _, tc := range []struct {
		c               ColumnType
		old, diff, want Value
	}{
		{one, s("a"), s("b"), s("b")},
		{one, s("a"), s(), s()},
		{set, s("a", "b"), s("b", "c"), s("a", "c")},
		{set, s("a"), s("a"), s()},
		{set, s("a"), s(), s("a")},
		{table, m(Pair{"a", "1"}, Pair{"b", "2"}, Pair{"c", "3"}), m(Pair{"a", "1"}, Pair{"b", "9"}, Pair{"d", "4"}), m(Pair{"b", "9"}, Pair{"c", "3"}, Pair{"d", "4"})},
	} {
		if got := patch(tc.c, tc.old, tc.diff); !reflect.DeepEqual(got, tc.want) {
			t.Errorf("%+v with %+v: %+v, want %+v", tc.old, tc.diff, got, tc.want)
		}
	}
}
