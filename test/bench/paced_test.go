// SPDX-License-Identifier: Apache-2.0

package bench

import (
	"context"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/parkway-gw/parkway/bench"
	"github.com/parkway-gw/parkway/bench/target"
	"github.com/parkway-gw/parkway/test/gateway"
)

// tiny is a runner that takes milliseconds where another takes seconds. It does without the
// lock that keeps two benchmarks apart: nobody reads its figures.
func tiny(t *testing.T) *bench.Runner {
	t.Helper()
	worker, err := strconv.Atoi(gateway.LastCPU())
	if err != nil || worker == 0 {
		t.Skip("a benchmark needs two CPUs")
	}
	return &bench.Runner{
		Options: bench.Options{Quick: true, Rounds: 1, Window: 60 * time.Millisecond, Memory: target.NoHuge, Binary: gateway.Binary, Log: t.Output()},
		Worker:  worker, Dir: t.TempDir(),
	}
}

func result(t *testing.T, name string) *bench.Result {
	t.Helper()
	found, err := bench.Find(bench.Cases(), []string{name})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	res, err := tiny(t).Run(ctx, found[0])
	if err != nil && strings.Contains(err.Error(), "too much else to do") {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	return res
}

// The cases with a paced source: every position has its arms, no rate is above what
// was tried, and a latency has a whole curve.
func TestPacedCases(t *testing.T) {
	t.Run("ndr", func(t *testing.T) {
		res := result(t, "ndr")
		if len(res.Arms) != 6 || len(res.Ratios) != 4 {
			t.Fatalf("%d arms, %d ratios", len(res.Arms), len(res.Ratios))
		}
		for i, a := range res.Arms {
			most := res.Arms[i/3*3].Samples[0]
			if len(a.Samples) != 1 || most <= 0 || a.Samples[0] < 0 || a.Samples[0] > 1.051*most {
				t.Errorf("%s: %v, as fast as polled %v", a.Label(), a.Samples, most)
			}
		}
	})
	t.Run("latency", func(t *testing.T) {
		res := result(t, "latency")
		for _, a := range res.Arms {
			if a.Missing != "" {
				continue // a busy machine loses something at any rate
			}
			p := a.Percentiles
			if p["p50"] <= 0 || p["p50"] > p["p99"] || p["p99"] > p["p99.9"] || p["p99.9"] > p["max"] || a.Curve[len(a.Curve)-1].Y != 1 {
				t.Errorf("%s: %v, %v", a.Label(), p, a.Curve)
			}
		}
		if len(res.Arms) != 6 {
			t.Errorf("%d arms", len(res.Arms))
		}
	})
	t.Run("back-to-back", func(t *testing.T) {
		res := result(t, "back-to-back")
		if len(res.Arms) != 1 || len(res.Arms[0].Samples) != 1 || res.Arms[0].Samples[0] < 1 {
			t.Errorf("%+v", res.Arms)
		}
	})
}
