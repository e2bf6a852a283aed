// SPDX-License-Identifier: Apache-2.0

package forwarder

import (
	"math/rand/v2"
	"net/netip"
	"testing"
)

// Routes that were added and removed are counted as by comparing each with each.
func TestRouteDifferences(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 0))
	draw := func() (out []StaticRoute) {
		for range r.IntN(12) {
			p := netip.PrefixFrom(netip.AddrFrom4([4]byte{10, byte(r.IntN(4))}), 16)
			if r.IntN(3) == 0 {
				p = netip.PrefixFrom(netip.AddrFrom16([16]byte{0x20, byte(r.IntN(3))}), 16)
			}
			out = append(out, StaticRoute{Prefix: p, Nexthop: netip.AddrFrom4([4]byte{192, 0, 2, byte(r.IntN(3))}), SourceIP: r.IntN(4) == 0})
		}
		return out
	}
	missing := func(from, in []StaticRoute) (n int) {
		left := map[StaticRoute]int{}
		for _, s := range in {
			left[s]++
		}
		for _, s := range from {
			if left[s]--; left[s] < 0 {
				n++
			}
		}
		return n
	}
	for range 5000 {
		a, b := draw(), draw()
		added, removed := differences(a, b)
		if added != missing(b, a) || removed != missing(a, b) {
			t.Fatalf("%v\n%v\n%d added, %d removed; want %d, %d", a, b, added, removed, missing(b, a), missing(a, b))
		}
	}
}
