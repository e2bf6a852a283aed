// SPDX-License-Identifier: Apache-2.0
// Slot policy: who gives way when a worker can park no more. ADR-0007 says why this
// holds against somebody who knows it.
//
// A worker parks for whoever asks as long as there is room. When there is none, room
// is taken from those who hold the most: first by the switch port that packets come
// in by, which nobody can forge, then by sending host. One takes only from another who
// holds at least two more, so shares even out and then rest; who holds the most takes
// from nobody. A next hop that has answered before, or that a route names, gives way to
// one that has not only beyond an equal share of its port, or half the share of its
// port when it is one host's.
//
// A packet counts for who sent it. A slot counts for that one of those who park in it
// who holds the fewest: what a scanner has touched before is not lost to others.
//
// Which slots are looked at is drawn at random: a few are enough, for who holds much
// is met soon, and nobody can arrange not to be met.
#include <string.h>

#include <rte_ether.h>
#include <rte_ip.h>

#include "park.h"

#define DRAWS 8
#define MORE_DRAWS 64 // for who holds less than an equal share
#define SEARCHES 8    // per poll, for who holds more

struct pw_park_sender
pw_park_sender_of(const struct pw_park *p, const struct rte_mbuf *m, uint16_t lsp, uint8_t family)
{
	const struct rte_ether_hdr *eth = rte_pktmbuf_mtod(m, const struct rte_ether_hdr *);
	uint64_t host;
	if (family == 4) {
		host = ((const struct rte_ipv4_hdr *)(eth + 1))->src_addr;
	} else {
		// A host has a whole /64 to choose addresses from (RFC 6177).
		memcpy(&host, ((const struct rte_ipv6_hdr *)(eth + 1))->src_addr, sizeof(host));
	}
	// Multiply-shift by a secret (Dietzfelbinger 1997): a checksum would do for spread, but
	// anybody could compute an address that shares a victim's place.
	uint64_t hash = (host ^ (uint64_t)lsp << 32) * p->shares.secret;
	return (struct pw_park_sender){
		.lsp = lsp <= PW_MAX_LSPS ? lsp : PW_MAX_LSPS,
		.host = (uint16_t)(hash >> (64 - __builtin_ctz(PW_PARK_HOSTS))),
	};
}

static struct pw_park_sender
owner(const struct pw_park_slot *s)
{
	return pw_sender_unpack(atomic_load_explicit(&s->owner, memory_order_relaxed));
}

static void
own(struct pw_park *p, struct pw_park_slot *s, struct pw_park_sender by)
{
	struct pw_park_shares *sh = &p->shares;
	sh->ports += sh->lsp[by.lsp].slots++ == 0;
	sh->host[by.host].slots++;
	atomic_store_explicit(&s->owner, pw_sender_pack(by), memory_order_relaxed);
}

static void
disown(struct pw_park *p, const struct pw_park_slot *s)
{
	struct pw_park_shares *sh = &p->shares;
	struct pw_park_sender by = owner(s);
	sh->ports -= --sh->lsp[by.lsp].slots == 0;
	sh->host[by.host].slots--;
}

void
pw_park_share_open(struct pw_park *p, struct pw_park_slot *s, struct pw_park_sender by)
{
	s->settled = atomic_load_explicit(&s->tail, memory_order_relaxed); // the ring is empty
	if (s->cls == PW_PARK_NEXTHOP)
		own(p, s, by);
}

void
pw_park_share_join(struct pw_park *p, struct pw_park_slot *s, struct pw_park_sender by)
{
	struct pw_park_shares *sh = &p->shares;
	if (s->cls != PW_PARK_NEXTHOP)
		return;
	sh->lsp[by.lsp].packets++;
	sh->host[by.host].packets++;
	struct pw_park_sender now = owner(s);
	if (by.lsp != now.lsp ? sh->lsp[by.lsp].slots + 1 < sh->lsp[now.lsp].slots
			      : sh->host[by.host].slots + 1 < sh->host[now.host].slots) {
		disown(p, s);
		own(p, s, by);
	}
}

void
pw_park_share_settle(struct pw_park *p, struct pw_park_slot *s)
{
	struct pw_park_shares *sh = &p->shares;
	if (s->cls != PW_PARK_NEXTHOP)
		return;
	for (uint32_t head = atomic_load_explicit(&s->head, memory_order_acquire); s->settled != head; s->settled++) {
		struct pw_park_sender by = s->senders[s->settled & s->mask];
		sh->lsp[by.lsp].packets--;
		sh->host[by.host].packets--;
	}
}

void
pw_park_share_close(struct pw_park *p, struct pw_park_slot *s)
{
	pw_park_share_settle(p, s);
	if (s->cls == PW_PARK_NEXTHOP)
		disown(p, s);
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

static struct pw_park_slot *
any_open(struct pw_park *p, enum pw_park_class cls)
{
	return &p->slots[p->open[cls].slots[draw(&p->shares) % p->open[cls].n]];
}

// Whose loss s would be: its owner's, or the sender's of the packet that goes first.
static struct pw_park_sender
loser(const struct pw_park_slot *s, const struct pw_park_claim *c)
{
	if (c->slot)
		return owner(s);
	return s->senders[atomic_load_explicit(&s->head, memory_order_acquire) & s->mask];
}

static uint32_t
held(const struct pw_park_share *s, const struct pw_park_claim *c)
{
	return c->slot ? s->slots : s->packets;
}

static uint32_t
port_holds(const struct pw_park *p, struct pw_park_sender by, const struct pw_park_claim *c)
{
	return held(&p->shares.lsp[by.lsp], c);
}

static uint32_t
host_holds(const struct pw_park *p, struct pw_park_sender by, const struct pw_park_claim *c)
{
	return held(&p->shares.host[by.host], c);
}

// An equal share of what there is, for each port that holds slots and the claimant's.
static uint32_t
equal_share(const struct pw_park *p, const struct pw_park_claim *c)
{
	const struct pw_park_limits *all = &p->cfg.of[PW_PARK_NEXTHOP];
	uint32_t ports = p->shares.ports + (p->shares.lsp[c->by.lsp].slots == 0);
	return (c->slot ? all->slots : all->max_packets) / ports;
}

// Whether s, whose loss it would be they's, gives way to a claim from another port.
// Two more: with one more they would only change places.
static bool
port_gives(const struct pw_park *p, const struct pw_park_slot *s, struct pw_park_sender they,
	   const struct pw_park_claim *c)
{
	uint32_t theirs = port_holds(p, they, c), mine = port_holds(p, c->by, c);
	if (c->known && !s->known)
		return theirs >= mine;
	return theirs >= mine + 2 && (c->known || !s->known || theirs > equal_share(p, c));
}

// The same for a claim of another host behind the same port.
static bool
host_gives(const struct pw_park *p, const struct pw_park_slot *s, struct pw_park_sender they,
	   const struct pw_park_claim *c)
{
	uint32_t theirs = host_holds(p, they, c), mine = host_holds(p, c->by, c);
	if (c->known && !s->known)
		return true;
	return theirs >= mine + 2 && (c->known || !s->known || theirs > port_holds(p, they, c) / 2);
}

static bool
gives_way(const struct pw_park *p, const struct pw_park_slot *s, const struct pw_park_claim *c)
{
	if (s == c->mine)
		return false;
	if (c->slot && pw_slot_state(atomic_load_explicit(&s->word, memory_order_relaxed)) != PW_SLOT_PARKED)
		return false; // being emptied anyhow
	uint32_t size = pw_park_size(s);
	if (!c->slot && size == 0)
		return false;
	struct pw_park_sender they = loser(s, c);
	if (they.lsp != c->by.lsp)
		return port_gives(p, s, they, c);
	if (they.host != c->by.host)
		return host_gives(p, s, they, c);
	// The host's own: the fuller ring gives. Of its slots, one that never answered.
	if (c->slot)
		return c->known && !s->known;
	if (p->cfg.of[PW_PARK_NEXTHOP].drop_newest)
		return false;
	return s->known <= c->known && size >= (c->mine != NULL ? pw_park_size(c->mine) : 0) + 2;
}

// Whether a is the better victim: never answered before answered, then who holds more.
static bool
before(const struct pw_park *p, const struct pw_park_slot *a, const struct pw_park_slot *b,
       const struct pw_park_claim *c)
{
	if (a->known != b->known)
		return b->known;
	struct pw_park_sender x = loser(a, c), y = loser(b, c);
	if (x.lsp != y.lsp && port_holds(p, x, c) != port_holds(p, y, c))
		return port_holds(p, x, c) > port_holds(p, y, c);
	return host_holds(p, x, c) > host_holds(p, y, c);
}

// A scanner's every packet comes here. Who holds more than an equal share may look a few
// times in a poll, so that a scan costs the worker little.
static bool
may_search(struct pw_park *p, const struct pw_park_claim *c, bool *poor)
{
	struct pw_park_shares *sh = &p->shares;
	*poor = port_holds(p, c->by, c) < equal_share(p, c);
	if (*poor)
		return true;
	if (sh->poll != c->poll) {
		sh->poll = c->poll;
		sh->searches = 0;
	}
	return sh->searches++ < SEARCHES;
}

struct pw_park_slot *
pw_park_victim(struct pw_park *p, const struct pw_park_claim *c)
{
	struct pw_park_slot *best = NULL;
	bool poor;
	if (p->open[PW_PARK_NEXTHOP].n == 0 || !may_search(p, c, &poor))
		return NULL;
	for (int i = 0; i < DRAWS || (best == NULL && poor && i < DRAWS + MORE_DRAWS); i++) {
		struct pw_park_slot *s = any_open(p, PW_PARK_NEXTHOP);
		pw_park_share_settle(p, s);
		if (gives_way(p, s, c) && (best == NULL || before(p, s, best, c)))
			best = s;
	}
	return best;
}

struct pw_park_slot *
pw_park_fullest(struct pw_park *p, enum pw_park_class cls, const struct pw_park_slot *mine)
{
	struct pw_park_slot *best = NULL;
	uint32_t most = (mine != NULL ? pw_park_size(mine) : 0) + 1;
	for (int i = 0; i < 2 * DRAWS && p->open[cls].n > 0; i++) {
		struct pw_park_slot *s = any_open(p, cls);
		uint32_t size = pw_park_size(s);
		if (s != mine && size > most) {
			most = size;
			best = s;
		}
	}
	return best;
}
