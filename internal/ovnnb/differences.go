// SPDX-License-Identifier: Apache-2.0

package ovnnb

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/parkway-gw/parkway/internal/ovsdb"
)

// What follows is copied, and means something else here: it is reported all the same.

// routeTables reports ports whose packets would find here, among the routes without a
// table, what they do not find in OVN (docs/reference/routing.md). A table with a default
// route hides those.
func (b *builder) routeTables(router *node) {
	ports, routes := router.find("ports"), router.find("static_routes")
	if ports == nil || routes == nil {
		return
	}
	type family struct {
		table string
		ip6   bool
	}
	some, whole := map[family]bool{}, map[family]bool{} // has routes; has one that always matches
	routes.live(func(r *node) {
		prefix := r.text("ip_prefix")
		f := family{r.text("route_table"), strings.Contains(prefix, ":")}
		some[f] = true
		if strings.HasSuffix(strings.Trim(prefix, `"`), "/0") {
			whole[f] = true
		}
	})
	ports.live(func(p *node) {
		o := p.find("options")
		if o == nil {
			return
		}
		t := o.find("route_table")
		if t == nil || t.word == `""` {
			return
		}
		for _, ip6 := range []bool{false, true} {
			if some[family{"", ip6}] && !whole[family{t.word, ip6}] {
				b.leave(t.from, "it is copied, but an %s packet that no route of the table matches ends there in OVN, and here goes by the routes without a table; give the table a default route, such as discard",
					map[bool]string{false: "IPv4", true: "IPv6"}[ip6])
			}
		}
	})
}

// sharedMeters reports meters that OVN has count for several protocols together.
func (b *builder) sharedMeters() {
	uses := map[string]int{}
	rows := b.db.Tables[copp.table]
	for id, row := range rows {
		if m, err := row["meters"].StringMap(); err == nil && b.scope.holds(copp.table, id) {
			for _, name := range m {
				uses[name]++
			}
		}
	}
	for id, row := range b.db.Tables[meter.table] {
		if name, _ := row["name"].Strings(); len(name) == 1 && uses[name[0]] > 1 {
			b.leave(origin{meter.table, label(meter.table, id, row), "rate"},
				"it is copied, but %d limits of Copp share it in OVN, and here each has it to itself; make a meter for each", uses[name[0]])
		}
	}
}

// name returns the name of the row that a column refers to, or that it gives.
func (b *builder) name(c *columnSpec, at origin, v ovsdb.Value) (*node, error) {
	if _, err := v.Strings(); err == nil {
		if v.IsDefault() {
			return nil, nil
		}
		return textNode(c, at, v)
	}
	ids, err := v.UUIDs()
	if err != nil {
		return nil, err
	}
	row, there := b.db.Tables[c.table][ids[0]]
	if !there || len(ids) > 1 {
		return nil, fmt.Errorf("refers to %s, which is no row of %s", ids[0], c.table)
	}
	return textNode(c, at, row["name"])
}

// pairs makes a list of a map, in the order of its keys.
func (b *builder) pairs(c *columnSpec, at origin, v ovsdb.Value) (*node, error) {
	m, err := v.StringMap()
	if err != nil {
		return nil, err
	}
	n := &node{kind: list, block: true, from: at}
	for _, key := range slices.Sorted(maps.Keys(m)) {
		from := at
		from.column += ":" + clip(key)
		kid := n.add(&node{kind: mapping, from: from})
		kid.add(&node{key: c.pair[0], word: yamlString(key), need: true, from: from})
		kid.add(&node{key: c.pair[1], word: yamlString(m[key]), need: true, from: from})
	}
	return n, nil
}
