// SPDX-License-Identifier: Apache-2.0
// The logical topology as workers read it: one immutable snapshot, published by a
// single pointer store and freed after every worker has passed a quiescent state.
// Adjacencies, neighbors and learned MACs change faster; they live beside it.
#ifndef PW_TABLES_H
#define PW_TABLES_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include <rte_fib.h>
#include <rte_fib6.h>

#include "bounds.h"
#include "copp.h"

enum pw_lsp_kind {
	PW_LSP_UNBOUND = 0, // no port of this node
	PW_LSP_VIF,
	PW_LSP_LOCALNET,
	PW_LSP_ROUTER,
};

// A switch port (OVN: Logical_Switch_Port).
struct pw_lsp {
	uint8_t kind;
	bool unknown;      // learn MACs here, send unknown unicast here
	uint16_t sw;       // switch index
	uint16_t port;     // DPDK port id; VIF and LOCALNET
	uint16_t vlan;     // tag on the wire, 0 for none; LOCALNET
	uint16_t lrp;      // ROUTER: the peer
	bool gated;        // packets may wait for it to come up; see pw_gate
	uint8_t flags;     // enum pw_lsp_flags
	uint16_t max_frame; // longest frame that its port takes, without tag, octets
	uint16_t sec;      // SECURE: its first row of secs
};

enum pw_lsp_flags {
	PW_LSP_PLAIN = 1 << 0,   // whatever a router sends leaves by its port as it is
	PW_LSP_SECURE = 1 << 1,  // port_security
	PW_LSP_STORM = 1 << 2,   // storm_control
	PW_LSP_GUARDED = 1 << 3, // what a router sends is to be looked at: only workers may send it
};

// A plain switch port is a port of this node that frames from a router leave by as they
// are: untagged, never too long, to whatever address.
static inline bool
pw_lsp_is_plain(const struct pw_lsp *l)
{
	return l->flags & PW_LSP_PLAIN;
}

// An element of a switch port's port_security: a MAC, and the IP addresses that may go
// with it. Without any, all may.
struct pw_port_sec {
	uint64_t mac;            // as pw_mac48
	uint32_t first4, first6; // in sec4 and sec6
	uint16_t n4, n6;
	uint16_t more;           // elements of the same switch port that follow
	uint16_t reserved;
};

struct pw_sec4 {
	uint32_t ip, mask;  // network byte order
	uint32_t broadcast; // that the host may receive, too; ip when there is none
};

struct pw_sec6 {
	uint8_t ip[16], mask[16];
};

enum pw_storm_class {
	PW_STORM_BROADCAST = 0,
	PW_STORM_MULTICAST,
	PW_STORM_UNKNOWN, // unicast to a MAC that the switch does not know
	PW_STORM_CLASSES,
};

// Storm control of a switch port.
struct pw_storm {
	struct pw_meter limit[PW_STORM_CLASSES];
};

// Who has an address in a switch: a host, that the switch answers for, or a router port,
// that alone is to hear of requests for it. Sorted by ip within a switch.
struct pw_rsp4 {
	uint32_t ip;  // host byte order
	uint16_t lsp;
	uint8_t mac[6];
};

struct pw_rsp6 {
	uint8_t ip[16];
	uint16_t lsp;
	uint8_t mac[6];
};

#define PW_NO_MAC UINT64_MAX // where a MAC is a number of 48 bits

// A logical switch: who gets what is flooded.
struct pw_switch {
	uint64_t router_mac;     // of its first router port, as a word's low 48 bits; PW_NO_MAC for none
	uint16_t router_lrp;     // that router port
	uint16_t n_flood;        // bound VIF and LOCALNET ports
	uint16_t n_routers;
	uint16_t n_unknown;      // the bound ports among flood that list unknown
	const uint16_t *flood;   // switch port indexes
	const uint16_t *unknown; // switch port indexes
	const uint16_t *routers; // router port indexes
	uint32_t n_rsp4, n_rsp6;
	const struct pw_rsp4 *rsp4;
	const struct pw_rsp6 *rsp6;
};

// A router port (OVN: Logical_Router_Port).
struct pw_lrp {
	uint8_t mac[6];
	uint16_t router;
	uint16_t table; // row of routers in which packets that enter here are looked up
	uint16_t sw;  // switch that it plugs into, PW_NONE16 for none
	uint16_t lsp; // its peer there
	uint16_t mtu; // largest IP packet that may leave, octets
	uint8_t n_own4, n_own6;
	bool proxies_nd; // it answers neighbor solicitations for others; control knows for whom
	uint32_t own4[PW_OWN_ADDRS];     // host byte order
	uint8_t own6[PW_OWN_ADDRS][16];
};

// A route table. A router's main table comes first, under the router's own index; further
// rows are the tables that single router ports look into, and what is looked up by source.
struct pw_router {
	struct rte_fib *fib4;  // NULL when it has no IPv4 route
	struct rte_fib6 *fib6; // likewise
	// How fib6 is looked up; NULL: by rte_fib6_lookup_bulk, whose arguments it takes.
	int (*walk6)(struct rte_fib6 *fib, uint8_t ips[][RTE_FIB6_IPV6_ADDR_SIZE], uint64_t *nhs, int n);
	uint16_t source;       // row that is looked up by source address, PW_NONE16 for none
	uint16_t n_policies;   // main table: the router's policies, which follow each other
	uint32_t policy;       // the first of them
};

enum pw_nh_kind {
	PW_NH_DROP = 0, // index 0 of the table is always {DROP, IP_NO_ROUTE}
	PW_NH_LOCAL,    // one of the router's own addresses
	PW_NH_GLEAN,    // connected network: the destination is the next hop
	PW_NH_ADJ,      // through a gateway, whose adjacency is known
	PW_NH_ECMP,     // one of several
};

// What a route lookup yields.
struct pw_nexthop {
	uint8_t kind;
	uint8_t reason;  // DROP: enum pw_drop
	uint16_t lrp;    // GLEAN, ADJ: egress router port
	uint32_t adj;    // ADJ: adjacency index; ECMP: index of the first member in nexthops
	uint32_t group;  // ECMP: index in groups
	uint16_t count;  // ECMP: members, which follow each other
	uint16_t rank;   // of two matches, by destination and by source, the higher one wins
	uint16_t mtu;    // GLEAN, ADJ: of lrp
	uint16_t reserved;
};

// A multipath group's buckets. A flow's hash names a bucket, the bucket a member, so that
// a member which goes or comes moves the flows of its own buckets and no others.
struct pw_group {
	uint32_t mask;                  // buckets less one; their number is a power of two
	uint32_t salt;                  // the group's own, so that groups in a row choose independently
	const _Atomic uint8_t *buckets; // members, from 0; writer: control; readers: workers
};

// What a policy's test looks at; see lr_in_policy.c.
enum pw_test_field {
	PW_TEST_FAMILY = 0,
	PW_TEST_PROTO,
	PW_TEST_SRC_PORT,
	PW_TEST_DST_PORT,
	PW_TEST_INPORT,
	PW_TEST_SRC,
	PW_TEST_DST,
};

// One condition. A packet that lacks the field fails it.
struct pw_test {
	uint8_t field;    // enum pw_test_field
	uint8_t negate;   // 1: the field is not so
	uint8_t length;   // SRC, DST: octets of value and mask, 4 or 16
	uint8_t reserved;
	uint16_t lo, hi;  // FAMILY to INPORT: the range; host byte order
	uint8_t value[16], mask[16];
};

// A conjunction of tests.
struct pw_clause {
	uint32_t test; // the first; the others follow
	uint32_t n;
};

enum pw_policy_action {
	PW_POLICY_ALLOW = 0,
	PW_POLICY_DROP,
	PW_POLICY_REROUTE,
};

// A router policy (OVN: Logical_Router_Policy): a disjunction of clauses, and what to do.
struct pw_policy {
	uint32_t clause;   // the first; the others follow
	uint16_t n;
	uint8_t action;    // enum pw_policy_action
	uint8_t reserved;
	uint32_t nh;       // REROUTE: next hop index
	uint32_t mark;     // packet mark, 0 for none
	uint32_t counter;  // where workers count its packets, below PW_MAX_POLICIES
};

struct pw_port {
	uint16_t lsp;             // untagged frames; PW_NONE16 for none
	uint16_t features;        // enum pw_lsp_flags of any of its switch ports
	const uint16_t *vlan_lsp; // 4,096 switch port indexes by VLAN id, or NULL
	uint64_t router_mac;      // untagged frames to it go to router port router_lrp and pass the
	                          // switch as they are; PW_NO_MAC when none do. See plain.h
	uint16_t router_lrp;
	bool learns, gated;       // lsp's
	uint64_t own4, own6;      // bit n: one of router_lrp's own addresses ends in n, modulo 64
};

struct pw_tables {
	uint64_t generation;
	uint32_t n_lsps, n_switches, n_lrps, n_routers, n_nexthops, n_groups, n_policies;
	struct pw_port ports[PW_MAX_PORTS];
	struct pw_lsp *lsps;
	struct pw_switch *switches;
	struct pw_lrp *lrps;
	struct pw_copp *copp; // by router port
	struct pw_router *routers;
	struct pw_nexthop *nexthops;
	struct pw_group *groups;
	_Atomic uint8_t *buckets; // backing store of the groups
	struct pw_policy *policies;
	struct pw_clause *clauses;
	struct pw_test *tests;
	uint16_t *lists; // backing store of every flood, unknown, router and VLAN list
	struct pw_storm *storms; // by switch port
	struct pw_port_sec *secs;
	struct pw_sec4 *sec4;
	struct pw_sec6 *sec6;
	struct pw_rsp4 *rsp4; // backing store of every switch's
	struct pw_rsp6 *rsp6;
};

struct pw_tables_size {
	uint32_t lsps, switches, lrps, routers, nexthops, groups, buckets, policies, clauses, tests;
	uint32_t list; // 16-bit entries in lists
};

// pw_tables_new allocates a zeroed snapshot of the given size in DPDK memory. NULL when
// memory is short.
struct pw_tables *pw_tables_new(const struct pw_tables_size *size);

// pw_tables_bucket makes a bucket of a group lead to a member. Control only; workers may
// read meanwhile.
void pw_tables_bucket(struct pw_tables *t, uint32_t group, uint32_t bucket, uint8_t member);

// pw_tables_meter sets the meter of a router port's class; no limit unless it is called.
// Before t is published.
void pw_tables_meter(struct pw_tables *t, uint32_t lrp, enum pw_copp_class cls, uint32_t rate, uint32_t burst);

// How long the tables of the switch stages are.
struct pw_tables_l2 {
	uint32_t n_secs, n_sec4, n_sec6, n_rsp4, n_rsp6;
};

// pw_tables_l2 makes room for what the switch stages read. 0, or -1 when memory is short.
int pw_tables_l2(struct pw_tables *t, const struct pw_tables_l2 *n);

// pw_tables_finish derives from the rest of t what workers want in one place. Before t is
// published.
void pw_tables_finish(struct pw_tables *t);

// pw_tables_free frees a snapshot that no worker can see any more. The FIBs are
// not its own.
void pw_tables_free(struct pw_tables *t);

#endif
