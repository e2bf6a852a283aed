// SPDX-License-Identifier: Apache-2.0
// What a packet's flow is: protocol and ports, as far as they are in sight.
#ifndef PW_FLOW_H
#define PW_FLOW_H

#include <stdbool.h>
#include <stdint.h>

#include <rte_mbuf.h>

// Extension headers that are looked behind; more of them hide the protocol.
#define PW_MAX_EXTENSIONS 8

struct pw_flow {
	uint8_t family;    // 4 or 6
	uint8_t proto;     // IPv6: behind the extension headers, as far as that can be seen
	bool fragmented;   // one part of several; an IPv6 atomic fragment is none (RFC 6946)
	bool ports;        // TCP, UDP or SCTP, and the ports are in sight: no later fragment has any
	uint16_t src, dst; // host byte order
	const uint8_t *src_ip, *dst_ip;
};

// pw_flow_of reads m, whose IP header has been checked. It looks no further than m's
// first segment.
void pw_flow_of(const struct rte_mbuf *m, struct pw_flow *f);

#endif
