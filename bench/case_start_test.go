// SPDX-License-Identifier: Apache-2.0

package bench

import (
	"testing"

	"github.com/parkway-gw/parkway/bench/target"
)

func TestJudgeStart(t *testing.T) {
	arm := func(name string, x, median float64) Arm {
		return Arm{Name: name, X: x, XLabel: label(int(x)), Samples: []float64{median}, Median: median}
	}
	res := &Result{Arms: []Arm{arm(ours, 16, 0.5), arm("of it: EAL", 16, 0.1), arm(ours, 1_000_000, 16), arm("of it: EAL", 1_000_000, 30)}}
	judgeStart(res)
	if len(res.Checks) != 2 || !res.Checks[0].Met || res.Checks[1].Met || res.Checks[1].Value != 16 || res.Checks[1].What != "start with 1M routes" {
		t.Errorf("%+v", res.Checks)
	}
	if res.Ratio == nil || res.Ratio.Median != 32 {
		t.Errorf("%+v", res.Ratio)
	}
}

func TestUpdatesArms(t *testing.T) {
	res := &Result{}
	for range 2 {
		for _, v6 := range []bool{false, true} {
			a := updatesArm(res, target.UpdatesRate{V6: v6, Added: !v6, Size: 10})
			a.Samples = append(a.Samples, 1)
		}
	}
	if len(res.Arms) != 2 || res.Arms[0].Name != "IPv4 added" || res.Arms[1].Name != "IPv6 deleted" || len(res.Arms[1].Samples) != 2 {
		t.Errorf("%+v", res.Arms)
	}
}
