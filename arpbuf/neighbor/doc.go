// SPDX-License-Identifier: Apache-2.0

// Package neighbor is the state machine of neighbors, for ARP and Neighbor
// Discovery alike: RFC 4861 §7.3 with RFC 826, RFC 1122 §2.3.2 and RFC 7048 for
// what ARP leaves open.
//
// A [Table] holds one [Entry] per next hop. Every event is a method: it gets the
// time, moves the entry, and returns what must be done as a list of [Action], in
// order. The table sends nothing, logs nothing and owns no clock, so its owner
// decides how a probe looks and a test decides what time it is.
//
// A Table belongs to one goroutine at a time. Of this module the package imports
// internal/topology alone; it must not import cgo or dpdk, so that it is tested
// without them and with the race detector.
package neighbor
