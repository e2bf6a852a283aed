// SPDX-License-Identifier: Apache-2.0

// Package lab builds small networks out of Linux network namespaces, for the
// demo and for the end-to-end tests: namespaces, interfaces with addresses and
// routes, processes, captures, and neighbors that answer by a script.
//
//	l := lab.ForTest(t)              // skips without root; cleans up by itself
//	gw, pc := l.NS(t, "gw"), l.NS(t, "pc1")
//	daemon, err := l.Start(gw, "bin/parkway", "run", "-c", file)
//	lab.MoveLink(ctx, gw, "vm1", pc) // the tap that the daemon's net_tap made
//	pc.Setup(ctx, "vm1", lab.Host{MAC: …, Addrs: …, Gateways: …})
//	out, err := pc.Run(ctx, "ping", "-c", "10", "192.168.123.10")
//
// Everything that a Lab starts goes away in reverse order when it closes, also
// after a failed test, a panic of the test or Ctrl-C. Its namespaces are called
// pwlab-PID-…, so scripts/sweep.sh can tell those of a killed run from those of
// a running one. Namespaces get IPv6 without duplicate address detection and
// router solicitations: the first ping works at once, and what a capture shows
// is what the test caused.
//
// A tap that moves to another namespace goes on passing frames, but its net_tap
// port loses its control over it (DPDK 22.11): the port's link reads down from
// then on, and setting its MTU or promiscuous mode fails with ENODEV.
//
// The package needs root and Debian's iproute2 (tcpdump for Capture). It reads
// frames with a parser of its own, not with internal/wire, to stay an
// independent witness of what the gateway sends. It imports internal/topology
// and nothing else of this module, and no cgo.
package lab
