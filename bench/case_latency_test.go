// SPDX-License-Identifier: Apache-2.0

package bench

import (
	"slices"
	"testing"

	"github.com/parkway-gw/parkway/bench/target"
	"github.com/parkway-gw/parkway/bench/traffic"
)

// Quantiles of histograms that were added up are a bucket's upper end.
func TestWaits(t *testing.T) {
	var w Waits
	if w.Quantile(0.5) != 0 || len(w.Curve()) != 0 {
		t.Error("a wait of nobody")
	}
	w.Add([]target.PacedWait{{Micros: 8, Packets: 90}, {Micros: 16, Packets: 9}})
	w.Add([]target.PacedWait{{Micros: 1, Packets: 900}, {Micros: 1000, Packets: 1}})
	for q, want := range map[float64]float64{0.5: 1, 0.9: 1, 0.91: 8, 0.99: 8, 0.995: 16, 0.999: 16, 1: 1000} {
		if got := w.Quantile(q); got != want*1.125 {
			t.Errorf("quantile %v is %v, want %v", q, got, want*1.125)
		}
	}
	want := []Point{{1.125, 0.9}, {9, 0.99}, {18, 0.999}, {1125, 1}}
	if got := w.Curve(); !slices.Equal(got, want) {
		t.Errorf("curve %v, want %v", got, want)
	}
}

// The frame sizes of RFC 2544, ascending, and the mix.
func TestPacedSizes(t *testing.T) {
	all := pacedSizes(false)
	if len(all) != len(traffic.Sizes())+1 || all[len(all)-1].label != "imix" || int(all[len(all)-1].x) != 353 || len(pacedSizes(true)) != 2 {
		t.Errorf("%+v", all)
	}
	// A 100 Gbit/s link carries 148.8 million frames of 64 octets, which are 60 without FCS.
	if got := lineRate(60); got < 148.8 || got > 148.82 {
		t.Errorf("%v Mpps", got)
	}
}
