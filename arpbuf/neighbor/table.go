// SPDX-License-Identifier: Apache-2.0

package neighbor

import (
	"math/rand/v2"
	"time"

	"github.com/parkway-gw/parkway/internal/topology"
)

// Config holds the timers and bounds. Values below 1 take the default.
type Config struct {
	RetransTime       time.Duration // between probes (RETRANS_TIMER); 1 s
	McastSolicit      int           // probes before FAILED (MAX_MULTICAST_SOLICIT); 3
	UcastSolicit      int           // probes in PROBE (MAX_UNICAST_SOLICIT); 3
	BaseReachableTime time.Duration // REACHABLE lasts this × U(0.5, 1.5); 30 s
	DelayFirstProbe   time.Duration // DELAY (DELAY_FIRST_PROBE_TIME); 5 s
	FailedHoldoff     time.Duration // first hold-off; doubles with each failure; 5 s
	MaxFailedHoldoff  time.Duration // where doubling ends (RFC 7048 §3); 60 s
	SampleUse         time.Duration // how soon STALE looks for use, doubling while there is none; 1 s
	MaxSampleUse      time.Duration // where that doubling ends; 16 s
	Remember          time.Duration // how long an unused entry is remembered to have answered; 10 min
	MaxEntries        int           // dynamic entries; 65536
	MaxMoves          int           // new MACs of a neighbor within MoveWindow before it is damped; 5. Negative is no damping
	MoveWindow        time.Duration // 10 s

	// Manage keeps the next hops that routes name resolved without traffic; see manage.go.
	Manage bool

	// Age says after how long without use a neighbor is forgotten; see age.go. 0 is
	// never, and so is a nil Age.
	Age func(Key) time.Duration

	Rand func() float64 // in [0, 1); default math/rand
}

func (c *Config) complete() {
	def := func(d *time.Duration, v time.Duration) {
		if *d <= 0 {
			*d = v
		}
	}
	count := func(n *int, v int) {
		if *n <= 0 {
			*n = v
		}
	}
	def(&c.RetransTime, time.Second)
	count(&c.McastSolicit, 3)
	count(&c.UcastSolicit, 3)
	def(&c.BaseReachableTime, 30*time.Second)
	def(&c.DelayFirstProbe, 5*time.Second)
	def(&c.FailedHoldoff, 5*time.Second)
	def(&c.MaxFailedHoldoff, 60*time.Second)
	c.MaxFailedHoldoff = max(c.MaxFailedHoldoff, c.FailedHoldoff)
	def(&c.SampleUse, time.Second)
	def(&c.MaxSampleUse, 16*time.Second)
	def(&c.Remember, 10*time.Minute)
	count(&c.MaxEntries, 65536)
	def(&c.MoveWindow, 10*time.Second)
	if c.MaxMoves == 0 {
		c.MaxMoves = 5
	}
	if c.Age == nil {
		c.Age = func(Key) time.Duration { return 0 }
	}
	if c.Rand == nil {
		c.Rand = rand.Float64
	}
}

// Stats counts what the table did, ever.
type Stats struct {
	MulticastProbes uint64 // sent
	UnicastProbes   uint64
	Resolved        uint64 // from no usable MAC to one
	Failures        uint64 // entries that became FAILED
	Moves           uint64 // a known neighbor changed its MAC
	Damped          uint64 // changes that were not believed, of neighbors with too many
	Evicted         uint64 // entries that gave way to new ones at MaxEntries
	Refused         uint64 // new entries that found no place at MaxEntries
	Aged            uint64 // entries that were forgotten for want of use
	Conflicts       uint64 // somebody spoke for a PERMANENT entry with another MAC
}

// Table holds the neighbors.
type Table struct {
	cfg     Config
	entries map[Key]*Entry
	dynamic int // entries that count against MaxEntries
	timers  timers
	unknown list // never confirmed, and nobody waits for them
	unused  list // confirmed once, without a usable MAC, and nobody waits for them
	stale   list // confirmed once, and without traffic since they became STALE
	acts    []Action
	stats   Stats
}

// New returns an empty table.
func New(cfg Config) *Table {
	cfg.complete()
	return &Table{cfg: cfg, entries: make(map[Key]*Entry)}
}

// Get returns the entry of key, or nil.
func (t *Table) Get(key Key) *Entry { return t.entries[key] }

// Len returns the number of entries.
func (t *Table) Len() int { return len(t.entries) }

// Stats returns the counters.
func (t *Table) Stats() Stats { return t.stats }

// LastTry reports that e's last probe has been decided: it is FAILED at its deadline.
func (t *Table) LastTry(e *Entry) bool { return e.asking && e.tries >= t.cfg.McastSolicit }

// Each calls f for every entry, in no order. f must not cause events.
func (t *Table) Each(f func(*Entry)) {
	for _, e := range t.entries {
		f(e)
	}
}

// Add returns the entry of key, new in INCOMPLETE if need be. At MaxEntries the
// entry that was never confirmed and has rested longest gives way, then the one that
// has gone longest without its MAC, then the one that has gone longest without traffic
// (checklist N13: existing neighbors come before new ones); when there is none, nil.
func (t *Table) Add(now time.Time, key Key) (*Entry, []Action) {
	if e := t.entries[key]; e != nil {
		return e, nil
	}
	if t.dynamic >= t.cfg.MaxEntries && !t.evict() {
		t.stats.Refused++
		return nil, t.take()
	}
	t.dynamic++
	return t.insert(now, key), t.take()
}

// Gateway returns the entry of a next hop that a route names: it is kept whatever
// happens and has no part in MaxEntries.
func (t *Table) Gateway(now time.Time, key Key) *Entry {
	e := t.entries[key]
	if e == nil {
		e = t.insert(now, key)
	} else if e.counts() {
		t.dynamic--
	}
	if e.keep = true; e.state == Incomplete && !e.asking {
		t.stop(e) // it was to be forgotten
	}
	t.list(e)
	return e
}

// Unkeep undoes Gateway: from now on e is like any that was learned.
func (t *Table) Unkeep(now time.Time, e *Entry) []Action {
	if e.keep {
		e.keep = false
		t.loosen(now, e)
	}
	return t.take()
}

// Unpin undoes Pin: nothing is known of e any more.
func (t *Table) Unpin(now time.Time, e *Entry) []Action {
	if e.Pinned() {
		e.origin, e.confirmed, e.failures = learnedBy(e.key), false, 0
		t.enter(now, e, Incomplete)
		t.act(Publish, e)
		t.loosen(now, e)
	}
	return t.take()
}

// loosen lets e have a part in MaxEntries if it has lost what kept it from that.
func (t *Table) loosen(now time.Time, e *Entry) {
	if !e.counts() {
		return
	}
	t.dynamic++
	if e.state == Incomplete && !e.asking {
		t.idle(now, e)
	}
	t.list(e)
	for t.dynamic > t.cfg.MaxEntries && t.evict() {
	}
}

// Pin makes the entry of key PERMANENT with mac.
func (t *Table) Pin(now time.Time, key Key, mac topology.MAC) (*Entry, []Action) {
	e := t.entries[key]
	if e == nil {
		e = t.insert(now, key)
	} else if e.counts() {
		t.dynamic--
	}
	e.mac, e.origin, e.changed = mac, OriginStatic, now
	t.enter(now, e, Permanent)
	t.act(Publish, e)
	return e, t.take()
}

// Fix makes e PERMANENT with mac by command: nothing heard changes it, and it goes with
// Withdraw alone. It counts against MaxEntries as it did before. A pinned entry stays
// as it is.
func (t *Table) Fix(now time.Time, e *Entry, mac topology.MAC) []Action {
	if !e.Pinned() {
		e.mac, e.origin, e.changed = mac, OriginAdded, now
		t.enter(now, e, Permanent)
		t.act(Publish, e)
	}
	return t.take()
}

// learnedBy is the origin of what is learned about key.
func learnedBy(key Key) Origin {
	if key.IP.Is4() {
		return OriginARP
	}
	return OriginND
}

func (t *Table) insert(now time.Time, key Key) *Entry {
	e := &Entry{key: key, state: Incomplete, since: now, heapAt: -1, origin: learnedBy(key)}
	t.entries[key] = e
	t.list(e)
	return e
}

// remove takes a dynamic entry out and has it released.
func (t *Table) remove(e *Entry) {
	t.stop(e)
	t.rest(e)
	if e.in != nil {
		e.in.drop(e)
	}
	delete(t.entries, e.key)
	if e.counts() {
		t.dynamic--
	}
	t.act(Release, e)
}

func (t *Table) evict() bool {
	e := t.unknown.oldest()
	if e == nil {
		e = t.unused.oldest()
	}
	if e == nil {
		e = t.stale.oldest()
	}
	if e == nil {
		return false
	}
	t.stats.Evicted++
	t.remove(e)
	return true
}

// list keeps e among those that may be evicted exactly while it is one of them:
// dynamic, nobody waits for it, and never confirmed, without a usable MAC, or unused.
func (t *Table) list(e *Entry) {
	var in *list
	switch {
	case e.keep || e.asking || e.state == Permanent:
	case !e.confirmed:
		in = &t.unknown
	case !e.state.Usable():
		in = &t.unused
	case e.state == Stale:
		in = &t.stale
	}
	if in == e.in {
		return
	}
	if e.in != nil {
		e.in.drop(e)
	}
	if in != nil {
		in.push(e)
	}
}
