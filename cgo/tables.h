// SPDX-License-Identifier: Apache-2.0
// The logical topology as workers read it: one immutable snapshot, published by a
// single pointer store and freed after every worker has passed a quiescent state.
// Adjacencies, neighbors and learned MACs change faster; they live beside it.
#ifndef PW_TABLES_H
#define PW_TABLES_H

#include <stdbool.h>
#include <stdint.h>

#include <rte_fib.h>
#include <rte_fib6.h>

#include "bounds.h"

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
	uint8_t reserved;
};

// A plain switch port is a port of this node that frames leave by as they are.
static inline bool
pw_lsp_is_plain(const struct pw_lsp *l)
{
	return l->kind == PW_LSP_VIF || (l->kind == PW_LSP_LOCALNET && l->vlan == 0);
}

// A logical switch: who gets what is flooded.
struct pw_switch {
	uint64_t router_mac;     // of its first router port, as a word's low 48 bits; ~0 for none
	uint16_t router_lrp;     // that router port
	uint16_t n_flood;        // bound VIF and LOCALNET ports
	uint16_t n_routers;
	uint16_t n_unknown;      // the bound ports among flood that list unknown
	const uint16_t *flood;   // switch port indexes
	const uint16_t *unknown; // switch port indexes
	const uint16_t *routers; // router port indexes
};

// A router port (OVN: Logical_Router_Port).
struct pw_lrp {
	uint8_t mac[6];
	uint16_t router;
	uint16_t sw;  // switch that it plugs into, PW_NONE16 for none
	uint16_t lsp; // its peer there
	uint16_t mtu; // largest IP packet that may leave, octets
	uint8_t n_own4, n_own6;
	bool proxies_nd; // it answers neighbor solicitations for others; control knows for whom
	uint32_t own4[PW_OWN_ADDRS];     // host byte order
	uint8_t own6[PW_OWN_ADDRS][16];
};

struct pw_router {
	struct rte_fib *fib4;  // NULL when the router has no IPv4 address
	struct rte_fib6 *fib6; // likewise
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
	uint16_t count;  // ECMP: members, which follow each other
	uint16_t reserved;
};

struct pw_port {
	uint16_t lsp;             // untagged frames; PW_NONE16 for none
	uint16_t reserved;
	const uint16_t *vlan_lsp; // 4,096 switch port indexes by VLAN id, or NULL
};

struct pw_tables {
	uint64_t generation;
	uint32_t n_lsps, n_switches, n_lrps, n_routers, n_nexthops;
	struct pw_port ports[PW_MAX_PORTS];
	struct pw_lsp *lsps;
	struct pw_switch *switches;
	struct pw_lrp *lrps;
	struct pw_router *routers;
	struct pw_nexthop *nexthops;
	uint16_t *lists; // backing store of every flood, unknown, router and VLAN list
};

// pw_tables_new allocates a zeroed snapshot with the given counts in DPDK memory.
// n_list is the number of 16-bit entries in lists. NULL when memory is short.
struct pw_tables *pw_tables_new(uint32_t n_lsps, uint32_t n_switches, uint32_t n_lrps, uint32_t n_routers,
				uint32_t n_nexthops, uint32_t n_list);

// pw_tables_free frees a snapshot that no worker can see any more. The FIBs are
// not its own.
void pw_tables_free(struct pw_tables *t);

#endif
