// SPDX-License-Identifier: Apache-2.0

package bench

import (
	"context"
	"errors"
	"math"
	"math/rand/v2"
	"testing"
)

// device is a simulated one: what share of a trial's packets it loses at a rate.
type device func(mpps float64) (loss float64)

const perTrial = 1_000_000 // packets

func (d device) trial(_ context.Context, mpps float64) (Trial, error) {
	return Trial{mpps, perTrial, uint64(math.Round(d(mpps) * perTrial))}, nil
}

// sharp loses what is beyond its capacity.
func sharp(capacity float64) device {
	return func(mpps float64) float64 { return max(0, 1-capacity/mpps) }
}

// Without noise the search ends below the capacity, nearer to it than the resolution; and a
// partial drop rate is above it by what the accepted loss allows.
func TestSearchFindsCapacity(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	for range 2000 {
		s := Search{Max: 1 + 99*r.Float64(), Resolution: 0.001 + 0.1*r.Float64(), Repeat: r.IntN(3)}
		capacity := s.Max * (0.2 + r.Float64()) // sometimes beyond Max
		f, err := s.Run(t.Context(), sharp(capacity).trial)
		if err != nil {
			t.Fatal(err)
		}
		best := min(capacity, s.Max)
		if slack := 1.000001; f.Rate > best*slack || f.Rate < best-s.Resolution*s.Max || f.AtMax != (capacity >= s.Max) || f.Last.Lost != 0 {
			t.Fatalf("capacity %v, %+v: %+v", capacity, s, f)
		}
		s.Loss = 0.005
		p, err := s.Run(t.Context(), sharp(capacity).trial)
		if err != nil {
			t.Fatal(err)
		}
		best = min(capacity/(1-s.Loss), s.Max)
		if p.Rate > best*1.000001 || p.Rate < best-s.Resolution*s.Max {
			t.Fatalf("capacity %v, %+v: %+v", capacity, s, p)
		}
	}
}

// Losses that come by chance make trials fail that a repetition passes: with repetitions the
// search finds the capacity nearly always, without them it seldom does.
func TestSearchSurvivesNoise(t *testing.T) {
	near := func(repeat int) (found int) {
		const searches = 400
		r := rand.New(rand.NewPCG(2, uint64(repeat)))
		for range searches {
			capacity := 20 + 60*r.Float64()
			noisy := device(func(mpps float64) float64 {
				if r.Float64() < 0.15 {
					return 0.001
				}
				return sharp(capacity)(mpps)
			})
			f, err := Search{Max: 100, Resolution: 0.01, Repeat: repeat}.Run(t.Context(), noisy.trial)
			if err != nil || f.Rate > capacity*1.000001 {
				t.Fatalf("capacity %v: %+v, %v", capacity, f, err)
			}
			if f.Rate >= capacity-1 {
				found++
			}
		}
		return found * 100 / searches
	}
	if without, with := near(0), near(3); without > 70 || with < 98 {
		t.Errorf("%d %% of searches found the capacity without repetitions, %d %% with three", without, with)
	}
}

// Whatever the device does, the search ends, and what it found has passed twice, the second
// time last.
func TestSearchOfStrangeDevices(t *testing.T) {
	for seed := range uint64(500) {
		r := rand.New(rand.NewPCG(3, seed))
		holes := make([]bool, 64) // rates that lose, in no order
		for i := range holes {
			holes[i] = r.IntN(2) == 0
		}
		flaky := r.Float64() * 0.5
		passed := map[float64]int{}
		trials := 0
		d := func(_ context.Context, mpps float64) (Trial, error) {
			trials++
			if holes[min(int(mpps), 63)] || r.Float64() < flaky {
				return Trial{mpps, perTrial, 1}, nil
			}
			passed[mpps]++
			return Trial{mpps, perTrial, 0}, nil
		}
		f, err := Search{Max: 64, Resolution: 0.01, Repeat: 1}.Run(t.Context(), d)
		if err != nil || f.Trials != trials || trials > 2000 {
			t.Fatalf("seed %d: %+v after %d trials, %v", seed, f, trials, err)
		}
		if f.Rate != 0 && (passed[f.Rate] < 2 || f.Last.Rate != f.Rate || f.Last.Lost != 0) {
			t.Fatalf("seed %d: %+v; passed %d times", seed, f, passed[f.Rate])
		}
	}
}

func TestSearchOfNothing(t *testing.T) {
	f, err := Search{Max: 10, Resolution: 0.1}.Run(t.Context(), device(func(float64) float64 { return 1 }).trial)
	if err != nil || f.Rate != 0 || f.AtMax {
		t.Errorf("all is lost: %+v, %v", f, err)
	}
	if l := (Trial{}).Loss(); l != 1 {
		t.Errorf("nothing offered is a loss of %v", l)
	}
	broken := errors.New("broken")
	if _, err := (Search{Max: 10, Resolution: 0.1}).Run(t.Context(), func(context.Context, float64) (Trial, error) { return Trial{}, broken }); !errors.Is(err, broken) {
		t.Error(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := (Search{Max: 10, Resolution: 0.1}).Run(ctx, sharp(1).trial); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	for _, s := range []Search{{Resolution: 0.1}, {Max: 1}, {Max: 1, Resolution: 1}, {Max: 1, Resolution: 0.1, Loss: 1}, {Max: 1, Resolution: 0.1, Repeat: -1}} {
		if _, err := s.Run(t.Context(), sharp(1).trial); !errors.Is(err, errSearch) {
			t.Errorf("%+v: %v", s, err)
		}
	}
}

// The longest burst is found to the packet, by few trials, and noise costs repetitions only.
func TestBurst(t *testing.T) {
	r := rand.New(rand.NewPCG(4, 4))
	for range 2000 {
		b := Burst{Max: 2 + r.IntN(1<<20), Repeat: 6}
		room, trials := r.IntN(b.Max*5/4), 0
		got, err := b.Run(t.Context(), func(_ context.Context, n int) (uint64, error) {
			trials++
			if r.IntN(20) == 0 {
				return 1, nil
			}
			return uint64(max(0, n-room)), nil
		})
		if want := min(room, b.Max); err != nil || got != want || trials > 22*7 {
			t.Fatalf("%+v: %d after %d trials, want %d, %v", b, got, trials, want, err)
		}
	}
	if _, err := (Burst{Max: 1}).Run(t.Context(), nil); !errors.Is(err, errBurst) {
		t.Error(err)
	}
	// 3,000 packets at 100 Mpps are there for 30 µs, in which half of them leave at 50 Mpps.
	if got := BufferTime(3000, 100, 50); got != 15 {
		t.Errorf("buffer time %v µs, want 15", got)
	}
	if got := BufferTime(3000, 50, 50); got != 0 {
		t.Errorf("no burst above the throughput has a buffer time of %v", got)
	}
}
