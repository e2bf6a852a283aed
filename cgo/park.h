// SPDX-License-Identifier: Apache-2.0
// Park rings: where packets wait for their next hop's MAC.
//
// Every worker owns a fixed pool of slots. A slot is one next hop: a key, a state
// word and a ring with one producer, the worker, and two consumers: control, which
// drains, expires or fails it, and the worker, which evicts the oldest packet from
// a full ring and finishes what control hands back. A consumer claims a packet by
// moving head with one compare-and-swap; whoever loses goes on with its own work,
// so neither side ever waits for the other.
//
// The state word says who sends from the ring:
//
//   FREE      nobody; the worker may open the slot
//   PARKED    nobody yet; the worker parks
//   DRAINING  control; the worker parks behind
//   HANDBACK  the worker, before it sends anything to this next hop directly
//
//   FREE     -> PARKED    worker   opens it for a key
//   PARKED   -> DRAINING  control  the next hop resolved, failed or went away
//   PARKED   -> HANDBACK  worker   it saw the resolution itself, or takes the slot
//                                  for another next hop (park_policy.c)
//   DRAINING -> HANDBACK  control  after at most one ring's worth
//   HANDBACK -> PARKED    worker   the next hop is unresolved again
//   HANDBACK -> FREE      worker   the ring is empty
//
// The word carries a generation, so a stale reference to a reused slot changes
// nothing. An adjacency becomes usable for direct sending only after control has
// seen every slot of its next hop closed; until then it is DRAINING and each packet
// passes here, which is what keeps flows in order.
//
// Slots are of two classes with bounds of their own: those for next hops that are
// being resolved, and those for next hops behind a switch port that is not up yet.
// A slot's index says its class: the second kind comes behind the first.
#ifndef PW_PARK_H
#define PW_PARK_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include <rte_mbuf.h>
#include <rte_prefetch.h>

#include "bounds.h"
#include "counters.h"

enum pw_slot_state {
	PW_SLOT_FREE = 0,
	PW_SLOT_PARKED,
	PW_SLOT_DRAINING,
	PW_SLOT_HANDBACK,
};

struct pw_park_key {
	uint32_t lrp;    // egress router port
	uint8_t family;  // 4 or 6
	uint8_t pad[3];
	uint8_t ip[16];  // next hop; IPv4 in the first four octets, the rest zero
};

// Who sent a packet: the switch port that it came in by, and the sender, hashed.
struct pw_park_sender {
	uint16_t lsp;
	uint16_t host;
};

// What somebody holds of class PW_PARK_NEXTHOP.
struct pw_park_share {
	uint32_t slots;
	uint32_t packets; // as many as the worker knows of: control may have taken some since
};

// The worker's own; see park_policy.c.
struct pw_park_shares {
	uint64_t random;   // state of the generator; never 0
	uint64_t secret;   // of the hash of senders; odd
	uint64_t poll;     // the poll that searches counts in
	uint32_t searches; // for room, of those who hold more than an equal share
	uint32_t ports;    // that hold slots
	struct pw_park_share lsp[PW_MAX_LSPS + 1]; // the last one is the router's itself
	struct pw_park_share host[PW_PARK_HOSTS];
};

struct pw_park_entry {
	_Atomic(struct rte_mbuf *) m;
	_Atomic uint64_t tsc; // arrival; beside the pointer so that age is read without touching the mbuf
};

struct pw_park_slot {
	// Written by the worker; control reads.
	_Atomic uint64_t word;  // generation << 8 | enum pw_slot_state; both sides, by the table above
	_Atomic uint32_t tail;  // packets ever parked in this ring
	_Atomic uint32_t asked; // 1 while this slot sits in the ask ring; worker sets, control clears
	_Atomic uint64_t key[3]; // struct pw_park_key, stable from PARKED to FREE; see pw_park_slot_key
	uint32_t next_free;     // worker's free list
	uint32_t open_index;    // worker's place in the list of open slots
	uint32_t mask;          // places in ring - 1; fixed
	uint8_t cls;            // enum pw_park_class; fixed
	bool known;             // worker's: PW_ADJ_KNOWN when it opened the slot
	_Atomic uint32_t owner; // struct pw_park_sender in whose share it counts; worker writes, control reads
	uint32_t settled;       // worker's: the packets before this one count in nobody's share any more
	struct pw_park_sender *senders; // worker's: of the packets in ring
	struct pw_park_entry *ring;
	// Written by whoever consumes.
	_Atomic uint32_t head __attribute__((aligned(PW_CACHE_LINE)));
};

// Bounds of one class, per worker.
struct pw_park_limits {
	uint32_t slots;        // next hops; DESIGN: max_nexthops
	uint32_t ring;         // packets per next hop, rounded up to a power of two for storage
	uint32_t max_packets;  // over all rings of the class
	uint32_t drop_newest;  // overflow policy; 0 evicts the oldest
};

struct pw_park_config {
	struct pw_park_limits of[PW_PARK_CLASSES];
	uint32_t refuse; // newcomers at a bound, instead of making room by shares
};

// The open slots of a class, in no order. The worker's own.
struct pw_park_open {
	uint32_t *slots;
	uint32_t n;
	uint32_t sweep; // where housekeeping goes on
};

struct pw_park {
	struct pw_park_config cfg;
	uint32_t n_slots; // of all classes
	struct pw_park_slot *slots;
	struct pw_park_entry *entries;
	// The worker's own.
	struct pw_park_sender *senders;
	uint32_t *index;  // open addressing hash of open slots, slot + 1, 0 for empty
	uint32_t index_mask;
	struct pw_park_open open[PW_PARK_CLASSES];
	uint32_t free[PW_PARK_CLASSES];  // heads of the free lists, PW_NONE32 for none
	uint64_t pushed[PW_PARK_CLASSES]; // packets ever parked
	uint64_t taken[PW_PARK_CLASSES];  // packets that the worker itself took out
	struct pw_park_shares shares;
	// Ask ring: slots whose next hop control must resolve. A slot is in it at most
	// once and it has room for all, so it can't overflow. Producer: worker.
	uint32_t *asks;
	uint32_t ask_mask;
	_Atomic uint32_t ask_tail;
	_Atomic uint32_t ask_head __attribute__((aligned(PW_CACHE_LINE))); // consumer: control
	_Atomic uint64_t popped[PW_PARK_CLASSES]; // packets that control took; writer: control
};

static inline uint32_t
pw_sender_pack(struct pw_park_sender by)
{
	return (uint32_t)by.lsp << 16 | by.host;
}

static inline struct pw_park_sender
pw_sender_unpack(uint32_t packed)
{
	return (struct pw_park_sender){.lsp = (uint16_t)(packed >> 16), .host = (uint16_t)packed};
}

static inline enum pw_slot_state
pw_slot_state(uint64_t word)
{
	return (enum pw_slot_state)(word & 0xff);
}

static inline uint64_t
pw_slot_with(uint64_t word, enum pw_slot_state s)
{
	return (word & ~(uint64_t)0xff) | s;
}

// pw_park_slot_key returns s's key. Control may read it while the worker opens the
// slot for another: it is then one of neither, in words that nobody tore, and the state
// word, read before and after it, says so.
static inline struct pw_park_key
pw_park_slot_key(const struct pw_park_slot *s)
{
	union {
		uint64_t word[3];
		struct pw_park_key key;
	} u;
	_Static_assert(sizeof(u.word) == sizeof(u.key), "a key is three words");
	for (int i = 0; i < 3; i++)
		u.word[i] = atomic_load_explicit(&s->key[i], memory_order_relaxed);
	return u.key;
}

// pw_park_init allocates the slots of one worker in DPDK memory. 0, or -ENOMEM.
int pw_park_init(struct pw_park *p, const struct pw_park_config *cfg, int socket);
void pw_park_fini(struct pw_park *p);

// Worker side. pw_park_find returns the open slot of key, or NULL.
struct pw_park_slot *pw_park_find(struct pw_park *p, const struct pw_park_key *key);

// pw_park_open takes a free slot of the class for key, in state PARKED, which counts in
// by's share. NULL when every slot is taken.
struct pw_park_slot *pw_park_open(struct pw_park *p, const struct pw_park_key *key, enum pw_park_class cls,
				  struct pw_park_sender by, bool known);

// pw_park_ask puts the slot in the ask ring unless it is there already.
void pw_park_ask(struct pw_park *p, struct pw_park_slot *s);

// pw_park_close frees an empty slot that the worker holds in HANDBACK.
void pw_park_close(struct pw_park *p, struct pw_park_slot *s);

// pw_park_push appends m, which by sent. The caller has made room: size < limit.
void pw_park_push(struct pw_park *p, struct pw_park_slot *s, struct rte_mbuf *m, uint64_t tsc,
		  struct pw_park_sender by);

// pw_park_packets is how many packets of the class wait with this worker. Worker only.
static inline uint64_t
pw_park_packets(const struct pw_park *p, enum pw_park_class cls)
{
	return p->pushed[cls] - p->taken[cls] - atomic_load_explicit(&p->popped[cls], memory_order_relaxed);
}

// The bounds that hold for s.
static inline const struct pw_park_limits *
pw_park_limits_of(const struct pw_park *p, const struct pw_park_slot *s)
{
	return &p->cfg.of[s->cls];
}

// Either side. pw_park_pop claims the oldest packet and returns it with its arrival
// time, or NULL when the ring is empty or the other side claimed it first, which
// *lost then says. With older_than not 0, only a packet that arrived before that.
struct rte_mbuf *pw_park_pop(struct pw_park_slot *s, uint64_t older_than, bool *lost);

// pw_park_pop_bulk claims the oldest packets, up to n, all by one move of head, and
// returns how many; 0 as pw_park_pop returns NULL. arrived, unless NULL, gets their times
// of arrival.
uint16_t pw_park_pop_bulk(struct pw_park_slot *s, struct rte_mbuf **out, uint64_t *arrived, uint16_t n, bool *lost);

static inline uint32_t
pw_park_size(const struct pw_park_slot *s)
{
	uint32_t head = atomic_load_explicit(&s->head, memory_order_acquire);
	return atomic_load_explicit(&s->tail, memory_order_acquire) - head;
}

// pw_park_prefetch fetches what sending a packet will touch: the mbuf, and the frame's
// headers, which begin where every pool of ours puts them. Whoever drains is another core
// than the one that parked, and each line comes out of its cache; the private area is not
// among them.
static inline void
pw_park_prefetch(const struct rte_mbuf *m)
{
	const char *p = (const char *)m;
	rte_prefetch0(p);
	rte_prefetch0(p + PW_CACHE_LINE);
	__builtin_prefetch(p + sizeof(*m) + PW_CACHE_LINE + RTE_PKTMBUF_HEADROOM, 1);
}

// pw_park_prefetch_oldest fetches what freeing the oldest packet of s will touch: in a
// ring that stays full it has lain there since a ring's worth ago, out of every cache.
static inline void
pw_park_prefetch_oldest(const struct pw_park_slot *s)
{
	uint32_t head = atomic_load_explicit(&s->head, memory_order_relaxed);
	struct rte_mbuf *m = atomic_load_explicit(&s->ring[head & s->mask].m, memory_order_relaxed);
	if (m != NULL) {
		rte_prefetch0(m);
		rte_prefetch0((const char *)m + PW_CACHE_LINE);
	}
}

static inline uint32_t
pw_park_slot_index(const struct pw_park *p, const struct pw_park_slot *s)
{
	return (uint32_t)(s - p->slots);
}

// Worker side, park_policy.c. These keep the shares: s opens for by, by parks in it too,
// packets have left it, it closes.
void pw_park_share_open(struct pw_park *p, struct pw_park_slot *s, struct pw_park_sender by);
void pw_park_share_join(struct pw_park *p, struct pw_park_slot *s, struct pw_park_sender by);
void pw_park_share_settle(struct pw_park *p, struct pw_park_slot *s);
void pw_park_share_close(struct pw_park *p, struct pw_park_slot *s);

// pw_park_sender_of says who sent m, which came in by switch port lsp and holds an IP
// packet of the family.
struct pw_park_sender pw_park_sender_of(const struct pw_park *p, const struct rte_mbuf *m, uint16_t lsp,
					uint8_t family);

// Who wants room, and for what.
struct pw_park_claim {
	struct pw_park_sender by;
	bool known;   // the next hop is named by a route or has answered before
	bool slot;    // a whole slot is wanted, not only room for a packet
	uint64_t poll; // a number of the poll
	const struct pw_park_slot *mine; // that the packet goes to; NULL while it has none
};

// pw_park_victim returns the slot that has to make room, or NULL when none has: a PARKED
// one for a slot, one whose oldest packet goes for a packet.
struct pw_park_slot *pw_park_victim(struct pw_park *p, const struct pw_park_claim *c);

// pw_park_fullest returns an open slot of the class, not mine, that holds at least two
// packets more than mine, or NULL when a few draws find none.
struct pw_park_slot *pw_park_fullest(struct pw_park *p, enum pw_park_class cls, const struct pw_park_slot *mine);

// Control side. pw_park_next_ask takes one slot index from the ask ring.
bool pw_park_next_ask(struct pw_park *p, uint32_t *slot);

#endif
