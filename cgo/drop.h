// SPDX-License-Identifier: Apache-2.0
// The one list of drop reasons. Every packet that Parkway frees without sending
// or consuming it is counted under exactly one of them. Counters, metrics,
// traces and documents all take name, stage, sentence and remedy from here.
#ifndef PW_DROP_H
#define PW_DROP_H

// X(enum suffix, name, stage, what happened, what the operator can do)
#define PW_DROP_REASONS(X)                                                                                            \
	X(L2_TRUNCATED, "l2_truncated", "ls_in_admission", "the frame is shorter than an Ethernet header",            \
	  "check the sender or the link for damaged frames")                                                          \
	X(L2_SOURCE, "l2_bad_source", "ls_in_admission", "the Ethernet source is zero or a group address",            \
	  "find the sender with a capture on the port")                                                               \
	X(L2_RESERVED, "l2_reserved_group", "ls_in_admission",                                                        \
	  "the destination is an IEEE 802.1D reserved group, which a bridge must not forward",                        \
	  "none needed: LLDP, STP and pause frames end here")                                                         \
	X(L2_PORT_UNBOUND, "l2_port_unbound", "ls_in_admission", "no switch port takes the port's untagged frames",   \
	  "give the port an iface_id or a network_name that a switch port without tag names, or have the sender tag") \
	X(L2_VLAN, "l2_unknown_vlan", "ls_in_admission", "no switch port on this port takes the frame's VLAN tag",    \
	  "add a localnet port with this tag, or untag the sender")                                                   \
	X(SEC_MAC, "port_sec_mac", "ls_in_check_port_sec",                                                            \
	  "the Ethernet source is not in the port_security of its switch port",                                      \
	  "add the address to port_security, or find the sender with a capture on the port")                         \
	X(SEC_IP, "port_sec_ip", "ls_in_check_port_sec",                                                              \
	  "the IP source is not in the port_security of its switch port, or the family is not",                      \
	  "add the address to port_security, or find the sender with a capture on the port")                         \
	X(SEC_ARP, "port_sec_arp", "ls_in_check_port_sec",                                                            \
	  "an ARP packet speaks for a MAC or IP address that is not in the port_security of its switch port",        \
	  "add the address to port_security, or find the sender with a capture on the port")                         \
	X(SEC_ND, "port_sec_nd", "ls_in_check_port_sec",                                                              \
	  "a Neighbor Discovery packet speaks for an address that is not in the port_security of its switch port, or hides behind extension headers", \
	  "add the address to port_security, or find the sender with a capture on the port")                         \
	X(STORM_BROADCAST, "storm_broadcast", "ls_in_storm_control",                                                  \
	  "the switch port has brought more broadcast frames than its storm_control allows",                         \
	  "find the sender, see show; raise storm_control.broadcast of the switch port if this is what it should send") \
	X(STORM_MULTICAST, "storm_multicast", "ls_in_storm_control",                                                  \
	  "the switch port has brought more multicast frames than its storm_control allows",                         \
	  "find the sender, see show; raise storm_control.multicast of the switch port if this is what it should send") \
	X(STORM_UNKNOWN, "storm_unknown_unicast", "ls_in_storm_control",                                              \
	  "the switch port has brought more frames for unknown MACs than its storm_control allows",                  \
	  "is a host gone or silent? raise storm_control.unknown_unicast of the switch port if not")                 \
	X(L2_INNER_TAG, "l2_inner_tag", "ls_in_l2_lkup",                                                              \
	  "a second VLAN tag is in the frame, or a service tag (IEEE 802.1ad)",                                      \
	  "take the outer tag off before Parkway; a frame with tags inside could leap into another VLAN")             \
	X(L2_UNKNOWN_DST, "l2_unknown_destination", "ls_in_l2_lkup",                                                  \
	  "the destination MAC is not in the switch and no port of it lists unknown",                                 \
	  "add the address to its switch port, or the word unknown to the ports where strangers live")                \
	X(L2_HAIRPIN, "l2_same_port", "ls_in_l2_lkup", "the destination lives behind the port that the frame came from", \
	  "none needed: the sender's own segment has delivered it already")                                           \
	X(L2_NO_RECEIVER, "l2_no_receiver", "ls_in_l2_lkup", "a broadcast or multicast frame that no other port takes", \
	  "none needed")                                                                                              \
	X(L2_COPY, "l2_flood_no_mbuf", "ls_in_l2_lkup", "no mbuf was free for the copy of a flooded frame",           \
	  "raise dpdk.mbufs")                                                                                         \
	X(SEC_OUT_MAC, "port_sec_out_mac", "ls_out_check_port_sec",                                                   \
	  "the destination MAC is not in the port_security of the switch port it leaves by",                         \
	  "add the address to port_security; is it in addresses only?")                                              \
	X(SEC_OUT_IP, "port_sec_out_ip", "ls_out_check_port_sec",                                                     \
	  "the IP destination is not in the port_security of the switch port it leaves by, or the family is not",    \
	  "add the address or its network to port_security, if the host should get it")                              \
	X(OUT_MTU, "out_mtu", "ls_out_delivery", "the frame is longer than the MTU of the port it leaves by",         \
	  "give the ports of a switch one MTU, or lower gateway_mtu of its router port")                              \
	X(OUT_UNBOUND, "out_port_unbound", "ls_out_delivery", "the switch port it leaves by has no port on this node", \
	  "bind a port to the switch port with iface_id or network_name")                                             \
	X(OUT_VLAN, "out_no_room_for_tag", "ls_out_delivery", "the mbuf has no headroom for the VLAN tag",            \
	  "give the port's mbufs 4 more octets of headroom")                                                          \
	X(TX_FULL, "tx_full", "ls_out_delivery", "the port's transmit queue stayed full",                             \
	  "the receiver or the link is slower than the traffic, or the interface is down; see show ports")            \
	X(LR_ETHERTYPE, "lr_ethertype", "lr_in_admission", "a frame to a router port is neither IPv4, IPv6 nor ARP",  \
	  "none needed: routers forward IP only")                                                                     \
	X(LR_TOO_MANY_ROUTERS, "lr_too_many_routers", "lr_in_admission",                                              \
	  "the packet crossed 16 logical routers of this node", "look for a routing loop between logical routers")    \
	X(IP4_TRUNCATED, "ip4_truncated", "lr_in_ip_input", "shorter than its IPv4 header says", "check the sender")  \
	X(IP4_VERSION, "ip4_bad_version", "lr_in_ip_input", "version is not 4 (RFC 1812 5.2.2)", "check the sender")  \
	X(IP4_HEADER_LENGTH, "ip4_bad_header_length", "lr_in_ip_input", "header length below 20 octets (RFC 1812 5.2.2)", \
	  "check the sender")                                                                                         \
	X(IP4_TOTAL_LENGTH, "ip4_bad_total_length", "lr_in_ip_input",                                                 \
	  "total length is below the header or above what arrived (RFC 1812 5.2.2)", "check the sender and the link's MTU") \
	X(IP4_CHECKSUM, "ip4_bad_checksum", "lr_in_ip_input", "header checksum is wrong (RFC 1812 5.2.2)",            \
	  "look for damage on the path, or for a sender that leaves checksums to absent hardware")                    \
	X(IP4_SOURCE_ROUTE, "ip4_source_route", "lr_in_ip_input", "a source route option is in the header (RFC 7126 4.3)", \
	  "none needed: nobody but attackers uses them; find the sender with a capture")                              \
	X(IP4_OPTIONS, "ip4_bad_options", "lr_in_ip_input", "an option is longer than the header or shorter than two octets (RFC 791 3.1)", \
	  "find the sender with a capture")                                                                           \
	X(IP6_TRUNCATED, "ip6_truncated", "lr_in_ip_input", "shorter than an IPv6 header", "check the sender")        \
	X(IP6_VERSION, "ip6_bad_version", "lr_in_ip_input", "version is not 6 (RFC 8200 3)", "check the sender")      \
	X(IP6_PAYLOAD_LENGTH, "ip6_bad_payload_length", "lr_in_ip_input",                                             \
	  "payload length is above what arrived, or 0 as in a jumbogram (RFC 2675)",                                  \
	  "check the sender and the link's MTU")                                                                      \
	X(IP_MARTIAN_SRC, "ip_martian_source", "lr_in_ip_input",                                                      \
	  "the source can't be a host on a network (RFC 1812 5.3.7, RFC 4291 2)", "find the sender with a capture")   \
	X(IP_SRC_OWN, "ip_source_is_own", "lr_in_ip_input", "the source is the router port's own address",            \
	  "look for an address conflict or a forged source")                                                          \
	X(IP_MARTIAN_DST, "ip_martian_destination", "lr_in_ip_input",                                                 \
	  "the destination can't be forwarded to (RFC 1812 5.3.7, RFC 4291 2)", "find the sender with a capture")     \
	X(IP_LINK_LOCAL, "ip_link_local", "lr_in_ip_input", "link-local addresses stay on their link (RFC 4291 2.5.6)", \
	  "none needed")                                                                                              \
	X(IP_ND, "ip_nd_not_forwarded", "lr_in_ip_routing",                                                             \
	  "Neighbor Discovery for somebody else stays on its link (RFC 4861 7.1)", "none needed")                       \
	X(IP_MULTICAST, "ip_multicast", "lr_in_ip_input", "multicast is not routed",                                  \
	  "none needed")                                                                                              \
	X(IP_NO_ROUTE, "ip_no_route", "lr_in_ip_routing", "no route matches the destination",                         \
	  "add a static route, or find out why the sender uses this router")                                          \
	X(IP_DISCARD, "ip_route_discard", "lr_in_ip_routing", "the matching route says discard", "none needed")       \
	X(IP_UNREACHABLE, "ip_route_unreachable", "lr_in_ip_routing", "the matching route says unreachable",         \
	  "none needed; show routes has the route and its reason")                                                    \
	X(IP_PROHIBITED, "ip_route_prohibit", "lr_in_ip_routing", "the matching route says prohibit",                 \
	  "none needed; show routes has the route and its reason")                                                    \
	X(POLICY, "lr_policy_drop", "lr_in_policy", "a policy of the router says drop", "none needed; show policies counts them") \
	X(IP_BROADCAST, "ip_subnet_broadcast", "lr_in_ip_routing",                                                    \
	  "the destination is a connected network's broadcast or network address (RFC 2644)", "none needed")          \
	X(IP_TTL, "ip_ttl_exceeded", "lr_in_ip_routing", "TTL or hop limit ran out here",                             \
	  "traceroute does this; otherwise look for a routing loop")                                                  \
	X(IP_TOO_BIG, "ip_too_big", "lr_in_chk_pkt_len", "longer than the MTU of the router port it leaves by",       \
	  "lower the sender's MTU or raise gateway_mtu")                                                              \
	X(IP_UNFRAGMENTABLE, "ip_unfragmentable", "lr_in_larger_pkts",                                                \
	  "too long for the router port's MTU, and to be cut into more than 32 fragments or beyond octet 65,535",     \
	  "raise gateway_mtu or lower the sender's MTU; find the sender with a capture")                              \
	X(IP_FRAGMENT_MBUF, "ip_fragment_no_mbuf", "lr_in_larger_pkts", "no mbufs were free for the packet's fragments", \
	  "raise dpdk.mbufs")                                                                                         \
	X(LOCAL_UNSUPPORTED, "local_unsupported", "lr_in_ip_input",                                                   \
	  "addressed to the router itself, which has no use for it and no answer", "none needed")                     \
	X(LOCAL_FRAGMENT, "local_fragment", "lr_in_ip_input",                                                         \
	  "a fragment of something for the router itself, which puts nothing together",                               \
	  "send the router itself packets that fit its MTU: ping with a smaller size")                                \
	X(LOCAL_REFUSED, "local_port_closed", "lr_in_ip_input",                                                       \
	  "for a port or protocol of the router itself where nobody listens; the sender hears of it",                 \
	  "none needed; look for a scan if there are many")                                                           \
	X(NEIGHBOR_FAILED, "neighbor_failed", "lr_in_arp_resolve",                                                    \
	  "the next hop did not answer lately and is held FAILED", "see show neighbors; is the next hop alive?")      \
	X(PARK_EVICTED, "park_evicted", "lr_in_arp_request",                                                          \
	  "the oldest packet gave way to a newer one in a full park ring (RFC 4861 7.2.2)",                           \
	  "raise arpbuf.packets_per_nexthop")                                                                         \
	X(PARK_PREEMPTED, "park_preempted", "lr_in_arp_request",                                                      \
	  "made room for another packet when the worker could park no more: its sender or its port held the most",    \
	  "is somebody scanning? otherwise raise arpbuf.max_nexthops or arpbuf.max_packets")                          \
	X(PARK_NEWEST, "park_ring_full", "lr_in_arp_request", "the park ring was full and overflow is drop-newest",   \
	  "raise arpbuf.packets_per_nexthop")                                                                         \
	X(PARK_NEXTHOPS, "park_nexthops_full", "lr_in_arp_request", "every park ring of the worker waits for another next hop", \
	  "raise arpbuf.max_nexthops; is somebody scanning?")                                                         \
	X(PARK_PACKETS, "park_packets_full", "lr_in_arp_request", "the worker has arpbuf.max_packets packets parked", \
	  "raise arpbuf.max_packets and dpdk.mbufs; is somebody scanning?")                                           \
	X(PARK_POOL, "park_pool_share", "lr_in_arp_request", "parked packets hold their whole share of the mbuf pool", \
	  "raise dpdk.mbufs")                                                                                         \
	X(PARK_EXPIRED, "park_expired", "lr_in_arp_request", "parked for longer than arpbuf.max_age",                 \
	  "is the next hop slow to answer, or dead?")                                                                 \
	X(PARK_FAILED, "park_failed", "lr_in_arp_request", "the next hop did not answer any probe",                   \
	  "see show neighbors; is the next hop alive? if it is slow, raise neighbors.mcast_solicit")                  \
	X(PARK_DISCARDED, "park_discarded", "lr_in_arp_request",                                                      \
	  "parked when its port, router or the daemon went away", "none needed")                                      \
	X(PARK_NO_NEIGHBOR, "park_neighbors_full", "lr_in_arp_request",                                               \
	  "parked for a next hop that the neighbor table has no room for",                                            \
	  "raise neighbors.max_entries; is somebody scanning?")                                                       \
	X(PARK_GATE_EVICTED, "park_gate_evicted", "lr_in_arp_request",                                                \
	  "the oldest packet for a port that is not up yet gave way to a newer one",                                  \
	  "raise arpbuf.gated.packets_per_nexthop, or find out why the port does not come up")                        \
	X(PARK_GATE_FULL, "park_gate_full", "lr_in_arp_request",                                                      \
	  "for a port that is not up yet, and a bound of arpbuf.gated was reached",                                   \
	  "raise the bounds of arpbuf.gated, or find out why the port does not come up")                              \
	X(PARK_GATE_EXPIRED, "park_gate_expired", "lr_in_arp_request",                                                \
	  "waited longer than arpbuf.gated.max_age for a port that did not come up",                                  \
	  "see show parked; start what should be behind the port, or raise arpbuf.gated.max_age")                     \
	X(PUNT_L2_FULL, "punt_arp_nd_full", "punt", "the ring that takes ARP and ND to control was full",             \
	  "look for an ARP or ND flood")                                                                              \
	X(PUNT_IP_FULL, "punt_ip_full", "punt", "the ring that takes IP packets to control was full",                 \
	  "look for a flood to the router's own addresses")                                                           \
	X(PUNT_RATE, "punt_rate_limited", "punt",                                                                     \
	  "more ARP, ND or packets to the router itself than a meter of the router port lets through to control",     \
	  "look for a flood: parkway_copp_dropped_total names router port and protocol; or raise the meter in copp")  \
	X(INJECT_FULL, "inject_full", "inject", "the ring that takes control's packets to a worker was full",         \
	  "the worker is stopped or overloaded; see show workers")                                                    \
	X(CONTROL_INVALID, "control_invalid", "control", "a malformed ARP, ND, ICMP, TCP or UDP packet (RFC 826, RFC 4861 7.1)", \
	  "find the sender with a capture")                                                                           \
	X(CONTROL_IGNORED, "control_not_for_us", "control", "an ARP or ND packet that is another's business",         \
	  "none needed")                                                                                              \
	X(SHUTDOWN, "shutdown", "worker", "in a queue of the datapath when it stopped", "none needed")

enum pw_drop {
#define PW_DROP_ENUM(id, name, stage, what, remedy) PW_DROP_##id,
	PW_DROP_REASONS(PW_DROP_ENUM)
#undef PW_DROP_ENUM
	PW_DROP_COUNT
};

struct pw_drop_info {
	const char *name, *stage, *what, *remedy;
};

// pw_drop_info describes reason; NULL when there is no such reason.
const struct pw_drop_info *pw_drop_info(unsigned int reason);

#endif
