// SPDX-License-Identifier: Apache-2.0

package bench

import (
	"slices"
	"strings"
	"testing"

	"github.com/parkway-gw/parkway/internal/api"
)

// Two rounds of one family become arms that add up, and ratios against sampling off.
func TestCostsBecomeArms(t *testing.T) {
	c := new(costs)
	stages := func(rx, tx uint64) *api.Stages {
		s := &api.Stages{StageCosts: api.StageCosts{Packets: 100, Cycles: rx + tx, CyclesPerPacket: float64(rx+tx) / 100}}
		s.Stages = []api.Stage{{Stage: "rx", Calls: 2, Packets: 100, Cycles: rx}, {Stage: "lr_in_policy"}, {Stage: "tx", Calls: 2, Packets: 50, Cycles: tx}}
		return s
	}
	for _, round := range []struct{ off, on, rx, tx float64 }{{100, 110, 3000, 5000}, {80, 80, 2000, 6000}} {
		c.add("sampling off", 4, "IPv4", round.off)
		c.add("sampling 1/16", 4, "IPv4", round.on)
		if err := c.addStages(4, "IPv4", stages(uint64(round.rx), uint64(round.tx))); err != nil {
			t.Fatal(err)
		}
	}
	if err := c.addStages(6, "IPv6", new(api.Stages)); err == nil || !strings.Contains(err.Error(), "IPv6: no measured poll had packets") {
		t.Errorf("%v", err)
	}
	res := &Result{Arms: c.arms}
	for i := range res.Arms {
		res.Arms[i].Summarize()
	}
	judgeCost(res)
	for name, want := range map[string][]float64{"rx": {30, 20}, "tx": {50, 60}, allStages: {80, 80}} {
		a, has := res.Arm(name, 4)
		if !has || !slices.Equal(a.Samples, want) {
			t.Errorf("%s: %+v, want %v", name, a, want)
		}
	}
	if _, has := res.Arm("lr_in_policy", 4); has {
		t.Error("a stage that nothing came to has an arm")
	}
	if len(res.Ratios) != 2 || !slices.Equal(res.Ratios[0].Pairs, []float64{1.1, 1}) || !slices.Equal(res.Ratios[1].Pairs, []float64{0.8, 1}) {
		t.Errorf("%+v", res.Ratios)
	}
	if len(res.Notes) != 1 || !strings.HasPrefix(res.Notes[0], "IPv4: the stages explain 90 % of a packet's time") {
		t.Errorf("%q", res.Notes)
	}
}
