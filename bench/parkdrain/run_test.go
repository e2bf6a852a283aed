// SPDX-License-Identifier: Apache-2.0

package parkdrain

import (
	"fmt"
	"os"
	"slices"
	"strconv"
	"testing"

	"github.com/parkway-gw/parkway/dpdk"
	"github.com/parkway-gw/parkway/dpdk/dpdktest"
)

func TestMain(m *testing.M) { dpdktest.Main(m) }

// A round of each size parks and drains every packet; Run says so or fails.
func TestRounds(t *testing.T) {
	allowed, err := dpdk.AllowedCPUs()
	if err != nil {
		t.Fatal(err)
	}
	cpus := allowed.List()
	rounds := 2
	sizes := [][2]int{{1, 64}, {64, 64}, {1, 1024}, {3, 7}}
	if n, err := strconv.Atoi(os.Getenv("ROUNDS")); err == nil {
		rounds = n
		sizes = [][2]int{{1, 64}, {64, 64}, {1, 1024}, {64, 1024}}
	}
	for _, family := range []int{4, 6} {
		for _, size := range sizes {
			t.Run(fmt.Sprintf("IPv%d_%d_of_%d", family, size[0], size[1]), func(t *testing.T) {
				got, err := Run(Config{EAL: dpdktest.EAL(), Worker: cpus[len(cpus)-1], Control: cpus[0], Family: family,
					NextHops: size[0], Ring: size[1], Rounds: rounds})
				if err != nil {
					t.Fatal(err)
				}
				if len(got) != rounds {
					t.Fatalf("%d rounds, want %d", len(got), rounds)
				}
				of := func(f func(Round) float64) float64 {
					var v []float64
					for _, r := range got {
						if f(r) <= 0 {
							t.Errorf("a time of %v: %+v", f(r), r)
						}
						v = append(v, f(r))
					}
					slices.Sort(v)
					return v[len(v)/4]
				}
				t.Logf("forward %.1f park %.1f evict %.1f drain %.1f close %.1f ns, %.2f Mpps", of(func(r Round) float64 { return r.Forward }),
					of(func(r Round) float64 { return r.Park }), of(func(r Round) float64 { return r.Evict }), of(func(r Round) float64 { return r.Drain }),
					of(func(r Round) float64 { return r.Close }), of(Round.Rate))
			})
		}
	}
}

func TestRefused(t *testing.T) {
	for _, c := range []Config{{Family: 5, NextHops: 1, Ring: 1}, {Family: 4, Ring: 1}, {Family: 4, NextHops: 1}, {Family: 4, NextHops: 1 << 16, Ring: 1}} {
		if _, err := Run(c); err == nil {
			t.Errorf("%+v: no error", c)
		}
	}
}
