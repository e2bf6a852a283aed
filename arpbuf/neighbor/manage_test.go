// SPDX-License-Identifier: Apache-2.0

package neighbor_test

import (
	"slices"
	"testing"
	"time"

	"github.com/parkway-gw/parkway/arpbuf/neighbor"
)

func managedBench() *bench {
	b := &bench{now: t0, t: neighbor.New(neighbor.Config{Rand: func() float64 { return 0.5 }, Manage: true})}
	b.e = b.t.Gateway(b.now, k)
	return b
}

func (b *bench) manage() []neighbor.Action { return b.t.Manage(b.now, b.e) }

// run lets timers fire for so long and returns the times of what goes out.
func (b *bench) run(d time.Duration, op neighbor.Op) (at []time.Duration) {
	began := b.now
	for {
		next, ok := b.t.Next()
		if !ok || next.Sub(began) > d {
			b.now = began.Add(d)
			return at
		}
		does := opsOf(b.fire())
		if slices.Contains(does, neighbor.SampleUse) { // and there was none
			does = append(does, opsOf(b.unused())...)
		}
		if slices.Contains(does, op) {
			at = append(at, b.now.Sub(began))
		}
	}
}

// Without a packet: asked for at once, verified by unicast when its time is up, asked for
// by everybody when that goes unanswered.
func TestManagedIsKeptResolved(t *testing.T) {
	b := managedBench()
	if does := opsOf(b.manage()); !slices.Equal(does, ops{M}) || !b.e.Asking() {
		t.Fatalf("at the start %v", does)
	}
	if does := opsOf(b.manage()); len(does) != 0 {
		t.Errorf("again: %v", does)
	}
	b.answer(m1)
	for range 3 {
		if at := b.run(40*time.Second, U); len(at) < 1 || at[0] != 36*time.Second { // 30 REACHABLE, 1 STALE, 5 DELAY
			t.Fatalf("unicast probes at %v", at)
		}
		if b.e.State() != probe && b.e.State() != incomplete {
			t.Fatalf("it is %s", b.e.State())
		}
		b.answer(m1)
	}
	at := b.run(38*time.Second+999*time.Millisecond, U)
	if len(at) != 3 || b.e.State() != probe {
		t.Errorf("unicast probes at %v, then %s", at, b.e.State())
	}
	if does := opsOf(b.fire()); !slices.Equal(does, ops{P, M}) || !b.e.Asking() {
		t.Errorf("nobody answers: %v", does)
	}
}

// RFC 7048 §3: while nobody answers it is asked for more and more seldom, one question at
// a time, and stays FAILED; never more often than that RFC's own 1, 3, 9, 27, 60 s.
func TestN11_DeadManagedNextHop(t *testing.T) {
	b := managedBench()
	b.manage()
	at := b.run(300*time.Second, M)
	want := []time.Duration{1, 2, 8, 18, 38, 78, 138, 198, 258} // FAILED at 3
	for i := range want {
		want[i] *= time.Second
	}
	if !slices.Equal(at, want) {
		t.Errorf("asked at %v, want %v", at, want)
	}
	if b.e.State() != failed || b.t.Stats().Failures != 1 {
		t.Errorf("%s, failed %d times", b.e.State(), b.t.Stats().Failures)
	}
	// Its link comes up: from the beginning.
	if does := opsOf(b.manage()); !slices.Equal(does, ops{M}) {
		t.Errorf("link up: %v", does)
	}
	if at := b.run(16*time.Second, M); !slices.Equal(at, []time.Duration{5 * time.Second, 15 * time.Second}) {
		t.Errorf("asked at %v", at)
	}
	if does := opsOf(b.answer(m1)); !slices.Equal(does, ops{P}) || b.e.State() != reachable {
		t.Errorf("it answers: %v, %s", does, b.e.State())
	}
}

// The question of a FAILED next hop may have to wait for its turn on the link; it keeps
// its place, and an answer or the link's end calls it back.
func TestManagedAndDeferred(t *testing.T) {
	b := managedBench()
	b.manage()
	b.run(8*time.Second, M) // the first question of the hold-off
	b.deferred()
	if !b.e.Deferred() || b.e.Probes() != 0 {
		t.Fatalf("deferred %v, %d probes", b.e.Deferred(), b.e.Probes())
	}
	if does := opsOf(b.fire()); !slices.Equal(does, ops{neighbor.SampleUse}) || len(b.unused()) != 0 || !b.e.Deferred() {
		t.Errorf("the next one: %v, deferred %v", does, b.e.Deferred())
	}
	b.sent()
	if at, _ := b.t.Next(); b.e.Deferred() || at.Sub(b.now) != 20*time.Second {
		t.Errorf("deferred %v, next in %v", b.e.Deferred(), at.Sub(b.now))
	}
	b.fire()
	b.unused()
	b.deferred()
	if does := opsOf(b.answer(m1)); !slices.Equal(does, ops{C, P}) {
		t.Errorf("an answer: %v", does)
	}
}

// A link that is down is not asked on, and what was withdrawn rests.
func TestManagedRests(t *testing.T) {
	b := managedBench()
	b.manage()
	b.answer(m1)
	if does := opsOf(b.linkDown()); !slices.Equal(does, ops{P}) || b.e.Asking() || b.e.State() != incomplete {
		t.Errorf("link down: %v, %s", does, b.e.State())
	}
	if _, ok := b.t.Next(); ok {
		t.Error("a timer runs")
	}
	b.manage()
	b.answer(m1)
	if does := opsOf(b.flush()); !slices.Equal(does, ops{P, M}) {
		t.Errorf("flush: %v", does)
	}
	b.answer(m1)
	if does := opsOf(b.withdraw()); !slices.Equal(does, ops{P}) || b.e.Asking() {
		t.Errorf("withdraw: %v", does)
	}
	if b.t.Pin(b.now, k, m2); len(b.manage()) != 0 {
		t.Error("a configured neighbor is asked for")
	}
}

// Packets that have no other next hop come for one that is FAILED: at the end of the
// hold-off they may wait again while it is asked for three times, and if that is in vain,
// the next hold-off is longer.
func TestDeadManagedNextHopIsWanted(t *testing.T) {
	b := managedBench()
	b.manage()
	b.run(3*time.Second, M)
	for _, holdoff := range []time.Duration{5, 10, 20, 40, 60, 60} {
		began := b.now
		if does := opsOf(b.fire()); !slices.Equal(does, ops{neighbor.SampleUse}) || b.now.Sub(began) != holdoff*time.Second {
			t.Fatalf("%v after %v, want %v s", does, b.now.Sub(began), holdoff)
		}
		if does := opsOf(b.used()); !slices.Equal(does, ops{P, M}) || b.e.State() != incomplete || !b.e.Asking() {
			t.Fatalf("%v, %s", does, b.e.State())
		}
		b.fire()
		b.fire()
		if does := opsOf(b.fire()); !slices.Equal(does, ops{P, neighbor.FailParked}) || b.e.State() != failed {
			t.Fatalf("%v, %s", does, b.e.State())
		}
	}
}
