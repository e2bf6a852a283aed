// SPDX-License-Identifier: Apache-2.0

// Package updates is the gateway in this process whose routes are updated in batches, as a
// follower of a routing protocol does: it serves target.RunUpdates, which cases of `parkway
// bench` start as a process of their own, for DPDK starts once in a process.
//
// It may be called from one goroutine. It imports the datapath, and nothing that has a
// command line.
package updates
