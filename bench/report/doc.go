// SPDX-License-Identifier: Apache-2.0

// Package report makes docs/performance.md and its plots out of recorded results. What
// it writes depends on the results alone: the same give the same octets, and a test of
// `make test` compares what is in the repository with what bench/results gives.
//
//	make bench-report       # after a `make bench`, or a change of results or of this package
//
// Any subset of the cases makes a document: a goal without a result is "not measured".
// The goals are the table in goals.go; a case that no goal names gets a line by itself as
// soon as it has checks. Sentences that are not of results are in text/; text/why-CASE.txt
// is shown where a case misses its goal: what was tried and what bounds it, in words.
//
// The package reads files and returns contents; it measures nothing, runs nothing, and
// must not import anything of this module but bench and bench/plot.
package report
