// SPDX-License-Identifier: Apache-2.0

package arpbuf

import (
	"cmp"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/parkway-gw/parkway/arpbuf/neighbor"
	"github.com/parkway-gw/parkway/cgo"
)

// Resolver resolves next hops and keeps the neighbor table of one Plane.
//
// Its state belongs to the control lcore, the goroutine inside Run. Others get at
// it through Do and Flush, which run there, or by reading under mu, which the loop
// holds for a turn's work but not while it waits.
type Resolver struct {
	plane  Plane
	ctl    *cgo.Control
	cfg    Config
	clock  Clock
	log    *slog.Logger
	tscHz  float64
	do     chan func()
	ready  chan struct{}
	ended  chan struct{}
	runs   sync.Once
	turnAt time.Time // clock at the start of this turn

	probedAt time.Time // the last time that a probe went out

	mu          sync.Mutex
	ports       lrps
	ages        ages
	limits      []probeLimit // two by router port: ARP's and ND's
	table       *neighbor.Table
	waiting     map[*nexthop]struct{} // next hops that have slots open, or had when last seen
	draining    map[*nexthop]struct{} // next hops in phase draining: every turn looks at them
	gates       gates
	announcer   announcer
	advertisers advertisers
	detector    detector
	manage      map[uint16]struct{} // see manageDue
	spoken      spoken
	down        map[uint16]struct{} // switch ports whose link is known to be down
	expireAt    time.Time
	vain        vainLimits
	asks        map[*question]struct{} // probes on command that wait for their answers
	stats       Stats
	history     history
	warned      map[string]time.Time // last log line of a kind
	frame       []byte               // scratch for what is built
	packet      []byte               // scratch for what came in several segments
}

// New prepares a Resolver: neighbors with a configured MAC become PERMANENT, next
// hops of routes get their entries, saved neighbors are STALE, gates are closed. It must be called before workers run, or on
// the control lcore.
func New(plane Plane, cfg Config) (*Resolver, error) {
	if err := cfg.complete(); err != nil {
		return nil, err
	}
	ports := newLRPs(plane.RouterPorts())
	ages, err := newAges(ports.ports)
	if err != nil {
		return nil, err
	}
	r := new(Resolver)
	*r = Resolver{
		ages:  ages,
		plane: plane,
		ctl:   plane.Control(),
		cfg:   cfg,
		clock: cfg.Clock,
		log:   cfg.Logger,
		tscHz: float64(plane.TSCHz()),
		do:    make(chan func(), 64),
		ready: make(chan struct{}),
		ended: make(chan struct{}),
		ports: ports,
		table: neighbor.New(neighbor.Config{
			RetransTime: cfg.RetransTime, McastSolicit: cfg.McastSolicit, UcastSolicit: cfg.UcastSolicit,
			BaseReachableTime: cfg.BaseReachableTime, FailedHoldoff: cfg.FailedHoldoff,
			MaxFailedHoldoff: cfg.MaxFailedHoldoff, MaxEntries: cfg.MaxEntries, Remember: cfg.Remember,
			Age:    func(k neighbor.Key) time.Duration { return r.ages.of(k) },
			Manage: cfg.ManageRoutes, MaxMoves: cmp.Or(cfg.MaxMoves, -1),
		}),
		waiting: make(map[*nexthop]struct{}), draining: make(map[*nexthop]struct{}),
		down:   make(map[uint16]struct{}),
		asks:   make(map[*question]struct{}),
		vain:   newVainLimits(ports.ports, cfg.UnreachableBurst),
		warned: make(map[string]time.Time),
	}
	r.limits = newProbeLimits(r.ports.ports, cfg.ProbeRate)
	r.announcer = newAnnouncer(len(r.ports.ports), cfg.Announcements)
	r.detector, r.manage = newDetector(cfg.DuplicateDetection), make(map[uint16]struct{})
	r.advertisers = newAdvertisers(&r.ports)
	r.turnAt = r.clock.Now()
	r.expireAt = r.turnAt
	r.gates = newGates(plane.Gates(), r.turnAt)
	if err := r.configured(); err != nil {
		return nil, err
	}
	return r, nil
}

// configured enters what the topology fixes.
func (r *Resolver) configured() error {
	for _, n := range r.plane.Gateways() {
		e := r.table.Gateway(r.turnAt, neighbor.Key{RouterPort: n.RouterPort, IP: n.IP})
		if _, err := r.attach(e); err != nil {
			return err
		}
	}
	for _, n := range r.plane.Pinned() {
		e, acts := r.table.Pin(r.turnAt, neighbor.Key{RouterPort: n.RouterPort, IP: n.IP}, n.MAC)
		if _, err := r.attach(e); err != nil {
			return err
		}
		r.perform(acts)
	}
	r.restore()
	for _, g := range r.gates.list {
		r.plane.ArmGate(g.SwitchPort)
	}
	r.announceAll()
	r.drains()
	return nil
}

// attach gives e its adjacency.
func (r *Resolver) attach(e *neighbor.Entry) (*nexthop, error) {
	if n, ok := e.User.(*nexthop); ok {
		return n, nil
	}
	adj, err := r.plane.Adjacency(e.Key().RouterPort, e.Key().IP)
	if err != nil {
		return nil, fmt.Errorf("neighbor %s: %w", e.Key().IP, err)
	}
	n := &nexthop{entry: e, adj: adj}
	if e.Kept() {
		n.flags = cgo.AdjKnown // the plane has said so already
		r.manageDue(e.Key().RouterPort)
	}
	e.User = n
	r.gateNeighbor(n)
	return n, nil
}

// neighbor returns the entry of key, made if need be; nil when there is no room,
// which is counted.
func (r *Resolver) neighbor(key neighbor.Key) *nexthop {
	e, acts := r.table.Add(r.turnAt, key)
	r.perform(acts)
	if e == nil {
		r.warn("neighbors full", "neighbor table is full", "max_entries", r.cfg.MaxEntries)
		return nil
	}
	n, err := r.attach(e)
	if err != nil {
		r.stats.NoAdjacency++
		r.warn("no adjacency", "no adjacency for a next hop", "err", err)
		r.perform(r.table.Flush(r.turnAt, e))
		return nil
	}
	return n
}

// known returns the entry of key, or nil.
func (r *Resolver) known(key neighbor.Key) *nexthop {
	if e := r.table.Get(key); e != nil {
		return e.User.(*nexthop)
	}
	return nil
}

// perform does what the state machine has decided.
func (r *Resolver) perform(acts []neighbor.Action) {
	for _, a := range acts {
		n, ok := a.Entry.User.(*nexthop)
		if !ok {
			continue // an entry that never got an adjacency
		}
		switch a.Op {
		case neighbor.Publish:
			r.publish(n, a.MAC, a.State)
		case neighbor.ProbeMulticast:
			r.askAll(n)
		case neighbor.ProbeUnicast:
			r.probe(n, a.MAC, true)
		case neighbor.FailParked:
			r.failParked(n)
		case neighbor.DiscardParked:
			r.discardParked(n)
		case neighbor.SampleUse:
			if r.plane.AdjacencyUsed(n.adj) {
				r.perform(r.table.Used(r.turnAt, n.entry))
			} else {
				r.perform(r.table.Unused(r.turnAt, n.entry))
			}
		case neighbor.Release:
			r.release(n)
		case neighbor.Recall:
			r.recall(n)
		case neighbor.Damped:
			r.flapping(n)
		}
	}
}

// warn logs a line at most once in ten seconds per kind (peers must not be able to
// fill a disk).
func (r *Resolver) warn(kind, msg string, args ...any) {
	if last, ok := r.warned[kind]; ok && r.turnAt.Sub(last) < 10*time.Second {
		return
	}
	r.warned[kind] = r.turnAt
	r.log.Warn(msg, args...)
}
