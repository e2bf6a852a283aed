// SPDX-License-Identifier: Apache-2.0

package arpbuf

import (
	"time"

	"github.com/parkway-gw/parkway/arpbuf/neighbor"
	"github.com/parkway-gw/parkway/internal/topology"
)

// What a router asks of everybody on a link has a rate (RFC 6583 §6, checklist N13): a
// scan through a /64 must not make it flood. What is over the rate waits here. At most
// one probe per next hop waits, so there are no more of them than table entries, and
// who goes first is decided when a token comes, not when the probe was due.

// probeClass is the order in which probes go out.
type probeClass uint8

const (
	routeNamed   probeClass = iota // named by a route: the first probe, and all while packets wait
	knownHost                      // the first probe for somebody who has answered before
	firstProbe                     // for somebody new
	repetition                     // he has had one; having answered once, or a route, buys no more than that
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

// newProbeLimits makes two for each router port, ARP's and ND's: by the meters for
// arp-resolve and nd-ns-resolve where there are any, else by rate.
func newProbeLimits(ports []lrp, rate float64) []probeLimit {
	out := make([]probeLimit, 2*len(ports))
	for i := range out {
		protocol := topology.ProtocolARPResolve
		if i&1 != 0 {
			protocol = topology.ProtocolNDNSResolve
		}
		out[i].bucket = newBucket(rate, max(1, int(rate)))
		if l := ports[i/2].Limits[protocol]; l.Rate > 0 {
			out[i].bucket = newBucket(float64(l.Rate), int(l.Burst))
		}
	}
	return out
}

// limitOf is what bounds the probes for key.
func (r *Resolver) limitOf(key neighbor.Key) *probeLimit {
	i := 2 * int(key.RouterPort)
	if !key.IP.Is4() {
		i++
	}
	return &r.limits[i]
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
	l := r.limitOf(n.entry.Key())
	if l.empty() && l.bucket.take(r.turnAt) {
		r.probe(n, topology.MAC{}, false)
		return
	}
	r.stats.ProbesDeferred++
	r.table.Deferred(n.entry)
	n.turn.class = repetition
	switch e := n.entry; {
	case e.Kept() && len(n.slots) > 0:
		n.turn.class = routeNamed
	case e.State() == neighbor.Failed: // a dead next hop of a route, and nobody waits for it
	case e.Kept() && e.Probes() == 0:
		n.turn.class = routeNamed
	case e.Probes() > 0:
	case e.Confirmed():
		n.turn.class = knownHost
	default:
		n.turn.class = firstProbe
	}
	n.turn.place = l.waiting[n.turn.class].push(n, n.from)
}

// hurry: packets wait for n now. A route's next hop that was asked for without any gets
// the place that it has with them.
func (r *Resolver) hurry(n *nexthop) {
	if n.turn.at == nil || n.turn.class == routeNamed || !n.entry.Kept() {
		return
	}
	r.recall(n)
	n.turn.class = routeNamed
	n.turn.place = r.limitOf(n.entry.Key()).waiting[routeNamed].push(n, n.from)
}

// recall takes back a deferred probe.
func (r *Resolver) recall(n *nexthop) {
	if n.turn.at != nil {
		r.limitOf(n.entry.Key()).waiting[n.turn.class].remove(n.turn.place)
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
