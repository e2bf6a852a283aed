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
	entries []*entryModel
	age     int // for the order in which entries became fit for eviction
	did     []string
}

type entryModel struct {
	key                     neighbor.Key
	state                   string
	mac                     topology.MAC
	keep, asking, confirmed bool
	probes, failures        int
	gap, left               time.Duration // left: until the timer, -1 for none
	restedAt                int           // 0: not fit for eviction
}

const second = time.Second

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
	fit := !e.keep && !e.asking && !e.confirmed && e.state != "PERMANENT"
	if fit && e.restedAt == 0 {
		m.age++
		e.restedAt = m.age
	} else if !fit {
		e.restedAt = 0
	}
}

func (m *model) remove(e *entryModel) {
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
		if e.keep || e.state == "PERMANENT" {
			continue
		}
		dynamic++
		if e.restedAt > 0 && (victim == nil || e.restedAt < victim.restedAt) {
			victim = e
		}
	}
	if dynamic >= m.max {
		if victim == nil {
			return nil
		}
		m.remove(victim)
	}
	e := &entryModel{key: k, state: "INCOMPLETE", left: -1}
	m.entries = append(m.entries, e)
	m.rest(e)
	return e
}

func (m *model) to(e *entryModel, state string) {
	e.state, e.asking, e.probes = state, false, 0
	switch state {
	case "INCOMPLETE":
		e.mac, e.left = topology.MAC{}, -1
	case "REACHABLE":
		e.left, e.confirmed, e.failures = 30*second, true, 0
	case "STALE":
		e.left, e.gap, e.failures = second, second, 0
	case "DELAY":
		e.left = 5 * second
	case "PROBE":
		e.left, e.probes = second, 1
		m.do(e, "probe-unicast")
	case "FAILED":
		e.mac = topology.MAC{}
		e.left = min(60*second, 5*second<<min(e.failures, 10))
		e.failures++
	case "PERMANENT":
		e.left = -1
	}
	m.rest(e)
}

func (m *model) needed(e *entryModel) {
	if e.state == "INCOMPLETE" && !e.asking {
		e.asking, e.probes, e.left = true, 1, second
		m.do(e, "probe-multicast")
		m.rest(e)
	}
}

func (m *model) forget(e *entryModel) {
	if !e.keep {
		m.remove(e)
		return
	}
	was := e.state
	e.confirmed, e.failures = false, 0
	m.to(e, "INCOMPLETE")
	if was != "INCOMPLETE" {
		m.do(e, "publish")
	}
}

// heard is appendix C of RFC 4861 with requests as unsolicited claims that override.
func (m *model) heard(e *entryModel, a neighbor.Advert) {
	same := !a.HasMAC || a.MAC == e.mac
	claim := "STALE"
	if a.Solicited {
		claim = "REACHABLE"
	}
	switch {
	case e.state == "PERMANENT":
	case e.state == "INCOMPLETE" || e.state == "FAILED":
		if a.HasMAC {
			e.mac = a.MAC
			m.to(e, claim)
			m.do(e, "publish")
		}
	case !same && !a.Override:
		if e.state == "REACHABLE" {
			m.to(e, "STALE")
			m.do(e, "publish")
		}
	case !same:
		e.mac = a.MAC
		m.to(e, claim)
		m.do(e, "publish")
	case a.Solicited:
		was := e.state
		m.to(e, "REACHABLE")
		if was != "REACHABLE" {
			m.do(e, "publish")
		}
	}
}

func (m *model) fire(e *entryModel) {
	e.left = -1
	more := func(what string) {
		e.probes++
		e.left = second
		m.do(e, what)
	}
	fail := func() {
		m.to(e, "FAILED")
		m.do(e, "publish")
		m.do(e, "fail-parked")
	}
	switch e.state {
	case "INCOMPLETE":
		switch {
		case !e.asking:
			m.remove(e)
		case e.probes < 3:
			more("probe-multicast")
		default:
			fail()
		}
	case "REACHABLE":
		m.to(e, "STALE")
		m.do(e, "publish")
	case "STALE":
		e.gap = min(2*e.gap, 16*second)
		e.left = e.gap
		m.do(e, "sample-use")
	case "DELAY":
		m.to(e, "PROBE")
		m.do(e, "publish")
	case "PROBE":
		if e.probes < 3 {
			more("probe-unicast")
		} else {
			m.forget(e)
		}
	case "FAILED":
		m.to(e, "INCOMPLETE")
		m.do(e, "publish")
		if !e.keep {
			e.left = 60 * second
		}
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
			if e.left >= 0 {
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
