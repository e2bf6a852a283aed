// SPDX-License-Identifier: Apache-2.0

package ovsdb

import (
	"context"
	"fmt"
	"maps"
	"slices"
)

// monitorBacklog is how many updates wait for whoever follows. Beyond that the client
// stops reading; a server that then hears nothing for its inactivity probe hangs up, and
// the follower begins anew from a fresh state rather than lag without end.
const monitorBacklog = 64

// Monitor follows tables of a database (RFC 7047 §4.1.5). It belongs to one goroutine.
type Monitor struct {
	Database *Database // as of the updates that Next returned
	client   *Client
	id       string
	updates  chan any // <table-updates>; the client's reader writes, Next reads
}

// Change is what became of a row: Old is nil when it is new, New when it is gone.
type Change struct {
	Table    string
	UUID     UUID
	Old, New Row
}

// Monitor starts to follow tables, all of them when none is named. The Monitor's
// Database holds their rows at that moment; every later change comes by Next.
func (c *Client) Monitor(ctx context.Context, s *Schema, tables ...string) (*Monitor, error) {
	if len(tables) == 0 {
		tables = slices.Sorted(maps.Keys(s.Tables))
	}
	requests := map[string]any{}
	for _, name := range tables {
		if _, known := s.Tables[name]; !known {
			return nil, fmt.Errorf("%s: database %s has no table %s", c.address, s.Name, quote(name))
		}
		requests[name] = map[string]any{}
	}
	m := &Monitor{Database: newDatabase(c.address, s), client: c, updates: make(chan any, monitorBacklog)}
	c.mu.Lock()
	c.lastID++
	m.id = fmt.Sprintf("parkway-%d", c.lastID)
	c.monitors[m.id] = m // before the request: an update may come right behind the answer
	c.mu.Unlock()
	v, err := c.call(ctx, "monitor", s.Name, m.id, requests)
	if err == nil {
		if _, err = m.Database.apply(v); err != nil {
			err = c.wrong(err)
		}
	}
	if err != nil {
		c.mu.Lock()
		delete(c.monitors, m.id)
		c.mu.Unlock()
		return nil, err
	}
	return m, nil
}

// Next waits for the next transaction that changed something, applies it to Database
// and says what it changed. After an error follow anew, from a new connection.
func (m *Monitor) Next(ctx context.Context) ([]Change, error) {
	select {
	case v := <-m.updates:
		return m.take(v)
	case <-m.client.done:
		select { // what came before the end
		case v := <-m.updates:
			return m.take(v)
		default:
		}
		return nil, m.client.ended()
	case <-ctx.Done():
		return nil, fmt.Errorf("%s: %w", m.client.address, context.Cause(ctx))
	}
}

func (m *Monitor) take(v any) ([]Change, error) {
	changes, err := m.Database.apply(v)
	if err != nil {
		err = m.client.wrong(err)
		m.client.fail(err)
	}
	return changes, err
}

// updated hands an update to its monitor (RFC 7047 §4.1.6: id and <table-updates>).
func (c *Client) updated(params any) error {
	l, err := array(params, "params of update")
	if err != nil {
		return err
	}
	if len(l) != 2 {
		return fmt.Errorf("update has %d params; 2 are wanted", len(l))
	}
	id, _ := l[0].(string)
	c.mu.Lock()
	m := c.monitors[id]
	c.mu.Unlock()
	if m == nil {
		return nil
	}
	select {
	case m.updates <- l[1]:
		return nil
	case <-c.closing:
		return errClosed
	}
}

// apply takes <table-updates>: {table: {uuid: {"old": row, "new": row}}}.
func (d *Database) apply(v any) ([]Change, error) {
	tables, err := object(v, "an update")
	if err != nil {
		return nil, err
	}
	var changes []Change
	for _, name := range slices.Sorted(maps.Keys(tables)) {
		schema, known := d.Schema.Tables[name]
		if !known {
			return nil, fmt.Errorf("an update is of table %s, which is not in the schema", quote(name))
		}
		rows, err := object(tables[name], "an update of table "+name)
		if err != nil {
			return nil, err
		}
		for _, id := range slices.Sorted(maps.Keys(rows)) {
			change, err := d.applyRow(name, schema, id, rows[id])
			if err != nil {
				return nil, fmt.Errorf("an update of table %s, row %s: %w", name, clipped(id), err)
			}
			changes = append(changes, change)
		}
	}
	return changes, nil
}

func (d *Database) applyRow(table string, schema TableSchema, id string, v any) (c Change, err error) {
	if c.UUID, err = ParseUUID(id); err != nil {
		return c, err
	}
	o, err := object(v, "it")
	if err != nil {
		return c, err
	}
	c.Table, c.Old = table, d.Tables[table][c.UUID]
	if o["new"] == nil {
		delete(d.Tables[table], c.UUID)
		return c, nil
	}
	if c.New, err = parseRow(schema, o["new"], false); err != nil {
		return c, err
	}
	for name, val := range c.Old { // columns that were not sent stay
		if _, there := c.New[name]; !there {
			c.New[name] = val
		}
	}
	c.New.complete(schema)
	d.Tables[table][c.UUID] = c.New
	return c, nil
}
