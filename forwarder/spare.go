// SPDX-License-Identifier: Apache-2.0

package forwarder

import "time"

// spareTime is for how long a small table's second FIB is kept after a change: who changes
// routes a second time soon, as a routing protocol does, finds it there. A variable for
// tests.
var spareTime = 5 * time.Second

// spare says that a table's second FIB can be given up: it is made anew in milliseconds.
func (t *routeTable) spare() bool { return t.idle != nil && t.routes <= fewRoutes }

// dropOldSpares gives up the second FIBs of small tables that have not changed for a while.
// Control lcore only.
func (f *Forwarder) dropOldSpares() {
	now := time.Now()
	if now.Before(f.changes.spares) || !f.changes.mu.TryLock() {
		return // under way is a change, which may need them
	}
	defer f.changes.mu.Unlock()
	f.changes.spares = now.Add(min(lookPeriod, spareTime))
	for _, t := range f.res.tables {
		if t.spare() && now.Sub(t.changed) >= spareTime {
			f.dropSpare(t)
		}
	}
}

// dropSpare closes a second FIB. Whoever holds changing, when no worker reads it any more:
// after the first settle that follows the change.
func (f *Forwarder) dropSpare(t *routeTable) {
	f.settle()
	t.behind = nil
	if err := t.drop(); err != nil {
		f.log.Error("the second table of a router", "error", err)
	}
}

// prepareTable is routeTable.prepare. Where there is no memory, it takes that of other
// tables' second FIBs.
func (p *Pending) prepareTable(t *routeTable, entries entryList, changes []fibChange) error {
	f := p.f
	f.settle()
	err := t.prepare(entries, changes, len(p.plan.nextHops))
	if err == nil {
		return nil
	}
	inUse := map[*routeTable]bool{t: true}
	for _, c := range p.changed {
		inUse[c.table] = true
	}
	dropped := false
	for _, other := range f.res.tables {
		if !inUse[other] && other.spare() {
			f.dropSpare(other)
			dropped = true
		}
	}
	if !dropped {
		return err
	}
	return t.prepare(entries, changes, len(p.plan.nextHops))
}
