// SPDX-License-Identifier: Apache-2.0
#include "tables.h"

#include <rte_cycles.h>
#include <rte_malloc.h>

static void *
table(uint32_t n, size_t size)
{
	return rte_zmalloc("pw_tables", (n ? n : 1) * size, PW_CACHE_LINE);
}

struct pw_tables *
pw_tables_new(const struct pw_tables_size *n)
{
	struct pw_tables *t = table(1, sizeof(*t));
	if (t == NULL)
		return NULL;
	t->n_lsps = n->lsps;
	t->n_switches = n->switches;
	t->n_lrps = n->lrps;
	t->n_routers = n->routers;
	t->n_nexthops = n->nexthops;
	t->n_groups = n->groups;
	t->n_policies = n->policies;
	t->lsps = table(n->lsps, sizeof(*t->lsps));
	t->switches = table(n->switches, sizeof(*t->switches));
	t->lrps = table(n->lrps, sizeof(*t->lrps));
	t->copp = table(n->lrps, sizeof(*t->copp));
	t->routers = table(n->routers, sizeof(*t->routers));
	t->nexthops = table(n->nexthops, sizeof(*t->nexthops));
	t->groups = table(n->groups, sizeof(*t->groups));
	t->buckets = table(n->buckets, sizeof(*t->buckets));
	t->policies = table(n->policies, sizeof(*t->policies));
	t->clauses = table(n->clauses, sizeof(*t->clauses));
	t->tests = table(n->tests, sizeof(*t->tests));
	t->lists = table(n->list, sizeof(*t->lists));
	if (!t->lsps || !t->switches || !t->lrps || !t->copp || !t->routers || !t->nexthops || !t->groups || !t->buckets ||
	    !t->policies || !t->clauses || !t->tests || !t->lists) {
		pw_tables_free(t);
		return NULL;
	}
	for (int i = 0; i < PW_MAX_PORTS; i++)
		t->ports[i].lsp = PW_NONE16;
	return t;
}

int
pw_tables_l2(struct pw_tables *t, const struct pw_tables_l2 *n)
{
	t->storms = table(t->n_lsps, sizeof(*t->storms));
	t->secs = table(n->n_secs, sizeof(*t->secs));
	t->sec4 = table(n->n_sec4, sizeof(*t->sec4));
	t->sec6 = table(n->n_sec6, sizeof(*t->sec6));
	t->rsp4 = table(n->n_rsp4, sizeof(*t->rsp4));
	t->rsp6 = table(n->n_rsp6, sizeof(*t->rsp6));
	return t->storms && t->secs && t->sec4 && t->sec6 && t->rsp4 && t->rsp6 ? 0 : -1;
}

void
pw_tables_meter(struct pw_tables *t, uint32_t lrp, enum pw_copp_class cls, uint32_t rate, uint32_t burst)
{
	t->copp[lrp].m[cls] = pw_meter_of(rte_get_tsc_hz(), rate, burst);
}

// A port is for plain packets when its switch does nothing but hand them to a router.
static void
finish_port(const struct pw_tables *t, struct pw_port *p)
{
	p->router_mac = PW_NO_MAC;
	if (p->lsp == PW_NONE16)
		return;
	const struct pw_lsp *lsp = &t->lsps[p->lsp];
	if (lsp->flags & PW_LSP_SECURE)
		return;
	p->router_mac = t->switches[lsp->sw].router_mac;
	p->router_lrp = t->switches[lsp->sw].router_lrp;
	p->learns = lsp->unknown;
	p->gated = lsp->gated;
	const struct pw_lrp *lrp = &t->lrps[p->router_lrp];
	for (int i = 0; i < lrp->n_own4; i++)
		p->own4 |= UINT64_C(1) << (lrp->own4[i] & 63);
	for (int i = 0; i < lrp->n_own6; i++)
		p->own6 |= UINT64_C(1) << (lrp->own6[i][15] & 63);
}

void
pw_tables_finish(struct pw_tables *t)
{
	for (int i = 0; i < PW_MAX_PORTS; i++)
		finish_port(t, &t->ports[i]);
	for (uint32_t i = 0; i < t->n_nexthops; i++) {
		struct pw_nexthop *nh = &t->nexthops[i];
		if (nh->kind == PW_NH_GLEAN || nh->kind == PW_NH_ADJ)
			nh->mtu = t->lrps[nh->lrp].mtu;
	}
}

void
pw_tables_free(struct pw_tables *t)
{
	if (t == NULL)
		return;
	rte_free(t->lsps);
	rte_free(t->switches);
	rte_free(t->lrps);
	rte_free(t->copp);
	rte_free(t->routers);
	rte_free(t->nexthops);
	rte_free(t->groups);
	rte_free((void *)(uintptr_t)t->buckets);
	rte_free(t->policies);
	rte_free(t->clauses);
	rte_free(t->tests);
	rte_free(t->lists);
	rte_free(t->storms);
	rte_free(t->secs);
	rte_free(t->sec4);
	rte_free(t->sec6);
	rte_free(t->rsp4);
	rte_free(t->rsp6);
	rte_free(t);
}

void
pw_tables_bucket(struct pw_tables *t, uint32_t group, uint32_t bucket, uint8_t member)
{
	const struct pw_group *g = &t->groups[group];
	_Atomic uint8_t *b = t->buckets + (g->buckets - t->buckets);
	atomic_store_explicit(&b[bucket & g->mask], member, memory_order_relaxed);
}
