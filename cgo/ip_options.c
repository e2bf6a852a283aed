// SPDX-License-Identifier: Apache-2.0
// IPv4 options, which few packets have. Routers need to know two: those that say which way
// a packet shall take, which are dropped as RFC 7126 4.3 and 4.4 advise and Linux does.
// Record route, timestamp and router alert travel untouched (RFC 7126 4.5 to 4.8).
#include "stages.h"

#define OPTION_END 0
#define OPTION_NOP 1
#define OPTION_LSRR 131
#define OPTION_SSRR 137

enum pw_drop
pw_ip4_check_options(const struct rte_ipv4_hdr *ip, uint32_t header)
{
	const uint8_t *o = (const uint8_t *)ip;
	for (uint32_t at = sizeof(*ip), length; at < header && o[at] != OPTION_END; at += length) {
		length = 1;
		if (o[at] == OPTION_NOP)
			continue;
		if (o[at] == OPTION_LSRR || o[at] == OPTION_SSRR)
			return PW_DROP_IP4_SOURCE_ROUTE;
		length = at + 1 < header ? o[at + 1] : 0;
		if (length < 2 || at + length > header)
			return PW_DROP_IP4_OPTIONS;
	}
	return PW_DROP_COUNT;
}
