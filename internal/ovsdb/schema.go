// SPDX-License-Identifier: Apache-2.0

package ovsdb

import (
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"slices"
)

// Schema describes a database (RFC 7047 §3.2), as far as a reader needs it.
type Schema struct {
	Name    string
	Version string
	Tables  map[string]TableSchema
}

// TableSchema describes a table's columns. Those that every table has, _uuid and
// _version, are not among them.
type TableSchema struct {
	Columns map[string]ColumnType
}

// ColumnType is a <type>: how many elements of which types a column holds.
type ColumnType struct {
	Key   string // integer, real, boolean, string or uuid
	Value string // of maps; empty for a set
	Min   int    // 0 or 1
	Max   int    // math.MaxInt: unlimited
}

// Composite reports whether a column may hold more than one element.
func (c ColumnType) Composite() bool { return c.Max > 1 }

// Bounds on a schema; the largest known ones, OVN's, have some 40 tables of 20 columns.
const (
	maxTables  = 1024
	maxColumns = 1024
)

// ParseSchema reads a <database-schema>.
func ParseSchema(data []byte) (*Schema, error) {
	v, err := decode(data)
	if err != nil {
		return nil, err
	}
	return schemaOf(v)
}

func schemaOf(v any) (*Schema, error) {
	m, err := object(v, "the schema")
	if err != nil {
		return nil, err
	}
	s := &Schema{Tables: map[string]TableSchema{}}
	if s.Name, err = text(m["name"], "the schema's name"); err != nil {
		return nil, err
	}
	if version, there := m["version"]; there {
		if s.Version, err = text(version, "the schema's version"); err != nil {
			return nil, err
		}
	}
	tables, err := object(m["tables"], "tables of the schema")
	if err != nil {
		return nil, err
	}
	if len(tables) > maxTables {
		return nil, fmt.Errorf("the schema has %d tables; %d are the most", len(tables), maxTables)
	}
	for _, name := range slices.Sorted(maps.Keys(tables)) {
		t, err := tableOf(tables[name])
		if err != nil {
			return nil, fmt.Errorf("table %s of the schema: %w", quote(name), err)
		}
		s.Tables[name] = t
	}
	return s, nil
}

func tableOf(v any) (t TableSchema, err error) {
	m, err := object(v, "it")
	if err != nil {
		return t, err
	}
	columns, err := object(m["columns"], "columns")
	if err != nil {
		return t, err
	}
	if len(columns) > maxColumns {
		return t, fmt.Errorf("it has %d columns; %d are the most", len(columns), maxColumns)
	}
	t.Columns = make(map[string]ColumnType, len(columns))
	for _, name := range slices.Sorted(maps.Keys(columns)) {
		c, err := object(columns[name], "it")
		if err == nil {
			t.Columns[name], err = columnOf(c["type"])
		}
		if err != nil {
			return t, fmt.Errorf("column %s: %w", quote(name), err)
		}
	}
	return t, nil
}

func columnOf(v any) (c ColumnType, err error) {
	c.Min, c.Max = 1, 1
	m, ok := v.(map[string]any)
	if !ok {
		c.Key, err = baseType(v)
		return c, err
	}
	if c.Key, err = baseType(m["key"]); err != nil {
		return c, err
	}
	if value, there := m["value"]; there {
		if c.Value, err = baseType(value); err != nil {
			return c, err
		}
	}
	if n, there := m["min"]; there {
		if c.Min, err = bound(n, "min", 0, 1); err != nil {
			return c, err
		}
	}
	if n, there := m["max"]; there {
		if n == "unlimited" {
			c.Max = math.MaxInt
		} else if c.Max, err = bound(n, "max", 1, math.MaxInt32); err != nil {
			return c, err
		}
	}
	return c, nil
}

// baseType is the type's name of a <base-type>; what else it says limits writers.
func baseType(v any) (string, error) {
	if m, ok := v.(map[string]any); ok {
		v = m["type"]
	}
	s, err := text(v, "a type")
	if err != nil {
		return "", err
	}
	if !slices.Contains([]string{"integer", "real", "boolean", "string", "uuid"}, s) {
		return "", fmt.Errorf("%s is no type; integer, real, boolean, string and uuid are", quote(s))
	}
	return s, nil
}

func bound(v any, what string, lowest, highest int64) (int, error) {
	n, ok := v.(json.Number)
	if !ok {
		return 0, fmt.Errorf("%s is %s, and a number is wanted", what, kindOf(v))
	}
	i, err := n.Int64()
	if err != nil || i < lowest || i > highest {
		return 0, fmt.Errorf("%s is %s, and %d to %d is wanted", what, clipped(n.String()), lowest, highest)
	}
	return int(i), nil
}

// check says whether a value may stand in such a column, and turns integers of a real
// column into reals. partial is for differences, which may hold any number of elements.
func (c ColumnType) check(v Value, partial bool) (Value, error) {
	if c.Value == "" && v.IsMap || c.Value != "" && !v.IsMap && len(v.Atoms) > 0 {
		return v, fmt.Errorf("holds a %s, and a %s is wanted", setOrMap(v.IsMap), setOrMap(c.Value != ""))
	}
	v.IsMap = c.Value != ""
	if n := v.Len(); !partial && (n < c.Min || n > c.Max) {
		return v, fmt.Errorf("holds %d elements, and %s wanted", n, c.count())
	}
	fix := func(a *Atom, want string) error {
		if i, ok := (*a).(int64); ok && want == "real" {
			*a = float64(i)
		}
		if got := typeOf(*a); got != want {
			return fmt.Errorf("holds a %s, and a %s is wanted", got, want)
		}
		return nil
	}
	for i := range v.Atoms {
		if err := fix(&v.Atoms[i], c.Key); err != nil {
			return v, err
		}
	}
	for i := range v.Pairs {
		if err := fix(&v.Pairs[i].Key, c.Key); err != nil {
			return v, err
		}
		if err := fix(&v.Pairs[i].Value, c.Value); err != nil {
			return v, err
		}
	}
	return v, nil
}

func setOrMap(isMap bool) string {
	if isMap {
		return "map"
	}
	return "set"
}

func (c ColumnType) count() string {
	switch {
	case c.Min == c.Max:
		return "1 is"
	case c.Max == math.MaxInt:
		return fmt.Sprintf("at least %d is", c.Min)
	}
	return fmt.Sprintf("%d to %d are", c.Min, c.Max)
}

// zero is what a column holds that nobody wrote to (RFC 7047 §5.2.1).
func (c ColumnType) zero() Value {
	v := Value{IsMap: c.Value != ""}
	if c.Min == 0 || v.IsMap {
		return v
	}
	v.Atoms = []Atom{map[string]Atom{"integer": int64(0), "real": 0.0, "boolean": false, "string": "", "uuid": UUID{}}[c.Key]}
	return v
}
