// SPDX-License-Identifier: Apache-2.0
// Who writes which cache line. Every block below has one writer for as long as packets are
// merely forwarded; the compiler sees to the lines, and TestLines to the writers. What
// several workers write is in lines of its own, and written once per burst that parks, per
// sample or per packet to control: pool_parked and own_id, gates, the used bit of an
// adjacency, fdb_seen, lsp_states, copp.
//
// rte_malloc gives every block whole lines, with its own header in front, so blocks never
// share one.
#include <stddef.h>

#include "control.h"
#include "datapath.h"
#include "worker.h"

#define LINE(type, field) (offsetof(type, field) / PW_CACHE_LINE)
#define BEGINS(type, field) (offsetof(type, field) % PW_CACHE_LINE == 0)
#define WHOLE(type) (sizeof(type) % PW_CACHE_LINE == 0)

// A worker: what control writes and the worker reads once per poll, then what the worker
// writes. What is before both nobody writes.
_Static_assert(BEGINS(struct pw_worker, stop), "control's orders to a worker begin a line");
_Static_assert(LINE(struct pw_worker, kick) == LINE(struct pw_worker, stop), "one line of orders, read once per poll");
_Static_assert(LINE(struct pw_worker, orders) == LINE(struct pw_worker, stop), "one line of orders");
_Static_assert(BEGINS(struct pw_worker, counters) && LINE(struct pw_worker, counters) > LINE(struct pw_worker, orders),
	       "a worker's counters are not beside what control writes");
_Static_assert(WHOLE(struct pw_worker) && WHOLE(struct pw_counters) && WHOLE(struct pw_copp_refused), "whole lines");

// Parking: what control writes while it reads asks and takes packets.
_Static_assert(BEGINS(struct pw_park, ask_head) && LINE(struct pw_park, ask_tail) < LINE(struct pw_park, ask_head),
	       "control's end of the ask ring is not beside the worker's");
_Static_assert(LINE(struct pw_park, popped) == LINE(struct pw_park, ask_head) && WHOLE(struct pw_park),
	       "what control counts is alone with it");
_Static_assert(BEGINS(struct pw_park_slot, head) && LINE(struct pw_park_slot, ring) < LINE(struct pw_park_slot, head) &&
		       WHOLE(struct pw_park_slot),
	       "the consumers' end of a park ring is not beside the producer's");

// The datapath: what several write is not beside what all read for every packet.
_Static_assert(BEGINS(struct pw_datapath, pool_parked) &&
		       LINE(struct pw_datapath, pool_park_limit) < LINE(struct pw_datapath, pool_parked),
	       "the pool's share has a line of its own");
_Static_assert(BEGINS(struct pw_datapath, gates) && LINE(struct pw_datapath, own_id) < LINE(struct pw_datapath, gates),
	       "gates begin a line");
_Static_assert(BEGINS(struct pw_datapath, copp) && LINE(struct pw_datapath, gates) < LINE(struct pw_datapath, copp),
	       "pointers that all read are not beside gates");
_Static_assert(WHOLE(struct pw_adj) && WHOLE(struct pw_copp_state), "whole lines");

// Control: a block of counters per worker, all of them control's to write.
_Static_assert(BEGINS(struct pw_control, own) && BEGINS(struct pw_control, for_worker), "control's counters begin lines");
