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

// The table does what the model does, event by event, with random events at random
// times over a handful of neighbors, some of them gateways, at a small bound.
func TestAgainstModel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		manage := rapid.Bool().Draw(t, "manage")
		tab := neighbor.New(neighbor.Config{Rand: func() float64 { return 0.5 }, MaxEntries: 3, Age: ageOf, Manage: manage, MaxMoves: 2})
		m := &model{max: 3, manage: manage}
		now := t0
		macs := []topology.MAC{m1, m2}
		var acts []neighbor.Action
		for i := range 6 {
			if i < 2 {
				tab.Gateway(now, key(i))
				e := newEntryModel(key(i))
				e.keep = true
				m.entries = append(m.entries, e)
			}
		}
		for i := range rapid.IntRange(1, 120).Draw(t, "events") {
			// The odd nanoseconds keep two timers from being due at once, where any
			// order is right.
			gap := time.Duration(rapid.OneOf(rapid.Int64Range(0, 7e8), rapid.Int64Range(0, 7e9), rapid.Int64Range(0, 700e9)).Draw(t, "gap")) + time.Duration(7919*i+1)
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
				"link down", "pin", "deferred", "sent", "unneeded", "withdraw", "unused", "touched", "fix", "restore", "manage", "nothing"}).Draw(t, "event")
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
				m.usedOrNot(x, true)
				if x.state == "STALE" {
					x.quiet = 0
					m.to(x, "DELAY")
					m.do(x, "publish")
				}
			case event == "confirmed":
				acts = append(acts, tab.Confirmed(now, e)...)
				if x.state != "INCOMPLETE" {
					m.heard(x, neighbor.Advert{Solicited: true})
				}
			case event == "unused":
				acts = append(acts, tab.Unused(now, e)...)
				m.usedOrNot(x, false)
				if age := ageOf(k); x.state == "STALE" && age > 0 && x.quiet >= age {
					m.forget(x)
				}
			case event == "touched":
				tab.Touched(now, e)
				x.quiet = 0
			case event == "flush":
				acts = append(acts, tab.Flush(now, e)...)
				remembered := x.confirmed && !x.keep && x.state == "INCOMPLETE"
				if !x.asking && !remembered && x.state != "PERMANENT" {
					idle := x.state == "INCOMPLETE"
					if m.forget(x); !idle {
						m.askManaged(x)
					}
				}
			case event == "link down":
				acts = append(acts, tab.LinkDown(now, e)...)
				switch {
				case x.asking:
					m.idle(x)
					m.do(x, "discard-parked")
				case x.state != "INCOMPLETE" && x.state != "PERMANENT":
					m.forget(x)
				}
			case event == "deferred":
				tab.Deferred(e)
				m.deferral(x, false)
			case event == "sent":
				tab.Sent(now, e)
				m.deferral(x, true)
			case event == "unneeded":
				acts = append(acts, tab.Unneeded(now, e)...)
				if x.asking && x.deferred && x.probes == 0 && !m.managed(x) {
					m.idle(x)
				}
			case event == "withdraw":
				acts = append(acts, tab.Withdraw(now, e)...)
				m.withdraw(x)
			case event == "manage":
				acts = append(acts, tab.Manage(now, e)...)
				m.beManaged(x)
			case event == "restore":
				acts = append(acts, tab.Restore(now, e, mac, 40*second, true, 3*second)...)
				if x.state == "INCOMPLETE" && !x.asking {
					x.mac, x.quiet, x.confirmed = mac, 40*second, true
					m.to(x, "STALE")
					x.left = 4 * second
					m.do(x, "publish")
				}
			case event == "fix" && rapid.IntRange(0, 3).Draw(t, "really") == 0:
				acts = append(acts, tab.Fix(now, e, mac)...)
				if !x.pinned {
					x.mac = mac
					m.to(x, "PERMANENT")
					m.do(x, "publish")
				}
			case event == "pin" && rapid.IntRange(0, 9).Draw(t, "really") == 0:
				_, more := tab.Pin(now, k, mac)
				acts = append(acts, more...)
				x.mac, x.pinned = mac, true
				m.to(x, "PERMANENT")
				m.do(x, "publish")
			}
			compare(t, tab, m, acts, now)
		}
	})
}

// ageOf: key 0 and 4 age slowly, 1 and 5 sooner than REACHABLE ends, the others never.
func ageOf(k neighbor.Key) time.Duration {
	return []time.Duration{100 * second, 7 * second, 0, 0, 60 * second, second}[k.IP.As4()[3]]
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
		if e.State().String() != x.state || e.MAC() != x.mac || e.Asking() != x.asking || left != x.left ||
			e.Deferred() != x.deferred || e.Probes() != x.probes {
			t.Fatalf("%s: %s %s asking %v, timer %v, %d probes, deferred %v; model %s %s asking %v, timer %v, %d probes, deferred %v",
				x.key.IP, e.State(), e.MAC(), e.Asking(), left, e.Probes(), e.Deferred(),
				x.state, x.mac, x.asking, x.left, x.probes, x.deferred)
		}
	}
}
