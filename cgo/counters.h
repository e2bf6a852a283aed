// SPDX-License-Identifier: Apache-2.0
// Packet accounting and the conservation law:
//
//   rx + originated = tx + consumed + parked now + sum of drops
//   parked now      = parked - drained - evicted - expired - failed - discarded
//
// A block has one writer. A worker writes its own; control writes one of its own
// and one for each worker, for packets that it took from that worker. Readers add
// blocks up without stopping anybody: the sums are exact once traffic rests.
#ifndef PW_COUNTERS_H
#define PW_COUNTERS_H

#include <stddef.h>
#include <stdint.h>

#include "drop.h"
#include "bounds.h"

// Packets wait for a next hop's MAC, or for a switch port to come up.
enum pw_park_class {
	PW_PARK_NEXTHOP = 0,
	PW_PARK_GATED,
	PW_PARK_CLASSES,
};

#define PW_WAIT_BUCKETS 26 // of the time spent parked; bucket i ends before 16 us << i, the last has no end

struct pw_counters {
	uint64_t rx;         // received from a port
	uint64_t originated; // made here: replies, requests, copies of flooded frames, fragments
	uint64_t tx;         // accepted by a port's transmit queue
	uint64_t consumed;   // ended here with effect: at control, which had use for them, or cut into fragments
	uint64_t parked;     // entered a park ring
	uint64_t drained;    // left a park ring to be sent
	uint64_t fragments;  // the share of originated that packets were cut into
	uint64_t gate_parked, gate_discarded; // the gated share of parked and of PARK_DISCARDED
	uint64_t waited[PW_PARK_CLASSES][PW_WAIT_BUCKETS]; // drained packets by time parked
	uint64_t waited_us[PW_PARK_CLASSES];               // sum of those times, microseconds
	uint64_t drops[PW_DROP_COUNT];
	uint64_t port_tx_dropped[PW_MAX_PORTS]; // the share of TX_FULL by port
} __attribute__((aligned(PW_CACHE_LINE)));

// For the assertions of the Go mirror.
enum {
	offsetof_drops = offsetof(struct pw_counters, drops),
	offsetof_port_tx_dropped = offsetof(struct pw_counters, port_tx_dropped),
};

#endif
