// SPDX-License-Identifier: Apache-2.0

package dpdk

import (
	"fmt"
	"net/netip"
	"syscall"
)

// FIBConfig says how large a forwarding table is.
type FIBConfig struct {
	MaxRoutes    int    // routes at most; 0: 65536
	NextHopBytes int    // size of a next hop: 2, 4 or 8; 0: 4
	Tbl8         int    // second-stage tables: one for each /24 (IPv4) or 8-bit step (IPv6) with longer prefixes; rounded up to a multiple of 64; 0: 256 (IPv4), 8192 (IPv6)
	Default      uint64 // the next hop of addresses without a route
	Socket       int    // NUMA socket, or SocketAny
}

// complete fills in defaults; the result says what is wrong.
func (c *FIBConfig) complete(tbl8 int) string {
	if c.MaxRoutes == 0 {
		c.MaxRoutes = 1 << 16
	}
	if c.NextHopBytes == 0 {
		c.NextHopBytes = 4
	}
	if c.Tbl8 == 0 {
		c.Tbl8 = tbl8
	}
	c.Tbl8 = (c.Tbl8 + 63) &^ 63 // as DIR24_8 does
	switch {
	case c.NextHopBytes != 2 && c.NextHopBytes != 4 && c.NextHopBytes != 8:
		return fmt.Sprintf("a next hop has 2, 4 or 8 bytes, not %d", c.NextHopBytes)
	case c.MaxRoutes < 1 || int64(c.MaxRoutes) > 1<<30:
		return fmt.Sprintf("%d routes are outside 1 to 2^30", c.MaxRoutes)
	case c.Tbl8 < 64 || uint64(c.Tbl8) > c.maxNextHop():
		return fmt.Sprintf("%d tbl8 are outside 64 to %d for next hops of %d bytes", c.Tbl8, c.maxNextHop(), c.NextHopBytes)
	case c.Default > c.maxNextHop():
		return fmt.Sprintf("the default next hop %d is above %d", c.Default, c.maxNextHop())
	}
	return ""
}

// maxNextHop is the largest next hop: one bit of each entry is the table's own.
func (c *FIBConfig) maxNextHop() uint64 { return 1<<(8*c.NextHopBytes-1) - 1 }

// fibHint explains the errnos of rte_fib_add, rte_fib_delete and their twins.
func fibHint(errno syscall.Errno, cfg *FIBConfig) string {
	switch errno {
	case syscall.ENOSPC:
		return fmt.Sprintf("too few of the %d tbl8 are free, configure more", cfg.Tbl8)
	case syscall.ENOMEM:
		return fmt.Sprintf("the table is made for %d routes", cfg.MaxRoutes)
	case syscall.ENOENT:
		return "no such route"
	}
	return ""
}

// fibFault says what is wrong with a prefix or a next hop, before DPDK sees it.
func fibFault(p netip.Prefix, nh uint64, v6 bool, cfg *FIBConfig) string {
	switch {
	case !p.IsValid():
		return "not a prefix"
	case p.Addr().Is4() == v6 || p.Addr().Is4In6():
		return "the prefix is of the other address family"
	case nh > cfg.maxNextHop():
		return fmt.Sprintf("next hop %d is above %d, the most that fits %d bytes", nh, cfg.maxNextHop(), cfg.NextHopBytes)
	}
	return ""
}
