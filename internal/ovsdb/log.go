// SPDX-License-Identifier: Apache-2.0

package ovsdb

import (
	"bytes"
	"crypto/sha1"
	"encoding/hex"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
)

const (
	magicStandalone = "OVSDB JSON "
	magicCluster    = "OVSDB CLUSTER "
	maxHeader       = 128 // octets of a record's first line
)

// ReadLog reads a database file of the standalone format (ovsdb(5)): records of a line
// `OVSDB JSON length sha1` and as many octets of JSON, the schema first and then
// transactions. A clustered database's file is refused: which of its entries are
// committed is for its servers to say.
func ReadLog(name string, data []byte) (*Database, error) {
	if bytes.HasPrefix(data, []byte(magicCluster)) {
		return nil, fmt.Errorf("%s: this is one server's file of a clustered database; name the server's socket instead, or convert the file: ovsdb-tool cluster-to-standalone nb.db %s", name, name)
	}
	l := logReader{name: name, data: data}
	body, err := l.next()
	if err != nil {
		return nil, err
	}
	if body == nil {
		return nil, fmt.Errorf("%s: the file is empty; name a database file, a dump or a socket", name)
	}
	schema, err := ParseSchema(body)
	if err != nil {
		return nil, l.errorf("%v; is this a database file?", err)
	}
	db := newDatabase(name, schema)
	for {
		body, err := l.next()
		if err != nil {
			return nil, err
		}
		if body == nil {
			return db, nil
		}
		if err := db.replay(body); err != nil {
			return nil, l.errorf("%v; the file was not written by ovsdb-server of this schema: copy it again, or import from the server's socket", err)
		}
	}
}

// logReader walks the records of a file in memory.
type logReader struct {
	name   string
	data   []byte
	offset int // of the record that comes next
	start  int // of the record that came last
	record int // its number, from 1
}

func (l *logReader) errorf(format string, a ...any) error {
	return fmt.Errorf("%s: record %d at byte %d: %w", l.name, l.record, l.start, fmt.Errorf(format, a...))
}

const copyAgain = "copy the file again while no server writes to it, or import from the server's socket"

// next returns the JSON of the next record, or nil at the end.
func (l *logReader) next() ([]byte, error) {
	rest := l.data[l.offset:]
	if len(rest) == 0 {
		return nil, nil
	}
	l.start = l.offset
	l.record++
	end := bytes.IndexByte(rest[:min(len(rest), maxHeader)], '\n')
	if !bytes.HasPrefix(rest, []byte(magicStandalone)) && !bytes.HasPrefix([]byte(magicStandalone), rest) {
		if l.record == 1 {
			return nil, fmt.Errorf("%s: this is no database file: it does not begin with %q", l.name, strings.TrimSpace(magicStandalone))
		}
		return nil, l.errorf("%s is no record's first line; %s", quote(string(rest[:min(len(rest), 40)])), copyAgain)
	}
	if end < 0 {
		if len(rest) < maxHeader {
			return nil, l.errorf("its first line is cut short; %s", copyAgain)
		}
		return nil, l.errorf("its first line does not end; %s", copyAgain)
	}
	fields := strings.Fields(string(rest[len(magicStandalone):end]))
	if len(fields) != 2 {
		return nil, l.errorf("its first line has not the form %slength sha1; %s", magicStandalone, copyAgain)
	}
	length, err := strconv.ParseUint(fields[0], 10, 63)
	if err != nil {
		return nil, l.errorf("%s is no length; %s", quote(fields[0]), copyAgain)
	}
	want, err := hex.DecodeString(fields[1])
	if err != nil || len(want) != sha1.Size {
		return nil, l.errorf("%s is no SHA-1 sum; %s", quote(fields[1]), copyAgain)
	}
	body := rest[end+1:]
	if uint64(len(body)) < length {
		return nil, l.errorf("it is cut short: %d of %d octets are there; %s", len(body), length, copyAgain)
	}
	body = body[:length]
	if got := sha1.Sum(body); !bytes.Equal(got[:], want) {
		return nil, l.errorf("its SHA-1 sum is %x, and the file says %s; %s", got, fields[1], copyAgain)
	}
	l.offset += end + 1 + int(length)
	return body, nil
}

// replay applies a record that is a transaction: {table: {uuid: row or null}}, with
// members that begin with _ about the transaction itself. With _is_diff the columns of
// rows that are there already hold differences.
func (d *Database) replay(body []byte) error {
	v, err := decode(body)
	if err != nil {
		return err
	}
	tables, err := object(v, "the transaction")
	if err != nil {
		return err
	}
	diff := tables["_is_diff"] == true
	for _, name := range slices.Sorted(maps.Keys(tables)) {
		if strings.HasPrefix(name, "_") {
			continue
		}
		schema, known := d.Schema.Tables[name]
		if !known {
			return fmt.Errorf("table %s is not in the schema", quote(name))
		}
		rows, err := object(tables[name], "table "+name)
		if err != nil {
			return err
		}
		for id, row := range rows {
			if err := d.replayRow(name, schema, id, row, diff); err != nil {
				return fmt.Errorf("table %s, row %s: %w", name, clipped(id), err)
			}
		}
	}
	return nil
}

func (d *Database) replayRow(table string, schema TableSchema, id string, v any, diff bool) error {
	uuid, err := ParseUUID(id)
	if err != nil {
		return err
	}
	if v == nil {
		delete(d.Tables[table], uuid)
		return nil
	}
	old, there := d.Tables[table][uuid]
	row, err := parseRow(schema, v, diff && there)
	if err != nil {
		return err
	}
	if !there {
		row.complete(schema)
		d.Tables[table][uuid] = row
		return nil
	}
	for name, val := range row {
		if diff {
			c := schema.Columns[name]
			if val, err = c.check(patch(c, old[name], val), false); err != nil {
				return fmt.Errorf("column %s, changed, %w", name, err)
			}
		}
		old[name] = val
	}
	return nil
}
