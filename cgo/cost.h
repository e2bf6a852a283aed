// SPDX-License-Identifier: Apache-2.0
// What the stages cost: of every so many polls one is measured, stage by stage, with
// the time stamp counter. Off unless control asks for it; then a poll costs one
// predictable branch more, and a stage nothing.
#ifndef PW_COST_H
#define PW_COST_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <rte_cycles.h>

#include "bounds.h"

// X(enum suffix, name): what is measured, in the order in which a routed packet meets it.
// Beside the pipeline's stages these are: in_plain and out_plain, which do several of them
// in one pass, in_plain with the stages one by one for packets that are not plain, and
// out_plain up to the first packet that has to take them; route_lookup, the FIB; rx, the
// ports' receive functions; inject, taking what control sends; housekeeping, closing park
// slots; tx, handing packets to the ports at the end of a poll. ls_out_delivery works
// inside the stage that calls it, and so does sending when a transmit buffer fills up
// before the end of the poll.
#define PW_STAGES(X)                                       \
	X(RX, "rx")                                        \
	X(IN_PLAIN, "in_plain")                            \
	X(LS_IN_ADMISSION, "ls_in_admission")              \
	X(LS_IN_CHECK_PORT_SEC, "ls_in_check_port_sec")    \
	X(LS_IN_LOOKUP_FDB, "ls_in_lookup_fdb")            \
	X(LS_IN_STORM_CONTROL, "ls_in_storm_control")      \
	X(LS_IN_ARP_RSP, "ls_in_arp_rsp")                  \
	X(LS_IN_L2_LKUP, "ls_in_l2_lkup")                  \
	X(INJECT, "inject")                                \
	X(LR_IN_ADMISSION, "lr_in_admission")              \
	X(LR_IN_IP_INPUT, "lr_in_ip_input")                \
	X(ROUTE_LOOKUP, "route_lookup")                    \
	X(OUT_PLAIN, "out_plain")                          \
	X(LR_IN_IP_ROUTING, "lr_in_ip_routing")            \
	X(LR_IN_POLICY, "lr_in_policy")                    \
	X(LR_IN_IP_ROUTING_ECMP, "lr_in_ip_routing_ecmp")  \
	X(LR_IN_ARP_RESOLVE, "lr_in_arp_resolve")          \
	X(LR_IN_CHK_PKT_LEN, "lr_in_chk_pkt_len")          \
	X(LR_IN_LARGER_PKTS, "lr_in_larger_pkts")          \
	X(LR_IN_ARP_REQUEST, "lr_in_arp_request")          \
	X(LR_OUT_DELIVERY, "lr_out_delivery")              \
	X(HOUSEKEEPING, "housekeeping")                    \
	X(TX, "tx")

enum pw_stage {
#define PW_STAGE_ROW(id, name) PW_STAGE_##id,
	PW_STAGES(PW_STAGE_ROW)
#undef PW_STAGE_ROW
	PW_STAGE_COUNT,
};

struct pw_stage_cost {
	uint64_t cycles;
	uint64_t packets; // that the stage was given
	uint64_t calls;
};

// Single writer: the worker, in polls that are measured.
struct pw_cost {
	uint64_t polls;       // measured, in which a stage had something to do
	uint64_t interrupted; // left out of all else: they took so long that somebody else had the CPU
	struct pw_stage_cost stages[PW_STAGE_COUNT];

	// The worker's own.
	struct pw_stage_cost poll[PW_STAGE_COUNT]; // that is being measured
	uint64_t last;  // TSC at the end of the stage before
	uint32_t order; // that the figures belong to
	uint32_t left;  // polls until the next one that is measured
};

// For the assertions of the Go mirror.
enum {
	offsetof_cost_own = offsetof(struct pw_cost, poll),
};

// An order to measure: every so many polls in the lower half, 0 for off; in the upper
// half a number that tells it from the order before, so that every order starts anew.
#define PW_COST_EVERY_MAX 0xffffu

static inline uint32_t
pw_cost_every(uint32_t order)
{
	return order & PW_COST_EVERY_MAX;
}

// pw_stage_name returns a stage's name; NULL when there is no such stage.
const char *pw_stage_name(unsigned int stage);

// pw_cost_due begins a poll under an order that is not off: it returns whether the poll
// is to be measured. Worker only.
bool pw_cost_due(struct pw_cost *c, uint32_t order);

// pw_cost_begin begins a measured poll, now as TSC. Worker only.
static inline void
pw_cost_begin(struct pw_cost *c, uint64_t now)
{
	c->last = now;
}

// pw_cost_end ends a measured poll that began at TSC began and is to count when it took no
// longer than longest, in cycles. Worker only.
void pw_cost_end(struct pw_cost *c, uint64_t began, uint64_t longest);

// pw_cost_mark ends a stage that was given n packets: what has passed since the mark
// before is its cost. An empty poll has no mark, so it costs nothing. Worker only.
static inline void
pw_cost_mark(struct pw_cost *c, enum pw_stage stage, uint32_t n)
{
	struct pw_stage_cost *s = &c->poll[stage];
	uint64_t now = rte_rdtsc();
	s->cycles += now - c->last;
	s->packets += n;
	s->calls++;
	c->last = now;
}

#endif
