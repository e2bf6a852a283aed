// SPDX-License-Identifier: Apache-2.0

package dpdk

/*
#cgo noescape pw_ring_enqueue
#cgo nocallback pw_ring_enqueue
#cgo noescape pw_ring_dequeue
#cgo nocallback pw_ring_dequeue
#include <stdlib.h>
#include "shim_mbuf.h"
*/
import "C"

import (
	"fmt"
	"syscall"
	"unsafe"
)

// RingFlags says who may use a ring; the zero value: anybody.
type RingFlags struct {
	SingleProducer bool // one thread enqueues, ever (RING_F_SP_ENQ)
	SingleConsumer bool // one thread dequeues, ever (RING_F_SC_DEQ)
	Socket         int  // NUMA socket, or SocketAny
}

// Ring is a bounded lock-free FIFO of mbufs (struct rte_ring). Without the
// Single flags several threads may produce and consume; but a thread that the
// kernel suspends within a multi-producer enqueue makes the others wait.
type Ring struct {
	c    *C.struct_rte_ring
	name string
}

// NewRing makes a ring that holds exactly size mbufs (rte_ring_create with
// RING_F_EXACT_SZ). The name is unique in the process and at most 28 bytes long.
func NewRing(name string, size int, flags RingFlags) (*Ring, error) {
	const fn = "rte_ring_create"
	object := fmt.Sprintf("ring %s, %d mbufs", name, size)
	if err := running(fn, object); err != nil {
		return nil, err
	}
	if size < 1 || size >= C.RTE_RING_SZ_MASK {
		return nil, refused(fn, object, syscall.EINVAL, fmt.Sprintf("a ring holds 1 to %d mbufs", C.RTE_RING_SZ_MASK-1))
	}
	f := C.uint(C.RING_F_EXACT_SZ)
	if flags.SingleProducer {
		f |= C.RING_F_SP_ENQ
	}
	if flags.SingleConsumer {
		f |= C.RING_F_SC_DEQ
	}
	cName := C.CString(name)
	defer C.free(unsafe.Pointer(cName))
	mark := markLog()
	c, err := C.pw_ring_create(cName, C.uint(size), C.int(flags.Socket), f)
	if c == nil {
		hint := ""
		switch errnoFrom(err) {
		case syscall.EEXIST:
			hint = "a ring of that name exists"
		case syscall.ENAMETOOLONG:
			hint = fmt.Sprintf("a name has at most %d bytes", C.RTE_RING_NAMESIZE-1)
		}
		return nil, failed(fn, object, errnoFrom(err), mark, hint)
	}
	return &Ring{c, name}, nil
}

// Name returns the ring's name.
func (r *Ring) Name() string { return r.name }

// Enqueue takes the mbuf; false if the ring is full, and then the mbuf stays
// with the caller. Producer threads only.
func (r *Ring) Enqueue(m *Mbuf) bool {
	one := [1]*Mbuf{m}
	return r.EnqueueBurst(one[:]) == 1
}

// EnqueueBurst takes as many mbufs, from the front, as there is room for, and
// returns how many (rte_ring_enqueue_burst); the rest stays with the caller.
// Producer threads only.
func (r *Ring) EnqueueBurst(mbufs []*Mbuf) int {
	if len(mbufs) == 0 {
		return 0
	}
	return int(C.pw_ring_enqueue(r.c, mbufArray(mbufs), C.uint(len(mbufs))))
}

// DequeueBurst returns the oldest mbufs in mbufs[:n], at most len(mbufs), in
// the order they were enqueued (rte_ring_dequeue_burst). The caller owns them.
// Consumer threads only.
func (r *Ring) DequeueBurst(mbufs []*Mbuf) (n int) {
	if len(mbufs) == 0 {
		return 0
	}
	return int(C.pw_ring_dequeue(r.c, mbufArray(mbufs), C.uint(len(mbufs))))
}

// Len returns how many mbufs are in the ring (rte_ring_count). Any thread.
func (r *Ring) Len() int { return int(C.rte_ring_count(r.c)) }

// Free returns for how many mbufs there is room (rte_ring_free_count). Any
// thread.
func (r *Ring) Free() int { return int(C.rte_ring_free_count(r.c)) }

// Ptr returns the struct rte_ring, for C code.
func (r *Ring) Ptr() unsafe.Pointer { return unsafe.Pointer(r.c) }

// Close frees the ring (rte_ring_free). While mbufs are in it, it refuses with
// EBUSY and says how many.
func (r *Ring) Close() error {
	if r.c == nil {
		return nil
	}
	object := "ring " + r.name
	if err := running("rte_ring_free", object); err != nil {
		return err
	}
	if n := r.Len(); n > 0 {
		return refused("rte_ring_free", object, syscall.EBUSY, fmt.Sprintf("%d mbufs are in it", n))
	}
	C.rte_ring_free(r.c)
	r.c = nil
	return nil
}
