// SPDX-License-Identifier: Apache-2.0

// Package topology is the logical model: switches, routers, their ports and
// routes, in OVN's nouns, with every value already parsed (netip, MAC, enums).
//
// It knows nothing of files, of JSON or of DPDK: internal/config turns a file
// into a Topology, forwarder turns a Topology into datapath tables and exports
// these types under its own name for programs that embed Parkway. A Topology is
// plain data; share it between goroutines only when nobody writes to it.
//
// It imports nothing else of this module.
package topology
