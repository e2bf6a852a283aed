// SPDX-License-Identifier: Apache-2.0

// Package traffic makes the packets of a benchmark: UDP over IPv4 and IPv6, of fixed and
// mixed sizes, in one flow or a million, uniform or after Zipf, and writes them as a
// capture that net_pcap can repeat for ever. The same Spec gives the same octets.
//
// Sizes are octets of the Ethernet frame without its FCS, which is what net_pcap reads and
// what testpmd and DPDK's counters mean. RFC 2544 counts the FCS: its frames of 64 octets
// are 60 here, and its 1518 are 1514, the most that an MTU of 1500 lets through. Frames of
// "64 octets" are 64 here, as in testpmd's own generators; that is 4 more than RFC 2544's.
//
// It knows no system under test and imports nothing of this module. Any goroutine may use it.
package traffic
