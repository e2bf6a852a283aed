// SPDX-License-Identifier: Apache-2.0

// Package cli is the command line: its commands, their output and their exit
// statuses. Data goes to standard output, messages to standard error.
//
// Commands about a running gateway are clients of its API and nothing else. The
// daemon itself is given to a Program by cmd/parkway, so that this package and its
// tests need neither DPDK nor root.
//
// It runs on the main goroutine. Of this module it imports bench, bench/target,
// internal/config, internal/api, internal/demo, internal/doctor, internal/ovnnb and
// internal/topology.
package cli
