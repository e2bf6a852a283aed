// SPDX-License-Identifier: Apache-2.0

package topology

import (
	"math/rand/v2"
	"net/netip"
	"slices"
	"testing"
)

// Short and long lists come out as a plain sort of the prefixes has them.
func TestSortRoutes(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 0))
	for _, n := range []int{0, 1, 2, 100, manyRoutes, 5 * manyRoutes} {
		for _, shuffled := range []bool{true, false} {
			prefixes := make([]netip.Prefix, n)
			for i := range prefixes {
				if r.IntN(2) == 0 {
					prefixes[i], _ = netip.AddrFrom4([4]byte{byte(r.Uint32()), byte(r.IntN(3)), byte(r.Uint32())}).Prefix(r.IntN(33))
				} else {
					prefixes[i], _ = netip.AddrFrom16([16]byte{0x20, byte(r.IntN(4)), byte(r.Uint32()), 9: byte(r.Uint32())}).Prefix(r.IntN(129))
				}
			}
			byValue := func(a, b netip.Prefix) int {
				if c := a.Addr().Compare(b.Addr()); c != 0 {
					return c
				}
				return a.Bits() - b.Bits()
			}
			if !shuffled {
				slices.SortFunc(prefixes, byValue)
			}
			list := make([]RouteOrder, n)
			for i, p := range prefixes {
				list[i] = OrderOf(p, i)
			}
			SortRoutes(list)
			want := slices.Clone(prefixes)
			slices.SortStableFunc(want, byValue)
			for i, o := range list {
				if prefixes[o.At] != want[i] || o.Prefix() != want[i] {
					t.Fatalf("%d routes: place %d has %s, want %s", n, i, prefixes[o.At], want[i])
				}
				if i > 0 && prefixes[list[i-1].At] == prefixes[o.At] && (list[i-1].At > o.At || !o.SamePrefix(list[i-1])) {
					t.Fatalf("%d routes: equal prefixes are not in their own order", n)
				}
			}
		}
	}
}
