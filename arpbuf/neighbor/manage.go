// SPDX-License-Identifier: Apache-2.0

package neighbor

import "time"

// Managed next hops are those that routes name, where Config.Manage is set: they are
// resolved before the first packet comes, verified by unicast probes whether packets use
// them or not, and asked for again when they have failed. RFC 7048 §3 has the last: a next
// hop without an alternative is not given up but asked for more and more seldom, one
// solicitation to everybody at the end of each hold-off (checklist N11). Meanwhile it
// stays FAILED, so that packets with an alternative keep to that until there is an answer.
// Only if packets came for it all the same, which then have none, is it INCOMPLETE again:
// they may wait while it is asked for, and their senders hear if that is in vain. The
// configuration is never touched.

func (t *Table) managed(e *Entry) bool { return t.cfg.Manage && e.keep && e.state != Permanent }

// Manage starts, or starts over, the questions for e: it is new, or its link has come up.
// Nothing happens to an entry that is not managed, has its MAC or is being asked for.
func (t *Table) Manage(now time.Time, e *Entry) []Action {
	if t.managed(e) {
		switch e.state {
		case Incomplete:
			t.askManaged(now, e)
		case Failed:
			e.failures = 0
			t.holdOn(now, e)
			t.retry(e)
		case Reachable, Stale, Delay, Probe, Permanent:
		}
	}
	return t.take()
}

// askManaged asks for e if it is managed and nobody has yet.
func (t *Table) askManaged(now time.Time, e *Entry) {
	if t.managed(e) && e.state == Incomplete && !e.asking {
		t.ask(now, e)
	}
}

// retryIn is the time from a question for e, FAILED, to the next: the hold-off, but never
// less than between probes (checklist A4).
func (t *Table) retryIn(e *Entry) time.Duration {
	return max(t.holdoff(e.failures-1), t.cfg.RetransTime)
}

// holdOn begins another hold-off.
func (t *Table) holdOn(now time.Time, e *Entry) {
	e.failures++
	t.start(e, now.Add(t.retryIn(e)))
}

// wanted: packets came for e while it was FAILED.
func (t *Table) wanted(now time.Time, e *Entry) {
	e.failures-- // that of the hold-off which has just begun
	t.idle(now, e)
	t.act(Publish, e)
	t.ask(now, e)
}

// retry asks once for e, which stays FAILED. A probe that still waits for its turn on the
// link keeps its place.
func (t *Table) retry(e *Entry) {
	if !e.deferred {
		e.probes++
		t.act(ProbeMulticast, e)
	}
}
