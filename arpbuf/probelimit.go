// SPDX-License-Identifier: Apache-2.0

package arpbuf

import (
	"time"

	"github.com/parkway-gw/parkway/internal/topology"
)

// What a router asks of everybody on a link has a rate (RFC 6583 §6, checklist N13): a
// scan through a /64 must not make it flood. What is over the rate waits here. At most
// one probe per next hop waits, so there are no more of them than table entries, and
// who goes first is decided when a token comes, not when the probe was due.

// probeClass is the order in which probes go out.
type probeClass uint8

const (
	routeNamed   probeClass = iota // named by a route
	knownHost                      // the first probe for somebody who has answered before
	firstProbe                     // for somebody new
	repetition                     // he has had one; having answered once buys no more than that
	probeClasses                   //
)

// probeLimit is what a router port may send, and what waits for it: in each class the
// switch ports by which those packets came take turns, so that the one which asks for
// most can't keep the others waiting.
type probeLimit struct {
	bucket  bucket
	waiting [probeClasses]fairQueue
}

// turn is a next hop's place in a probeLimit; at is nil while it has none.
type turn struct {
	place
	class probeClass
}

func newProbeLimits(ports int, rate float64) []probeLimit {
	out := make([]probeLimit, ports)
	for i := range out {
		out[i].bucket = newBucket(rate, max(1, int(rate)))
	}
	return out
}

func (l *probeLimit) empty() bool {
	for i := range l.waiting {
		if !l.waiting[i].empty() {
			return false
		}
	}
	return true
}

// next takes out whose turn it is, or returns nil.
func (l *probeLimit) next() *nexthop {
	for i := range l.waiting {
		if !l.waiting[i].empty() {
			n := l.waiting[i].pop()
			n.turn.at = nil
			return n
		}
	}
	return nil
}

// askAll asks everybody for n, or notes that it has to.
func (r *Resolver) askAll(n *nexthop) {
	l := &r.limits[n.entry.Key().RouterPort]
	if l.empty() && l.bucket.take(r.turnAt) {
		r.probe(n, topology.MAC{}, false)
		return
	}
	r.stats.ProbesDeferred++
	r.table.Deferred(n.entry)
	n.turn.class = repetition
	switch e := n.entry; {
	case e.Kept():
		n.turn.class = routeNamed
	case e.Probes() > 0:
	case e.Confirmed():
		n.turn.class = knownHost
	default:
		n.turn.class = firstProbe
	}
	n.turn.place = l.waiting[n.turn.class].push(n, n.from)
}

// recall takes back a deferred probe.
func (r *Resolver) recall(n *nexthop) {
	if n.turn.at != nil {
		r.limits[n.entry.Key().RouterPort].waiting[n.turn.class].remove(n.turn.place)
		n.turn.at = nil
	}
}

// dispatch sends the deferred probes that there are tokens for.
func (r *Resolver) dispatch() {
	for i := range r.limits {
		l := &r.limits[i]
		for !l.empty() && l.bucket.take(r.turnAt) {
			n := l.next()
			r.table.Sent(r.turnAt, n.entry)
			r.probe(n, topology.MAC{}, false)
		}
	}
}

// nextProbe is how long it takes until a deferred probe may go out; false when there
// is none.
func (r *Resolver) nextProbe() (in time.Duration, ok bool) {
	for i := range r.limits {
		if l := &r.limits[i]; !l.empty() {
			if t := l.bucket.until(r.turnAt); !ok || t < in {
				in, ok = t, true
			}
		}
	}
	return in, ok
}
