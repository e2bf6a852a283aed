// SPDX-License-Identifier: Apache-2.0
// lr_in_arp_resolve: from a next hop to its adjacency. A gateway's is known from the
// route; a connected destination is looked up. The adjacency word is loaded here, once
// for all the stages behind; lr_in_arp_request alone may load it again.
#include <string.h>

#include "neigh_key.h"
#include "stages.h"

uint32_t
pw_neigh_lookup(const struct pw_datapath *dp, const struct pw_park_key *key)
{
	void *adj;
	int found;
	if (key->family == 4) {
		uint32_t ip;
		memcpy(&ip, key->ip, sizeof(ip));
		uint64_t k = pw_neigh4_key(key->lrp, ip);
		found = rte_hash_lookup_data(dp->neigh4, &k, &adj);
	} else {
		struct pw_neigh6_key k = {.lrp = key->lrp};
		memcpy(k.ip, key->ip, 16);
		found = rte_hash_lookup_data(dp->neigh6, &k, &adj);
	}
	return found < 0 ? PW_NONE32 : (uint32_t)(uintptr_t)adj;
}

// Looks up the connected destinations of the burst, all at once.
static void
lookup(const struct pw_datapath *dp, struct pw_burst *b, const uint16_t *at, uint16_t n, uint8_t family)
{
	union pw_neigh_key keys[PW_BURST];
	const void *key[PW_BURST];
	void *adj[PW_BURST];
	uint64_t hits = 0;

	for (uint16_t i = 0; i < n; i++) {
		pw_neigh_key(&keys[i], b->m[at[i]], b->p[at[i]].out_lrp, family);
		key[i] = &keys[i];
	}
	rte_hash_lookup_bulk_data(family == 4 ? dp->neigh4 : dp->neigh6, key, n, &hits, adj);
	for (uint16_t i = 0; i < n; i++)
		b->p[at[i]].adj = hits >> i & 1 ? (uint32_t)(uintptr_t)adj[i] : PW_NONE32;
}

uint16_t
pw_lr_in_arp_resolve(struct pw_worker *w, struct pw_burst *b, uint8_t family)
{
	const struct pw_datapath *dp = w->dp;
	uint16_t at[PW_BURST], connected = 0, unresolved = 0;

	for (uint16_t i = 0; i < b->n; i++) {
		const struct pw_nexthop *nh = &w->tables->nexthops[b->p[i].nh];
		b->p[i].out_lrp = nh->lrp;
		b->p[i].adj = nh->adj;
		if (nh->kind == PW_NH_GLEAN)
			at[connected++] = i;
	}
	if (connected > 0)
		lookup(dp, b, at, connected, family);
	for (uint16_t i = 0; i < b->n; i++) {
		struct pw_pkt *p = &b->p[i];
		p->word = p->adj != PW_NONE32 ? pw_adj_load(&dp->adjs[p->adj]) : 0; // 0 is INCOMPLETE
		unresolved += !pw_adj_usable(p->word);
	}
	return unresolved;
}
