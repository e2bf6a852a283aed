// SPDX-License-Identifier: Apache-2.0

package bench

import (
	"fmt"
	"slices"
	"time"
)

// curvePoints is how many points the distribution of a latency arm gets.
const curvePoints = 64

// latencies makes an arm of times, in microseconds, with percentiles and distribution.
func latencies(name string, x float64, label string, times []time.Duration) Arm {
	a := Arm{Name: name, X: x, XLabel: label, Unit: "µs"}
	for _, d := range times {
		a.Samples = append(a.Samples, float64(d.Nanoseconds())/1e3)
	}
	a.Summarize()
	if len(times) == 0 {
		return a
	}
	a.Percentiles = map[string]float64{"max": slices.Max(a.Samples)}
	for _, p := range []struct {
		name string
		q    float64
	}{{"p50", 0.5}, {"p90", 0.9}, {"p99", 0.99}, {"p99.9", 0.999}} {
		a.Percentiles[p.name] = Quantile(a.Samples, p.q)
	}
	// Half of the points show the lower 90 %, half the tail.
	for i := range curvePoints {
		q := 0.9 * float64(i) / (curvePoints / 2)
		if i >= curvePoints/2 {
			q = 0.9 + 0.1*float64(i-curvePoints/2)/(curvePoints/2-1)
		}
		a.Curve = append(a.Curve, Point{X: Quantile(a.Samples, q), Y: q})
	}
	return a
}

// percentile demands that a percentile of an arm is at most a limit, in microseconds.
func percentile(a *Arm, name string, limit float64) Check {
	if a == nil || a.Percentiles == nil {
		return Check{What: name, Limit: limit, Unit: "µs", Missing: "it was not measured"}
	}
	v := a.Percentiles[name]
	return Check{What: fmt.Sprintf("%s of %s", name, a.Label()), Value: v, Limit: limit, Unit: "µs", Met: v <= limit}
}
