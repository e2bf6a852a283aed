// SPDX-License-Identifier: Apache-2.0

// Package tables loads as many routes and neighbors as a large gateway has, as a test:
// 1,000,000 IPv4 and 200,000 IPv6 routes with the prefix lengths of the Internet's
// tables and some hosts, and 65,536 neighbors. It says what that takes of time and
// memory, from a YAML file and from a topology, and how fast routes change.
//
//	make bench-tables           # full size; about a minute, 4 GiB
//	go test ./bench/tables      # a hundredth of it
//
// Everything is drawn with a seed, which is printed. Times mean something only on an
// idle machine.
package tables
