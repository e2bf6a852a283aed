// SPDX-License-Identifier: Apache-2.0

package report

import (
	"slices"
	"strconv"
	"strings"

	"github.com/parkway-gw/parkway/bench"
	"github.com/parkway-gw/parkway/bench/plot"
)

// position is one place on the varied axis, with the arms there.
type position struct {
	x     float64
	label string
	arms  []bench.Arm
}

func (p position) arm(name string) *bench.Arm {
	for i := range p.arms {
		if p.arms[i].Name == name {
			return &p.arms[i]
		}
	}
	return nil
}

// positions sorts arms by their place on the axis. Places with one X and different
// labels, as of kinds, stay apart and keep their order.
func positions(arms []bench.Arm) []position {
	var out []position
	for _, a := range arms {
		label := a.XLabel
		if label == "" {
			label = plot.Number(a.X)
		}
		i := slices.IndexFunc(out, func(p position) bool { return p.x == a.X && p.label == label })
		if i < 0 {
			i = len(out)
			out = append(out, position{x: a.X, label: label})
		}
		out[i].arms = append(out[i].arms, a)
	}
	slices.SortStableFunc(out, func(a, b position) int {
		switch {
		case a.x < b.x:
			return -1
		case a.x > b.x:
			return 1
		}
		return 0
	})
	return out
}

// absent says whether an arm has no figure, with or without a word of why.
func absent(a bench.Arm) bool {
	return a.Missing != "" || len(a.Samples) == 0 && a.Median == 0 && len(a.Percentiles) == 0 && len(a.Curve) == 0
}

// many says whether there are too many names for columns, and for colours.
func many(names []string) bool { return len(names) > plot.Colors-1 }

// mixedUnits says whether arms have units that differ.
func mixedUnits(r *bench.Result) bool {
	return slices.ContainsFunc(r.Arms, func(a bench.Arm) bool { return a.Unit != "" && a.Unit != r.Unit })
}

// percentiles returns the names that any arm has, in order: min, p50, p99, p99.9, max,
// and what is none of these behind them.
func percentiles(arms []bench.Arm) []string {
	var keys []string
	for _, a := range arms {
		for k := range a.Percentiles {
			if !slices.Contains(keys, k) {
				keys = append(keys, k)
			}
		}
	}
	slices.SortFunc(keys, func(a, b string) int {
		pa, _ := part(a)
		pb, _ := part(b)
		switch {
		case pa < pb:
			return -1
		case pa > pb:
			return 1
		}
		return strings.Compare(a, b)
	})
	return keys
}

// part is the part of the samples that a percentile's name speaks of: 0.99 of "p99".
func part(key string) (float64, bool) {
	switch key {
	case "min":
		return 0, true
	case "max":
		return 1, true
	}
	if v, err := strconv.ParseFloat(strings.TrimPrefix(key, "p"), 64); err == nil && strings.HasPrefix(key, "p") && v >= 0 && v <= 100 {
		return v / 100, true
	}
	return 2, false
}

// colors gives each system its colour: the same one in every plot for those that stand
// in many, and never one for two of a plot while there are others.
func colors(names []string) map[string]int {
	known := []struct {
		prefix string
		color  int
	}{{"parkway", 0}, {"testpmd", 1}, {"ovn", 2}, {"ovs", 2}, {"linux", 3}}
	out := map[string]int{}
	taken := map[int]bool{}
	for _, n := range names {
		for _, k := range known {
			if strings.HasPrefix(strings.ToLower(n), k.prefix) && !taken[k.color] {
				out[n], taken[k.color] = k.color, true
				break
			}
		}
	}
	next := 4
	for _, n := range names {
		if _, ok := out[n]; ok {
			continue
		}
		for range plot.Colors {
			if !taken[next%plot.Colors] {
				break
			}
			next++
		}
		out[n], taken[next%plot.Colors] = next%plot.Colors, true
		next++
	}
	return out
}
