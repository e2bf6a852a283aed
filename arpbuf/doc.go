// SPDX-License-Identifier: Apache-2.0

// Package arpbuf owns resolution: the neighbor table, the probes, the park rings'
// control side, and what a router says in its own name (ARP and ND answers, ICMP
// echo replies and errors). All of it runs on one lcore, the control lcore; see
// [Resolver.Run].
//
// The package never touches a packet that is merely forwarded. Workers park what
// has no MAC to go to and ask here; when the answer comes, the Resolver publishes
// the adjacency as DRAINING, sends what waits in order, and only when every ring
// of the next hop is closed lets workers send directly (DESIGN §5, cgo/park.h).
//
// It works on a [Plane], which forwarder implements. It imports cgo, dpdk,
// internal/topology and internal/wire; it must not import forwarder,
// configuration or API packages. The state machine itself is arpbuf/neighbor.
package arpbuf
