// SPDX-License-Identifier: Apache-2.0

package dpdk

/*
#include "shim_table.h"
*/
import "C"

import (
	"fmt"
	"syscall"
	"time"
	"unsafe"
)

// QSBR tells a writer when every reader has let go of what it has unlinked:
// quiescent-state-based reclamation (struct rte_rcu_qsbr). Readers say
// Quiescent between two bursts, when they hold no reference. A reader that is
// about to sleep or block goes Offline, or it holds every writer up.
type QSBR struct {
	c       *C.struct_rte_rcu_qsbr
	threads uint
}

// NewQSBR makes one for reader ids 0 to maxThreads-1 (rte_rcu_qsbr_init), in
// DPDK memory.
func NewQSBR(maxThreads uint) (*QSBR, error) {
	const fn = "rte_rcu_qsbr_init"
	object := fmt.Sprintf("%d threads", maxThreads)
	if err := running(fn, object); err != nil {
		return nil, err
	}
	if maxThreads == 0 || maxThreads > 1<<16 {
		return nil, refused(fn, object, syscall.EINVAL, "1 to 65536 threads are possible")
	}
	mark := markLog()
	c, err := C.pw_qsbr_create(C.uint32_t(maxThreads), SocketAny)
	if c == nil {
		return nil, failed(fn, object, errnoFrom(err), mark, "")
	}
	return &QSBR{c, maxThreads}, nil
}

// Register makes id a reader, offline at first (rte_rcu_qsbr_thread_register).
// Any thread may do it for the reader.
func (q *QSBR) Register(id uint) error {
	return q.register("rte_rcu_qsbr_thread_register", id, func(id C.uint) C.int { return C.pw_qsbr_register(q.c, id) })
}

// Unregister removes a reader (rte_rcu_qsbr_thread_unregister); writers no
// longer wait for it. It must be offline.
func (q *QSBR) Unregister(id uint) error {
	return q.register("rte_rcu_qsbr_thread_unregister", id, func(id C.uint) C.int { return C.pw_qsbr_unregister(q.c, id) })
}

func (q *QSBR) register(fn string, id uint, call func(id C.uint) C.int) error {
	object := fmt.Sprintf("reader %d of %d", id, q.threads)
	if id >= q.threads {
		return refused(fn, object, syscall.EINVAL, fmt.Sprintf("ids run from 0 to %d", q.threads-1))
	}
	mark := markLog()
	if ret := call(C.uint(id)); ret != 0 {
		return failed(fn, object, errnoOf(ret), mark, "")
	}
	return nil
}

// Online says that reader id may hold references from now on
// (rte_rcu_qsbr_thread_online). The reader's own thread, registered.
// Precondition: id is below the number given to NewQSBR.
func (q *QSBR) Online(id uint) { C.pw_qsbr_online(q.c, q.reader(id)) }

// Offline says that reader id holds no reference until it is Online again
// (rte_rcu_qsbr_thread_offline). The reader's own thread.
func (q *QSBR) Offline(id uint) { C.pw_qsbr_offline(q.c, q.reader(id)) }

// Quiescent says that reader id holds no reference at this moment
// (rte_rcu_qsbr_quiescent). The reader's own thread, online.
func (q *QSBR) Quiescent(id uint) { C.pw_qsbr_quiescent(q.c, q.reader(id)) }

// reader keeps an id inside the array that DPDK indexes without a check.
func (q *QSBR) reader(id uint) C.uint { return C.uint(min(id, q.threads-1)) }

// Start begins a grace period after something was unlinked and returns its
// token (rte_rcu_qsbr_start). Any thread.
func (q *QSBR) Start() (token uint64) { return uint64(C.pw_qsbr_start(q.c)) }

// Check reports whether every online reader has been quiescent since the
// token's Start (rte_rcu_qsbr_check). With wait it spins, with pauses, until
// they have: not where a reader shares the CPU. Any thread.
func (q *QSBR) Check(token uint64, wait bool) bool {
	w := C.int(0)
	if wait {
		w = 1
	}
	return C.pw_qsbr_check(q.c, C.uint64_t(token), w) == 1
}

// Synchronize returns when every online reader has been quiescent once. Unlike
// rte_rcu_qsbr_synchronize it sleeps between looks, from 10 µs to 1 ms, so
// a reader on the same CPU gets on. A reader must not call it while online.
func (q *QSBR) Synchronize() {
	token := q.Start()
	for nap := 10 * time.Microsecond; !q.Check(token, false); nap = min(2*nap, time.Millisecond) {
		time.Sleep(nap)
	}
}

// Ptr returns the struct rte_rcu_qsbr, for C code.
func (q *QSBR) Ptr() unsafe.Pointer { return unsafe.Pointer(q.c) }

// Close frees it. While readers are registered it refuses with EBUSY. Hash
// tables that use it must be closed before.
func (q *QSBR) Close() error {
	if q.c == nil {
		return nil
	}
	if err := running("rte_free", "QSBR"); err != nil {
		return err
	}
	if n := q.c.num_threads; n > 0 {
		return refused("rte_free", "QSBR", syscall.EBUSY, fmt.Sprintf("%d readers are registered", n))
	}
	C.pw_qsbr_free(q.c)
	q.c = nil
	return nil
}
