// SPDX-License-Identifier: Apache-2.0

package forwarder

import (
	"errors"
	"fmt"
	"net/netip"
	"syscall"
	"time"

	"github.com/parkway-gw/parkway/dpdk"
)

// lpm is a FIB of either family.
type lpm interface {
	Add(p netip.Prefix, nh uint64) error
	Delete(p netip.Prefix) error
	Close() error
}

// routeTable is the FIB of a router's family. Once its routes have changed, it is there
// twice: workers read one, the next change goes into the other. A small one gives up the
// other after a while. rte_fib of DPDK 22.11 can't be changed under its readers: deleting a
// route empties tbl8 groups that one may be in (ADR-0010).
//
// Fields belong to whoever holds Forwarder.changing.
type routeTable struct {
	name   string // of its FIBs, but for a number at the end
	v6     bool
	active lpm
	idle   lpm         // nil at first: a table that never changes costs one
	behind []fibChange // what active has and idle lacks
	limits fibLimits   // of idle
	made   int         // FIBs, ever

	routes  int       // in active, as of the last change
	changed time.Time // then
}

// fibLimits is what a FIB was made for.
type fibLimits struct {
	routes, nextHop int
}

// fibChange is a route that is new, leads elsewhere, or is gone.
type fibChange struct {
	fibEntry
	gone bool
}

// prepare makes idle hold entries, which changes lead to from what active holds. It works
// on what no worker reads. After an error idle is nil, and nothing else has changed.
func (t *routeTable) prepare(entries entryList, changes []fibChange, rows int) error {
	if t.idle != nil && !t.limits.hold(entries.len(), rows) {
		if err := t.drop(); err != nil {
			return err
		}
	}
	if t.idle != nil {
		if t.change(t.behind) == nil && t.change(changes) == nil {
			return nil
		}
		if err := t.drop(); err != nil { // too few tbl8: IPv6 never gives one back; a new table has them all
			return err
		}
	}
	t.behind = nil
	var err error
	t.idle, t.limits, err = t.build(entries, rows)
	return err
}

func (t *routeTable) drop() error {
	old := t.idle
	t.idle = nil
	return old.Close()
}

// change deletes first, so that what is new finds room.
func (t *routeTable) change(changes []fibChange) error {
	for i := range changes {
		if c := &changes[i]; c.gone {
			if err := t.idle.Delete(c.prefix); err != nil {
				return err
			}
		}
	}
	for i := range changes {
		if c := &changes[i]; !c.gone {
			if err := t.idle.Add(c.prefix, uint64(c.row)); err != nil {
				return err
			}
		}
	}
	return nil
}

// build makes a FIB with entries and room to grow.
func (t *routeTable) build(entries entryList, rows int) (lpm, fibLimits, error) {
	tbl8 := tbl8v4
	if t.v6 {
		tbl8 = tbl8v6
	}
	f, limits, err := t.buildWith(entries, tbl8(entries), rows)
	if t.v6 && errors.Is(err, syscall.ENOSPC) { // it shares less than was thought: all that there can be
		f, limits, err = t.buildWith(entries, 13*entries.len(), rows)
	}
	return f, limits, err
}

func (t *routeTable) buildWith(entries entryList, tbl8, rows int) (lpm, fibLimits, error) {
	t.made++
	name := fmt.Sprintf("%s_%d", t.name, t.made)
	cfg := fibConfig(entries.len(), tbl8, rows)
	limits := fibLimits{routes: cfg.MaxRoutes, nextHop: 1<<(8*cfg.NextHopBytes-1) - 1}
	var f lpm
	var err error
	if t.v6 {
		f, err = dpdk.NewFIB6(name, cfg)
	} else {
		f, err = dpdk.NewFIB4(name, cfg)
	}
	if err != nil {
		return nil, limits, err
	}
	if err := fill(f, entries); err != nil {
		return nil, limits, errors.Join(err, f.Close())
	}
	return f, limits, nil
}

// hold reports whether a FIB made for l has room for so many routes, as far as their number
// says: where there are too few tbl8, Add says ENOSPC.
func (l *fibLimits) hold(routes, rows int) bool { return routes <= l.routes && rows-1 <= l.nextHop }

// fewRoutes is up to where a second FIB is only kept while routes change often: to make it
// takes some milliseconds, and memory is worth more.
var fewRoutes = 10000

// swap makes idle the one that workers read next; changes led to it, and now it has so many
// routes.
func (t *routeTable) swap(changes []fibChange, routes int) {
	t.active, t.idle = t.idle, t.active
	t.behind, t.routes, t.changed = changes, routes, time.Now()
}

// entries returns the routes of a table, sorted.
func (p *plan) entries(key tableKey) entryList {
	if int(key.router) >= len(p.routers) {
		return entryList{}
	}
	r := &p.routers[key.router]
	if key.v6 {
		return r.fib6
	}
	return r.fib4
}

func (t *routeTable) close() error {
	var errs []error
	for _, f := range []lpm{t.active, t.idle} {
		if f != nil {
			errs = append(errs, f.Close())
		}
	}
	t.active, t.idle = nil, nil
	return errors.Join(errs...)
}
