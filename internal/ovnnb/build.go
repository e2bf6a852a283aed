// SPDX-License-Identifier: Apache-2.0

package ovnnb

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/parkway-gw/parkway/internal/ovsdb"
	"github.com/parkway-gw/parkway/internal/topology"
)

// builder makes the tree of the file's logical sections.
type builder struct {
	db    *ovsdb.Database
	scope *scope
	seen  map[ovsdb.UUID]bool // rows that are in the tree, or reported
	left  []Unsupported

	policies int // so far
}

func (b *builder) leave(from origin, format string, a ...any) {
	b.left = append(b.left, Unsupported{from.table, from.row, from.column, fmt.Sprintf(format, a...)})
}

// build returns a list per section.
func (b *builder) build() []*node {
	var out []*node
	for _, s := range sections {
		l := &node{key: s.key, kind: list, block: true}
		for _, id := range b.sorted(s.rows.table, slices.Collect(maps.Keys(b.db.Tables[s.rows.table]))) {
			if b.scope.holds(s.rows.table, id) {
				b.row(l, s.rows, id, "", s.block)
			}
		}
		out = append(out, l)
	}
	b.sharedMeters()
	b.orphans()
	b.others()
	return out
}

// sorted orders rows by what they are called, policies by their priorities before, so
// that two imports of one database are the same text.
func (b *builder) sorted(table string, ids []ovsdb.UUID) []ovsdb.UUID {
	names := make(map[ovsdb.UUID]string, len(ids))
	for _, id := range ids {
		row := b.db.Tables[table][id]
		names[id] = label(table, id, row)
		if p, err := row["priority"].Ints(); err == nil && len(p) == 1 && table == routerPolicy.table {
			names[id] = fmt.Sprintf("%05d ", max(0, topology.MaxPriority-p[0])) + names[id]
		}
	}
	slices.SortFunc(ids, func(x, y ovsdb.UUID) int {
		if c := strings.Compare(names[x], names[y]); c != 0 {
			return c
		}
		return slices.Compare(x[:], y[:])
	})
	return ids
}

// row adds a row to a list. owner is " of router lr0" or empty.
func (b *builder) row(to *node, spec *rowSpec, id ovsdb.UUID, owner string, block bool) {
	row := b.db.Tables[spec.table][id]
	from := origin{table: spec.table, row: label(spec.table, id, row) + owner}
	b.seen[id] = true
	for _, v := range spec.vetoes {
		if why := v.why(row[v.column]); why != "" {
			b.leave(from, "%s", why)
			b.cover(spec, row)
			return
		}
	}
	if spec == &routerPolicy {
		if b.policies++; b.policies > topology.MaxPolicies {
			b.leave(from, "it is one of more than %d policies; those with a higher priority come first", topology.MaxPolicies)
			return
		}
	}
	n := &node{kind: mapping, block: block, from: from}
	for i := range spec.columns {
		c := &spec.columns[i]
		at := origin{from.table, from.row, c.name}
		if kid, err := b.column(c, at, row, block); err != nil {
			if b.leave(at, "%v", err); c.need {
				b.cover(spec, row)
				return
			}
		} else if kid != nil {
			kid.key, kid.need = c.name, kid.need || c.need
			n.add(kid)
		}
	}
	b.unknownColumns(spec, from, row)
	switch spec {
	case &switchPort:
		bindOptions(n)
	case &router:
		b.routeTables(n)
	}
	to.add(n)
}

// bindOptions makes the option that says where a port leads as needed as the port.
func bindOptions(n *node) {
	key := map[string]string{"router": "router-port", "localnet": "network_name"}[n.text("type")]
	if o := n.find("options"); o != nil && key != "" {
		if k := o.find(key); k != nil {
			k.need, o.need = true, true
		}
	}
}

// cover takes the rows below one that is left out as reported with it.
func (b *builder) cover(spec *rowSpec, row ovsdb.Row) {
	for i := range spec.columns {
		if c := &spec.columns[i]; c.kind == asRows {
			ids, _ := row[c.name].UUIDs()
			for _, id := range ids {
				b.seen[id] = true
			}
		}
	}
}

// column returns nil for a column at its default. An error is what its value holds
// instead of what is wanted.
func (b *builder) column(c *columnSpec, at origin, row ovsdb.Row, block bool) (*node, error) {
	v := row[c.name]
	if c.from != nil {
		var err error
		if v, err = c.from(row); err != nil {
			return nil, err
		}
	}
	switch c.kind {
	case asText:
		return textNode(c, at, v)
	case asNumber:
		l, err := v.Ints()
		if err != nil || len(l) == 0 {
			return nil, err
		}
		return &node{word: strconv.FormatInt(l[0], 10), from: at}, nil
	case asList:
		l, err := v.Strings()
		if err != nil {
			return nil, err
		}
		if len(l) == 0 && !c.need {
			return nil, nil
		}
		n := &node{kind: list, from: at}
		slices.Sort(l)
		for _, s := range l {
			n.add(&node{word: yamlString(s), from: at})
		}
		return n, nil
	case asOptions:
		return b.options(c, at, v)
	case asName:
		return b.name(c, at, v)
	case asPairs:
		return b.pairs(c, at, v)
	}
	return b.references(c, at, v)
}

func textNode(c *columnSpec, at origin, v ovsdb.Value) (*node, error) {
	l, err := v.Strings()
	switch {
	case err != nil:
		return nil, err
	case len(l) > 1:
		return nil, fmt.Errorf("holds %d strings; one is wanted", len(l))
	case len(l) == 0 || l[0] == "" && !c.need:
		return nil, nil
	}
	return &node{word: yamlString(l[0]), from: at}, nil
}

// options copies the known keys of a map and reports the others.
func (b *builder) options(c *columnSpec, at origin, v ovsdb.Value) (*node, error) {
	m, err := v.StringMap()
	if err != nil {
		return nil, err
	}
	n := &node{kind: mapping, from: at}
	for _, key := range c.known {
		if s, there := m[key]; there {
			from := at
			from.column += ":" + key
			n.add(&node{key: key, word: yamlString(s), from: from})
		}
	}
	for _, key := range slices.Sorted(maps.Keys(m)) {
		if !slices.Contains(c.known, key) && !slices.Contains(c.ignored, key) {
			from := at
			from.column += ":" + clip(key)
			b.leave(from, "%q is nothing that Parkway has", clip(m[key]))
		}
	}
	if len(n.kids) == 0 {
		return nil, nil
	}
	return n, nil
}

// references adds the rows that a column names.
func (b *builder) references(c *columnSpec, at origin, v ovsdb.Value) (*node, error) {
	ids, err := v.UUIDs()
	if err != nil {
		return nil, err
	}
	n := &node{kind: list, block: true, from: at}
	owner := ""
	if _, nameless := labels[c.rows.table]; nameless {
		owner = " of " + nouns[at.table] + at.row
	}
	for _, id := range b.sorted(c.rows.table, slices.Clone(ids)) {
		switch _, there := b.db.Tables[c.rows.table][id]; {
		case !there:
			b.leave(at, "there is no row %s in %s", id, c.rows.table)
		case b.seen[id]:
			b.leave(at, "%s belongs to another row already", label(c.rows.table, id, b.db.Tables[c.rows.table][id]))
		case !b.scope.holds(c.rows.table, id):
			b.seen[id] = true
		default:
			b.row(n, c.rows, id, owner, false)
		}
	}
	return n, nil
}

// unknownColumns reports columns that hold something and that the table of this package
// does not name: what a newer OVN has.
func (b *builder) unknownColumns(spec *rowSpec, from origin, row ovsdb.Row) {
	for _, name := range slices.Sorted(maps.Keys(row)) {
		known := slices.Contains(spec.ignored, name) || slices.ContainsFunc(spec.columns, func(c columnSpec) bool { return c.name == name })
		if !known && !row[name].IsDefault() {
			at := from
			at.column = clip(name)
			b.leave(at, "it is nothing that Parkway has")
		}
	}
}

// orphans reports rows that nobody owns; a server keeps none.
func (b *builder) orphans() {
	for _, spec := range specs() { // those of sections were all seen, or are not wanted
		for id, row := range b.db.Tables[spec.table] {
			if !b.seen[id] && b.scope.holds(spec.table, id) {
				b.leave(origin{table: spec.table, row: label(spec.table, id, row)}, "no switch or router has it")
			}
		}
	}
}

// others reports the rows of all other tables.
func (b *builder) others() {
	for table, rows := range b.db.Tables {
		if slices.Contains(silentTables, table) || slices.ContainsFunc(specs(), func(s *rowSpec) bool { return s.table == table }) {
			continue
		}
		why := unsupportedTables[table]
		if why == "" {
			why = "Parkway does not know this table"
		}
		for id, row := range rows {
			if b.scope.holds(table, id) {
				b.leave(origin{table: clip(table), row: label(table, id, row) + b.scope.owner(id)}, "%s", why)
			}
		}
	}
}
