// SPDX-License-Identifier: Apache-2.0
// Control's side of the datapath. Every function here is called by the control
// lcore only, one call per batch.
#ifndef PW_CONTROL_H
#define PW_CONTROL_H

#include <stdbool.h>
#include <stdint.h>

#include "burst.h"
#include "counters.h"
#include "datapath.h"
#include "worker.h"

#define PW_CONTROL_BATCH 32
#define PW_CONTROL_PENDING 64 // packets of one slot that a full transmit queue may leave with control

struct pw_ask {
	uint16_t worker;
	uint16_t lsp;           // by which those came who wait, or one of them
	uint32_t slot;
	uint64_t word;          // the slot's word when the ask was taken
	struct pw_park_key key;
};

// What one poll brings. Control owns the mbufs from then on.
struct pw_control_batch {
	uint32_t n_asks, n_l2, n_ip, n_learn, n_appeared;
	struct pw_ask asks[PW_CONTROL_BATCH];
	struct rte_mbuf *l2[PW_CONTROL_BATCH]; // ARP and ND
	struct rte_mbuf *ip[PW_CONTROL_BATCH]; // everything else
	struct pw_learn learn[PW_CONTROL_BATCH];
	struct pw_learn appeared[PW_CONTROL_BATCH];
};

// Packets that control has popped from a slot and could not send yet.
struct pw_drain {
	uint64_t word;     // slot generation that the rest belongs to
	uint64_t adj_word; // that the packets in m were made ready by
	uint32_t taken;    // popped since DRAINING began
	uint16_t first, n;
	uint16_t port;     // that the packets in m leave by
	struct rte_mbuf *m[PW_CONTROL_PENDING];
};

struct pw_control {
	struct pw_datapath *dp;
	struct pw_sleeper sleep __attribute__((aligned(PW_CACHE_LINE))); // control's; workers wake it
	struct pw_counters own __attribute__((aligned(PW_CACHE_LINE)));                         // packets that control made
	struct pw_counters for_worker[PW_MAX_WORKERS];  // packets that it took from a worker
	struct pw_control_batch batch;
	struct pw_drain *drains[PW_MAX_WORKERS];        // by slot
	uint16_t next_worker;                           // where the next poll starts, for fairness
};

struct pw_control *pw_control_new(struct pw_datapath *dp);
void pw_control_free(struct pw_control *c);

// pw_control_add_worker makes room for w's drains. 0 or -ENOMEM. Before w runs.
int pw_control_add_worker(struct pw_control *c, const struct pw_worker *w);

// pw_control_poll fills c->batch from every worker's rings and returns the number
// of things in it. When there is nothing it waits up to wait_ns and returns as soon as
// there is something: it spins for spin_ns at least, then it sleeps, and a worker that
// runs (pw_worker_run) wakes it.
uint32_t pw_control_poll(struct pw_control *c, uint64_t wait_ns, uint64_t spin_ns);

// pw_control_asks_mark notes, for every worker, how many asks it has written;
// mark has room for PW_MAX_WORKERS. pw_control_asks_read reports whether all of
// them have come out of pw_control_poll since. An adjacency may be published as
// usable only when the asks marked after it became DRAINING have been read.
void pw_control_asks_mark(const struct pw_control *c, uint32_t *mark);
bool pw_control_asks_read(const struct pw_control *c, const uint32_t *mark);

enum pw_drain_status {
	PW_DRAIN_DONE,  // control has let go; the worker will close the slot
	PW_DRAIN_AGAIN, // a transmit queue is full: call again
	PW_DRAIN_GONE,  // the slot serves something else by now, or the worker has it
};

// pw_control_drain sends what waits in a slot through adjacency adj, in order, at
// most one ring's worth in all, then hands the slot back. word is the slot's word
// as the ask gave it. *sent counts what the transmit queues took in this call.
enum pw_drain_status pw_control_drain(struct pw_control *c, uint16_t worker, uint32_t slot, uint64_t word,
				      uint32_t adj, uint32_t *sent);

// pw_control_abandon gives up a drain whose transmit queue stays full: frees what was
// popped, as TX_FULL, and hands the slot back.
void pw_control_abandon(struct pw_control *c, uint16_t worker, uint32_t slot, uint64_t word);

// pw_control_discard frees what a drain has popped and not sent, as TX_FULL.
void pw_control_discard(struct pw_control *c, uint16_t worker, uint32_t slot);

// pw_control_claim turns a PARKED slot into DRAINING, so that control alone takes
// packets from its front; false when the slot serves something else by now.
bool pw_control_claim(struct pw_control *c, uint16_t worker, uint32_t slot, uint64_t word);

// pw_control_take pops up to n packets of a claimed slot into out, which the caller
// then owns and must account for with pw_control_free_as, and returns their number.
uint16_t pw_control_take(struct pw_control *c, uint16_t worker, uint32_t slot, struct rte_mbuf **out, uint16_t n);

// pw_control_handback ends a claim.
void pw_control_handback(struct pw_control *c, uint16_t worker, uint32_t slot);

// pw_control_expire frees the packets of a slot that arrived before tsc, as
// PARK_EXPIRED or PARK_GATE_EXPIRED, and returns their number. With by_newest it frees
// none as long as one arrived later.
uint32_t pw_control_expire(struct pw_control *c, uint16_t worker, uint32_t slot, uint64_t word, uint64_t tsc,
			   bool by_newest);

// pw_control_slot_open reports whether the slot still serves the next hop that word
// was taken for.
bool pw_control_slot_open(const struct pw_control *c, uint16_t worker, uint32_t slot, uint64_t word);

// pw_control_slot_class returns what the packets of a slot wait for.
enum pw_park_class pw_control_slot_class(const struct pw_control *c, uint16_t worker, uint32_t slot);

// pw_control_slot_depth returns the packets in a slot and, in *oldest, when the first
// of them arrived (0 when there is none). Any thread; a moment's view.
uint32_t pw_control_slot_depth(const struct pw_control *c, uint16_t worker, uint32_t slot, uint64_t *oldest);

// pw_control_oldest_parked returns when the packet arrived that has been parked longest,
// 0 when none is. Control only.
uint64_t pw_control_oldest_parked(const struct pw_control *c);

// pw_control_free_as frees a packet that control took from a worker and counts it
// for that worker: as consumed when reason is PW_DROP_COUNT. Takes m.
void pw_control_free_as(struct pw_control *c, struct rte_mbuf *m, unsigned int reason);

// pw_control_send sends a frame that control made from router port lrp into its
// switch: to the port that has the destination, or flooded. Takes m.
void pw_control_send(struct pw_control *c, struct rte_mbuf *m, uint16_t lrp);

// pw_control_egress returns the router port that a packet to ip leaves by when the router
// of lrp sends it, the first of several, or PW_NONE16. ip has 4 or 16 octets, by family.
uint16_t pw_control_egress(const struct pw_control *c, uint16_t lrp, const uint8_t *ip, uint8_t family);

// pw_control_route has a worker route an IP packet that control made, as if router
// port lrp's router had originated it. m holds an Ethernet header with the right
// type before the packet. Takes m.
void pw_control_route(struct pw_control *c, struct rte_mbuf *m, uint16_t lrp, uint16_t worker);

#endif
