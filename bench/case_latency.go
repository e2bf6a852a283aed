// SPDX-License-Identifier: Apache-2.0

package bench

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/parkway-gw/parkway/bench/target"
)

// shares of the NDR at which latency is measured.
var shares = []float64{0.1, 0.5, 0.9}

const latencyMethod = "Latency from the moment at which a packet was due at the worker's queue to its being given to the out port's driver, as the time stamp counter has it, at 10, 50 and 90 % of the NDR that the same run found. " +
	"Histogram of eight buckets to a power of two; figures are a bucket's upper end. Samples are medians of the trials."

func latency() Case {
	return Case{Name: "latency", Title: "Latency at 10, 50 and 90 % of the highest rate without loss, 4,096 IPv4 flows, 16 routes", Run: runLatency}
}

func runLatency(ctx context.Context, r *Runner) (*Result, error) {
	res := &Result{Unit: "µs", Axis: "share of NDR", Method: r.pacedMethod(latencyMethod)}
	least := 1.0
	for _, m := range []mixOf{sizeOf(64), imix()} {
		ran, err := r.paced(ctx, m, func(p *paced) error {
			most, err := p.most(ctx)
			if err != nil {
				return err
			}
			f, err := p.search(ctx, most, 0)
			if err != nil {
				return err
			}
			for _, share := range shares {
				arm, err := p.latency(ctx, f.Rate*share, min(r.Rounds, ndrRounds))
				if err != nil {
					return err
				}
				arm.Name, arm.X, arm.XLabel = "parkway, "+m.label+" octets", share*100, fmt.Sprintf("%.0f %%", share*100)
				res.Arms = append(res.Arms, arm)
				r.Logf("  %s at %.2f Mpps: p50 %.1f, p99 %.1f, p99.9 %.1f µs", arm.Label(), f.Rate*share, arm.Percentiles["p50"], arm.Percentiles["p99"], arm.Percentiles["p99.9"])
			}
			res.Notes = append(res.Notes, fmt.Sprintf("NDR at %s octets: %.2f Mpps; as fast as polled: %.2f Mpps.", m.label, f.Rate, most))
			return nil
		})
		if err != nil {
			return nil, err
		}
		least = min(least, ran)
	}
	res.Notes = append(res.Notes, pacedNotes(least)...)
	return res, nil
}

// latency is so many trials at a rate, as one arm: their medians, and the percentiles and
// the curve of all packets together.
func (p *paced) latency(ctx context.Context, mpps float64, rounds int) (Arm, error) {
	if mpps <= 0 {
		return Arm{Missing: "no rate was without loss"}, nil
	}
	arm := Arm{Percentiles: map[string]float64{}}
	var all Waits
	for range rounds {
		res, err := p.at(ctx, mpps)
		if err != nil {
			return arm, err
		}
		one := Waits{}
		one.Add(res.Waits)
		all.Add(res.Waits)
		arm.Samples = append(arm.Samples, one.Quantile(0.5))
	}
	for name, q := range map[string]float64{"p50": 0.5, "p99": 0.99, "p99.9": 0.999, "max": 1} {
		arm.Percentiles[name] = all.Quantile(q)
	}
	arm.Curve = all.Curve()
	arm.Summarize()
	return arm, nil
}

// Waits is a histogram of waits that can be added up.
type Waits struct {
	count map[float64]uint64 // by a bucket's lower end, in µs
	total uint64
}

// Add adds what a trial counted.
func (w *Waits) Add(waits []target.PacedWait) {
	if w.count == nil {
		w.count = map[float64]uint64{}
	}
	for _, x := range waits {
		w.count[x.Micros] += x.Packets
		w.total += x.Packets
	}
}

// bucketWidth: a bucket ends an eighth above its lower end.
const bucketWidth = 1.125

// Quantile is the upper end of the bucket in which the q-quantile is, in µs; 0 of none.
func (w *Waits) Quantile(q float64) float64 {
	curve := w.Curve()
	for _, p := range curve {
		if p.Y >= q {
			return p.X
		}
	}
	if len(curve) == 0 {
		return 0
	}
	return curve[len(curve)-1].X
}

// Curve is the CDF: the share of packets that waited at most so many µs.
func (w *Waits) Curve() []Point {
	out := make([]Point, 0, len(w.count))
	var sum uint64
	for _, low := range slices.Sorted(maps.Keys(w.count)) {
		sum += w.count[low]
		out = append(out, Point{low * bucketWidth, float64(sum) / float64(w.total)})
	}
	return out
}
