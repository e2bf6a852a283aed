// SPDX-License-Identifier: Apache-2.0

// Package config turns the one YAML file into a typed Config, or into a list of
// problems that name file, line, column and the mend.
//
// The way of a file: parse.go reads YAML into nodes that know their position
// and refuses what is no plain data; fields.go walks mappings strictly;
// settings.go holds the scalar settings of the local sections, which viper
// overlays with defaults and PARKWAY_* environment variables; ports.go and
// logical.go decode the lists; semantics.go and topology.Validate check what the
// values mean together; budget.go does the sums over packet memory.
//
// It imports internal/topology and nothing else of this module: no DPDK, no
// cgo, no root. Everything here runs at start or in `parkway check`, on any
// thread, one call at a time per Config.
package config
