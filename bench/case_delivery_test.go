// SPDX-License-Identifier: Apache-2.0

package bench

import (
	"testing"

	"github.com/parkway-gw/parkway/bench/delivery"
)

func TestTell(t *testing.T) {
	loads := []delivery.Load{{Label: "3 pings", Packets: 3, Ping: true}, {Label: "burst of 9", Packets: 9}, {Label: "never run"}}
	got := tell(loads, map[string][]delivery.Outcome{
		"3 pings":    {{Questions: 4, Replies: 2}, {Questions: 1, Replies: 3}},
		"burst of 9": {{Questions: 9, Reordered: 2}, {Questions: 7}, {Questions: 8, Duplicates: 1}},
	})
	want := "questions for the MAC (median): 4 for 3 pings, 8 for burst of 9; 2 packets out of order, 1 twice; 5 of 6 pings were answered"
	if got != want {
		t.Errorf("%s\n%s", got, want)
	}
}

// A goal that was not measured is not met, and one that was has its figure.
func TestTimesReference(t *testing.T) {
	res := &Result{Arms: []Arm{
		{Name: ours, X: 1, XLabel: "1", Samples: []float64{40, 60}}, {Name: "ovn", X: 1, Samples: []float64{10, 10}},
		{Name: ours, X: 2, XLabel: "2", Samples: []float64{40}}, {Name: "ovn", X: 2, Missing: "it is not here"},
		{Name: ours, X: 3, XLabel: "3", Samples: []float64{40}}, {Name: "ovn", X: 3, Samples: []float64{10}},
	}}
	timesReference(res, "ovn", map[float64]float64{1: 5, 2: 5})
	if len(res.Checks) != 2 || !res.Checks[0].Met || res.Checks[0].Value != 5 || res.Checks[1].Met || res.Checks[1].Missing == "" {
		t.Errorf("%+v", res.Checks)
	}
	if len(res.Ratios) != 2 || res.Ratio == nil || res.Ratio.Median != 5 {
		t.Errorf("%+v, %+v", res.Ratio, res.Ratios)
	}
}
