// SPDX-License-Identifier: Apache-2.0

package ovnnb

import (
	"context"
	"errors"
	"fmt"
	"net/netip"

	"github.com/parkway-gw/parkway/internal/config"
	"github.com/parkway-gw/parkway/internal/ovsdb"
	"github.com/parkway-gw/parkway/internal/topology"
)

// DatabaseName is the Northbound database's.
const DatabaseName = "OVN_Northbound"

var (
	prefix4 = netip.MustParsePrefix("0.0.0.0/0")
	prefix6 = netip.MustParsePrefix("::/0")
)

// Read reads a source: a server's address, a database file or a dump.
func Read(ctx context.Context, source string) (*ovsdb.Database, error) {
	if !ovsdb.IsAddress(source) {
		return ovsdb.ReadFile(source)
	}
	c, err := ovsdb.Dial(ctx, source)
	if err != nil {
		return nil, err
	}
	defer c.Close()
	s, err := c.Schema(ctx, DatabaseName)
	if err != nil {
		return nil, err
	}
	return c.Read(ctx, s)
}

// Options say what to import and what to make of it.
type Options struct {
	Routers []string          // by name; none: everything
	Ports   map[string]string // devices, by the names of switch ports and physical networks
	Taps    bool              // the other ports are taps, named after their switch ports
}

// Result is what an import made.
type Result struct {
	YAML        []byte         // passes `parkway check`
	Config      *config.Config // the same, parsed
	Unsupported []Unsupported
}

// Import makes a configuration of a database. Rows that Parkway can't have are left out
// and listed in the result; an error means that nothing useful is left.
func Import(ctx context.Context, db *ovsdb.Database, o Options) (*Result, error) {
	if err := isNorthbound(db); err != nil {
		return nil, err
	}
	scope, err := newScope(db, o.Routers)
	if err != nil {
		return nil, err
	}
	b := &builder{db: db, scope: scope, seen: map[ovsdb.UUID]bool{}}
	sections := b.build()
	if n := countPorts(sections); n > topology.MaxSwitchPorts {
		return nil, fmt.Errorf("%s: there are %d switch ports, and a gateway has room for %d; choose routers with --router NAME", db.Source, n, topology.MaxSwitchPorts)
	}
	r, err := b.prune(ctx, sections, o)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", db.Source, err)
	}
	return r, nil
}

func isNorthbound(db *ovsdb.Database) error {
	if db.Schema != nil && db.Schema.Name != DatabaseName {
		return fmt.Errorf("%s: this is the database %q; name %s", db.Source, clip(db.Schema.Name), DatabaseName)
	}
	for _, t := range []string{logicalSwitch.table, router.table} {
		if _, there := db.Tables[t]; !there {
			return fmt.Errorf("%s: there is no table %s; name the database %s, all of it", db.Source, t, DatabaseName)
		}
	}
	return nil
}

func countPorts(sections []*node) (n int) {
	for _, s := range sections {
		if s.key == "logical_switches" {
			s.live(func(sw *node) {
				if p := sw.find("ports"); p != nil {
					n += len(p.kids)
				}
			})
		}
	}
	return n
}

// maxRounds bounds how often what was left out leads to more that must go.
const maxRounds = 200

// prune writes the text and checks it, and leaves out what the checks refuse, until
// they refuse nothing. Each round leaves out something.
func (b *builder) prune(ctx context.Context, sections []*node, o Options) (*Result, error) {
	networks, vifs := bindings(sections)
	if err := unknownPorts(networks, vifs, o); err != nil {
		return nil, err
	}
	for range maxRounds {
		if ctx.Err() != nil {
			return nil, errors.New("interrupted")
		}
		networks, vifs = bindings(sections)
		if len(networks)+len(vifs) == 0 {
			return nil, errors.New("no switch port is left that a port of this node could have; a gateway needs one of type localnet or without a type")
		}
		w := newWriter()
		b.write(w, sections, networks, vifs, o)
		c, err := config.Parse("import", []byte(w.b.String()))
		if err == nil {
			return &Result{[]byte(w.b.String() + b.trailer()), c, b.left}, nil
		}
		var problems config.Problems
		if !errors.As(err, &problems) || !b.dropAll(w, problems) {
			return nil, fmt.Errorf("what comes out is no configuration: %w", err)
		}
	}
	return nil, fmt.Errorf("even after %d rounds of leaving out what Parkway can't have, its checks find more; choose routers with --router NAME", maxRounds)
}

// dropAll leaves out what stands where the problems are, and reports whether that was
// anything.
func (b *builder) dropAll(w *writer, problems config.Problems) bool {
	dropped := false
	for _, p := range problems {
		n := w.at(p.Line, p.Col)
		if p.Line == 0 || n == nil || n.from.table == "" || gone(n) {
			continue
		}
		reason := p.Msg
		if p.Hint != "" {
			reason += "; " + p.Hint
		}
		top := n.drop()
		b.leave(top.from, "%s", reason)
		dropped = true
	}
	return dropped
}

// gone reports whether n, or something around it, was left out before.
func gone(n *node) bool {
	for ; n != nil; n = n.parent {
		if n.gone {
			return true
		}
	}
	return false
}
