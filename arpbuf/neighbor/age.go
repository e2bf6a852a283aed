// SPDX-License-Identifier: Apache-2.0

package neighbor

import "time"

// Aging is OVN's mac_binding_age_threshold: a MAC that nobody has used, and whose host
// nobody has heard, for so long is forgotten. What counts is what counts for OVN: packets
// sent there, and ARP or ND from the host that tells the same MAC. A MAC in use never
// ages: STALE leads to DELAY, PROBE and, with an answer, REACHABLE again.
//
// Only STALE is looked at. REACHABLE lasts no longer than the threshold, so that a short
// one is kept too, to the second that the first look at STALE comes after. OVN does not
// ask whether a route names the next hop, so a gateway's MAC ages like any other; the
// gateway's entry stays, INCOMPLETE. PERMANENT does not age.

// withinAge bounds how long e stays REACHABLE.
func (t *Table) withinAge(e *Entry, d time.Duration) time.Duration {
	if age := t.cfg.Age(e.key); age > 0 {
		return min(d, age)
	}
	return d
}

// nextLook is when to look next at whether e, STALE, is used.
func (t *Table) nextLook(now time.Time, e *Entry) time.Time {
	at := now.Add(e.sampleGap)
	if age := t.cfg.Age(e.key); age > 0 {
		if due := e.active.Add(age); due.After(now) && due.Before(at) {
			return due
		}
	}
	return at
}

// Unused: no packet went to e since the last look.
func (t *Table) Unused(now time.Time, e *Entry) []Action {
	switch e.state {
	case Stale:
		if age := t.cfg.Age(e.key); age > 0 && now.Sub(e.active) >= age {
			t.stats.Aged++
			t.forget(now, e)
		}
	case Failed:
		if t.managed(e) {
			t.retry(e)
		}
	case Incomplete, Reachable, Delay, Probe, Permanent:
	}
	return t.take()
}

// Touched: packets went to e up to now. Unlike Used it asks for no verification: they
// went while e was REACHABLE.
func (t *Table) Touched(now time.Time, e *Entry) { e.active = now }
