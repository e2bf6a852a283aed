// SPDX-License-Identifier: Apache-2.0

// Package target runs the systems that the benchmarks compare: Parkway's own daemon and
// its references, each as the processes that a user would start, behind one interface.
//
// A target gets a Scenario and nothing else, and makes of it what its system reads: a
// YAML file, a command line, a database. What a scenario's logical network looks like is
// said once, by Scenario.Network, so that every system routes the same packets the same
// way.
//
// Targets are used from one goroutine. Of this module the package imports bench/traffic
// and internal/api; it uses no cgo.
package target
