// SPDX-License-Identifier: Apache-2.0

// Package kernel puts the gateway beside Linux: random networks, and random packets
// aimed at what is awkward in them, go through Parkway on ring ports and through the
// forwarding of the kernel in network namespaces. What comes out must be the same, by
// the same port, to the same next hop, with the same TTL, in the same number of
// fragments, with the same ICMP error or none; or the difference is one of the list
// in differences.go, which says why each is there.
//
//	go test -v ./test/kernel                                # seed of its own, which it prints
//	PARKWAY_SEED=7 PARKWAY_CASES=50000 go test ./test/kernel # that seed, more cases
//	PARKWAY_SEED=7 PARKWAY_NETWORK=12 go test ./test/kernel  # its network 12 alone
//
// A case that differs without a reason is printed with its network, as the commands
// that make it, the packet in hex and both results. Network n of a seed is the same
// whatever the number of cases and whichever others run.
//
// Next hops are never asked for: both sides are given the MACs of all neighbors, made
// from port and address, so that the MAC of a packet that leaves names the next hop.
// The sender stays on one CPU, hence the kernel handles what it sends in order, and a
// packet that always arrives says that all before it is done.
//
// It needs root and iproute2. It may import the datapath's owners and the lab, and not
// the wire formats of internal/wire: what it reads, it reads with eyes of its own.
package kernel
