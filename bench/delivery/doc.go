// SPDX-License-Identifier: Apache-2.0

// Package delivery counts what arrives of packets that are sent to a next hop whose MAC
// nobody knows yet: pings and bursts, through a gateway between two taps, to a scripted
// neighbor that answers late.
//
// A Gateway (Parkway, OVN) runs as a process in a network namespace of its own, with a
// sender's and a neighbor's raw socket on its two taps; so every system meets the same
// frames, and what arrives is seen by something that is no part of it. Gateways take
// turns: all but one stand still.
//
// One goroutine uses it. It needs root and Debian's iproute2. Of this module it imports
// bench/target, internal/api, internal/lab and internal/topology, and no cgo.
package delivery
