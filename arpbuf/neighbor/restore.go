// SPDX-License-Identifier: Apache-2.0

package neighbor

import (
	"time"

	"github.com/parkway-gw/parkway/internal/topology"
)

// Restore gives e the MAC that it had in an earlier life, where it was used or heard of
// age ago for the last time: it is STALE, so packets go there at once and the first look
// at its use leads to DELAY and PROBE (RFC 4861 §7.3.3). That look comes after
// Config.SampleUse and later, so that a table full of restored entries need not be
// verified all at once. confirmed says that it has answered in that life. An entry that
// knows anything already, or is being asked for, stays as it is.
func (t *Table) Restore(now time.Time, e *Entry, mac topology.MAC, age time.Duration, confirmed bool, later time.Duration) []Action {
	if e.state != Incomplete || e.asking {
		return t.take()
	}
	e.mac, e.changed, e.active, e.confirmed = mac, now.Add(-age), now.Add(-age), confirmed
	t.enter(now, e, Stale)
	t.start(e, now.Add(t.cfg.SampleUse+later))
	t.act(Publish, e)
	return t.take()
}

// Room is how many entries Add can make without taking another's place.
func (t *Table) Room() int { return t.cfg.MaxEntries - t.dynamic }
