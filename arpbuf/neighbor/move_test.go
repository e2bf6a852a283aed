// SPDX-License-Identifier: Apache-2.0

package neighbor_test

import (
	"slices"
	"testing"
	"time"

	"github.com/parkway-gw/parkway/arpbuf/neighbor"
	"github.com/parkway-gw/parkway/internal/topology"
)

type ops = []neighbor.Op

const (
	incomplete, reachable, stale = neighbor.Incomplete, neighbor.Reachable, neighbor.Stale
	probe, failed                = neighbor.Probe, neighbor.Failed
	P, M, U, C                   = neighbor.Publish, neighbor.ProbeMulticast, neighbor.ProbeUnicast, neighbor.Recall
)

// opsOf are what actions do.
func opsOf(acts []neighbor.Action) (does ops) {
	for _, a := range acts {
		does = append(does, a.Op)
	}
	return does
}

// A host that fails over and back within a second is followed both times; one that goes
// to and fro is not, from the sixth time in ten seconds on: its MAC is the one that
// answered, and each claim of another, one in a second at most, has that one verified.
func TestMovesAreDamped(t *testing.T) {
	b := newBench()
	b.answer(m1)
	to := m1
	for i := range 5 {
		if to = m2; i%2 == 1 {
			to = m1
		}
		b.now = b.now.Add(100 * time.Millisecond)
		if does := opsOf(b.garp(to)); b.e.MAC() != to || b.e.State() != stale || !slices.Equal(does, ops{P}) {
			t.Fatalf("move %d: %s %s, %v", i, b.e.State(), b.e.MAC(), does)
		}
	}
	// It is at m2 now, which has never answered.
	b.now = b.now.Add(100 * time.Millisecond)
	if does := opsOf(b.garp(topology.MAC{2, 9})); b.e.MAC() != m1 || b.e.State() != probe || !slices.Equal(does, ops{neighbor.Damped, U, P}) {
		t.Fatalf("the sixth: %s %s, %v", b.e.State(), b.e.MAC(), does)
	}
	if !b.t.Flapping(b.now, b.e) || b.t.Stats().Damped != 1 || b.t.Stats().Moves != 5 {
		t.Errorf("flapping %v, %+v", b.t.Flapping(b.now, b.e), b.t.Stats())
	}
	b.answer(m1)
	unicast := 0
	for range 30 { // 3 s of it, ten a second, and the MAC that is used answers
		b.now = b.now.Add(100 * time.Millisecond)
		does := opsOf(b.request(m2))
		if b.e.MAC() != m1 || slices.Contains(does, neighbor.Damped) {
			t.Fatalf("%s, %v", b.e.MAC(), does)
		}
		if slices.Contains(does, U) {
			unicast++
			b.answer(m1)
		}
	}
	if unicast < 2 || unicast > 4 {
		t.Errorf("verified %d times in 3 s", unicast)
	}
	// Ten quiet seconds, and a move is a move again.
	b.now = b.now.Add(10 * time.Second)
	if b.t.Flapping(b.now, b.e) {
		t.Error("still flapping")
	}
	if b.garp(m2); b.e.MAC() != m2 {
		t.Errorf("after the quiet it is at %s", b.e.MAC())
	}
}

// The MAC that is kept is dead: verifying it shows that within three seconds, and then
// everybody is asked.
func TestDampedMACMayBeDead(t *testing.T) {
	b := newBench()
	b.answer(m1)
	for i := range 8 {
		b.garp([]topology.MAC{m2, m1}[i%2])
	}
	if b.e.MAC() != m1 || b.e.State() != probe {
		t.Fatalf("%s %s", b.e.State(), b.e.MAC())
	}
	began := b.now
	for b.e.State() == probe {
		b.fire()
	}
	if b.now.Sub(began) != 3*time.Second || b.e.State() != incomplete {
		t.Errorf("%s after %v", b.e.State(), b.now.Sub(began))
	}
	b.needed()
	if b.answer(m2); b.e.MAC() != m2 || b.e.State() != reachable {
		t.Errorf("then %s %s", b.e.State(), b.e.MAC())
	}
	if b.garp(m1); b.e.MAC() != m2 {
		t.Error("the first claim after that is believed")
	}
}

// With MaxMoves below zero every move is believed.
func TestMovesWithoutDamping(t *testing.T) {
	b := &bench{now: t0, t: neighbor.New(neighbor.Config{MaxMoves: -1})}
	b.e, _ = b.t.Add(b.now, k)
	for i := range 100 {
		to := []topology.MAC{m1, m2}[i%2]
		if b.garp(to); b.e.MAC() != to {
			t.Fatalf("move %d is not believed", i)
		}
	}
}
