// SPDX-License-Identifier: Apache-2.0

// Package forwarder owns the datapath: it compiles a logical topology into
// tables, attaches ports, runs the workers, and gives everything back.
//
// A Forwarder forwards. It resolves nothing: neighbors that the topology does not
// name stay INCOMPLETE until somebody, package arpbuf as a rule, polls Control,
// answers, and calls SetAdjacency.
//
// # Life
//
//	New    checks the configuration, takes memory, sets ports up, publishes tables
//	Start  starts the ports and the worker threads
//	Stop   ends them, accounts for every mbuf, frees everything
//
// New and Start leave nothing behind when they fail; after a failed Start, Stop
// still has to be called. A Forwarder is used once.
//
// # Threads
//
// New, Start and Stop: one goroutine at a time. Methods that say "control lcore
// only" belong to the one goroutine that polls Control, from New's return until
// before Stop. All others may be called by any goroutine at any time, also after
// Stop.
//
// # What wins
//
// Of several routes to the same prefix, what the router knows from its own
// addresses wins over a static route: own address, then broadcast address, then
// connected network, then static. A longer prefix wins over a shorter one always.
//
// It must not import arpbuf, internal/config or anything that faces the user.
package forwarder
