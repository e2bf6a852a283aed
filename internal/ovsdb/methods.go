// SPDX-License-Identifier: Apache-2.0

package ovsdb

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Databases lists the server's databases (RFC 7047 §4.1.1).
func (c *Client) Databases(ctx context.Context) ([]string, error) {
	v, err := c.call(ctx, "list_dbs")
	if err != nil {
		return nil, err
	}
	l, err := array(v, "the answer to list_dbs")
	if err != nil {
		return nil, c.wrong(err)
	}
	names := make([]string, len(l))
	for i := range l {
		if names[i], err = text(l[i], "a database's name"); err != nil {
			return nil, c.wrong(err)
		}
	}
	return names, nil
}

// Echo asks whether the server lives (RFC 7047 §4.1.11).
func (c *Client) Echo(ctx context.Context) error {
	_, err := c.call(ctx, "echo")
	return err
}

// Schema fetches the schema of a database (RFC 7047 §4.1.2). A database that the server
// does not have is an error that lists those that it has.
func (c *Client) Schema(ctx context.Context, database string) (*Schema, error) {
	names, err := c.Databases(ctx)
	if err != nil {
		return nil, err
	}
	if !slices.Contains(names, database) {
		var others []string
		for _, n := range names {
			if !strings.HasPrefix(n, "_") { // _Server, which describes the others
				others = append(others, clipped(n))
			}
		}
		have := "none"
		if len(others) > 0 {
			have = strings.Join(others[:min(len(others), 10)], ", ")
		}
		return nil, fmt.Errorf("%s: the server has no database %s; it has: %s; name the socket of the other server", c.address, database, have)
	}
	v, err := c.call(ctx, "get_schema", database)
	if err != nil {
		return nil, err
	}
	s, err := schemaOf(v)
	if err != nil {
		return nil, c.wrong(err)
	}
	return s, nil
}

func (c *Client) wrong(err error) error {
	return fmt.Errorf("%s: %w; is this an OVSDB server?", c.address, err)
}

// Transact sends operations and returns a result for each (RFC 7047 §4.1.3), decoded
// with UseNumber. An operation that fails fails all of them.
func (c *Client) Transact(ctx context.Context, database string, operations ...any) ([]any, error) {
	v, err := c.call(ctx, "transact", append([]any{database}, operations...)...)
	if err != nil {
		return nil, err
	}
	results, err := array(v, "the answer to transact")
	if err != nil {
		return nil, c.wrong(err)
	}
	for _, r := range results {
		if o, ok := r.(map[string]any); ok && o["error"] != nil {
			return nil, fmt.Errorf("%s: the transaction failed: %s", c.address, errorText(o))
		}
	}
	if len(results) < len(operations) {
		return nil, c.wrong(fmt.Errorf("%d results came for %d operations", len(results), len(operations)))
	}
	return results[:len(operations)], nil
}

// Read fetches all rows of all tables, in one transaction: a state that was there.
func (c *Client) Read(ctx context.Context, s *Schema) (*Database, error) {
	tables := slices.Sorted(maps.Keys(s.Tables))
	selects := make([]any, len(tables))
	for i, name := range tables {
		selects[i] = map[string]any{"op": "select", "table": name, "where": []any{}}
	}
	results, err := c.Transact(ctx, s.Name, selects...)
	if err != nil {
		return nil, err
	}
	db := newDatabase(c.address, s)
	for i, name := range tables {
		o, err := object(results[i], "a result")
		if err == nil {
			err = db.addSelected(name, o["rows"])
		}
		if err != nil {
			return nil, c.wrong(fmt.Errorf("table %s: %w", quote(name), err))
		}
	}
	return db, nil
}

// addSelected takes the rows that a select returned.
func (d *Database) addSelected(table string, v any) error {
	rows, err := array(v, "rows")
	if err != nil {
		return err
	}
	for _, r := range rows {
		columns, err := object(r, "a row")
		if err != nil {
			return err
		}
		val, err := ParseValue(columns["_uuid"])
		if err != nil {
			return fmt.Errorf("column _uuid: %w", err)
		}
		ids, err := val.UUIDs()
		if err != nil || len(ids) != 1 {
			return fmt.Errorf("column _uuid holds no UUID")
		}
		row, err := parseRow(d.Schema.Tables[table], r, false)
		if err != nil {
			return fmt.Errorf("row %s: %w", ids[0], err)
		}
		row.complete(d.Schema.Tables[table])
		d.Tables[table][ids[0]] = row
	}
	return nil
}
