// SPDX-License-Identifier: Apache-2.0

package neighbor

import "time"

// A neighbor whose MAC changes is believed at once: a fail-over must not wait. One that
// goes to and fro is two hosts with one address, or a loop, or somebody who wants it. From
// the move after Config.MaxMoves within Config.MoveWindow on, the entry is damped: it goes
// back to the MAC that answered a question of ours last, claims of another are counted and
// not believed, and each, at most one in RetransTime, has the MAC verified by unicast
// probes. So a MAC that is dead is found out within UcastSolicit × RetransTime, and then
// everybody is asked. MoveWindow without a refused claim ends it.

// mayMove counts a move of e's.
func (t *Table) mayMove(now time.Time, e *Entry) bool {
	if t.cfg.MaxMoves < 0 {
		return true
	}
	if now.Sub(e.movedAt) >= t.cfg.MoveWindow {
		e.moves, e.movedAt, e.damped = 0, now, false
	}
	if !e.damped && e.moves < t.cfg.MaxMoves {
		e.moves++
		return true
	}
	return false
}

// damp refuses a move.
func (t *Table) damp(now time.Time, e *Entry) {
	t.stats.Damped++
	e.movedAt = now
	back := !e.proven.IsZero() && e.proven != e.mac
	if back {
		e.mac, e.changed = e.proven, now
	}
	if !e.damped {
		e.damped = true
		t.act(Damped, e)
	}
	if back || e.state != Probe && now.Sub(e.doubted) >= t.cfg.RetransTime {
		e.doubted = now
		t.enter(now, e, Probe)
		t.act(Publish, e)
	}
}

// Flapping reports an entry whose moves are refused.
func (t *Table) Flapping(now time.Time, e *Entry) bool {
	return e.damped && now.Sub(e.movedAt) < t.cfg.MoveWindow
}
