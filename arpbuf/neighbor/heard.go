// SPDX-License-Identifier: Apache-2.0

package neighbor

import (
	"time"

	"github.com/parkway-gw/parkway/internal/topology"
)

// Advert is what a neighbor says of itself: an ARP reply or announcement, or a
// neighbor advertisement.
type Advert struct {
	MAC       topology.MAC
	HasMAC    bool // ND may leave it out: the cached one is confirmed (checklist N7)
	Solicited bool // it answers a question of ours
	Override  bool // it may replace a cached MAC; ARP always may
	Router    bool // ND: the R flag
}

// ARPReply returns the Advert of an ARP reply aimed at us, ARPAnnouncement that of
// a gratuitous ARP: both replace what is cached (RFC 826, checklist A8).
func ARPReply(mac topology.MAC) Advert {
	return Advert{MAC: mac, HasMAC: true, Solicited: true, Override: true}
}

// ARPAnnouncement: see ARPReply.
func ARPAnnouncement(mac topology.MAC) Advert { return Advert{MAC: mac, HasMAC: true, Override: true} }

// Heard: e's host advertised itself. RFC 4861 §7.2.5 with appendix C, checklist N8.
func (t *Table) Heard(now time.Time, e *Entry, a Advert) []Action {
	switch e.state {
	case Incomplete, Failed:
		if a.HasMAC {
			e.router = a.Router
			t.resolve(now, e, a)
		}
	case Reachable, Stale, Delay, Probe:
		e.router = a.Router
		if !a.HasMAC || a.MAC == e.mac {
			e.active = now
		}
		t.update(now, e, a)
	case Permanent:
		if a.HasMAC && a.MAC != e.mac {
			t.stats.Conflicts++
		}
	}
	return t.take()
}

// Requested: e's host asked for us, or for somebody else, and told its MAC: ARP
// request, NS or RS with source link-layer address. RFC 826; RFC 4861 §7.2.3,
// checklist A1 and N6. It proves nothing about the way to the host, so a new MAC
// is STALE and a known one keeps its state.
func (t *Table) Requested(now time.Time, e *Entry, mac topology.MAC) []Action {
	switch e.state {
	case Incomplete, Failed:
		t.resolve(now, e, Advert{MAC: mac, HasMAC: true})
	case Reachable, Stale, Delay, Probe:
		if mac != e.mac {
			t.move(now, e, mac, false)
		} else {
			e.active = now
		}
	case Permanent:
		if mac != e.mac {
			t.stats.Conflicts++
		}
	}
	return t.take()
}

// resolve: the first MAC of an entry without one. What waited goes out.
func (t *Table) resolve(now time.Time, e *Entry, a Advert) {
	t.stats.Resolved++
	e.mac, e.changed, e.active = a.MAC, now, now
	if a.Solicited {
		e.proven = a.MAC
		t.enter(now, e, Reachable)
	} else {
		t.enter(now, e, Stale)
	}
	t.act(Publish, e)
}

// update is the table of RFC 4861 §7.2.5 for an entry that has a MAC.
func (t *Table) update(now time.Time, e *Entry, a Advert) {
	differs := a.HasMAC && a.MAC != e.mac
	switch {
	case differs && !a.Override:
		// I. It may be another's claim: do not use it, but trust the old one less.
		if e.state == Reachable {
			t.enter(now, e, Stale)
			t.act(Publish, e)
		}
	case differs: // II. a new MAC
		t.move(now, e, a.MAC, a.Solicited)
	case a.Solicited: // II. the same, confirmed
		if e.state == Probe {
			e.proven = e.mac
		}
		t.reachable(now, e)
	}
}

// move: the host has another MAC; the next packet goes there (checklist A8), unless it
// has moved too often.
func (t *Table) move(now time.Time, e *Entry, mac topology.MAC, solicited bool) {
	if !t.mayMove(now, e) {
		t.damp(now, e)
		return
	}
	t.stats.Moves++
	e.mac, e.changed, e.active = mac, now, now
	if solicited {
		t.enter(now, e, Reachable)
	} else {
		t.enter(now, e, Stale)
	}
	t.act(Publish, e)
}

// reachable confirms e; workers hear of it only when the state changes.
func (t *Table) reachable(now time.Time, e *Entry) {
	was := e.state
	t.enter(now, e, Reachable)
	if was != Reachable {
		t.act(Publish, e)
	}
}
