// SPDX-License-Identifier: Apache-2.0

// Package dpdk is a small Go binding to libdpdk 22.11: the environment
// abstraction layer (EAL), lcore threads, mempools and mbufs, Ethernet ports,
// rings, forwarding tables (FIB), hash tables and quiescent-state RCU (QSBR).
// It is mechanism without policy; it imports nothing else of this module.
//
// # Life cycle
//
// [Start] brings the EAL up once in the life of a process; everything else
// needs it, and says "the EAL is not running" before it. Objects are made by
// New... functions and given back by Close. Close them in the reverse order
// of their making, and all of them before [EAL.Close]: afterwards their memory
// is gone.
//
// # Ownership of mbufs
//
// An mbuf has one owner. Comments say what a function does with one: it takes
// it (the caller must not touch it again), borrows it (the caller keeps it),
// or returns it (the caller owns it from now on). After a transmit or an
// enqueue the accepted prefix of the slice is taken; the rest stays with the
// caller.
//
// # Threads
//
// Calls on different objects may run at the same time. For one object the
// comment names the allowed threads; where none is named, one caller at a time.
// Fast-path calls made through this package cost a cgo crossing each (tens of
// nanoseconds): a loop that handles millions of packets belongs in C, and the
// Ptr methods hand it the DPDK objects.
//
// # Errors
//
// A failing DPDK call yields an [*Error]: the C function, the object it was
// called on, the errno in words, and a hint, often in the EAL's own words taken
// from its log. errors.Is(err, syscall.ENOTSUP) tells what a driver cannot do
// from what went wrong.
package dpdk

/*
#cgo pkg-config: libdpdk
#cgo CFLAGS: -std=gnu11 -O3 -Wall -Wextra -Werror
#cgo LDFLAGS: -lrte_net_ring
*/
import "C"
