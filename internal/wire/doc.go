// SPDX-License-Identifier: Apache-2.0

// Package wire reads and writes the packets of the control plane: ARP,
// Neighbor Discovery, ICMP echo and ICMP errors, on plain octets.
//
// Decoders take one untagged Ethernet frame exactly as it was received and
// trust nothing in it: every length is compared with what is really there, and
// no input makes a decoder panic. What a decoder returns has passed the checks
// that the standards ask of a receiver; what it refuses comes back as a Reason,
// which is an error and an index for counters. Decoded values hold copies,
// except for slices documented as borrowed from the frame.
//
// Encoders append to the caller's slice and return it, as append does; they
// allocate only when it has no room. ARP and Neighbor Discovery are written as
// whole Ethernet frames without padding or FCS. ICMP is written as an IP packet
// without an Ethernet header, because what it answers is routed like any other
// packet. An encoder that is given an address of the wrong family appends
// nothing: an empty frame is easier to notice, and safer to send, than a wrong
// one.
//
// All functions are pure and may be called from any goroutine.
//
// The package imports internal/topology and nothing else of this module. It is
// the only one that uses gopacket, in gopacket.go and in tests, where gopacket
// is the oracle of all that is written by hand here. It must not import dpdk,
// cgo, or anything that keeps state.
package wire
