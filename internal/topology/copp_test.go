// SPDX-License-Identifier: Apache-2.0

package topology

import (
	"strings"
	"testing"
)

func TestCoPPFindings(t *testing.T) {
	good := func() *Topology {
		return &Topology{
			Routers: []Router{{Name: "lr0", CoPP: "c"}},
			Meters:  []Meter{{Name: "m", Rate: 10, Burst: 5}},
			CoPP:    []CoPP{{Name: "c", Meters: []CoPPMeter{{"tcp-reset", "m"}}}},
		}
	}
	for name, tc := range map[string]struct {
		mend func(*Topology)
		want string // in an error; empty: none
	}{
		"good":             {func(*Topology) {}, ""},
		"rate 0":           {func(t *Topology) { t.Meters[0].Rate = 0 }, "rate 0"},
		"rate too high":    {func(t *Topology) { t.Meters[0].Rate = MaxRate + 1 }, "rate 1000001"},
		"burst 0":          {func(t *Topology) { t.Meters[0].Burst = 0 }, "burst_size 0"},
		"unknown protocol": {func(t *Topology) { t.CoPP[0].Meters[0].Protocol = "tcp" }, `protocol "tcp"`},
		"unknown meter":    {func(t *Topology) { t.CoPP[0].Meters[0].Meter = "n" }, `no meter "n"`},
		"unknown copp":     {func(t *Topology) { t.Routers[0].CoPP = "d" }, `no copp "d"`},
		"meter twice":      {func(t *Topology) { t.Meters = append(t.Meters, t.Meters[0]) }, `"m" is used twice`},
		"copp twice":       {func(t *Topology) { t.CoPP = append(t.CoPP, t.CoPP[0]) }, `"c" is used twice`},
		"protocol twice": {func(t *Topology) {
			t.CoPP[0].Meters = append(t.CoPP[0].Meters, t.CoPP[0].Meters[0])
		}, "tcp-reset twice"},
	} {
		t.Run(name, func(t *testing.T) {
			topo := good()
			tc.mend(topo)
			var errs []string
			for _, f := range topo.Validate() {
				if f.Severity == Error {
					errs = append(errs, f.Message)
					if f.Hint == "" {
						t.Errorf("no hint: %s", f.Message)
					}
				}
			}
			switch {
			case tc.want == "" && len(errs) != 0:
				t.Errorf("%q", errs)
			case tc.want != "" && (len(errs) != 1 || !strings.Contains(errs[0], tc.want)):
				t.Errorf("%q, want one with %q", errs, tc.want)
			}
		})
	}
	if l := good().LimitsOf(&good().Routers[0]); l[ProtocolTCPReset] != (Limit{10, 5}) || l[ProtocolARP] != DefaultLimits[ProtocolARP] {
		t.Errorf("%v", l)
	}
}
