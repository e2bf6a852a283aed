// SPDX-License-Identifier: Apache-2.0

package forwarder

import (
	"sync"
	"time"
)

const (
	// quarantineTime is how long a number rests at least after its bearer is gone. What
	// control has in hand, and what waits in the rings between it and the workers, is
	// gone long before.
	quarantineTime = 5 * time.Second
	lookPeriod     = time.Second
)

// quarantine holds the numbers of what is gone until nothing refers to them: no packet
// that was parked before, no adjacency, no worker with former tables.
type quarantine struct {
	next time.Time // when to look again; control lcore only
	list []resting // control lcore only

	mu   sync.Mutex
	ripe map[numberKind][]uint16
}

type numberKind uint8

const (
	switchNumber numberKind = iota
	switchPortNumber
	routerNumber
	routerPortNumber
)

type resting struct {
	kind   numberKind
	number uint16
	since  time.Time
	tsc    uint64
}

// of returns the names of a kind.
func (n *numbering) of(kind numberKind) *names {
	switch kind {
	case switchNumber:
		return &n.switches
	case switchPortNumber:
		return &n.switchPorts
	case routerNumber:
		return &n.routers
	default:
		return &n.routerPorts
	}
}

// quarantineGone notes what p has no name for any more. Control lcore only.
func (c *changes) quarantineGone(f *Forwarder, p *plan) {
	now, tsc := time.Now(), TSC()
	for kind := switchNumber; kind <= routerPortNumber; kind++ {
		for _, number := range p.numbers.of(kind).gone(c.numbers.of(kind)) {
			if kind == routerNumber && number == 0 {
				continue // 0 is never a table that is looked up by source, so nobody gets it again
			}
			c.quarantine.list = append(c.quarantine.list, resting{kind, number, now, tsc})
		}
	}
}

// reuse lets the next plan give what has rested. Whoever holds changing.
func (c *changes) reuse() {
	q := &c.quarantine
	q.mu.Lock()
	defer q.mu.Unlock()
	for kind, numbers := range q.ripe {
		names := c.numbers.of(kind)
		// A copy: a plan that comes to nothing must not have used it up.
		names.free = append(append([]uint16(nil), names.free...), numbers...)
	}
	q.ripe = nil
}

// look lets those go whose time has come. Control lcore only.
func (q *quarantine) look(f *Forwarder) {
	if len(q.list) == 0 {
		return
	}
	now := time.Now()
	if now.Before(q.next) {
		return
	}
	q.next = now.Add(lookPeriod)
	oldest := f.Control().OldestParked()
	var held map[uint16]bool
	kept := q.list[:0]
	for _, r := range q.list {
		if now.Sub(r.since) < quarantineTime || oldest != 0 && oldest <= r.tsc {
			kept = append(kept, r)
			continue
		}
		if r.kind == routerPortNumber {
			if held == nil {
				held = f.routerPortsWithAdjacencies()
			}
			if held[r.number] {
				kept = append(kept, r)
				continue
			}
		}
		q.mu.Lock()
		if q.ripe == nil {
			q.ripe = map[numberKind][]uint16{}
		}
		q.ripe[r.kind] = append(q.ripe[r.kind], r.number)
		q.mu.Unlock()
	}
	q.list = kept
}

func (f *Forwarder) routerPortsWithAdjacencies() map[uint16]bool {
	out := map[uint16]bool{}
	for i := range f.adjs.records {
		if r := &f.adjs.records[i]; r.live {
			out[r.key.routerPort] = true
		}
	}
	return out
}
