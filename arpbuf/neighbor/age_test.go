// SPDX-License-Identifier: Apache-2.0

package neighbor_test

import (
	"slices"
	"testing"
	"time"

	"github.com/parkway-gw/parkway/arpbuf/neighbor"
)

// lived is how long the bench's entry keeps its MAC while use tells of packets at every
// look; with each look at STALE the test answers as the resolver does.
func (b *bench) lived(most time.Duration, used func(at time.Duration) bool) time.Duration {
	start := b.now
	for b.t.Get(k) == b.e && b.e.State().Usable() {
		if at, ok := b.t.Next(); !ok || at.Sub(start) > most {
			return most
		}
		for _, a := range b.fire() {
			switch {
			case a.Op == neighbor.SampleUse && used(b.now.Sub(start)):
				b.used()
			case a.Op == neighbor.SampleUse:
				b.unused()
			case a.Op == neighbor.ProbeUnicast:
				b.answer(m1)
			}
		}
	}
	return b.now.Sub(start)
}

// What nobody uses goes when its time is up, to the look; what is used stays.
func TestAging(t *testing.T) {
	never := func(time.Duration) bool { return false }
	const second = time.Second
	for _, c := range []struct {
		name string
		age  time.Duration
		come string
		used func(time.Duration) bool
		want time.Duration
	}{
		{"off", 0, "reachable", never, time.Hour},
		{"unused", 300 * second, "reachable", never, 300 * second},
		{"only heard of", 300 * second, "stale", never, 300 * second},
		{"shorter than REACHABLE", 5 * second, "reachable", never, 6 * second}, // the first look at STALE
		{"very short", second, "stale", never, second},
		{"always used", 5 * second, "reachable", func(time.Duration) bool { return true }, time.Hour},
		{"used at first", 300 * second, "reachable", func(at time.Duration) bool { return at < 35*second }, 336 * second},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := agingBench(c.age)
			come[c.come](b)
			if got := b.lived(time.Hour, c.used); got != c.want {
				t.Errorf("lived %v, want %v", got, c.want)
			}
			if want := uint64(min(1, time.Hour-c.want)); b.t.Stats().Aged != want {
				t.Errorf("%d aged, want %d", b.t.Stats().Aged, want)
			}
		})
	}
}

// A word of the host's that tells the same MAC, and packets that went while it was
// REACHABLE, count as use.
func TestSignsOfLife(t *testing.T) {
	for name, sign := range map[string]func(*bench){
		"request": func(b *bench) { b.request(m1) },
		"garp":    func(b *bench) { b.garp(m1) },
		"NA":      func(b *bench) { b.na(neighbor.Advert{}) },
		"packets": func(b *bench) { b.t.Touched(b.now, b.e) },
	} {
		b := agingBench(10 * time.Second)
		come["stale"](b)
		b.now = b.now.Add(9 * time.Second)
		sign(b)
		b.now = b.now.Add(9 * time.Second)
		if acts := b.unused(); len(acts) != 0 {
			t.Errorf("%s: gone after 9 s: %v", name, acts)
		}
		b.now = b.now.Add(time.Second)
		if acts := b.unused(); len(acts) != 1 || acts[0].Op != neighbor.Release {
			t.Errorf("%s: not gone after 10 s: %v", name, acts)
		}
	}
	b := agingBench(10 * time.Second) // another's claim is none
	come["stale"](b)
	b.now = b.now.Add(10 * time.Second)
	b.na(neighbor.Advert{MAC: m2, HasMAC: true})
	if acts := b.unused(); len(acts) != 1 {
		t.Errorf("another's claim kept it: %v", acts)
	}
}

// Aged like flushed: the answer is remembered, and a gateway's entry stays.
func TestAgedIsForgotten(t *testing.T) {
	b := agingBench(10 * time.Second)
	come["reachable"](b)
	b.fire()
	b.now = b.now.Add(10 * time.Second)
	if acts := b.unused(); len(acts) != 1 || acts[0].Op != neighbor.Publish || !b.e.Remembered() {
		t.Errorf("%v, remembered %v", acts, b.e.Remembered())
	}
	g := agingBench(10 * time.Second)
	g.e = g.t.Gateway(g.now, key(9))
	g.request(m1)
	g.now = g.now.Add(10 * time.Second)
	var does []neighbor.Op
	for _, a := range g.unused() {
		does = append(does, a.Op)
	}
	if !slices.Equal(does, []neighbor.Op{neighbor.Publish}) || g.e.State() != neighbor.Incomplete || g.t.Get(key(9)) != g.e {
		t.Errorf("a gateway: %v, %s", does, g.e.State())
	}
}
