// SPDX-License-Identifier: Apache-2.0

package neighbor_test

import (
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/parkway-gw/parkway/arpbuf/neighbor"
	"github.com/parkway-gw/parkway/internal/topology"
)

// The transitions, each with the row of the test that proves it. "+" is a packet to
// everybody, "u" one to the cached MAC, P what workers hear of, F parked packets
// failed, D discarded, S a look at the used-bit, R the entry released, C a deferred
// probe recalled. m1 is the cached MAC, m2 another. "memory" is INCOMPLETE, not asking,
// for 10 min. RFC 4861 §7.3.2 and appendix C.
//
//	from         event                         to           does
//	INCOMPLETE   needed                        INCOMPLETE   +        asking
//	 (asking)    needed again                  =
//	             timer, probes left            INCOMPLETE   +
//	             timer, none left              FAILED       P F
//	             answer / NA S=1               REACHABLE    P
//	             request / NA S=0 / GARP       STALE        P
//	             NA without MAC                =
//	             flush                         =
//	             link down                     INCOMPLETE   D        not asking
//	             withdraw                      gone         R
//	             first probe deferred          =                     no timer
//	             unneeded, none sent           INCOMPLETE   C        not asking
//	             unneeded, one sent            =
//	             timer, repetition deferred    INCOMPLETE            keeps its place
//	             sent                          INCOMPLETE            timer anew
//	             last timer, deferred          FAILED       C P F
//	             answer, deferred              REACHABLE    C P
//	INCOMPLETE   flush                         gone         R
//	 (idle)      link down, used, confirmed    =
//	             timer                         gone         R
//	memory       needed                        INCOMPLETE   +        asking
//	             flush, link down              =
//	             timer, withdraw               gone         R
//	REACHABLE    timer                         STALE        P
//	             answer m1                     REACHABLE             timer anew
//	             answer m2                     REACHABLE    P
//	             NA S=1 without MAC            REACHABLE             timer anew
//	             NA O=0 m2                     STALE        P        keeps m1
//	             request m1                    =
//	             request m2 / GARP m2          STALE        P
//	STALE        used                          DELAY        P
//	             timer                         STALE        S
//	             answer m1                     REACHABLE    P
//	             NA O=0 m2                     =
//	             GARP m2                       STALE        P
//	             unused, too young             =
//	             unused, aged                  gone         R
//	              if it was ever REACHABLE     memory       P
//	             touched                       =                     young again
//	DELAY        timer                         PROBE        u P
//	             confirmed                     REACHABLE    P
//	             NA S=1 without MAC            REACHABLE    P
//	             request m2                    STALE        P
//	PROBE        timer, probes left            PROBE        u
//	             timer, none left              gone         R        the next packet asks anew
//	              if it was ever REACHABLE     memory       P
//	             answer m1 / NA S=1            REACHABLE    P
//	             GARP m2                       STALE        P
//	FAILED       needed                        =
//	             answer                        REACHABLE    P
//	             request / GARP                STALE        P
//	             timer                         INCOMPLETE   P        not asking
//	usable, FAILED: flush, link down           gone         R
//	 if it was ever REACHABLE                  memory       P
//	any but PERMANENT: withdraw                gone         R
//	INCOMPLETE   restore m1                    STALE        P        first look when told
//	 (idle), memory
//	any other    restore                       =
//	any other    fix m2                        PERMANENT    P        added, with m2
//	PERMANENT    anything                      =
//	 (added)     fix m2                        PERMANENT    P        with m2
//	             withdraw                      gone         R
var (
	t0 = time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)
	m1 = topology.MAC{2, 0, 0, 0, 0, 1}
	m2 = topology.MAC{2, 0, 0, 0, 0, 2}
	ip = netip.MustParseAddr("192.0.2.1")
	k  = neighbor.Key{RouterPort: 3, IP: ip}
)

// bench is a table with one entry and a clock.
type bench struct {
	t   *neighbor.Table
	e   *neighbor.Entry
	now time.Time
}

func newBench() *bench { return agingBench(0) }

// agingBench is newBench with mac_binding_age_threshold.
func agingBench(age time.Duration) *bench {
	b := &bench{now: t0}
	b.t = neighbor.New(neighbor.Config{Rand: func() float64 { return 0.5 }, Age: func(neighbor.Key) time.Duration { return age }})
	b.e, _ = b.t.Add(b.now, k)
	return b
}

// fire lets the entry's timer fire.
func (b *bench) fire() []neighbor.Action {
	at, ok := b.t.Next()
	if !ok {
		return nil
	}
	b.now = at
	return b.t.Advance(b.now, 10)
}

func (b *bench) needed() []neighbor.Action    { return b.t.Needed(b.now, b.e) }
func (b *bench) used() []neighbor.Action      { return b.t.Used(b.now, b.e) }
func (b *bench) confirmed() []neighbor.Action { return b.t.Confirmed(b.now, b.e) }
func (b *bench) flush() []neighbor.Action     { return b.t.Flush(b.now, b.e) }
func (b *bench) linkDown() []neighbor.Action  { return b.t.LinkDown(b.now, b.e) }
func (b *bench) unused() []neighbor.Action    { return b.t.Unused(b.now, b.e) }
func (b *bench) touched() []neighbor.Action   { b.t.Touched(b.now, b.e); return b.t.Unused(b.now, b.e) }
func (b *bench) withdraw() []neighbor.Action  { return b.t.Withdraw(b.now, b.e) }
func (b *bench) restore() []neighbor.Action {
	return b.t.Restore(b.now, b.e, m1, time.Minute, false, 9*time.Second)
}
func (b *bench) fix() []neighbor.Action      { return b.t.Fix(b.now, b.e, m2) }
func (b *bench) unneeded() []neighbor.Action { return b.t.Unneeded(b.now, b.e) }
func (b *bench) deferred() []neighbor.Action { b.t.Deferred(b.e); return nil }
func (b *bench) sent() []neighbor.Action     { b.t.Sent(b.now, b.e); return nil }
func (b *bench) answer(m topology.MAC) []neighbor.Action {
	return b.t.Heard(b.now, b.e, neighbor.ARPReply(m))
}
func (b *bench) garp(m topology.MAC) []neighbor.Action {
	return b.t.Heard(b.now, b.e, neighbor.ARPAnnouncement(m))
}
func (b *bench) request(m topology.MAC) []neighbor.Action { return b.t.Requested(b.now, b.e, m) }
func (b *bench) na(a neighbor.Advert) []neighbor.Action   { return b.t.Heard(b.now, b.e, a) }

// come brings a new bench into a state by the shortest way.
var come = map[string]func(*bench){
	"idle":      func(*bench) {},
	"asking":    func(b *bench) { b.needed() },
	"last":      func(b *bench) { b.needed(); b.fire(); b.fire() },
	"reachable": func(b *bench) { b.needed(); b.answer(m1) },
	"stale":     func(b *bench) { b.request(m1) },
	"delay":     func(b *bench) { b.request(m1); b.used() },
	"probe":     func(b *bench) { b.request(m1); b.used(); b.fire() },
	"lastprobe": func(b *bench) { b.request(m1); b.used(); b.fire(); b.fire(); b.fire() },
	"failed":    func(b *bench) { b.needed(); b.fire(); b.fire(); b.fire() },
	"deferred":  func(b *bench) { b.needed(); b.deferred() },
	"repeating": func(b *bench) { b.needed(); b.fire(); b.deferred() },
	"latelast":  func(b *bench) { b.needed(); b.fire(); b.deferred(); b.fire() },
	"memory":    func(b *bench) { b.needed(); b.answer(m1); b.flush() },
	"silenced": func(b *bench) { // answered once, not any more
		b.needed()
		b.answer(m1)
		b.fire()
		b.used()
		b.fire()
		b.fire()
		b.fire()
	},
	"refailed": func(b *bench) {
		b.needed()
		b.answer(m1)
		b.flush()
		b.needed()
		b.fire()
		b.fire()
		b.fire()
	},
	"added":     func(b *bench) { b.t.Fix(b.now, b.e, m1) },
	"permanent": func(b *bench) { b.e, _ = b.t.Pin(b.now, k, m1) },
}

func TestTransitions(t *testing.T) {
	const (
		incomplete, reachable, stale, delay = neighbor.Incomplete, neighbor.Reachable, neighbor.Stale, neighbor.Delay
		probe, failed, permanent            = neighbor.Probe, neighbor.Failed, neighbor.Permanent
		P, M, U                             = neighbor.Publish, neighbor.ProbeMulticast, neighbor.ProbeUnicast
		F, D, S, R                          = neighbor.FailParked, neighbor.DiscardParked, neighbor.SampleUse, neighbor.Release
		C                                   = neighbor.Recall
	)
	type event = func(*bench) []neighbor.Action
	fire := (*bench).fire
	answer := func(m topology.MAC) event { return func(b *bench) []neighbor.Action { return b.answer(m) } }
	garp := func(m topology.MAC) event { return func(b *bench) []neighbor.Action { return b.garp(m) } }
	request := func(m topology.MAC) event { return func(b *bench) []neighbor.Action { return b.request(m) } }
	na := func(a neighbor.Advert) event { return func(b *bench) []neighbor.Action { return b.na(a) } }
	type ops = []neighbor.Op
	none := topology.MAC{}
	const second, minute = time.Second, time.Minute

	for _, row := range []struct {
		from, name string
		event      event
		to         neighbor.State
		mac        topology.MAC
		does       ops
		timer      time.Duration // from then on; 0 is none
	}{
		{"idle", "needed", (*bench).needed, incomplete, none, ops{M}, second},
		{"idle", "flush", (*bench).flush, incomplete, none, ops{R}, 0},
		{"idle", "link down", (*bench).linkDown, incomplete, none, nil, 0},
		{"idle", "used", (*bench).used, incomplete, none, nil, 0},
		{"idle", "confirmed", (*bench).confirmed, incomplete, none, nil, 0},
		{"idle", "garp", garp(m1), stale, m1, ops{P}, second},
		{"idle", "answer", answer(m1), reachable, m1, ops{P}, 30 * second},
		{"idle", "unused", (*bench).unused, incomplete, none, nil, 0},

		{"asking", "needed again", (*bench).needed, incomplete, none, nil, second},
		{"asking", "timer, probes left", fire, incomplete, none, ops{M}, second},
		{"last", "timer, none left", fire, failed, none, ops{P, F}, 5 * second},
		{"asking", "answer", answer(m1), reachable, m1, ops{P}, 30 * second},
		{"asking", "garp", garp(m1), stale, m1, ops{P}, second},
		{"asking", "request", request(m1), stale, m1, ops{P}, second},
		{"asking", "NA S=1 O=0", na(neighbor.Advert{MAC: m1, HasMAC: true, Solicited: true}), reachable, m1, ops{P}, 30 * second},
		{"asking", "NA S=0", na(neighbor.Advert{MAC: m1, HasMAC: true}), stale, m1, ops{P}, second},
		{"asking", "NA without MAC", na(neighbor.Advert{Solicited: true, Override: true}), incomplete, none, nil, second},
		{"asking", "flush", (*bench).flush, incomplete, none, nil, second},
		{"asking", "link down", (*bench).linkDown, incomplete, none, ops{D}, minute},
		{"asking", "withdraw", (*bench).withdraw, incomplete, none, ops{R}, 0},
		{"asking", "unneeded", (*bench).unneeded, incomplete, none, nil, second},
		{"asking", "sent", (*bench).sent, incomplete, none, nil, second},

		{"asking", "deferred", (*bench).deferred, incomplete, none, nil, 0},
		{"deferred", "deferred", (*bench).deferred, incomplete, none, nil, 0},
		{"deferred", "needed", (*bench).needed, incomplete, none, nil, 0},
		{"deferred", "sent", (*bench).sent, incomplete, none, nil, second},
		{"deferred", "unneeded", (*bench).unneeded, incomplete, none, ops{C}, minute},
		{"deferred", "answer", answer(m1), reachable, m1, ops{C, P}, 30 * second},
		{"deferred", "garp", garp(m1), stale, m1, ops{C, P}, second},
		{"deferred", "link down", (*bench).linkDown, incomplete, none, ops{C, D}, minute},
		{"deferred", "withdraw", (*bench).withdraw, incomplete, none, ops{C, R}, 0},
		{"deferred", "flush", (*bench).flush, incomplete, none, nil, 0},
		{"repeating", "timer", fire, incomplete, none, nil, second},
		{"repeating", "sent", (*bench).sent, incomplete, none, nil, second},
		{"repeating", "unneeded", (*bench).unneeded, incomplete, none, nil, second},
		{"repeating", "answer", answer(m1), reachable, m1, ops{C, P}, 30 * second},
		{"latelast", "timer", fire, failed, none, ops{C, P, F}, 5 * second},
		{"latelast", "sent", (*bench).sent, incomplete, none, nil, second},

		{"memory", "needed", (*bench).needed, incomplete, none, ops{M}, second},
		{"memory", "flush", (*bench).flush, incomplete, none, nil, 10 * minute},
		{"memory", "link down", (*bench).linkDown, incomplete, none, nil, 10 * minute},
		{"memory", "timer", fire, incomplete, none, ops{R}, 0},
		{"memory", "withdraw", (*bench).withdraw, incomplete, none, ops{R}, 0},
		{"memory", "garp", garp(m1), stale, m1, ops{P}, second},
		{"silenced", "timer", fire, incomplete, none, ops{P}, 10 * minute},
		{"refailed", "timer", fire, incomplete, none, ops{P}, minute},
		{"refailed", "flush", (*bench).flush, incomplete, none, ops{P}, 10 * minute},

		{"reachable", "timer", fire, stale, m1, ops{P}, second},
		{"reachable", "needed", (*bench).needed, reachable, m1, nil, 30 * second},
		{"reachable", "used", (*bench).used, reachable, m1, nil, 30 * second},
		{"reachable", "answer, same", answer(m1), reachable, m1, nil, 30 * second},
		{"reachable", "answer, other", answer(m2), reachable, m2, ops{P}, 30 * second},
		{"reachable", "NA S=1 without MAC", na(neighbor.Advert{Solicited: true}), reachable, m1, nil, 30 * second},
		{"reachable", "NA S=1 O=0, other", na(neighbor.Advert{MAC: m2, HasMAC: true, Solicited: true}), stale, m1, ops{P}, second},
		{"reachable", "NA S=0, same", na(neighbor.Advert{MAC: m1, HasMAC: true, Override: true}), reachable, m1, nil, 30 * second},
		{"reachable", "request, same", request(m1), reachable, m1, nil, 30 * second},
		{"reachable", "request, other", request(m2), stale, m2, ops{P}, second},
		{"reachable", "garp, other", garp(m2), stale, m2, ops{P}, second},
		{"reachable", "flush", (*bench).flush, incomplete, none, ops{P}, 10 * minute},
		{"reachable", "link down", (*bench).linkDown, incomplete, none, ops{P}, 10 * minute},
		{"reachable", "withdraw", (*bench).withdraw, reachable, m1, ops{R}, 0},
		{"reachable", "unused", (*bench).unused, reachable, m1, nil, 30 * second},

		{"stale", "used", (*bench).used, delay, m1, ops{P}, 5 * second},
		{"stale", "timer", fire, stale, m1, ops{S}, 2 * second},
		{"stale", "needed", (*bench).needed, stale, m1, nil, second},
		{"stale", "answer, same", answer(m1), reachable, m1, ops{P}, 30 * second},
		{"stale", "confirmed", (*bench).confirmed, reachable, m1, ops{P}, 30 * second},
		{"stale", "NA O=0, other", na(neighbor.Advert{MAC: m2, HasMAC: true, Solicited: true}), stale, m1, nil, second},
		{"stale", "garp, other", garp(m2), stale, m2, ops{P}, second},
		{"stale", "garp, same", garp(m1), stale, m1, nil, second},
		{"stale", "flush", (*bench).flush, stale, m1, ops{R}, 0},
		{"stale", "touched", (*bench).touched, stale, m1, nil, second},
		{"stale", "unused", (*bench).unused, stale, m1, nil, second},

		{"delay", "timer", fire, probe, m1, ops{U, P}, second},
		{"delay", "used", (*bench).used, delay, m1, nil, 5 * second},
		{"delay", "confirmed", (*bench).confirmed, reachable, m1, ops{P}, 30 * second},
		{"delay", "NA S=1 without MAC", na(neighbor.Advert{Solicited: true}), reachable, m1, ops{P}, 30 * second},
		{"delay", "request, same", request(m1), delay, m1, nil, 5 * second},
		{"delay", "request, other", request(m2), stale, m2, ops{P}, second},
		{"delay", "flush", (*bench).flush, delay, m1, ops{R}, 0},
		{"delay", "unused", (*bench).unused, delay, m1, nil, 5 * second},

		{"probe", "timer, probes left", fire, probe, m1, ops{U}, second},
		{"lastprobe", "timer, none left", fire, probe, m1, ops{R}, 0},
		{"probe", "answer, same", answer(m1), reachable, m1, ops{P}, 30 * second},
		{"probe", "answer, other", answer(m2), reachable, m2, ops{P}, 30 * second},
		{"probe", "garp, other", garp(m2), stale, m2, ops{P}, second},
		{"probe", "NA S=1 without MAC", na(neighbor.Advert{Solicited: true}), reachable, m1, ops{P}, 30 * second},
		{"probe", "needed", (*bench).needed, probe, m1, nil, second},
		{"probe", "flush", (*bench).flush, probe, m1, ops{R}, 0},
		{"probe", "unused", (*bench).unused, probe, m1, nil, second},

		{"failed", "needed", (*bench).needed, failed, none, nil, 5 * second},
		{"failed", "used", (*bench).used, failed, none, nil, 5 * second},
		{"failed", "confirmed", (*bench).confirmed, failed, none, nil, 5 * second},
		{"failed", "answer", answer(m1), reachable, m1, ops{P}, 30 * second},
		{"failed", "garp", garp(m1), stale, m1, ops{P}, second},
		{"failed", "request", request(m1), stale, m1, ops{P}, second},
		{"failed", "NA without MAC", na(neighbor.Advert{Solicited: true}), failed, none, nil, 5 * second},
		{"failed", "timer", fire, incomplete, none, ops{P}, minute},
		{"failed", "withdraw", (*bench).withdraw, failed, none, ops{R}, 0},
		{"failed", "flush", (*bench).flush, failed, none, ops{R}, 0},
		{"failed", "link down", (*bench).linkDown, failed, none, ops{R}, 0},
		{"failed", "unused", (*bench).unused, failed, none, nil, 5 * second},

		{"permanent", "needed", (*bench).needed, permanent, m1, nil, 0},
		{"permanent", "used", (*bench).used, permanent, m1, nil, 0},
		{"permanent", "confirmed", (*bench).confirmed, permanent, m1, nil, 0},
		{"permanent", "answer, other", answer(m2), permanent, m1, nil, 0},
		{"permanent", "garp, other", garp(m2), permanent, m1, nil, 0},
		{"permanent", "request, other", request(m2), permanent, m1, nil, 0},
		{"permanent", "flush", (*bench).flush, permanent, m1, nil, 0},
		{"permanent", "link down", (*bench).linkDown, permanent, m1, nil, 0},
		{"permanent", "withdraw", (*bench).withdraw, permanent, m1, nil, 0},
		{"idle", "fix", (*bench).fix, permanent, m2, ops{P}, 0},
		{"asking", "fix", (*bench).fix, permanent, m2, ops{P}, 0},
		{"deferred", "fix", (*bench).fix, permanent, m2, ops{C, P}, 0},
		{"reachable", "fix", (*bench).fix, permanent, m2, ops{P}, 0},
		{"stale", "fix", (*bench).fix, permanent, m2, ops{P}, 0},
		{"probe", "fix", (*bench).fix, permanent, m2, ops{P}, 0},
		{"failed", "fix", (*bench).fix, permanent, m2, ops{P}, 0},
		{"permanent", "fix", (*bench).fix, permanent, m1, nil, 0},
		{"idle", "restore", (*bench).restore, stale, m1, ops{P}, 10 * second},
		{"memory", "restore", (*bench).restore, stale, m1, ops{P}, 10 * second},
		{"asking", "restore", (*bench).restore, incomplete, none, nil, second},
		{"reachable", "restore", (*bench).restore, reachable, m1, nil, 30 * second},
		{"failed", "restore", (*bench).restore, failed, none, nil, 5 * second},
		{"permanent", "restore", (*bench).restore, permanent, m1, nil, 0},
		{"added", "fix", (*bench).fix, permanent, m2, ops{P}, 0},
		{"added", "garp, other", garp(m2), permanent, m1, nil, 0},
		{"added", "answer, other", answer(m2), permanent, m1, nil, 0},
		{"added", "used", (*bench).used, permanent, m1, nil, 0},
		{"added", "unused", (*bench).unused, permanent, m1, nil, 0},
		{"added", "flush", (*bench).flush, permanent, m1, nil, 0},
		{"added", "link down", (*bench).linkDown, permanent, m1, nil, 0},
		{"added", "withdraw", (*bench).withdraw, permanent, m1, ops{R}, 0},
		{"permanent", "timer", fire, permanent, m1, nil, 0},
		{"permanent", "unused", (*bench).unused, permanent, m1, nil, 0},
	} {
		t.Run(row.from+"/"+row.name, func(t *testing.T) {
			b := newBench()
			come[row.from](b)
			b.now = b.now.Add(100 * time.Millisecond)
			before := b.now
			acts := row.event(b)
			if b.e.State() != row.to || b.e.MAC() != row.mac {
				t.Errorf("now %s %s, want %s %s", b.e.State(), b.e.MAC(), row.to, row.mac)
			}
			var does ops
			for _, a := range acts {
				does = append(does, a.Op)
				if a.Op == P && (a.State != row.to || a.MAC != row.mac) {
					t.Errorf("publishes %s %s, want %s %s", a.State, a.MAC, row.to, row.mac)
				}
			}
			if !slices.Equal(does, row.does) {
				t.Errorf("does %v, want %v", does, row.does)
			}
			at, ok := b.t.Next()
			switch {
			case !ok && row.timer != 0:
				t.Errorf("no timer, want %v", row.timer)
			case ok && row.timer == 0:
				t.Errorf("timer in %v, want none", at.Sub(b.now))
			case ok && at.Sub(b.now) != row.timer && at.Sub(before.Add(-100*time.Millisecond)) != row.timer:
				t.Errorf("timer in %v, want %v", at.Sub(b.now), row.timer)
			}
		})
	}
}
