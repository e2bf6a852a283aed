// SPDX-License-Identifier: Apache-2.0

package neighbor

import "time"

// probe decides on a probe. The owner sends it at once, or calls Deferred.
func (t *Table) probe(now time.Time, e *Entry, op Op) {
	e.tries++
	e.probes++
	t.start(e, now.Add(t.cfg.RetransTime))
	t.act(op, e)
}

// Deferred: the multicast probe that was decided last has not gone out; the link has
// had as many as it may and others come first. The first probe is waited for, however
// long it takes, since without one nobody can answer. A repetition has RetransTime; if
// it has not gone out by then, it is let go and the next one takes its place.
func (t *Table) Deferred(e *Entry) {
	if !e.asking && e.state != Failed || e.deferred || e.probes == 0 {
		return
	}
	e.deferred = true
	e.probes--
	t.stats.MulticastProbes--
	if e.probes == 0 && e.asking {
		t.stop(e)
	}
}

// Sent: the deferred probe has gone out. Time runs from now on, so that probes are
// RetransTime apart on the wire too (checklist A4).
func (t *Table) Sent(now time.Time, e *Entry) {
	if !e.deferred {
		return
	}
	e.deferred = false
	e.probes++
	t.stats.MulticastProbes++
	if e.state == Failed { // a probe of manage.go
		t.start(e, now.Add(t.retryIn(e)))
		return
	}
	t.start(e, now.Add(t.cfg.RetransTime))
}

// Unneeded: nobody waits for e any more. A first probe that has not gone out yet need
// not; probes that have are left to end by themselves.
func (t *Table) Unneeded(now time.Time, e *Entry) []Action {
	if e.asking && e.deferred && e.probes == 0 && !t.managed(e) {
		t.idle(now, e)
	}
	return t.take()
}

// again decides on a repetition.
func (t *Table) again(now time.Time, e *Entry) {
	if !e.deferred {
		t.probe(now, e, ProbeMulticast)
		return
	}
	// The one before still waits: it keeps its place and counts as this one.
	e.tries++
	t.start(e, now.Add(t.cfg.RetransTime))
}
