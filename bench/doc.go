// SPDX-License-Identifier: Apache-2.0

// Package bench is the benchmark harness. It runs cases: in each, systems take turns on
// the same input (A B A B ...), round after round, and a figure is the median of the
// rounds with its quartiles. The machine is another one every minute, as machines that are
// shared are, so what holds is a ratio within one run; figures of two runs do not compare.
//
//	parkway bench --list
//	parkway bench forward-ipv4 --quick
//	make bench                              # all cases at full size, into bench/results
//	make bench-compare BASE=main            # two revisions in one run
//
// # A round
//
// Every system of a case is started once, told to stand still (SIGSTOP), and then gets
// one window per round, during which nobody else runs. Every few rounds all are started
// anew, because where memory lies differs from start to start and is part of the spread;
// systems whose start costs many seconds live through all rounds, and the result says so.
// A rate is packets sent by the out port, per second of CPU time of the thread that
// forwards: what somebody else took of its CPU does not count, though what it did to the
// caches does.
//
// Every system demands at the end that nothing was lost; a case in which something was is
// an error and has no result.
//
// # To add a case
//
// One file, case_NAME.go, with a function that returns a Case, and a line in Cases. A case
// that varies a scenario and measures packets per second is a Throughput: positions on an
// axis, systems, and what is demanded. Any other has a Run of its own; it takes what it
// needs of the Runner (CPUs, a folder, rounds, Interleave for turns) and returns a Result.
// Each has a quick form of a few seconds, for Runner.Quick: tests run it. A system is a
// target.Target.
//
// # Who may do what
//
// One run at a time on a machine, from one goroutine. Of this module bench imports its own
// rooms alone, and these internal/api; neither uses cgo: systems are processes.
package bench
