// SPDX-License-Identifier: Apache-2.0

package bench

import (
	"math"
	"slices"
	"testing"
)

func TestQuantile(t *testing.T) {
	samples := []float64{9, 1, 5, 3, 7}
	for _, tc := range []struct{ q, want float64 }{{0, 1}, {0.25, 3}, {0.5, 5}, {0.75, 7}, {0.9, 8.2}, {1, 9}} {
		if got := Quantile(samples, tc.q); math.Abs(got-tc.want) > 1e-9 {
			t.Errorf("quantile %v is %v, want %v", tc.q, got, tc.want)
		}
	}
	if !slices.Equal(samples, []float64{9, 1, 5, 3, 7}) {
		t.Errorf("the samples have another order: %v", samples)
	}
	if got := Quantile([]float64{2, 4}, 0.5); got != 3 {
		t.Errorf("the median of 2 and 4 is %v", got)
	}
	if !math.IsNaN(Quantile(nil, 0.5)) {
		t.Error("nothing has a median")
	}
}

func arm(name string, x float64, samples ...float64) Arm {
	a := Arm{Name: name, X: x, XLabel: label(int(x)), Samples: samples}
	a.Summarize()
	return a
}

func TestRatioIsPairwise(t *testing.T) {
	// The machine slows down by half from round to round; the ratio does not see that.
	a, b := arm("a", 0, 40, 20, 10), arm("b", 0, 80, 40, 20)
	r := NewRatio(&a, &b, Quotient)
	if r.Median != 0.5 || r.Low != 0.5 || r.High != 0.5 || len(r.Pairs) != 3 {
		t.Errorf("%+v, want 0.5 in each of 3 pairs", r)
	}
	if got := Cost(50, 100); got != 10 {
		t.Errorf("50 Mpps cost %v ns/packet more than 100, want 10", got)
	}
}

func checkNamed(t *testing.T, res *Result, what string) Check {
	t.Helper()
	for _, c := range res.Checks {
		if c.What == what {
			return c
		}
	}
	t.Fatalf("no check %q in %+v", what, res.Checks)
	return Check{}
}

func TestCostOver(t *testing.T) {
	res := &Result{Arms: []Arm{arm(mac, 0, 50, 50), arm(ours, 0, 40, 40)}} // 20 and 25 ns
	costOver(res, mac, 5)
	if c := checkNamed(t, res, "cost over testpmd mac"); math.Abs(c.Value-5) > 1e-9 || !c.Met {
		t.Errorf("%+v, want 5 ns and met", c)
	}
	res = &Result{Arms: []Arm{arm(mac, 0, 50), arm(ours, 0, 39)}}
	costOver(res, mac, 5)
	if res.Met() {
		t.Errorf("%+v is met", res.Checks)
	}
	res = &Result{Arms: []Arm{{Name: mac, Missing: "not here"}, arm(ours, 0, 40)}}
	costOver(res, mac, 5)
	if c := res.Checks[0]; c.Met || c.Missing == "" {
		t.Errorf("without a reference: %+v", c)
	}
}

func TestAlongAxis(t *testing.T) {
	// Ours: 20 ns at 1, 50 ns at 1M; the ports lose 25 ns of these 30.
	res := &Result{Arms: []Arm{arm(mac, 1, 100), arm(ours, 1, 50), arm(mac, 1e6, 1e3/35.), arm(ours, 1e6, 20)}}
	alongAxis(res, mac, 0.7)
	if c := checkNamed(t, res, "lowest rate, of the first position's"); math.Abs(c.Value-0.4) > 1e-9 || c.Met {
		t.Errorf("%+v, want 0.4 and not met", c)
	}
	if c := checkNamed(t, res, "the same, net of what testpmd mac loses"); math.Abs(c.Value-0.8) > 1e-9 || !c.Met {
		t.Errorf("%+v, want 20/25 and met", c)
	}
	if res.Ratio == nil || res.Ratio.XLabel != "1M" {
		t.Errorf("the ratio of the goal is %+v", res.Ratio)
	}
	res = &Result{Arms: []Arm{arm(ours, 1, 50)}}
	alongAxis(res, mac, 0.7)
	if res.Met() {
		t.Error("one position meets a goal along the axis")
	}
}

func TestLabel(t *testing.T) {
	for n, want := range map[int]string{1: "1", 16: "16", 1000: "1k", 1024: "1k", 65536: "64k", 200_000: "200k", 1_000_000: "1M", 262144: "256k", 1514: "1514"} {
		if got := label(n); got != want {
			t.Errorf("%d is %q, want %q", n, got, want)
		}
	}
}
