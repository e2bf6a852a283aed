// SPDX-License-Identifier: Apache-2.0

package dpdk

/*
#include <stdlib.h>
#include "shim_mbuf.h"
*/
import "C"

import (
	"fmt"
	"syscall"
	"unsafe"
)

const (
	// SocketAny lets DPDK choose the NUMA socket (SOCKET_ID_ANY).
	SocketAny = -1
	// Headroom is how many bytes in front of a packet every mbuf keeps free
	// (RTE_PKTMBUF_HEADROOM).
	Headroom = C.RTE_PKTMBUF_HEADROOM
	// DefaultDataRoom is room for a 2,048-byte frame segment and the headroom
	// (RTE_MBUF_DEFAULT_BUF_SIZE).
	DefaultDataRoom = C.RTE_MBUF_DEFAULT_BUF_SIZE
	// MaxCache is the largest per-lcore cache (RTE_MEMPOOL_CACHE_MAX_SIZE).
	MaxCache = C.RTE_MEMPOOL_CACHE_MAX_SIZE
)

// MempoolConfig says how large a pool is.
type MempoolConfig struct {
	Mbufs    uint // how many mbufs; 2^n - 1 wastes least memory
	Cache    uint // mbufs cached per lcore, at most MaxCache and Mbufs/1.5; 0: none
	PrivSize uint // bytes of private area in every mbuf, a multiple of 8
	DataRoom uint // bytes of buffer, Headroom included; 0: DefaultDataRoom
	Socket   int  // NUMA socket, or SocketAny
}

// Mempool is a pool of mbufs. Any thread may allocate and free; threads that
// are not lcores go without a cache.
type Mempool struct {
	c    *C.struct_rte_mempool
	name string
	size uint
}

// NewMempool makes a pool (rte_pktmbuf_pool_create). The name is unique in the
// process and at most 25 bytes long.
func NewMempool(name string, cfg MempoolConfig) (*Mempool, error) {
	const fn = "rte_pktmbuf_pool_create"
	object := fmt.Sprintf("mempool %s, %d mbufs", name, cfg.Mbufs)
	if err := running(fn, object); err != nil {
		return nil, err
	}
	if cfg.DataRoom == 0 {
		cfg.DataRoom = DefaultDataRoom
	}
	hint := cfg.fault(name)
	if hint != "" {
		return nil, refused(fn, object, syscall.EINVAL, hint)
	}
	cName := C.CString(name)
	defer C.free(unsafe.Pointer(cName))
	mark := markLog()
	c, err := C.pw_pool_create(cName, C.uint(cfg.Mbufs), C.uint(cfg.Cache),
		C.uint16_t(cfg.PrivSize), C.uint16_t(cfg.DataRoom), C.int(cfg.Socket))
	if c == nil {
		errno := errnoFrom(err)
		switch errno {
		case syscall.ENOMEM:
			perMbuf := uint(C.sizeof_struct_rte_mbuf) + cfg.PrivSize + cfg.DataRoom
			hint = fmt.Sprintf("it needs about %s of DPDK memory", mebibytes(uint64(cfg.Mbufs)*uint64(perMbuf+64)))
		case syscall.EEXIST:
			hint = "a pool of that name exists"
		}
		return nil, failed(fn, object, errno, mark, hint)
	}
	return &Mempool{c, name, uint(c.size)}, nil
}

// fault returns what DPDK would refuse with a bare EINVAL.
func (cfg *MempoolConfig) fault(name string) string {
	switch {
	case name == "" || len(name) >= C.RTE_MEMPOOL_NAMESIZE-1:
		return fmt.Sprintf("a name has 1 to %d bytes, this one has %d", C.RTE_MEMPOOL_NAMESIZE-2, len(name))
	case cfg.Mbufs == 0 || uint64(cfg.Mbufs) > 1<<31:
		return "a pool has 1 to 2^31 mbufs"
	case cfg.Cache > MaxCache || cfg.Cache*3/2 > cfg.Mbufs:
		return fmt.Sprintf("a cache of %d is above the limit of %d and of two thirds of %d mbufs", cfg.Cache, MaxCache, cfg.Mbufs)
	case cfg.PrivSize%C.RTE_MBUF_PRIV_ALIGN != 0 || cfg.PrivSize > 1<<15:
		return fmt.Sprintf("a private area of %d bytes is not a multiple of %d, or above %d", cfg.PrivSize, C.RTE_MBUF_PRIV_ALIGN, 1<<15)
	case cfg.DataRoom <= Headroom || cfg.DataRoom > 1<<16-1:
		return fmt.Sprintf("a data room of %d bytes is not above the headroom of %d, or above 65535", cfg.DataRoom, Headroom)
	}
	return ""
}

// Name returns the pool's name.
func (p *Mempool) Name() string { return p.name }

// Size returns how many mbufs the pool has.
func (p *Mempool) Size() uint { return p.size }

// Available returns how many mbufs are in the pool or in lcores' caches
// (rte_mempool_avail_count). While others allocate it is an estimate. It visits
// every lcore's cache: not for a fast path.
func (p *Mempool) Available() uint { return uint(C.rte_mempool_avail_count(p.c)) }

// InUse returns how many mbufs are out: Size less Available.
func (p *Mempool) InUse() uint { return uint(C.rte_mempool_in_use_count(p.c)) }

// DataRoom returns the bytes of buffer in each mbuf, Headroom included.
func (p *Mempool) DataRoom() uint { return uint(C.rte_pktmbuf_data_room_size(p.c)) }

// PrivSize returns the bytes of private area in each mbuf.
func (p *Mempool) PrivSize() uint { return uint(C.rte_pktmbuf_priv_size(p.c)) }

// Ptr returns the struct rte_mempool, for C code.
func (p *Mempool) Ptr() unsafe.Pointer { return unsafe.Pointer(p.c) }

// Close frees the pool (rte_mempool_free). While mbufs are out it refuses with
// EBUSY and says how many: freeing would pull memory from under their owners.
// Ports that received from the pool hold mbufs until they are closed.
func (p *Mempool) Close() error {
	if p.c == nil {
		return nil
	}
	object := "mempool " + p.name
	if err := running("rte_mempool_free", object); err != nil {
		return err
	}
	if n := p.InUse(); n > 0 {
		return refused("rte_mempool_free", object, syscall.EBUSY, fmt.Sprintf("%d of %d mbufs are not back", n, p.size))
	}
	C.rte_mempool_free(p.c)
	p.c = nil
	return nil
}

// Alloc returns one empty mbuf (rte_pktmbuf_alloc); ENOBUFS when none is left.
func (p *Mempool) Alloc() (*Mbuf, error) {
	m := C.rte_pktmbuf_alloc(p.c)
	if m == nil {
		return nil, p.empty("rte_pktmbuf_alloc", 1)
	}
	return (*Mbuf)(m), nil
}

// AllocBulk fills mbufs with empty mbufs, all or none
// (rte_pktmbuf_alloc_bulk); ENOBUFS when too few are left.
func (p *Mempool) AllocBulk(mbufs []*Mbuf) error {
	if len(mbufs) == 0 {
		return nil
	}
	if C.rte_pktmbuf_alloc_bulk(p.c, mbufArray(mbufs), C.uint(len(mbufs))) != 0 {
		return p.empty("rte_pktmbuf_alloc_bulk", len(mbufs))
	}
	return nil
}

func (p *Mempool) empty(fn string, n int) error {
	return refused(fn, fmt.Sprintf("mempool %s, %d mbufs", p.name, n), syscall.ENOBUFS,
		fmt.Sprintf("%d of %d are in use", p.InUse(), p.size))
}
