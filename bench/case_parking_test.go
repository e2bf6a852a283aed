// SPDX-License-Identifier: Apache-2.0

package bench

import (
	"context"
	"errors"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/parkway-gw/parkway/bench/target"
)

// The worst gap of all windows decides, not the windows' median.
func TestJudgePollGap(t *testing.T) {
	for _, c := range []struct {
		under []float64
		met   bool
	}{{[]float64{20, 100, 20}, true}, {[]float64{20, 101, 20}, false}} {
		res := &Result{}
		judgePollGap(res, []Arm{{Name: idleLoop, Samples: []float64{10, 10, 50}}, {Name: atRest, Samples: []float64{10, 10, 10}}, {Name: operated, Samples: c.under}})
		if res.Met() != c.met {
			t.Errorf("%v: %+v", c.under, res.Checks)
		}
		if res.Arms[2].Percentiles["max"] != c.under[1] || res.Ratio.Median != 2 {
			t.Errorf("%+v, %+v", res.Arms[2], res.Ratio)
		}
	}
}

// An arm of the whole way in nanoseconds is judged as a rate, each position for itself.
func TestJudgeParkDrain(t *testing.T) {
	arms := parkDrainArms()
	for _, a := range arms {
		a.Samples = []float64{100}
		if a.Name == "evict" {
			a.Samples[0] = 150
		}
	}
	arms[0].Samples[0] = 250
	res := &Result{}
	judgeParkDrain(res, arms)
	positions := 2 * len(parkDrainSizes)
	if len(res.Checks) != positions || len(res.Ratios) != positions || len(res.Arms) != positions*len(parkDrainParts) {
		t.Fatalf("%d checks, %d ratios, %d arms", len(res.Checks), len(res.Ratios), len(res.Arms))
	}
	for i, c := range res.Checks {
		if c.Met != (i > 0) || i == 0 && c.Value != 4 {
			t.Errorf("position %d: %+v", i, c)
		}
	}
	if r := res.Ratios[3]; r.Median != 1.5 || !strings.HasPrefix(r.Of, "evict, ") || !strings.HasPrefix(r.To, "forward, ") {
		t.Errorf("%+v", r)
	}
}

// Without its binary the case says how to make it.
func TestParkingCostWithoutBinary(t *testing.T) {
	r := &Runner{Options: Options{Binary: filepath.Join(t.TempDir(), "parkway")}}
	got := withoutParking(r)
	if got.Name() != without {
		t.Errorf("its name is %q", got.Name())
	}
	err := got.Start(t.Context(), target.Scenario{})
	if !target.IsUnavailable(err) || !strings.Contains(err.Error(), "make no-parking") {
		t.Errorf("%v", err)
	}
}

// The operator's file changes 1,000 routes from turn to turn, and nothing else.
func TestOperatorChangesRoutes(t *testing.T) {
	o, err := newOperator(&Runner{})
	if err != nil {
		t.Fatal(err)
	}
	s := standard(target.IPv4)
	before := strings.Split(o.config(s), "\n")
	o.turn++
	after := strings.Split(o.config(s), "\n")
	changed := 0
	for i := range before {
		if i < len(after) && before[i] != after[i] {
			changed++
		}
	}
	if len(before) != len(after) || changed != changedRoutes {
		t.Errorf("%d lines, then %d; %d of them others, want %d", len(before), len(after), changed, changedRoutes)
	}
	if !strings.Contains(strings.Join(before, "\n"), o.metrics) {
		t.Error("nobody can scrape it")
	}
}

func TestRepeat(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	n, broken := 0, errors.New("broken")
	if err := repeat(ctx, time.Microsecond, func(context.Context) error {
		if n++; n == 3 {
			return broken
		}
		return nil
	}); !errors.Is(err, broken) || n != 3 {
		t.Errorf("%v after %d times", err, n)
	}
	if err := repeat(ctx, time.Microsecond, func(context.Context) error { cancel(); return broken }); err != nil {
		t.Errorf("what fails because it is over: %v", err)
	}
}
