// SPDX-License-Identifier: Apache-2.0

// Package parkdrain measures what it costs to park a packet and to drain it: in rounds,
// each of which fills the park rings of some unresolved next hops, resolves them all,
// drains them into a transmit queue, and has the worker close what was handed back.
//
// The worker and control are those of package cgo, each on a thread and a CPU of its own
// where there are two, so that what one has written comes to the other out of its caches
// as it does in the gateway; but they work in turn, so that each half has a time of its
// own. Control does what arpbuf does with the rings, without neighbors, probes and
// timers. Packets come from a net_ring port that is filled, a slice at a time, while no
// clock runs; they leave by a net_null port. Beside each round goes one whose next hops
// are resolved: what forwarding the same packets costs that worker.
//
// Every round counts its packets: all are parked, all drained, none is lost, and the
// conservation law balances, or it is an error. One at a time; the EAL must be up. It
// must not be used beside another datapath of the process that wants the same CPUs.
package parkdrain
