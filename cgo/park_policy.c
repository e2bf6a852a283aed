// SPDX-License-Identifier: Apache-2.0
// Slot policy: who gives way when a worker can park no more. ADR-0007 says why this
// holds against somebody who knows it.
//
// A worker parks for whoever asks as long as there is room. When there is none, room
// is taken from those who hold the most: first by the switch port that packets come
// in by, which nobody can forge, then by sender. An opener takes only from one that
// holds at least two more, so shares even out and then rest; the one that holds the
// most takes from nobody. A next hop that has answered before, or that a route names,
// never gives way to one that has not.
//
// Which slots are looked at is drawn at random: a few are enough, for who holds much
// is met soon, and nobody can arrange not to be met.
#include <string.h>

#include <rte_ether.h>
#include <rte_ip.h>

#include "park.h"

#define DRAWS 8

struct pw_park_opener
pw_park_opener(const struct pw_park *p, const struct rte_mbuf *m, uint16_t lsp, uint8_t family)
{
	const struct rte_ether_hdr *eth = rte_pktmbuf_mtod(m, const struct rte_ether_hdr *);
	uint64_t sender;
	if (family == 4) {
		sender = ((const struct rte_ipv4_hdr *)(eth + 1))->src_addr;
	} else {
		// A host has a whole /64 to choose addresses from (RFC 6177).
		memcpy(&sender, ((const struct rte_ipv6_hdr *)(eth + 1))->src_addr, sizeof(sender));
	}
	// Multiply-shift by a secret (Dietzfelbinger 1997): a checksum would do for spread, but
	// anybody could compute an address that shares a victim's place.
	uint64_t hash = (sender ^ (uint64_t)lsp << 32) * p->shares.secret;
	return (struct pw_park_opener){
		.lsp = lsp <= PW_MAX_LSPS ? lsp : PW_MAX_LSPS,
		.sender = (uint16_t)(hash >> (64 - __builtin_ctz(PW_PARK_SENDERS))),
	};
}

void
pw_park_share_open(struct pw_park *p, struct pw_park_slot *s)
{
	s->charged = 0;
	if (s->cls != PW_PARK_NEXTHOP)
		return;
	p->shares.lsp[s->by.lsp].slots++;
	p->shares.sender[s->by.sender].slots++;
}

void
pw_park_share_update(struct pw_park *p, struct pw_park_slot *s)
{
	if (s->cls != PW_PARK_NEXTHOP)
		return;
	uint32_t size = pw_park_size(s);
	p->shares.lsp[s->by.lsp].packets += size - s->charged; // modulo 2^32, which evens out
	p->shares.sender[s->by.sender].packets += size - s->charged;
	s->charged = size;
}

void
pw_park_share_close(struct pw_park *p, struct pw_park_slot *s)
{
	if (s->cls != PW_PARK_NEXTHOP)
		return;
	p->shares.lsp[s->by.lsp].slots--;
	p->shares.sender[s->by.sender].slots--;
	p->shares.lsp[s->by.lsp].packets -= s->charged;
	p->shares.sender[s->by.sender].packets -= s->charged;
}

// xorshift64 (Marsaglia 2003).
static uint64_t
draw(struct pw_park_shares *sh)
{
	sh->random ^= sh->random << 13;
	sh->random ^= sh->random >> 7;
	sh->random ^= sh->random << 17;
	return sh->random;
}

// Who wants room: the opener of a slot or the slot that a packet goes to.
struct claim {
	struct pw_park_opener by;
	bool known, slot;         // slot: a whole one is wanted
	const struct pw_park_slot *mine;
};

static uint32_t
held(const struct pw_park_share *s, const struct claim *c)
{
	return c->slot ? s->slots : s->packets;
}

// Whether s's opener holds so much more than the claimant that it must give. Two more:
// with one more they would only change places.
static bool
holds_more(const struct pw_park *p, const struct pw_park_slot *s, const struct claim *c)
{
	const struct pw_park_shares *sh = &p->shares;
	if (s->by.lsp != c->by.lsp)
		return held(&sh->lsp[s->by.lsp], c) >= held(&sh->lsp[c->by.lsp], c) + 2;
	if (s->by.sender != c->by.sender)
		return held(&sh->sender[s->by.sender], c) >= held(&sh->sender[c->by.sender], c) + 2;
	// The same sender's own: the fuller ring gives, but no slot for another slot.
	return !c->slot && pw_park_size(s) >= (c->mine != NULL ? pw_park_size(c->mine) : 0) + 2;
}

static bool
gives_way(const struct pw_park *p, const struct pw_park_slot *s, const struct claim *c)
{
	if (s->cls != PW_PARK_NEXTHOP || s == c->mine || (s->known && !c->known))
		return false;
	if (c->slot && pw_slot_state(atomic_load_explicit(&s->word, memory_order_relaxed)) != PW_SLOT_PARKED)
		return false; // being emptied anyhow
	if (!c->slot && pw_park_size(s) == 0)
		return false;
	return (c->known && !s->known) || holds_more(p, s, c);
}

// Whether a is the better victim: never answered before answered, then who holds more.
static bool
before(const struct pw_park *p, const struct pw_park_slot *a, const struct pw_park_slot *b, const struct claim *c)
{
	const struct pw_park_shares *sh = &p->shares;
	if (a->known != b->known)
		return b->known;
	uint32_t port_a = held(&sh->lsp[a->by.lsp], c), port_b = held(&sh->lsp[b->by.lsp], c);
	if (port_a != port_b)
		return port_a > port_b;
	return held(&sh->sender[a->by.sender], c) > held(&sh->sender[b->by.sender], c);
}

struct pw_park_slot *
pw_park_victim(struct pw_park *p, struct pw_park_opener by, bool known, bool want_slot,
	       const struct pw_park_slot *mine)
{
	struct pw_park_shares *sh = &p->shares;
	struct claim c = {.by = by, .known = known, .slot = want_slot, .mine = mine};
	struct pw_park_slot *best = NULL;

	// A scanner's every packet comes here: who holds most of the slots of the port that
	// holds most of all need not look.
	if (want_slot && !known && sh->lsp[by.lsp].slots * 2 > p->cfg.of[PW_PARK_NEXTHOP].slots &&
	    sh->sender[by.sender].slots * 2 > sh->lsp[by.lsp].slots)
		return NULL;
	for (int i = 0; i < DRAWS && p->n_open > 0; i++) {
		struct pw_park_slot *s = &p->slots[p->open[draw(sh) % p->n_open]];
		if (gives_way(p, s, &c) && (best == NULL || before(p, s, best, &c)))
			best = s;
	}
	return best;
}
