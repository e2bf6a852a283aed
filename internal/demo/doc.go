// SPDX-License-Identifier: Apache-2.0

// Package demo is `parkway demo up|ping|down`: the topology of the article that
// the project comes from, in network namespaces, with a running gateway between
// them. No NIC and no hugepages are needed, root and /dev/net/tun are.
//
// Every host has a namespace of its own, and so has the gateway: its taps appear
// there and move to the hosts, so that no interface ever shows up in the
// machine's own namespace, where a network manager would take it over. What Up
// makes is written to a state file before it is made; Down undoes exactly that,
// also when Up or the gateway died half-way.
//
// The package talks to the gateway as any user does: by its command line, its
// configuration file and its API socket. It imports internal/lab and
// internal/topology and nothing else of this module.
package demo
