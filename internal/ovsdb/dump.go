// SPDX-License-Identifier: Apache-2.0

package ovsdb

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
)

const dumpCommand = "make it with: ovsdb-client dump -f json unix:/run/ovn/ovnnb_db.sock OVN_Northbound"

// ReadDump reads what `ovsdb-client dump -f json` prints: an object per table, with
// caption, headings and data. It has no schema; types show when the values are used.
func ReadDump(name string, data []byte) (*Database, error) {
	db := newDatabase(name, nil)
	d := json.NewDecoder(bytes.NewReader(data))
	for {
		var raw json.RawMessage
		err := d.Decode(&raw)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			at := d.InputOffset()
			if errors.Is(err, io.ErrUnexpectedEOF) {
				at = int64(len(data))
			}
			return nil, fmt.Errorf("%s:%d: this is no JSON: %s; %s", name, lineOf(data, at), jsonFault(err, d), dumpCommand)
		}
		line := lineOf(data, d.InputOffset()-int64(len(raw)))
		v, err := decode(raw)
		if err == nil {
			err = db.addTable(v)
		}
		if err != nil {
			return nil, fmt.Errorf("%s:%d: %w; %s", name, line, err, dumpCommand)
		}
	}
	if len(db.Tables) == 0 {
		return nil, fmt.Errorf("%s: there is no table; %s", name, dumpCommand)
	}
	return db, nil
}

func lineOf(data []byte, offset int64) int {
	return 1 + bytes.Count(data[:min(max(offset, 0), int64(len(data)))], []byte("\n"))
}

// addTable reads one table of a dump.
func (d *Database) addTable(v any) error {
	m, err := object(v, "a table")
	if err != nil {
		return err
	}
	caption, err := text(m["caption"], "caption")
	if err != nil {
		return err
	}
	table, ok := strings.CutSuffix(caption, " table")
	if !ok {
		return fmt.Errorf("the caption %s has not the form \"NAME table\"", quote(caption))
	}
	if _, twice := d.Tables[table]; twice {
		return fmt.Errorf("table %s is there twice", quote(table))
	}
	if len(d.Tables) == maxTables {
		return fmt.Errorf("there are more than %d tables", maxTables)
	}
	headings, id, err := headingsOf(m["headings"])
	if err != nil {
		return fmt.Errorf("table %s: %w", quote(table), err)
	}
	rows, err := array(m["data"], "data")
	if err != nil {
		return fmt.Errorf("table %s: %w", quote(table), err)
	}
	t := make(Table, len(rows))
	for i, r := range rows {
		if err := t.addRow(headings, id, r); err != nil {
			return fmt.Errorf("table %s, row %d: %w", quote(table), i+1, err)
		}
	}
	d.Tables[table] = t
	return nil
}

// headingsOf returns the columns' names and the place of _uuid.
func headingsOf(v any) (names []string, id int, err error) {
	l, err := array(v, "headings")
	if err != nil {
		return nil, 0, err
	}
	id = -1
	seen := map[string]bool{}
	for i, h := range l {
		name, err := text(h, "a heading")
		if err != nil {
			return nil, 0, err
		}
		if seen[name] {
			return nil, 0, fmt.Errorf("column %s is there twice", quote(name))
		}
		seen[name] = true
		if name == "_uuid" {
			id = i
		}
		names = append(names, name)
	}
	if id < 0 {
		return nil, 0, errors.New("there is no column _uuid; dump all columns")
	}
	return names, id, nil
}

func (t Table) addRow(headings []string, id int, v any) error {
	cells, err := array(v, "it")
	if err != nil {
		return err
	}
	if len(cells) != len(headings) {
		return fmt.Errorf("it has %d cells, and there are %d headings", len(cells), len(headings))
	}
	row := make(Row, len(cells))
	var uuid UUID
	for i, c := range cells {
		val, err := ParseValue(c)
		if err != nil {
			return fmt.Errorf("column %s: %w", quote(headings[i]), err)
		}
		if i == id {
			if ids, err := val.UUIDs(); err == nil && len(ids) == 1 {
				uuid = ids[0]
				continue
			}
			return errors.New("column _uuid holds no UUID")
		}
		if !hidden(headings[i]) {
			row[headings[i]] = val
		}
	}
	if _, twice := t[uuid]; twice {
		return fmt.Errorf("its _uuid %s is that of another row", uuid)
	}
	t[uuid] = row
	return nil
}
