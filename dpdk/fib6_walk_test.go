// SPDX-License-Identifier: Apache-2.0

package dpdk_test

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"testing"

	"pgregory.net/rapid"

	"github.com/parkway-gw/parkway/dpdk"
)

// walkTbl8 is so many tbl8 that a table is walked level by level, at this size of a next
// hop.
func walkTbl8(bytes int) int { return 2 << 20 / (256 * bytes) }

// The tables of TestFIB6AgainstSlowModel are too small to be walked.
func TestFIB6WalkAgainstSlowModel(t *testing.T) {
	for _, bytes := range []int{2, 4, 8} {
		var table *dpdk.FIB6
		fresh := func() fib {
			if table != nil {
				if err := table.Close(); err != nil {
					t.Error(err)
				}
			}
			table = newFIB6(t, dpdk.FIBConfig{NextHopBytes: bytes, Default: 9999, Tbl8: walkTbl8(bytes)})
			if table.Walk() == nil {
				t.Fatalf("a table with next hops of %d bytes is not walked: is this DPDK 22.11?", bytes)
			}
			return table
		}
		checkFIB(t, fresh, 9999, rapid.Custom(func(t *rapid.T) netip.Addr {
			a := [16]byte{0x20, 0x01, 0x0d, 0xb8}
			a[5], a[7], a[15] = byte(rapid.IntRange(0, 1).Draw(t, "b")), rapid.Byte().Draw(t, "c"), rapid.Byte().Draw(t, "d")
			return netip.AddrFrom16(a)
		}))
		if err := table.Close(); err != nil {
			t.Error(err)
		}
	}
}

// Both ways yield the same for random prefixes of any length, in bulks of any length:
// addresses leave the walk at any level, and bulks end anywhere within one of its steps.
func TestFIB6WalkAgreesWithDPDK(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	address := func() (a [16]byte) {
		for i := range a {
			a[i] = byte(r.IntN(3)) * 85
		}
		a[0] |= 0x20
		return a
	}
	for _, bytes := range []int{2, 4, 8} {
		t.Run(fmt.Sprint(bytes), func(t *testing.T) {
			walked := newFIB6(t, dpdk.FIBConfig{NextHopBytes: bytes, Default: 3, Tbl8: walkTbl8(bytes)})
			plain := newFIB6(t, dpdk.FIBConfig{NextHopBytes: bytes, Default: 3, Tbl8: walkTbl8(bytes) - 64})
			if walked.Walk() == nil || plain.Walk() != nil {
				t.Fatal("not one table of each kind")
			}
			for i := range 60 {
				p := netip.PrefixFrom(netip.AddrFrom16(address()), r.IntN(129)).Masked()
				for _, table := range []*dpdk.FIB6{walked, plain} {
					if err := table.Add(p, uint64(100+i)); err != nil {
						t.Fatal(err)
					}
				}
			}
			for n := range 200 {
				ips, got, want := make([][16]byte, n), make([]uint64, n), make([]uint64, n)
				for i := range ips {
					ips[i] = address()
				}
				walked.LookupBulk(ips, got)
				plain.LookupBulk(ips, want)
				for i := range ips {
					if got[i] != want[i] {
						t.Fatalf("%v, %d of %d: walked to %d, DPDK says %d", netip.AddrFrom16(ips[i]), i, n, got[i], want[i])
					}
				}
			}
		})
	}
}
