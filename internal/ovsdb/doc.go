// SPDX-License-Identifier: Apache-2.0

// Package ovsdb reads Open vSwitch databases: from a server (RFC 7047, JSON-RPC 1.0
// over a unix or TCP socket), from a database file of the standalone format, and from
// what `ovsdb-client dump -f json` prints.
//
// It knows values, rows, schemas and transactions, and nothing of OVN. It reads only:
// the one transaction that it sends selects. A Client may be used by many goroutines;
// a Database, its rows and a Monitor belong to one goroutine at a time.
//
// What it reads may come from anybody: sizes are bounded, and malformed input is an
// error that says what is wrong, where, and how to mend it, never a panic.
//
// It imports nothing else of this module.
package ovsdb
