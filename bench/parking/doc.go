// SPDX-License-Identifier: Apache-2.0

// Package parking is the proof, as tests, of what parking promises: nine cases, each
// with assertions on every packet and one line or more of figures.
//
// The gateway runs in this process as it does in the daemon: forwarder and
// arpbuf.Resolver, one polling worker on the last allowed CPU, control and everything
// else on the others. Its three ports are net_null devices; package dpdk/traffic makes
// the packets inside the worker and looks at what leaves, at no cost of a core. A
// scripted neighbor in Go answers ARP and Neighbor Discovery on port b, late or never.
//
//	make bench-parking             # full size, prints one table; some minutes
//	go test ./bench/parking        # the same cases, smaller
//
// What is measured, and how. Counts come from the source (packets made, by flow), the
// sink (packets sent, by flow and transmit queue, with order) and the gateway's own
// counters; a case fails unless they agree to the packet, the conservation law balances,
// nothing is parked and every mbuf is back. Times are of the time stamp counter, read
// by the source when it hands a packet or an answer to the worker, and by the sink when
// the driver is given a packet. Rates are packets per second of CPU time of the worker's
// thread, source and sink included. The assertions hold on a busy machine too; times
// mean something only on an idle one, and rates suffer from what a neighbor does to the
// caches.
//
// PARKWAY_BENCH=full selects full size, PARKWAY_BENCH_TABLE names a file that the
// figures are appended to.
package parking
