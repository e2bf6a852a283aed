// SPDX-License-Identifier: Apache-2.0

// Package traffic is a packet source and a packet sink for tests and benchmarks that
// cost no CPU of their own: both are ethdev callbacks and run inside the thread that
// polls a port, at tens of nanoseconds per packet.
//
// A [Source] hangs on a receive queue, usually of a net_null port made with "no-rx=1",
// and makes UDP packets there: by a program of flows, weighted groups of flows or a
// scan over a prefix, at a rate or as fast as the queue is polled. A [Sink] hangs on
// all transmit queues of a port and looks at what leaves. Every packet of a Source
// carries a stamp (stamp.h) with flow, number in the flow, and the time it was made,
// so that the Sink can say what was lost, overtaken or doubled, and how long it took.
// What carries no stamp (ARP, Neighbor Discovery, ICMP) the Sink copies for Go to read,
// and [Source.Inject] has Go's answers received.
//
//	port, err := dpdk.AttachPort("net_null0,no-rx=1")
//	port.Configure(...)                       // queues must exist before
//	src, err := traffic.NewSource(traffic.SourceConfig{Port: port, Pool: pool, Flows: 16})
//	sink, err := traffic.NewSink(traffic.SinkConfig{Port: port, Flows: 16})
//	port.Start()
//	err = src.Run(traffic.Program{Groups: []traffic.Group{{...}}, Rate: 1_000_000})
//	...
//	src.Stop()
//	port.Close()                              // callbacks come off by themselves
//	src.Close(); sink.Close()                 // memory goes back
//
// Closing the port takes the callbacks off: DPDK itself leaves them on the port number,
// for its next owner to run into. Close of a Source or Sink before that needs the port
// stopped. Both need the EAL, and memory of it: about 130 octets per flow and transmit
// queue in a Sink.
//
// It imports dpdk and nothing else of this module.
package traffic

/*
#cgo pkg-config: libdpdk
#cgo CFLAGS: -std=gnu11 -O3 -Wall -Wextra -Werror
*/
import "C"
