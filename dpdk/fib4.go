// SPDX-License-Identifier: Apache-2.0

package dpdk

/*
#cgo noescape rte_fib_lookup_bulk
#cgo nocallback rte_fib_lookup_bulk
#include <stdlib.h>
#include "shim_table.h"
*/
import "C"

import (
	"encoding/binary"
	"fmt"
	"net/netip"
	"syscall"
	"unsafe"
)

// FIB4 is a longest-prefix-match table for IPv4 (rte_fib, algorithm DIR24_8).
// One writer at a time; any number of readers, also while it writes. But
// DPDK 22.11 has no RCU in it: a Delete may free a second-stage table (tbl8)
// that a reader is about to look into, and a later Add may use it again. The
// writer must let every reader pass a quiescent state between the two.
type FIB4 struct {
	c    *C.struct_rte_fib
	name string
	cfg  FIBConfig
	tbl8 *C.struct_pw_tbl8 // nil: this DPDK keeps its counters elsewhere, see mend
}

// NewFIB4 makes a table (rte_fib_create). Next hops of 2, 4 or 8 bytes take
// 32, 64 or 128 MiB of DPDK memory.
func NewFIB4(name string, cfg FIBConfig) (*FIB4, error) {
	const fn = "rte_fib_create"
	object := "FIB " + name
	if err := running(fn, object); err != nil {
		return nil, err
	}
	if hint := cfg.complete(256); hint != "" {
		return nil, refused(fn, object, syscall.EINVAL, hint)
	}
	cName := C.CString(name)
	defer C.free(unsafe.Pointer(cName))
	mark := markLog()
	c, err := C.pw_fib4_create(cName, C.int(cfg.Socket), C.int(cfg.MaxRoutes), C.int(cfg.NextHopBytes),
		C.uint32_t(cfg.Tbl8), C.uint64_t(cfg.Default))
	if c == nil {
		hint := ""
		if errnoFrom(err) == syscall.ENOMEM {
			hint = fmt.Sprintf("it needs %s of DPDK memory in one piece", mebibytes(uint64(cfg.NextHopBytes)<<24))
		}
		return nil, failed(fn, object, errnoFrom(err), mark, hint)
	}
	f := &FIB4{c: c, name: name, cfg: cfg}
	if err := f.findCounters(); err != nil {
		_ = f.Close()
		return nil, err
	}
	return f, nil
}

// findCounters proves with one route, before there are readers, that the
// counters of tbl8 are where DPDK 22.11 keeps them, so that mend may touch them.
func (f *FIB4) findCounters() error {
	counters := (*C.struct_pw_tbl8)(C.rte_fib_get_dp(f.c))
	total := C.uint32_t(f.cfg.Tbl8)
	empty := C.pw_tbl8_known(counters, total, 0)
	p := netip.PrefixFrom(netip.AddrFrom4([4]byte{}), 25)
	nh := uint64(1)
	if f.cfg.Default == 1 {
		nh = 2
	}
	if err := f.Add(p, nh); err != nil {
		return err
	}
	one := C.pw_tbl8_known(counters, total, 1)
	if err := f.Delete(p); err != nil {
		return err
	}
	if empty+one+C.pw_tbl8_known(counters, total, 0) == 3 {
		f.tbl8 = counters
	}
	return nil
}

// mend repairs what DPDK 22.11 miscounts; see pw_tbl8_mend.
func (f *FIB4) mend() {
	if f.tbl8 != nil {
		C.pw_tbl8_mend(f.tbl8)
	}
}

// Name returns the table's name.
func (f *FIB4) Name() string { return f.name }

// Add sets the next hop of a prefix, new or known (rte_fib_add). Bits beyond
// the prefix length are ignored. ENOSPC: no tbl8 is left.
func (f *FIB4) Add(p netip.Prefix, nh uint64) error {
	const fn = "rte_fib_add"
	object := func() string { return fmt.Sprintf("FIB %s, %s, next hop %d", f.name, p, nh) } // made when it fails
	if hint := fibFault(p, nh, false, &f.cfg); hint != "" {
		return refused(fn, object(), syscall.EINVAL, hint)
	}
	defer f.mend()
	mark := markLog()
	if ret := C.rte_fib_add(f.c, hostOrder(p.Addr()), C.uint8_t(p.Bits()), C.uint64_t(nh)); ret != 0 {
		return failed(fn, object(), errnoOf(ret), mark, fibHint(errnoOf(ret), &f.cfg))
	}
	return nil
}

// Delete takes a prefix out (rte_fib_delete); its addresses fall back to the
// next shorter one. ENOENT: it was not in.
func (f *FIB4) Delete(p netip.Prefix) error {
	const fn = "rte_fib_delete"
	object := func() string { return fmt.Sprintf("FIB %s, %s", f.name, p) }
	if hint := fibFault(p, 0, false, &f.cfg); hint != "" {
		return refused(fn, object(), syscall.EINVAL, hint)
	}
	defer f.mend()
	mark := markLog()
	if ret := C.rte_fib_delete(f.c, hostOrder(p.Addr()), C.uint8_t(p.Bits())); ret != 0 {
		return failed(fn, object(), errnoOf(ret), mark, fibHint(errnoOf(ret), &f.cfg))
	}
	return nil
}

// Lookup returns the next hop of an IPv4 address, FIBConfig.Default if no
// prefix covers it. Any thread. Addresses that are not IPv4 have no route.
func (f *FIB4) Lookup(a netip.Addr) uint64 {
	if !a.Is4() {
		return f.cfg.Default
	}
	ips, nhs := [1]uint32{uint32(hostOrder(a))}, [1]uint64{}
	f.LookupBulk(ips[:], nhs[:])
	return nhs[0]
}

// LookupBulk looks up addresses in host byte order and writes their next hops
// into nhs, which must be as long (rte_fib_lookup_bulk). Any thread. One
// crossing.
func (f *FIB4) LookupBulk(ips []uint32, nhs []uint64) {
	if len(ips) == 0 {
		return
	}
	_ = nhs[len(ips)-1]
	C.rte_fib_lookup_bulk(f.c, (*C.uint32_t)(&ips[0]), (*C.uint64_t)(&nhs[0]), C.int(len(ips)))
}

// Ptr returns the struct rte_fib, for C code.
func (f *FIB4) Ptr() unsafe.Pointer { return unsafe.Pointer(f.c) }

// Close frees the table (rte_fib_free); no reader may be in it.
func (f *FIB4) Close() error {
	if f.c == nil {
		return nil
	}
	if err := running("rte_fib_free", "FIB "+f.name); err != nil {
		return err
	}
	C.rte_fib_free(f.c)
	f.c = nil
	return nil
}

// hostOrder is the address as a number: rte_fib wants host byte order.
func hostOrder(a netip.Addr) C.uint32_t {
	b := a.As4()
	return C.uint32_t(binary.BigEndian.Uint32(b[:]))
}
