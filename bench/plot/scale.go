// SPDX-License-Identifier: Apache-2.0

package plot

import "math"

// scale maps values to pixels: low to from, high to to, linear or logarithmic. high
// must be more than low, and low more than 0 where it is logarithmic.
type scale struct {
	low, high float64
	from, to  float64
	log       bool
}

// at returns the pixel of a value; what lies outside is drawn at the edge.
func (s scale) at(v float64) float64 {
	v = min(max(v, s.low), s.high)
	part := (v - s.low) / (s.high - s.low)
	if s.log {
		part = math.Log(v/s.low) / math.Log(s.high/s.low)
	}
	return s.from + part*(s.to-s.from)
}

// tick is a place on an axis with its label.
type tick struct {
	at    float64
	label string
}

// fromZero returns round ticks from 0 to the first one that is not less than high,
// some 4 to 6 of them.
func fromZero(high float64) []tick {
	if !(high > 0) || math.IsInf(high, 0) {
		high = 1
	}
	step := math.Pow(10, math.Floor(math.Log10(high/4)))
	for _, m := range []float64{1, 2, 2.5, 5, 10} {
		if high/(step*m) <= 5.5 {
			step *= m
			break
		}
	}
	ticks := []tick{{0, "0"}}
	for i := 1; ; i++ {
		v := float64(i) * step
		ticks = append(ticks, tick{v, Number(v)})
		if v >= high*(1-1e-9) {
			return ticks
		}
	}
}

// decades returns a tick at every power of ten around the values, and at 2 and 5
// times it where there are at most two.
func decades(low, high float64) []tick {
	first := math.Floor(math.Log10(low) + 1e-9)
	last := math.Ceil(math.Log10(high) - 1e-9)
	if last <= first {
		last = first + 1
	}
	var ticks []tick
	for e := first; e <= last; e++ {
		v := math.Pow(10, e)
		ticks = append(ticks, tick{v, Number(v)})
		if last-first <= 2 && e < last {
			ticks = append(ticks, tick{2 * v, Number(2 * v)}, tick{5 * v, Number(5 * v)})
		}
	}
	return ticks
}

// spread drops the labels of ticks that would touch the one before; the first and the
// last keep theirs.
func spread(ticks []tick, s scale, size float64) []tick {
	const gap = 5
	half := func(t tick) float64 { return textWidth(t.label, size) / 2 }
	out := append([]tick(nil), ticks...)
	if len(out) < 2 {
		return out
	}
	last := len(out) - 1
	edge := s.at(out[0].at) + half(out[0])
	limit := s.at(out[last].at) - half(out[last])
	for i := 1; i < last; i++ {
		x := s.at(out[i].at)
		if x-half(out[i]) < edge+gap || x+half(out[i]) > limit-gap {
			out[i].label = ""
			continue
		}
		edge = x + half(out[i])
	}
	return out
}
