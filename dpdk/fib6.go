// SPDX-License-Identifier: Apache-2.0

package dpdk

/*
#cgo noescape pw_fib6_lookup
#cgo nocallback pw_fib6_lookup
#include <stdlib.h>
#include "shim_table.h"
#include "shim_walk6.h"
*/
import "C"

import (
	"fmt"
	"net/netip"
	"syscall"
	"unsafe"
)

// FIB6 is a longest-prefix-match table for IPv6 (rte_fib6, algorithm TRIE).
// Writers and readers are those of FIB4.
//
// A prefix longer than /24 takes up to 13 tbl8 of its own, and TRIE in DPDK
// 22.11 never gives them back: Delete leaks them (four times adding and deleting
// one /128 exhaust 64 tbl8), then Add fails with ENOSPC. So where prefixes come
// and go, build a new table from time to time, at the latest on ENOSPC, swap it
// in, and close the old one when its readers have been quiescent. At least
// tbl8 are never used again under a reader.
type FIB6 struct {
	c    *C.struct_rte_fib6
	name string
	cfg  FIBConfig
	walk C.pw_walk6 // nil: rte_fib6_lookup_bulk
}

// walkFrom is the size of all tbl8, in octets, from which on they are walked level by
// level: what is smaller mostly stays in a core's own caches, where one address after the
// other is no slower.
const walkFrom = 2 << 20

// NewFIB6 makes a table (rte_fib6_create). Next hops of 2, 4 or 8 bytes take
// 32, 64 or 128 MiB of DPDK memory, and each tbl8 256 next hops.
func NewFIB6(name string, cfg FIBConfig) (*FIB6, error) {
	const fn = "rte_fib6_create"
	object := "FIB6 " + name
	if err := running(fn, object); err != nil {
		return nil, err
	}
	if hint := cfg.complete(8192); hint != "" {
		return nil, refused(fn, object, syscall.EINVAL, hint)
	}
	cName := C.CString(name)
	defer C.free(unsafe.Pointer(cName))
	mark := markLog()
	c, err := C.pw_fib6_create(cName, C.int(cfg.Socket), C.int(cfg.MaxRoutes), C.int(cfg.NextHopBytes),
		C.uint32_t(cfg.Tbl8), C.uint64_t(cfg.Default))
	if c == nil {
		hint := ""
		if errnoFrom(err) == syscall.ENOMEM {
			hint = fmt.Sprintf("it needs %s of DPDK memory in one piece", mebibytes(uint64(cfg.NextHopBytes)<<24))
		}
		return nil, failed(fn, object, errnoFrom(err), mark, hint)
	}
	f := &FIB6{c: c, name: name, cfg: cfg}
	if cfg.Tbl8*256*cfg.NextHopBytes >= walkFrom {
		f.walk = C.pw_walk6_for(c, C.uint32_t(cfg.Tbl8), C.int(cfg.NextHopBytes), C.uint64_t(cfg.Default))
	}
	return f, nil
}

// Name returns the table's name.
func (f *FIB6) Name() string { return f.name }

// Add sets the next hop of a prefix, new or known (rte_fib6_add). Bits beyond
// the prefix length are ignored. ENOSPC: too few tbl8 are left.
func (f *FIB6) Add(p netip.Prefix, nh uint64) error {
	const fn = "rte_fib6_add"
	object := func() string { return fmt.Sprintf("FIB6 %s, %s, next hop %d", f.name, p, nh) } // made when it fails
	if hint := fibFault(p, nh, true, &f.cfg); hint != "" {
		return refused(fn, object(), syscall.EINVAL, hint)
	}
	mark, ip := markLog(), p.Addr().As16()
	if ret := C.rte_fib6_add(f.c, (*C.uint8_t)(&ip[0]), C.uint8_t(p.Bits()), C.uint64_t(nh)); ret != 0 {
		return failed(fn, object(), errnoOf(ret), mark, fibHint(errnoOf(ret), &f.cfg)+trieHint(errnoOf(ret)))
	}
	return nil
}

// trieHint tells what else an ENOSPC of TRIE may mean.
func trieHint(errno syscall.Errno) string {
	if errno != syscall.ENOSPC {
		return ""
	}
	return "; deleted prefixes do not give theirs back, a new table does"
}

// Delete takes a prefix out (rte_fib6_delete); its addresses fall back to the
// next shorter one. Its tbl8 are lost, see FIB6. ENOENT: it was not in.
func (f *FIB6) Delete(p netip.Prefix) error {
	const fn = "rte_fib6_delete"
	object := func() string { return fmt.Sprintf("FIB6 %s, %s", f.name, p) }
	if hint := fibFault(p, 0, true, &f.cfg); hint != "" {
		return refused(fn, object(), syscall.EINVAL, hint)
	}
	mark, ip := markLog(), p.Addr().As16()
	if ret := C.rte_fib6_delete(f.c, (*C.uint8_t)(&ip[0]), C.uint8_t(p.Bits())); ret != 0 {
		return failed(fn, object(), errnoOf(ret), mark, fibHint(errnoOf(ret), &f.cfg))
	}
	return nil
}

// Lookup returns the next hop of an IPv6 address, FIBConfig.Default if no
// prefix covers it. Any thread. Addresses that are not IPv6 have no route.
func (f *FIB6) Lookup(a netip.Addr) uint64 {
	if !a.Is6() {
		return f.cfg.Default
	}
	ips, nhs := [1][16]byte{a.As16()}, [1]uint64{}
	f.LookupBulk(ips[:], nhs[:])
	return nhs[0]
}

// LookupBulk looks up addresses in network byte order and writes their next
// hops into nhs, which must be as long (rte_fib6_lookup_bulk, or Walk). Any
// thread. One crossing.
func (f *FIB6) LookupBulk(ips [][16]byte, nhs []uint64) {
	if len(ips) == 0 {
		return
	}
	_ = nhs[len(ips)-1]
	C.pw_fib6_lookup(f.c, f.walk, unsafe.Pointer(&ips[0]), (*C.uint64_t)(&nhs[0]), C.int(len(ips)))
}

// Ptr returns the struct rte_fib6, for C code.
func (f *FIB6) Ptr() unsafe.Pointer { return unsafe.Pointer(f.c) }

// Walk returns the function that C code is to look up by in place of
// rte_fib6_lookup_bulk, whose arguments it takes, or nil: a pw_walk6. It is two to four
// times as fast in a table beyond the caches. It reads what DPDK keeps to itself, so it is
// nil if that is not what DPDK 22.11 has.
func (f *FIB6) Walk() unsafe.Pointer { return unsafe.Pointer(f.walk) }

// Close frees the table (rte_fib6_free); no reader may be in it.
func (f *FIB6) Close() error {
	if f.c == nil {
		return nil
	}
	if err := running("rte_fib6_free", "FIB6 "+f.name); err != nil {
		return err
	}
	C.rte_fib6_free(f.c)
	f.c = nil
	return nil
}
