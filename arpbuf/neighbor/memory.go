// SPDX-License-Identifier: Apache-2.0

package neighbor

import "time"

// RFC 4861 §7.3.3 deletes a neighbor that no longer answers, so that the next packet
// asks everybody. To whoever uses the table it is deleted; the table remembers that
// it did answer, for Config.Remember without a packet for it, and gives such entries
// up later than those that never did.

// idle puts e into INCOMPLETE, not asking, for as long as there is something to
// remember: the failures in a row, which make the next hold-off longer, or an answer.
func (t *Table) idle(now time.Time, e *Entry) {
	t.enter(now, e, Incomplete)
	switch {
	case e.keep:
	case e.confirmed && e.failures == 0:
		t.start(e, now.Add(t.cfg.Remember))
	default:
		t.start(e, now.Add(t.cfg.MaxFailedHoldoff))
	}
}

// fade: nobody has asked for e in all the time that idle gave it.
func (t *Table) fade(now time.Time, e *Entry) {
	if e.confirmed && e.failures > 0 { // those are forgiven, the answer still counts
		e.failures = 0
		t.start(e, now.Add(t.cfg.Remember))
		return
	}
	t.remove(e)
}

// forget ends what e knows, but for the memory of an answer.
func (t *Table) forget(now time.Time, e *Entry) {
	if !e.keep && !e.confirmed {
		t.remove(e)
		return
	}
	was := e.state
	e.failures = 0
	t.idle(now, e)
	if was != Incomplete {
		t.act(Publish, e)
	}
}

// Withdraw: e's router, router port or route goes away. Nothing is kept, the memory
// neither, nor what a command has added; only what the configuration says stays. What
// waits must have been freed.
func (t *Table) Withdraw(now time.Time, e *Entry) []Action {
	if !e.Pinned() {
		e.confirmed, e.failures, e.origin = false, 0, learnedBy(e.key)
		if e.keep && e.asking {
			t.idle(now, e)
		} else {
			t.forget(now, e)
		}
	}
	return t.take()
}
