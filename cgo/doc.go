// SPDX-License-Identifier: Apache-2.0

// Package cgo is the C datapath and its Go face: the worker's poll loop, the
// pipeline stages, the park rings, and what control does to them.
//
// It is free of policy: workers read tables and write counters; what is in the
// tables is for forwarder to say, what becomes of parked packets for arpbuf.
// Memory that C touches lives in DPDK memory. A crossing moves a batch; nothing
// crosses per packet except on control's slow path.
//
// Threads. A Worker's Run and Poll belong to one registered lcore. Everything of
// Control belongs to the control lcore. Counters and Stats may be read by any
// goroutine at any time; they are exact once traffic rests.
//
// Of this module it imports dpdk only.
package cgo
