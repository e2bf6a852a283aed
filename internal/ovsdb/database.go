// SPDX-License-Identifier: Apache-2.0

package ovsdb

import (
	"fmt"
	"maps"
	"slices"
)

// Database is the content of a database at one moment.
type Database struct {
	Source string  // where it was read from, for messages
	Schema *Schema // nil when the source has none: a dump
	Tables map[string]Table
}

// Table is a table's rows.
type Table map[UUID]Row

// Row is a row's columns without _uuid and _version.
type Row map[string]Value

// Rows counts all rows.
func (d *Database) Rows() (n int) {
	for _, t := range d.Tables {
		n += len(t)
	}
	return n
}

func newDatabase(source string, s *Schema) *Database {
	d := &Database{Source: source, Schema: s, Tables: map[string]Table{}}
	if s != nil {
		for name := range s.Tables {
			d.Tables[name] = Table{}
		}
	}
	return d
}

// hidden reports the columns that every table has and no schema lists.
func hidden(column string) bool { return column == "_uuid" || column == "_version" }

// parseRow reads a <row> of a table (RFC 7047 §5.1), checked against its schema.
func parseRow(t TableSchema, v any, partial bool) (Row, error) {
	columns, err := object(v, "the row")
	if err != nil {
		return nil, err
	}
	row := make(Row, len(columns))
	for _, name := range slices.Sorted(maps.Keys(columns)) { // sorted, so that of two faults it is always the same
		if hidden(name) {
			continue
		}
		c, known := t.Columns[name]
		if !known {
			return nil, fmt.Errorf("column %s is not in the schema", quote(name))
		}
		val, err := ParseValue(columns[name])
		if err == nil {
			val, err = c.check(val, partial)
			if err != nil {
				return nil, fmt.Errorf("column %s %w", name, err)
			}
		}
		if err != nil {
			return nil, fmt.Errorf("column %s: %w", name, err)
		}
		row[name] = val
	}
	return row, nil
}

// complete gives a new row the defaults of the columns that it lacks.
func (r Row) complete(t TableSchema) {
	for name, c := range t.Columns {
		if _, there := r[name]; !there {
			r[name] = c.zero()
		}
	}
}
