// SPDX-License-Identifier: Apache-2.0
// Sizes that shape the datapath's structures. Each is a bound of DESIGN rule 3:
// what happens at it is said where it is enforced.
#ifndef PW_BOUNDS_H
#define PW_BOUNDS_H

#define PW_CACHE_LINE 64

#define PW_BURST 64          // packets per poll; the bulk hash lookup takes no more
#define PW_MAX_PORTS 32      // RTE_MAX_ETHPORTS of the packaged DPDK
#define PW_MAX_WORKERS 32    //
#define PW_MAX_RXQS 64       // (port, queue) pairs of one worker
#define PW_MAX_LSPS 4095     // a switch port index travels in 12 bits of the adjacency word
#define PW_MAX_LRPS 4096     // router ports that meters are kept for
#define PW_MAX_ROUNDS 16     // routers that one packet may cross inside this node
#define PW_OWN_ADDRS 8       // own addresses per family that a router port checks sources against
#define PW_MAX_ECMP 64       // members of one multipath group
#define PW_MAX_BUCKETS 1024  // of a multipath group; a power of two
#define PW_MAX_POLICIES 1024 // of all routers
#define PW_MAX_FRAGMENTS 32  // of one packet: half a burst, and half a park ring of the default size
#define PW_HOP_BURSTS 32     // bursts on their way to another router: enough if every packet of one was cut
#define PW_PARK_HOSTS 1024   // senders that slot policy tells apart, by hash; a power of two
#define PW_LEARN_RATE 50000  // MACs per second that control is told of by a switch port
#define PW_LEARN_BURST 128   // at once
#define PW_LEARN_CACHE 256   // recently seen source MACs per worker, direct mapped

#define PW_NONE16 0xffffu    // "no such index" in 16-bit index fields
#define PW_NONE32 0xffffffffu

#endif
