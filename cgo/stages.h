// SPDX-License-Identifier: Apache-2.0
// The stages of the pipeline, each in a file of its own name. pipeline.c has their
// order. burst.h says what a stage may do with a burst.
#ifndef PW_STAGES_H
#define PW_STAGES_H

#include "burst.h"
#include "packet.h"
#include "transmit.h"
#include "worker.h"

// Logical switch, ingress. ls_in_admission finds the switch port and takes the VLAN
// tag off; it returns whether there are frames for groups. ls_in_check_port_sec drops
// what port_security forbids, and runs for ports that have it only. ls_in_lookup_fdb
// learns sources on ports that list unknown. ls_in_storm_control and ls_in_arp_rsp look
// at frames for groups, and are left out without any: the first drops what is too many,
// the other answers for hosts that it knows, and takes a router what is for it alone.
// ls_in_l2_lkup sends frames to their ports and keeps those for a router.
bool pw_ls_in_admission(struct pw_worker *w, struct pw_burst *b, uint16_t port);
void pw_ls_in_check_port_sec(struct pw_worker *w, struct pw_burst *b);
void pw_ls_in_lookup_fdb(struct pw_worker *w, struct pw_burst *b);
void pw_ls_in_storm_control(struct pw_worker *w, struct pw_burst *b);
void pw_ls_in_arp_rsp(struct pw_worker *w, struct pw_burst *b);
void pw_ls_in_l2_lkup(struct pw_worker *w, struct pw_burst *b);

// pw_storm_allows counts a frame that came in by switch port lsp against the port's storm
// control, and returns whether it may go on.
bool pw_storm_allows(struct pw_worker *w, uint16_t lsp, enum pw_storm_class class);

// pw_ingress takes a burst from a port through the ingress stages, up to ip_input: what
// is to be routed stays in b, IPv6 is added to r6. pw_in_plain does the same in one pass for
// plain packets, in w->in and w->r6. Only on ports that have a router_mac.
void pw_ingress(struct pw_worker *w, struct pw_burst *b, struct pw_burst *r6, uint16_t port);
void pw_in_plain(struct pw_worker *w, struct pw_burst *b, uint16_t port);

// Logical router, ingress. lr_in_admission keeps IPv4, moves IPv6 to r6, punts ARP.
// ip_input drops what RFC 1812 and RFC 8200 forbid. ip_routing takes the next hops of
// pw_route_lookup, punts local delivery and expired packets, counts TTL or hop limit down, and returns
// how many of the packets go on to ip_routing_ecmp, where they have a choice.
// policy drops, marks or reroutes and returns how many have a choice then; without any
// policy it is left out. ip_routing_ecmp picks a member. arp_resolve loads the adjacency. chk_pkt_len
// compares with the egress MTU and returns how many packets larger_pkts has to cut;
// without any it is left out. arp_request parks what has no usable adjacency; parked
// says whether an earlier part of the same burst has, and so does its result.
void pw_lr_in_admission(struct pw_worker *w, struct pw_burst *b, struct pw_burst *r6);
void pw_lr_in_ip4_input(struct pw_worker *w, struct pw_burst *b);

// pw_ip4_check_options looks at the options of a header of that many octets: SOURCE_ROUTE,
// IP4_OPTIONS, or PW_DROP_COUNT when it may go on.
enum pw_drop pw_ip4_check_options(const struct rte_ipv4_hdr *ip, uint32_t header);
void pw_lr_in_ip6_input(struct pw_worker *w, struct pw_burst *b);

// pw_route_lookup4 and 6 write the next hop index of every packet of b to nh: the part of
// ip_routing that only reads.
void pw_route_lookup4(struct pw_worker *w, const struct pw_burst *b, uint64_t nh[PW_BURST]);
void pw_route_lookup6(struct pw_worker *w, const struct pw_burst *b, uint64_t nh[PW_BURST]);
uint16_t pw_lr_in_ip4_routing(struct pw_worker *w, struct pw_burst *b, const uint64_t nh[PW_BURST]);
uint16_t pw_lr_in_ip6_routing(struct pw_worker *w, struct pw_burst *b, const uint64_t nh[PW_BURST]);
uint16_t pw_lr_in_policy(struct pw_worker *w, struct pw_burst *b);
void pw_lr_in_ip_routing_ecmp(struct pw_worker *w, struct pw_burst *b);
uint16_t pw_lr_in_arp_resolve(struct pw_worker *w, struct pw_burst *b, uint8_t family); // unresolved ones
uint16_t pw_lr_in_chk_pkt_len(struct pw_worker *w, struct pw_burst *b);
bool pw_lr_in_arp_request(struct pw_worker *w, struct pw_burst *b, uint8_t family, bool parked);

// pw_lr_in_larger_pkts moves packets of b, from one on, to out until that has no room
// for the next, fragments in the place of those that are too long. It returns the first
// that is still in b. Call it with an empty out and it goes on.
uint16_t pw_lr_in_larger_pkts(struct pw_worker *w, struct pw_burst *b, uint16_t from, struct pw_burst *out);

// pw_out_plain4 and pw_out_plain6 do all that follows the lookup for the first packets of
// b, as long as they have nothing to wait for, and return how many they have sent.
uint16_t pw_out_plain4(struct pw_worker *w, const struct pw_burst *b, const uint64_t nh[PW_BURST]);
uint16_t pw_out_plain6(struct pw_worker *w, const struct pw_burst *b, const uint64_t nh[PW_BURST]);

// Logical router, egress: the Ethernet header, then the switch port it leaves by.
void pw_lr_out_delivery(struct pw_worker *w, struct pw_burst *b);

// Logical switch, egress. pw_ls_out_check_port_sec says why m may not leave by a secured
// switch port, or PW_DROP_COUNT. Borrows m.
enum pw_drop pw_ls_out_check_port_sec(const struct pw_worker *w, const struct rte_mbuf *m, const struct pw_lsp *out);

// pw_ls_out_delivery sends m by a switch port. Takes m.
void pw_ls_out_delivery(struct pw_worker *w, struct rte_mbuf *m, uint16_t lsp, const struct pw_pkt *p);

// pw_ls_out_by_mac sends a router's frame by whatever port of its switch has the
// destination, flooding as the switch would. Takes m.
void pw_ls_out_by_mac(struct pw_worker *w, struct rte_mbuf *m, uint16_t sw, uint16_t from_lsp,
		      const struct pw_pkt *p);

// pw_ls_flood sends m to each port in list but from_lsp. Takes m.
void pw_ls_flood(struct pw_worker *w, struct rte_mbuf *m, const uint16_t *list, uint16_t n, uint16_t from_lsp,
		 const struct pw_pkt *p);

// pw_punt gives m to control; a full ring frees it as the reason that fits. Takes m.
void pw_punt(struct pw_worker *w, struct rte_mbuf *m, const struct pw_pkt *p, enum pw_punt_why why);

// pw_router_wants reports whether a flooded frame is for a router port, and why.
bool pw_router_wants(const struct rte_mbuf *m, enum pw_punt_why *why);

// Parking, worker side. pw_park_packet takes packet i of b and returns true, or
// returns false when it may be sent now by its adj and word, which are set then.
// The first *kept packets of b go ahead of it: they are sent, and *kept is 0, when
// it is the first to park for its next hop.
bool pw_park_packet(struct pw_worker *w, struct pw_burst *b, uint16_t i, uint16_t *kept, uint8_t family);

// pw_park_housekeeping finishes what control has handed back among up to budget open
// slots of each class.
void pw_park_housekeeping(struct pw_worker *w, uint32_t budget);

// pw_router_deliver sends m through p's adjacency. Takes m.
void pw_router_deliver(struct pw_worker *w, struct rte_mbuf *m, const struct pw_pkt *p);

// pw_neigh_lookup returns the adjacency of a next hop that has one, or PW_NONE32.
uint32_t pw_neigh_lookup(const struct pw_datapath *dp, const struct pw_park_key *key);

#endif
