// SPDX-License-Identifier: Apache-2.0

package neighbor_test

import (
	"net/netip"
	"testing"
	"time"

	"github.com/parkway-gw/parkway/arpbuf/neighbor"
)

func key(i int) neighbor.Key {
	return neighbor.Key{IP: netip.AddrFrom4([4]byte{10, 0, byte(i >> 8), byte(i)})}
}

// Exactly one request per RetransTime, however many ask.
func TestProbePacing(t *testing.T) {
	b := newBench()
	probes := len(b.needed())
	for i := range 3000 { // 3 s in steps of 1 ms
		b.now = t0.Add(time.Duration(i) * time.Millisecond)
		for range 5 {
			probes += len(b.needed())
		}
		for _, a := range b.t.Advance(b.now, 10) {
			if a.Op == neighbor.ProbeMulticast {
				probes++
			}
		}
	}
	if probes != 3 {
		t.Errorf("%d probes in 3 s, want 3", probes)
	}
}

func TestHoldoffDoubles(t *testing.T) {
	b := newBench()
	for i, want := range []time.Duration{5, 10, 20, 40, 60, 60} {
		come["failed"](b)
		if b.e.State() != neighbor.Failed {
			t.Fatalf("round %d: %s", i, b.e.State())
		}
		at, _ := b.t.Next()
		if got := at.Sub(b.now); got != want*time.Second {
			t.Errorf("hold-off %d is %v, want %v", i, got, want*time.Second)
		}
		b.fire()
	}
	b.answer(m1) // the host speaks: all is forgiven
	b.fire()     // STALE
	b.used()
	for range 4 { // DELAY, then three probes in vain: only the memory of an answer stays
		b.fire()
	}
	if !b.e.Remembered() {
		t.Fatalf("%s, not only remembered", b.e.State())
	}
	come["failed"](b)
	if at, _ := b.t.Next(); at.Sub(b.now) != 5*time.Second {
		t.Errorf("hold-off after an answer is %v", at.Sub(b.now))
	}
}

// After the hold-off nobody probes until a packet asks; an entry that nobody asks
// for goes.
func TestForgottenAfterHoldoff(t *testing.T) {
	b := newBench()
	come["failed"](b)
	b.fire()
	if b.e.State() != neighbor.Incomplete || b.e.Asking() {
		t.Fatalf("%s, asking %v", b.e.State(), b.e.Asking())
	}
	acts := b.fire()
	if len(acts) != 1 || acts[0].Op != neighbor.Release || b.t.Len() != 0 {
		t.Errorf("actions %v, %d entries", acts, b.t.Len())
	}
}

func TestReachableTimeIsRandom(t *testing.T) {
	for _, c := range []struct {
		rand float64
		want time.Duration
	}{{0, 15 * time.Second}, {0.5, 30 * time.Second}, {0.999999, 45 * time.Second}} {
		tab := neighbor.New(neighbor.Config{Rand: func() float64 { return c.rand }})
		e, _ := tab.Add(t0, k)
		tab.Heard(t0, e, neighbor.ARPReply(m1))
		if got := e.Deadline().Sub(t0).Round(time.Millisecond); got != c.want {
			t.Errorf("U = %v: reachable for %v, want %v", c.rand, got, c.want)
		}
	}
}

// A gateway is never removed: it falls back to INCOMPLETE.
func TestGatewayStays(t *testing.T) {
	tab := neighbor.New(neighbor.Config{})
	e := tab.Gateway(t0, k)
	tab.Heard(t0, e, neighbor.ARPReply(m1))
	acts := tab.Flush(t0, e)
	if len(acts) != 1 || acts[0].Op != neighbor.Publish || acts[0].State != neighbor.Incomplete || tab.Get(k) != e {
		t.Errorf("flush of a gateway: %v", acts)
	}
	tab.Needed(t0, e)
	for range 3 {
		at, _ := tab.Next()
		tab.Advance(at, 10)
	}
	at, _ := tab.Next()
	tab.Advance(at, 10)
	if _, timer := tab.Next(); e.State() != neighbor.Incomplete || timer || tab.Len() != 1 {
		t.Errorf("gateway after its hold-off: %s, timer %v, %d entries", e.State(), timer, tab.Len())
	}
}

// At MaxEntries the never-confirmed that rested longest gives way; who is confirmed
// or asked for stays, and then the newcomer is refused.
func TestCap(t *testing.T) {
	tab := neighbor.New(neighbor.Config{MaxEntries: 3})
	good, _ := tab.Add(t0, key(1))
	tab.Heard(t0, good, neighbor.ARPReply(m1))
	first, _ := tab.Add(t0, key(2))
	tab.Requested(t0, first, m1)
	second, _ := tab.Add(t0, key(3))
	tab.Requested(t0, second, m1)
	gw := tab.Gateway(t0, key(100)) // no part in the bound

	e, acts := tab.Add(t0, key(4))
	if e == nil || len(acts) != 1 || acts[0].Op != neighbor.Release || acts[0].Entry != first {
		t.Fatalf("a fourth entry: %v, %v", e, acts)
	}
	tab.Needed(t0, e)
	tab.Needed(t0, mustAdd(t, tab, key(5))) // evicts the second
	if tab.Get(key(3)) != nil {
		t.Error("the second is still there")
	}
	if e, _ := tab.Add(t0, key(6)); e != nil {
		t.Error("a place was found among confirmed and asking entries")
	}
	s := tab.Stats()
	if s.Evicted != 2 || s.Refused != 1 || tab.Get(key(1)) != good || tab.Get(key(100)) != gw {
		t.Errorf("%+v", s)
	}
}

func mustAdd(t *testing.T, tab *neighbor.Table, k neighbor.Key) *neighbor.Entry {
	t.Helper()
	e, _ := tab.Add(t0, k)
	if e == nil {
		t.Fatalf("no place for %v", k)
	}
	return e
}

func TestConflictsWithPermanent(t *testing.T) {
	b := newBench()
	come["permanent"](b)
	b.answer(m2)
	b.garp(m1)
	b.request(m2)
	if got := b.t.Stats().Conflicts; got != 2 {
		t.Errorf("%d conflicts, want 2", got)
	}
}

// A remembered entry gives way after those that never answered and before any that is
// usable, the oldest memory first.
func TestCapWithMemory(t *testing.T) {
	tab := neighbor.New(neighbor.Config{MaxEntries: 4})
	answered := func(i int) *neighbor.Entry {
		e := mustAdd(t, tab, key(i))
		tab.Heard(t0, e, neighbor.ARPReply(m1))
		return e
	}
	usable, first, second := answered(1), answered(2), answered(3)
	tab.Flush(t0, second)
	tab.Flush(t0, first)
	stranger := mustAdd(t, tab, key(4))
	tab.Requested(t0, stranger, m1)
	for i, victim := range []*neighbor.Entry{stranger, second, first} {
		e, acts := tab.Add(t0, key(10+i))
		if e == nil || len(acts) != 1 || acts[0].Op != neighbor.Release || acts[0].Entry != victim {
			t.Fatalf("newcomer %d: %v, %v; want %s to give way", i, e, acts, victim.Key().IP)
		}
		tab.Needed(t0, e)
	}
	if e, _ := tab.Add(t0, key(20)); e != nil || tab.Get(key(1)) != usable {
		t.Error("a usable entry gave way")
	}
}

// A host that was asked for in vain keeps its longer hold-off for a minute, and the
// memory of its answers ten more; without a packet it then goes.
func TestMemoryFades(t *testing.T) {
	b := newBench()
	come["refailed"](b)
	b.fire() // the hold-off ends
	for _, want := range []time.Duration{time.Minute, 10 * time.Minute} {
		at, _ := b.t.Next()
		if !b.e.Remembered() || at.Sub(b.now) != want {
			t.Fatalf("remembered %v, for %v; want %v", b.e.Remembered(), at.Sub(b.now), want)
		}
		b.fire()
	}
	if b.t.Len() != 0 {
		t.Errorf("%d entries, want none", b.t.Len())
	}
}

// However long the first probe is deferred, the entry does not fail without one; and
// three RetransTimes after it the entry has failed, though no repetition went out.
func TestDeferredProbes(t *testing.T) {
	b := newBench()
	b.needed()
	b.t.Deferred(b.e)
	b.now = b.now.Add(time.Hour)
	if acts := b.t.Advance(b.now, 10); len(acts) != 0 || !b.e.Asking() || b.e.Probes() != 0 {
		t.Fatalf("an hour later: %v, %s, %d probes", acts, b.e.State(), b.e.Probes())
	}
	b.t.Sent(b.now, b.e)
	if got := b.t.Stats().MulticastProbes; got != 1 || b.e.Probes() != 1 {
		t.Errorf("%d probes counted, the entry says %d; want 1", got, b.e.Probes())
	}
	b.fire()
	b.t.Deferred(b.e)
	b.fire()
	b.fire()
	if b.e.State() != neighbor.Failed || b.now.Sub(t0) != time.Hour+3*time.Second {
		t.Errorf("%s after %v", b.e.State(), b.now.Sub(t0))
	}
	if got := b.t.Stats().MulticastProbes; got != 1 {
		t.Errorf("%d probes counted, want 1", got)
	}
}

// Added entries count against MaxEntries, are never evicted, and give their place back.
func TestAddedEntriesCount(t *testing.T) {
	tab := neighbor.New(neighbor.Config{MaxEntries: 2})
	for i := range 2 {
		e, _ := tab.Add(t0, key(i))
		tab.Fix(t0, e, m1)
		if e.Origin() != neighbor.OriginAdded || e.Pinned() {
			t.Errorf("origin %s, pinned %v", e.Origin(), e.Pinned())
		}
	}
	if e, _ := tab.Add(t0, key(2)); e != nil {
		t.Error("a third entry found room beside two that were added")
	}
	tab.Withdraw(t0, tab.Get(key(0)))
	e, _ := tab.Add(t0, key(2))
	if e == nil {
		t.Fatal("the place of a withdrawn entry is not free")
	}
	tab.Pin(t0, key(1), m2) // configured from now on: no part in MaxEntries
	if e, _ := tab.Add(t0, key(3)); e == nil {
		t.Error("a pinned entry counts")
	}
	gw := tab.Gateway(t0, key(9))
	tab.Fix(t0, gw, m1)
	acts := tab.Withdraw(t0, gw)
	if len(acts) != 1 || acts[0].State != neighbor.Incomplete || gw.Origin() != neighbor.OriginARP {
		t.Errorf("a gateway after its added MAC: %v, origin %s", acts, gw.Origin())
	}
}
