// SPDX-License-Identifier: Apache-2.0

// Package ovnnb turns the rows of an OVN Northbound database into Parkway's
// configuration.
//
// Attributes keep OVN's names, so the mapping is a table (spec.go): which tables and
// columns are copied, which say nothing to a gateway, and which make a row unusable.
// Whatever it does not name, and whatever the checks of internal/config refuse, is left
// out and reported, row by row, with the reason. What comes out passes `parkway check`.
//
// Its functions share nothing and may run on any goroutine. Of this module it imports
// internal/ovsdb, internal/config and internal/topology.
package ovnnb
