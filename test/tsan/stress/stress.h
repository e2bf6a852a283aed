// SPDX-License-Identifier: Apache-2.0
// A stress of the park rings that ThreadSanitizer can see through: the gateway's own C
// for workers and control, real threads, and stand-ins for DPDK's libraries, which
// are built without it (standins.c). Each stand-in hands packets and words on without
// an ordering of its own wherever it can, for that would hide a race of ours.
//
//   main.c      sets up, runs the threads, judges the end
//   packets.c   packets, the source of each worker, the wire
//   fate.c      control: resolves, fails, expires, flushes, abandons, at random
//   standins.c  what the linked C calls of DPDK and of the stages that are not in it
#ifndef STRESS_H
#define STRESS_H

#include <stdbool.h>
#include <stdint.h>

#include "control.h"
#include "datapath.h"
#include "worker.h"

#define WORKERS 2
#define HOPS 8        // more than slots: opening fails now and then
#define SLOTS 6
#define RING 32
#define MAX_PACKETS 128
#define PER_WORKER 32768 // packets that a worker's source may have under way, a power of two
#define CONTROL WORKERS  // its number among the threads, and its transmit queue

extern struct pw_datapath *dp;
extern _Thread_local unsigned int me; // a worker's index, or CONTROL

// rnd returns a number below n, from the calling thread's own generator.
void rnd_seed(uint64_t seed);
uint32_t rnd(uint32_t n);

// die prints what is wrong and ends the process with 1. Any thread.
void die(const char *format, ...) __attribute__((format(printf, 1, 2), noreturn));

// packets.c. setup_packets makes every packet and the port; each source then sends
// that many. source_done: the worker's source has sent them all.
void setup_packets(uint64_t each);
bool source_done(unsigned int worker);
struct rte_mempool *the_pool(void);
// packet_freed takes a packet back from whichever thread frees it.
void packet_freed(struct rte_mbuf *m);
// packets_lost is how many have neither been sent nor freed. Nobody may run.
uint64_t packets_lost(void);
uint64_t packets_on_wire(void);

// hop_mac is the MAC of a next hop in one of its lives.
void hop_mac(uint8_t mac[6], uint32_t hop, uint8_t life);

// fate.c. fate_run is the control thread, until every source is done and every slot
// closed. The counts are for the thread that has joined it.
void fate_run(void);
struct fates {
	uint64_t resolved, failed, flushed, expired, abandoned, moved;
};
extern struct fates fates;

#endif
