// SPDX-License-Identifier: Apache-2.0

package ovnnb

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/parkway-gw/parkway/internal/ovsdb"
	"github.com/parkway-gw/parkway/internal/topology"
)

// scope says which rows are to be imported: all, or those of some routers and of the
// switches that they are on.
type scope struct {
	all     bool
	reached map[ovsdb.UUID]bool   // from the chosen routers and their switches
	owners  map[ovsdb.UUID]string // of rows that something refers to: " of router lr0"
	ports   map[string]bool       // the chosen routers' ports, by name
	db      *ovsdb.Database
}

func newScope(db *ovsdb.Database, routers []string) (*scope, error) {
	s := &scope{all: len(routers) == 0, reached: map[ovsdb.UUID]bool{}, owners: map[ovsdb.UUID]string{}, ports: map[string]bool{}, db: db}
	s.indexOwners()
	if s.all {
		return s, nil
	}
	var have []string
	chosen := map[string]bool{}
	for id, row := range db.Tables[router.table] {
		name, _ := row["name"].Strings()
		if len(name) != 1 {
			continue
		}
		have = append(have, name[0])
		if slices.Contains(routers, name[0]) {
			chosen[name[0]] = true
			s.reach(router.table, id)
		}
	}
	for _, r := range routers {
		if !chosen[r] {
			hint := "it has none"
			if near := topology.Nearest(r, have); near != "" {
				hint = fmt.Sprintf("did you mean %q?", near)
			} else if len(have) > 0 {
				slices.Sort(have)
				hint = "it has " + clip(strings.Join(have[:min(len(have), 10)], ", "))
			}
			return nil, fmt.Errorf("%s: there is no router %q; %s", db.Source, clip(r), hint)
		}
	}
	for id, row := range db.Tables[routerPort.table] {
		if name, _ := row["name"].Strings(); s.reached[id] && len(name) == 1 {
			s.ports[name[0]] = true
		}
	}
	for id, row := range db.Tables[logicalSwitch.table] {
		ids, _ := row["ports"].UUIDs()
		if slices.ContainsFunc(ids, func(p ovsdb.UUID) bool { return s.ports[s.leadsTo(p)] }) {
			s.reach(logicalSwitch.table, id)
		}
	}
	for id, row := range db.Tables[staticMACBinding.table] {
		if name, _ := row["logical_port"].Strings(); len(name) == 1 && s.ports[name[0]] {
			s.reached[id] = true
		}
	}
	s.reachMeters()
	return s, nil
}

// reachMeters marks the meters that the limits within reach name, with their bands.
func (s *scope) reachMeters() {
	named := map[string]bool{}
	for id, row := range s.db.Tables[copp.table] {
		meters, _ := row["meters"].StringMap()
		for _, name := range meters {
			named[name] = named[name] || s.reached[id]
		}
	}
	for id, row := range s.db.Tables[meter.table] {
		if name, _ := row["name"].Strings(); len(name) == 1 && named[name[0]] {
			s.reach(meter.table, id)
		}
	}
}

// leadsTo is the router port of a switch port, or empty.
func (s *scope) leadsTo(switchPortID ovsdb.UUID) string {
	options, _ := s.db.Tables[switchPort.table][switchPortID]["options"].StringMap()
	return options["router-port"]
}

// indexOwners notes for every row what refers to it: a switch or router rather than
// anything else.
func (s *scope) indexOwners() {
	for _, table := range slices.Sorted(maps.Keys(s.db.Tables)) {
		noun := nouns[table]
		for id, row := range s.db.Tables[table] {
			owner := ""
			if noun != "" {
				owner = " of " + noun + label(table, id, row)
			}
			for _, v := range row {
				for _, a := range v.Atoms {
					if to, ok := a.(ovsdb.UUID); ok && (s.owners[to] == "" || owner != "" && owner < s.owners[to]) {
						s.owners[to] = owner
					}
				}
			}
		}
	}
}

func (s *scope) owner(id ovsdb.UUID) string { return s.owners[id] }

// reach marks a row and what it refers to, however that goes round in circles.
func (s *scope) reach(table string, id ovsdb.UUID) {
	todo := []ovsdb.Row{s.db.Tables[table][id]}
	s.reached[id] = true
	for len(todo) > 0 {
		row := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		for _, v := range row {
			for _, a := range v.Atoms {
				to, ok := a.(ovsdb.UUID)
				if !ok || s.reached[to] {
					continue
				}
				s.reached[to] = true
				for _, t := range s.db.Tables {
					if next, there := t[to]; there {
						todo = append(todo, next)
						break
					}
				}
			}
		}
	}
}

// holds reports whether a row is to be imported, or reported. Rows to which nothing
// refers belong to everybody, but for routers and switches that were not chosen, their
// bindings and limits, and switch ports that lead to other routers.
func (s *scope) holds(table string, id ovsdb.UUID) bool {
	if s.all {
		return true
	}
	switch table {
	case router.table, logicalSwitch.table, staticMACBinding.table, copp.table, meter.table:
		return s.reached[id]
	case switchPort.table:
		to := s.leadsTo(id)
		return s.reached[id] && (to == "" || s.ports[to])
	}
	_, owned := s.owners[id]
	return s.reached[id] || !owned
}
