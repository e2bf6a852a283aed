// SPDX-License-Identifier: Apache-2.0

package neighbor

import (
	"net/netip"
	"time"

	"github.com/parkway-gw/parkway/internal/topology"
)

// Key names a next hop: an address behind a router port.
type Key struct {
	RouterPort uint16
	IP         netip.Addr
}

// Entry is one neighbor. The table alone changes it.
type Entry struct {
	// User is the table owner's, who may keep what belongs to the entry there.
	User any

	key    Key
	state  State
	mac    topology.MAC
	origin Origin
	keep   bool // named by a route: stays when unresolved
	router bool // ND: the last advertisement had R set

	asking    bool      // Incomplete: probes are out
	deferred  bool      // the last probe has been decided but not sent
	tries     int       // probes decided since asking or PROBE began
	probes    int       // those that were sent
	failures  int       // FAILED in a row: doubles the hold-off
	confirmed bool      // was REACHABLE at least once
	since     time.Time // state entered
	changed   time.Time // MAC last confirmed or set
	active    time.Time // last sign of life, or of use; see age.go
	sampleGap time.Duration

	moves   int          // since movedAt; see move.go
	movedAt time.Time    // the first of these moves, or the last one that was refused
	damped  bool         // moves are refused until there have been none for a while
	doubted time.Time    // when a refused move last had the MAC verified
	proven  topology.MAC // the one that answered a question last

	deadline time.Time // of the one timer; zero for none
	heapAt   int       // place in the timer heap, -1 for none

	in         *list // of those that may be evicted; nil for none
	prev, next *Entry
}

// Key returns the next hop.
func (e *Entry) Key() Key { return e.key }

// State returns the state.
func (e *Entry) State() State { return e.state }

// MAC returns the MAC; zero while none is known.
func (e *Entry) MAC() topology.MAC { return e.mac }

// Origin says how the MAC was learned.
func (e *Entry) Origin() Origin { return e.origin }

// Kept reports an entry that a route names.
func (e *Entry) Kept() bool { return e.keep }

// IsRouter reports the R flag of the last advertisement (RFC 4861 §4.4).
func (e *Entry) IsRouter() bool { return e.router }

// Pinned reports an entry whose MAC is configured.
func (e *Entry) Pinned() bool { return e.state == Permanent && e.origin == OriginStatic }

// counts reports an entry that has a part in MaxEntries.
func (e *Entry) counts() bool { return !e.keep && !e.Pinned() }

// Asking reports INCOMPLETE with probes out.
func (e *Entry) Asking() bool { return e.asking }

// Probes returns the probes sent since asking, or PROBE, began.
func (e *Entry) Probes() int { return e.probes }

// Deferred reports a probe that waits for its turn on the link; see Table.Deferred.
func (e *Entry) Deferred() bool { return e.deferred }

// Confirmed reports an entry that was REACHABLE at least once since it was made.
func (e *Entry) Confirmed() bool { return e.confirmed }

// Remembered reports an entry that is nothing but the memory of an answer; see
// Config.Remember.
func (e *Entry) Remembered() bool {
	return e.confirmed && !e.keep && e.state == Incomplete && !e.asking
}

// Since returns when the entry came into its state.
func (e *Entry) Since() time.Time { return e.since }

// Changed returns when the MAC was last set or confirmed.
func (e *Entry) Changed() time.Time { return e.changed }

// Active returns when packets went there, or its host was heard, for the last time, as far
// as is known.
func (e *Entry) Active() time.Time { return e.active }

// Deadline returns when the entry's timer fires; zero for never.
func (e *Entry) Deadline() time.Time { return e.deadline }
