// SPDX-License-Identifier: Apache-2.0

package forwarder

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/parkway-gw/parkway/cgo"
)

// ErrNeedsRestart marks a change that a running forwarder can't take in: what it was made
// with would be too small, or of another kind.
var ErrNeedsRestart = errors.New("it needs a restart")

// changes is the state of a Forwarder that only changes of the topology touch.
type changes struct {
	mu      sync.Mutex // held from Prepare to Commit or Discard
	ended   bool       // by Stop
	topo    *Topology  // in force, but for updates
	updates []*routeUpdate
	updated int       // routes in updates
	numbers numbering // of the plan in force
	since   uint64    // token of the last publication: what it replaced is idle after that

	known      knownWays
	quarantine quarantine
	spares     time.Time // when dropOldSpares looks again
}

// Pending is a topology that is ready to take the place of the one in force.
type Pending struct {
	f       *Forwarder
	topo    *Topology
	plan    *plan
	changed []changedTable
	gone    []tableKey   // tables of routers that have no route of the family any more
	made    []tableKey   // tables that are new
	change  Change       // as far as it is known before
	update  *routeUpdate // of topo, not in it; nil for none
	done    bool
}

type changedTable struct {
	key     tableKey
	table   *routeTable
	changes []fibChange
}

// Change is what an Apply has changed.
type Change struct {
	Lines    []string // for people, one change each, sorted by kind; see maxLines
	More     int      // lines that were left out
	Warnings []string // what the topology may not mean

	RoutesSet, RoutesDeleted int // entries of FIBs: new or leading elsewhere, gone

	Grace time.Duration // that control waited for the workers
}

// Apply puts a topology in the place of the one in force: Prepare and Commit in one.
// Control lcore only; a large topology keeps it busy for longer than ARP should wait, so
// Prepare elsewhere.
func (f *Forwarder) Apply(t Topology) (Change, error) {
	p, err := f.Prepare(t)
	if err != nil {
		return Change{}, err
	}
	return p.Commit()
}

// Prepare does for Commit what can take long or fail: it checks and compiles the
// topology, and writes its routes where no worker reads yet. Ports, workers and sizes
// stay as New made them; errors.Is(err, ErrNeedsRestart) says that one of them is in the
// way. t is not to be changed while it is in force. Any goroutine, not the control lcore
// if it is busy with packets; a second call waits until the first one's Pending was
// committed or discarded.
func (f *Forwarder) Prepare(t Topology) (*Pending, error) {
	f.changes.mu.Lock()
	if f.changes.ended {
		f.changes.mu.Unlock()
		return nil, errors.New("forwarder: it has been stopped")
	}
	p := &Pending{f: f, topo: &t}
	if err := p.prepare(); err != nil {
		p.Discard()
		return nil, err
	}
	return p, nil
}

func (p *Pending) prepare() (err error) {
	f := p.f
	if err := f.changes.fold(); err != nil {
		return err
	}
	f.changes.reuse()
	if p.plan, err = compile(p.topo, f.cfg.Ports, &f.changes.numbers); err != nil {
		return err
	}
	if len(p.plan.gates) > 0 && f.cfg.Park.Gated.NextHops == 0 {
		return fmt.Errorf("switch port %q: no room was set aside for packets that wait for a port; %w", p.plan.gates[0].Name, ErrNeedsRestart)
	}
	if n := len(p.plan.adjacencies); n > f.room.named {
		return fmt.Errorf("topology: it names %d neighbors, and there is room for %d; %w", n, f.room.named, ErrNeedsRestart)
	}
	if n := len(p.plan.fdb); n > f.room.placed {
		return fmt.Errorf("topology: it places %d MACs, and there is room for %d; %w", n, f.room.placed, ErrNeedsRestart)
	}
	p.change.Warnings = p.plan.warnings
	p.change.describe(f.changes.topo, p.topo)
	return p.prepareRoutes()
}

// prepareRoutes brings the idle FIBs to what p wants.
func (p *Pending) prepareRoutes() error {
	f, old := p.f, p.f.shown.Load()
	for i := 0; i < max(len(old.routers), len(p.plan.routers)); i++ {
		var was, will planRouter
		if i < len(old.routers) {
			was = old.routers[i]
		}
		if i < len(p.plan.routers) {
			will = p.plan.routers[i]
		}
		for h, half := range will.halves() {
			key, before := tableKey{uint16(i), half.v6}, was.halves()[h].entries
			t := f.res.tables[key]
			switch {
			case half.entries.len() == 0 && t != nil:
				p.gone = append(p.gone, key)
				p.changed = append(p.changed, changedTable{key, nil, routeChanges(before, entryList{})})
				continue
			case half.entries.len() == 0:
				continue
			case t == nil:
				t, before = f.newTable(key), entryList{}
				f.res.tables[key] = t // nothing reads the map while changing is held
				p.made = append(p.made, key)
			}
			changes := routeChanges(before, half.entries)
			if len(changes) == 0 && t.active != nil {
				continue
			}
			if err := p.prepareTable(t, half.entries, changes); err != nil {
				return fmt.Errorf("router %q: %w", will.name, err)
			}
			p.changed = append(p.changed, changedTable{key, t, changes})
		}
	}
	return nil
}

// Discard gives up; the topology in force stays. Any goroutine; nothing after Commit.
func (p *Pending) Discard() {
	if p.done {
		return
	}
	p.done = true
	f := p.f
	for _, c := range p.changed {
		if c.table != nil { // idle is ahead of active now
			c.table.behind = routeChanges(p.plan.entries(c.key), f.shown.Load().entries(c.key))
		}
	}
	for _, key := range p.made {
		if err := f.res.tables[key].close(); err != nil {
			f.log.Error("a new route table", "error", err)
		}
		delete(f.res.tables, key)
	}
	f.changes.mu.Unlock()
}

// Commit makes the topology the one in force. Workers go over to it between two polls; a
// packet sees the old one or the new one, whole. It can still fail, with nothing changed.
// Whoever resolves neighbors looks at RouterPorts, Pinned, Gateways and Gates next.
// Control lcore only.
func (p *Pending) Commit() (change Change, err error) {
	f, old := p.f, p.f.plan
	if p.done {
		return change, errors.New("forwarder: this change was committed or discarded before")
	}
	defer p.Discard()
	undo := func() {}
	if !p.plan.sameNeighbors {
		if undo, err = f.takeNamed(p.plan); err != nil {
			return change, err
		}
	}
	if err := f.fdbRoom(p.plan); err != nil {
		undo()
		return change, err
	}
	f.countPolicies(old, p.plan)
	groups := f.ecmp.next(p.plan, f.isFailed)
	spec := p.plan.tables(f.res.ports, f.routerRows(p.plan, p.changed))
	groups.fill(&spec)
	f.resolveRows(spec.NextHops, p.plan.adjs)
	tables, err := cgo.NewTables(spec)
	if err != nil {
		undo()
		return change, err
	}

	// From here on nothing fails.
	change = p.change
	f.freshNumbers(old, p.plan)
	former := f.res.dp.Publish(tables)
	f.changes.since = f.res.qsbr.Start()
	f.ecmp.adopt(groups)
	f.plan = p.plan
	f.shown.Store(p.plan)
	f.retire(former.Free)
	p.swapTables(&change)
	began := time.Now()
	f.settle()
	change.Grace = time.Since(began)

	// Every worker has the new tables: numbers that are new mean something to it.
	f.refillMeters(old, p.plan)
	f.replaceMACs(p.plan)
	f.replaceUnknown(old, p.plan)
	if !p.plan.sameNeighbors {
		f.fixNeighbors(old, p.plan)
	}
	f.dropGates(old, p.plan)
	f.changes.quarantineGone(f, p.plan)
	f.changes.numbers = p.plan.numbers
	f.changes.follow(p)
	p.changed, p.made = nil, nil
	return change, nil
}

func (p *Pending) swapTables(change *Change) {
	f := p.f
	for _, c := range p.changed {
		for i := range c.changes {
			if c.changes[i].gone {
				change.RoutesDeleted++
			} else {
				change.RoutesSet++
			}
		}
		if c.table == nil {
			continue
		}
		c.table.swap(c.changes, p.plan.entries(c.key).len())
	}
	for _, key := range p.gone {
		t := f.res.tables[key]
		delete(f.res.tables, key)
		f.retire(func() {
			if err := t.close(); err != nil {
				f.log.Error("a former route table", "error", err)
			}
		})
	}
}

// endChanges lets no change begin any more and waits for the one that is under way.
func (f *Forwarder) endChanges(ctx context.Context) error {
	for !f.changes.mu.TryLock() {
		select {
		case <-ctx.Done():
			return fmt.Errorf("forwarder: a change of the topology is neither committed nor discarded: %w", ctx.Err())
		case <-time.After(time.Millisecond):
		}
	}
	f.changes.ended = true
	f.changes.mu.Unlock()
	return nil
}

// settle waits until every worker has gone over to what was published last. It takes as
// long as the longest poll; a worker that sleeps is not waited for.
func (f *Forwarder) settle() {
	for nap := 5 * time.Microsecond; !f.res.qsbr.Check(f.changes.since, false); nap = min(2*nap, time.Millisecond) {
		time.Sleep(nap)
	}
}

// retired is something that workers may still read, and how to free it.
type retired struct {
	token uint64
	free  func()
}

func (o *retired) close() error { o.free(); return nil }

// retire frees something when every worker has let go of it. Control lcore only.
func (f *Forwarder) retire(free func()) {
	f.res.retired = append(f.res.retired, retired{f.changes.since, free})
}

// tidy frees what is retired and what is spare, and lets numbers be given again. Control lcore only.
func (f *Forwarder) tidy() {
	for len(f.res.retired) > 0 && f.res.qsbr.Check(f.res.retired[0].token, false) {
		f.res.retired[0].free()
		f.res.retired = f.res.retired[1:]
	}
	f.changes.quarantine.look(f)
	f.dropOldSpares()
}
