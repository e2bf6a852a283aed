// SPDX-License-Identifier: Apache-2.0

// Package app is the daemon: it puts a configuration's parts together, runs them and
// takes them apart again.
//
// It uses nothing that a program which embeds the gateway couldn't: of this module it
// imports forwarder, arpbuf and dpdk, and internal/config, internal/api and
// internal/metrics for the file, the socket and the scrapes, and internal/state for
// what lasts. Run is called once in
// the life of a process, on any goroutine; DPDK starts only once.
package app
