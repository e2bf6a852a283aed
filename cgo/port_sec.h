// SPDX-License-Identifier: Apache-2.0
// What both stages of port security ask of an element of port_security.
#ifndef PW_PORT_SEC_H
#define PW_PORT_SEC_H

#include "stages.h"

#define PW_ND_FIRST 133 // router solicitation
#define PW_ND_NS 135
#define PW_ND_NA 136
#define PW_ND_LAST 137 // redirect

// Without addresses an element binds the MAC alone.
static inline bool
pw_sec_any_ip(const struct pw_port_sec *s)
{
	return s->n4 == 0 && s->n6 == 0;
}

// ip in network byte order.
static inline bool
pw_sec_has4(const struct pw_tables *t, const struct pw_port_sec *s, uint32_t ip)
{
	for (uint16_t i = 0; i < s->n4; i++) {
		const struct pw_sec4 *a = &t->sec4[s->first4 + i];
		if ((ip & a->mask) == a->ip)
			return true;
	}
	return false;
}

// Who has any IPv6 address has the link-local one of its MAC, too (RFC 4291 appendix A):
// it is the last of its addresses.
static inline bool
pw_sec_has6(const struct pw_tables *t, const struct pw_port_sec *s, const uint8_t ip[16])
{
	for (uint16_t i = 0; i < s->n6; i++) {
		const struct pw_sec6 *a = &t->sec6[s->first6 + i];
		bool same = true;
		for (int k = 0; k < 16; k++)
			same &= (ip[k] & a->mask[k]) == a->ip[k];
		if (same)
			return true;
	}
	return false;
}

#endif
