// SPDX-License-Identifier: Apache-2.0

package neighbor_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

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
			fail()
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

// The table does what the model does, event by event, with random events at random
// times over a handful of neighbors, some of them gateways, at a small bound.
func TestAgainstModel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		tab := neighbor.New(neighbor.Config{Rand: func() float64 { return 0.5 }, MaxEntries: 3})
		m := &model{max: 3}
		now := t0
		macs := []topology.MAC{m1, m2}
		var acts []neighbor.Action
		for i := range 6 {
			if i < 2 {
				tab.Gateway(now, key(i))
				e := &entryModel{key: key(i), state: "INCOMPLETE", keep: true, left: -1}
				m.entries = append(m.entries, e)
			}
		}
		for i := range rapid.IntRange(1, 120).Draw(t, "events") {
			// The odd nanoseconds keep two timers from being due at once, where any
			// order is right.
			gap := time.Duration(rapid.Int64Range(0, 7e9).Draw(t, "gap")) + time.Duration(7919*i+1)
			m.did, acts = nil, nil
			m.pass(gap)
			for target := now.Add(gap); ; { // each at its own time
				at, ok := tab.Next()
				if !ok || at.After(target) {
					now = target
					break
				}
				now = at
				acts = append(acts, tab.Advance(now, 1)...)
			}
			k := key(rapid.IntRange(0, 5).Draw(t, "neighbor"))
			mac := macs[rapid.IntRange(0, 1).Draw(t, "mac")]
			event := rapid.SampledFrom([]string{"add", "needed", "heard", "requested", "used", "confirmed", "flush",
				"link down", "pin", "nothing"}).Draw(t, "event")
			e, x := tab.Get(k), m.get(k)
			switch {
			case event == "add" || event == "needed" && e == nil:
				var more []neighbor.Action
				e, more = tab.Add(now, k)
				acts = append(acts, more...)
				x = m.add(k)
				if (e == nil) != (x == nil) {
					t.Fatalf("a place for %s: %v, model %v", k.IP, e != nil, x != nil)
				}
				if e != nil && event == "needed" {
					acts = append(acts, tab.Needed(now, e)...)
					m.needed(x)
				}
			case e == nil || event == "nothing":
			case event == "needed":
				acts = append(acts, tab.Needed(now, e)...)
				m.needed(x)
			case event == "heard":
				a := neighbor.Advert{MAC: mac, HasMAC: rapid.Bool().Draw(t, "has mac"),
					Solicited: rapid.Bool().Draw(t, "S"), Override: rapid.Bool().Draw(t, "O")}
				acts = append(acts, tab.Heard(now, e, a)...)
				m.heard(x, a)
			case event == "requested":
				acts = append(acts, tab.Requested(now, e, mac)...)
				m.heard(x, neighbor.Advert{MAC: mac, HasMAC: true, Override: true})
			case event == "used":
				acts = append(acts, tab.Used(now, e)...)
				if x.state == "STALE" {
					m.to(x, "DELAY")
					m.do(x, "publish")
				}
			case event == "confirmed":
				acts = append(acts, tab.Confirmed(now, e)...)
				if x.state != "INCOMPLETE" {
					m.heard(x, neighbor.Advert{Solicited: true})
				}
			case event == "flush":
				acts = append(acts, tab.Flush(now, e)...)
				if !x.asking && x.state != "PERMANENT" {
					m.forget(x)
				}
			case event == "link down":
				acts = append(acts, tab.LinkDown(now, e)...)
				switch {
				case x.asking:
					m.to(x, "INCOMPLETE")
					m.do(x, "discard-parked")
				case x.state != "INCOMPLETE" && x.state != "PERMANENT":
					m.forget(x)
				}
			case event == "pin" && rapid.IntRange(0, 9).Draw(t, "really") == 0:
				_, more := tab.Pin(now, k, mac)
				acts = append(acts, more...)
				x.mac = mac
				m.to(x, "PERMANENT")
				m.do(x, "publish")
			}
			compare(t, tab, m, acts, now)
		}
	})
}

func compare(t *rapid.T, tab *neighbor.Table, m *model, acts []neighbor.Action, now time.Time) {
	var did []string
	for _, a := range acts {
		what := a.Op.String()
		if a.Op == neighbor.Publish {
			what = fmt.Sprintf("publish %s %s", a.State, a.MAC)
		}
		did = append(did, fmt.Sprintf("%s %s", a.Entry.Key().IP, what))
	}
	if !slices.Equal(did, m.did) {
		t.Fatalf("did\n%s\nmodel\n%s", strings.Join(did, "\n"), strings.Join(m.did, "\n"))
	}
	if tab.Len() != len(m.entries) {
		t.Fatalf("%d entries, model %d", tab.Len(), len(m.entries))
	}
	for _, x := range m.entries {
		e := tab.Get(x.key)
		if e == nil {
			t.Fatalf("no entry %s", x.key.IP)
		}
		left := time.Duration(-1)
		if !e.Deadline().IsZero() {
			left = e.Deadline().Sub(now)
		}
		if e.State().String() != x.state || e.MAC() != x.mac || e.Asking() != x.asking || left != x.left {
			t.Fatalf("%s: %s %s asking %v, timer %v; model %s %s asking %v, timer %v", x.key.IP,
				e.State(), e.MAC(), e.Asking(), left, x.state, x.mac, x.asking, x.left)
		}
	}
}
