// SPDX-License-Identifier: Apache-2.0

package bench

import (
	"math"
	"slices"
)

// Quantile returns the q-quantile of samples, 0 to 1, between neighbors in proportion; NaN
// of none. The samples stay as they are.
func Quantile(samples []float64, q float64) float64 {
	if len(samples) == 0 {
		return math.NaN()
	}
	sorted := slices.Clone(samples)
	slices.Sort(sorted)
	at := q * float64(len(sorted)-1)
	i := int(at)
	if i+1 >= len(sorted) {
		return sorted[len(sorted)-1]
	}
	return sorted[i] + (at-float64(i))*(sorted[i+1]-sorted[i])
}

// Summarize fills in median and quartiles of the samples.
func (a *Arm) Summarize() {
	if len(a.Samples) == 0 {
		a.Median, a.Low, a.High = 0, 0, 0
		return
	}
	a.Median, a.Low, a.High = Quantile(a.Samples, 0.5), Quantile(a.Samples, 0.25), Quantile(a.Samples, 0.75)
}

// Label names an arm and its position: "parkway", "parkway, 1M".
func (a *Arm) Label() string {
	if a.XLabel == "" {
		return a.Name
	}
	return a.Name + ", " + a.XLabel
}

// NewRatio compares two arms round by round with f, such as Quotient.
func NewRatio(of, to *Arm, f func(of, to float64) float64) Ratio {
	r := Ratio{Of: of.Label(), To: to.Label(), X: of.X, XLabel: of.XLabel, Pairs: make([]float64, min(len(of.Samples), len(to.Samples)))}
	for i := range r.Pairs {
		r.Pairs[i] = f(of.Samples[i], to.Samples[i])
	}
	if len(r.Pairs) > 0 {
		r.Median, r.Low, r.High = Quantile(r.Pairs, 0.5), Quantile(r.Pairs, 0.25), Quantile(r.Pairs, 0.75)
	}
	return r
}

// Quotient is of / to.
func Quotient(of, to float64) float64 { return of / to }

// Cost is how much longer a packet takes, in nanoseconds, of rates in Mpps.
func Cost(of, to float64) float64 { return NSPerPacket(of) - NSPerPacket(to) }

// NSPerPacket turns a rate in Mpps into nanoseconds per packet.
func NSPerPacket(mpps float64) float64 { return 1e3 / mpps }
