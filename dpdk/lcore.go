// SPDX-License-Identifier: Apache-2.0

package dpdk

/*
#include "shim_eal.h"
*/
import "C"

import (
	"fmt"
	"runtime"
	"syscall"

	"golang.org/x/sys/unix"
)

// Lcore is an OS thread registered with DPDK: it has an lcore id, and so a
// cache of its own in every mempool.
type Lcore struct {
	id   uint
	cpus CPUSet
	tid  int
}

// RegisterLcore makes the calling goroutine an lcore: it locks the goroutine
// to its thread, gives that thread the affinity cpus, and registers it
// (rte_thread_register; the affinity comes first because DPDK reads it then).
//
// The goroutine must call Close at its end and return without unlocking the
// thread, so that the thread dies and no other goroutine inherits its CPU:
//
//	go func() {
//		lcore, err := eal.RegisterLcore(dpdk.CPUs(1))
//		if err != nil { ...; return }
//		defer lcore.Close()
//		C.poll_loop(...)
//	}()
//
// That holds for a failed registration too. At most RTE_MAX_LCORE (128) lcores
// exist at a time, the EAL's own included; an id is used again after Close.
func (e *EAL) RegisterLcore(cpus CPUSet) (*Lcore, error) {
	object := fmt.Sprintf("CPUs %s", cpus)
	if err := running("rte_thread_register", object); err != nil {
		return nil, err
	}
	if cpus.Len() == 0 {
		return nil, refused("rte_thread_register", object, syscall.EINVAL, "an lcore needs at least one CPU")
	}
	runtime.LockOSThread()
	if err := unix.SchedSetaffinity(0, &cpus.bits); err != nil {
		allowed, _ := AllowedCPUs()
		errno, _ := err.(syscall.Errno) //nolint:errorlint // x/sys returns a bare Errno
		return nil, refused("sched_setaffinity", object, errno,
			fmt.Sprintf("none of these CPUs can be used; this thread may run on %s", allowed))
	}
	mark := markLog()
	id, err := C.pw_thread_register()
	if id < 0 {
		return nil, failed("rte_thread_register", object, errnoFrom(err), mark, "")
	}
	return &Lcore{id: uint(id), cpus: cpus, tid: unix.Gettid()}, nil
}

// ID returns the lcore id, rte_lcore_id.
func (l *Lcore) ID() uint { return l.id }

// CPUs returns the affinity that the thread was registered with.
func (l *Lcore) CPUs() CPUSet { return l.cpus }

// Close unregisters the thread (rte_thread_unregister); its mempool caches
// are used again by the next lcore with its id. It must run on the lcore's own
// goroutine, which then returns without unlocking its thread.
func (l *Lcore) Close() error {
	if tid := unix.Gettid(); tid != l.tid {
		return refused("rte_thread_unregister", fmt.Sprintf("lcore %d", l.id), syscall.EPERM,
			fmt.Sprintf("called on thread %d, but the lcore is thread %d", tid, l.tid))
	}
	C.pw_thread_unregister()
	return nil
}
