// SPDX-License-Identifier: Apache-2.0

package neighbor_test

import (
	"fmt"
	"slices"
	"time"

	"github.com/parkway-gw/parkway/arpbuf/neighbor"
	"github.com/parkway-gw/parkway/internal/topology"
)

// model is the table as a slow reader of the RFC would write it: all entries in a
// slice, all timers looked at each time, states as words.
type model struct {
	max     int
	manage  bool
	entries []*entryModel
	age     int // for the order in which entries became fit for eviction
	did     []string
}

type entryModel struct {
	key                     neighbor.Key
	state                   string
	mac                     topology.MAC
	keep, asking, confirmed bool
	deferred                bool
	pinned                  bool // PERMANENT by configuration
	tries, probes, failures int
	gap, left               time.Duration // left: until the timer, -1 for none
	quiet                   time.Duration // since it was used or heard last
	restedAt                int           // 0: not fit for eviction
	moves                   int           // since sinceMove began
	sinceMove, sinceDoubt   time.Duration
	damped                  bool
	proven                  topology.MAC
	rank                    int // who goes first: 1 never answered, 2 has no MAC any more, 3 is not used
}

const second = time.Second

func newEntryModel(k neighbor.Key) *entryModel {
	return &entryModel{key: k, state: "INCOMPLETE", left: -1, sinceMove: 9999 * second, sinceDoubt: 9999 * second}
}

func (m *model) managed(e *entryModel) bool { return m.manage && e.keep && e.state != "PERMANENT" }

func (m *model) askManaged(e *entryModel) {
	if m.managed(e) && e.state == "INCOMPLETE" {
		m.needed(e)
	}
}

func (m *model) holdOn(e *entryModel) {
	e.left = min(60*second, 5*second<<min(e.failures, 10))
	e.failures++
}

// usedOrNot: has anybody wanted a managed next hop that is FAILED?
func (m *model) usedOrNot(e *entryModel, used bool) {
	switch {
	case !m.managed(e) || e.state != "FAILED":
	case used:
		e.failures--
		m.idle(e)
		m.do(e, "publish")
		m.needed(e)
	default:
		m.retry(e)
	}
}

// retry: one question.
func (m *model) retry(e *entryModel) {
	if !e.deferred {
		e.probes++
		m.do(e, "probe-multicast")
	}
}

func (m *model) beManaged(e *entryModel) {
	if m.managed(e) && e.state == "FAILED" {
		e.failures = 0
		m.holdOn(e)
		m.retry(e)
	}
	m.askManaged(e)
}

// moves: e's host has another MAC, it says. False when that is once too often.
func (m *model) moved(e *entryModel) bool {
	if e.sinceMove >= 10*second {
		e.moves, e.sinceMove, e.damped = 0, 0, false
	}
	if !e.damped && e.moves < 2 {
		e.moves++
		return true
	}
	e.sinceMove = 0
	back := !e.proven.IsZero() && e.proven != e.mac
	if back {
		e.mac = e.proven
	}
	if !e.damped {
		e.damped = true
		m.do(e, "damped")
	}
	if back || e.state != "PROBE" && e.sinceDoubt >= second {
		e.sinceDoubt = 0
		m.to(e, "PROBE")
		m.do(e, "publish")
	}
	return false
}

func (m *model) get(k neighbor.Key) *entryModel {
	for _, e := range m.entries {
		if e.key == k {
			return e
		}
	}
	return nil
}

func (m *model) do(e *entryModel, what string) {
	if what == "publish" {
		what = fmt.Sprintf("publish %s %s", e.state, e.mac)
	}
	m.did = append(m.did, fmt.Sprintf("%s %s", e.key.IP, what))
}

// rest notes since when e may be evicted.
func (m *model) rest(e *entryModel) {
	rank := 0
	switch {
	case e.keep || e.asking || e.state == "PERMANENT":
	case !e.confirmed:
		rank = 1
	case e.state == "INCOMPLETE" || e.state == "FAILED":
		rank = 2
	case e.state == "STALE":
		rank = 3
	}
	switch {
	case rank == 0:
		e.restedAt = 0
	case e.restedAt == 0 || e.rank != rank:
		m.age++
		e.restedAt = m.age
	}
	e.rank = rank
}

func (m *model) recall(e *entryModel) {
	if e.deferred {
		e.deferred = false
		m.do(e, "recall")
	}
}

func (m *model) remove(e *entryModel) {
	m.recall(e)
	m.entries = slices.DeleteFunc(m.entries, func(x *entryModel) bool { return x == e })
	m.do(e, "release")
}

func (m *model) add(k neighbor.Key) *entryModel {
	if e := m.get(k); e != nil {
		return e
	}
	dynamic := 0
	var victim *entryModel
	for _, e := range m.entries {
		if e.keep || e.pinned {
			continue
		}
		dynamic++
		if e.restedAt > 0 && (victim == nil || e.rank < victim.rank ||
			victim.rank == e.rank && e.restedAt < victim.restedAt) {
			victim = e
		}
	}
	if dynamic >= m.max {
		if victim == nil {
			return nil
		}
		m.remove(victim)
	}
	e := newEntryModel(k)
	m.entries = append(m.entries, e)
	m.rest(e)
	return e
}

func (m *model) to(e *entryModel, state string) {
	e.state, e.asking, e.tries, e.probes = state, false, 0, 0
	m.recall(e)
	switch state {
	case "INCOMPLETE":
		e.mac, e.proven, e.left = topology.MAC{}, topology.MAC{}, -1
	case "REACHABLE":
		e.left, e.confirmed, e.failures, e.quiet = 30*second, true, 0, 0
		if age := ageOf(e.key); age > 0 {
			e.left = min(e.left, age)
		}
	case "STALE":
		e.gap, e.failures = second, 0
		m.look(e)
	case "DELAY":
		e.left = 5 * second
	case "PROBE":
		e.left, e.tries, e.probes = second, 1, 1
		m.do(e, "probe-unicast")
	case "FAILED":
		e.mac, e.proven = topology.MAC{}, topology.MAC{}
		e.left = min(60*second, 5*second<<min(e.failures, 10))
		e.failures++
	case "PERMANENT":
		e.left = -1
	}
	m.rest(e)
}

// look sets the timer for the next look at whether e is used.
func (m *model) look(e *entryModel) {
	e.left = e.gap
	if rest := ageOf(e.key) - e.quiet; rest > 0 {
		e.left = min(e.left, rest)
	}
}

func (m *model) needed(e *entryModel) {
	if e.state == "INCOMPLETE" && !e.asking {
		e.asking, e.tries, e.probes, e.left = true, 1, 1, second
		m.do(e, "probe-multicast")
		m.rest(e)
	}
}

// idle: INCOMPLETE, with something to remember or not.
func (m *model) idle(e *entryModel) {
	m.to(e, "INCOMPLETE")
	switch {
	case e.keep:
	case e.confirmed && e.failures == 0:
		e.left = 600 * second
	default:
		e.left = 60 * second
	}
}

func (m *model) forget(e *entryModel) {
	if !e.keep && !e.confirmed {
		m.remove(e)
		return
	}
	was := e.state
	e.failures = 0
	m.idle(e)
	if was != "INCOMPLETE" {
		m.do(e, "publish")
	}
}

// deferral: the owner can't send what was decided last, or now can.
func (m *model) deferral(e *entryModel, sent bool) {
	switch {
	case sent && e.deferred:
		e.deferred, e.probes, e.left = false, e.probes+1, second
		if e.state == "FAILED" {
			e.left = min(60*second, 5*second<<min(e.failures-1, 10))
		}
	case !sent && !e.deferred && (e.asking || e.state == "FAILED") && e.probes > 0:
		e.deferred, e.probes = true, e.probes-1
		if e.probes == 0 && e.asking {
			e.left = -1
		}
	}
}

func (m *model) withdraw(e *entryModel) {
	if e.pinned {
		return
	}
	e.confirmed, e.failures = false, 0
	if e.keep && e.asking {
		m.idle(e)
	} else {
		m.forget(e)
	}
}

// heard is appendix C of RFC 4861 with requests as unsolicited claims that override.
func (m *model) heard(e *entryModel, a neighbor.Advert) {
	same := !a.HasMAC || a.MAC == e.mac
	claim := "STALE"
	if same { // another MAC says nothing of this one
		e.quiet = 0
	}
	if a.Solicited {
		claim = "REACHABLE"
	}
	switch {
	case e.state == "PERMANENT":
	case e.state == "INCOMPLETE" || e.state == "FAILED":
		if a.HasMAC {
			if e.mac, e.quiet = a.MAC, 0; a.Solicited {
				e.proven = a.MAC
			}
			m.to(e, claim)
			m.do(e, "publish")
		}
	case !same && !a.Override:
		if e.state == "REACHABLE" {
			m.to(e, "STALE")
			m.do(e, "publish")
		}
	case !same && !m.moved(e):
	case !same:
		e.mac, e.quiet = a.MAC, 0
		m.to(e, claim)
		m.do(e, "publish")
	case a.Solicited:
		was := e.state
		if was == "PROBE" {
			e.proven = e.mac
		}
		m.to(e, "REACHABLE")
		if was != "REACHABLE" {
			m.do(e, "publish")
		}
	}
}

func (m *model) fire(e *entryModel) {
	e.left = -1
	more := func(what string) {
		e.tries++
		e.left = second
		if !e.deferred {
			e.probes++
			m.do(e, what)
		}
	}
	fail := func() {
		m.to(e, "FAILED")
		m.do(e, "publish")
		m.do(e, "fail-parked")
	}
	switch e.state {
	case "INCOMPLETE":
		switch {
		case !e.asking && e.confirmed && e.failures > 0:
			e.failures, e.left = 0, 600*second
		case !e.asking:
			m.remove(e)
		case e.tries < 3:
			more("probe-multicast")
		default:
			fail()
		}
	case "REACHABLE":
		m.to(e, "STALE")
		m.do(e, "publish")
	case "STALE":
		if m.managed(e) {
			m.to(e, "DELAY")
			m.do(e, "publish")
			return
		}
		e.gap = min(2*e.gap, 16*second)
		m.look(e)
		m.do(e, "sample-use")
	case "DELAY":
		m.to(e, "PROBE")
		m.do(e, "publish")
	case "PROBE":
		if e.tries < 3 {
			more("probe-unicast")
		} else {
			m.forget(e)
			m.askManaged(e)
		}
	case "FAILED":
		if m.managed(e) {
			m.holdOn(e)
			m.do(e, "sample-use")
			return
		}
		m.idle(e)
		m.do(e, "publish")
	}
}

// pass lets time pass, timer by timer.
func (m *model) pass(d time.Duration) {
	for {
		var due *entryModel
		for _, e := range m.entries {
			if e.left >= 0 && (due == nil || e.left < due.left) {
				due = e
			}
		}
		step := d
		if due != nil {
			step = min(step, due.left)
		}
		for _, e := range m.entries {
			e.sinceMove += step
			e.sinceDoubt += step
			if e.quiet += step; e.left >= 0 {
				e.left -= step
			}
		}
		d -= step
		if due == nil || due.left > 0 {
			return
		}
		m.fire(due)
	}
}
