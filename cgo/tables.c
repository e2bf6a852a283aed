// SPDX-License-Identifier: Apache-2.0
#include "tables.h"

#include <rte_malloc.h>

static void *
table(uint32_t n, size_t size)
{
	return rte_zmalloc("pw_tables", (n ? n : 1) * size, PW_CACHE_LINE);
}

struct pw_tables *
pw_tables_new(uint32_t n_lsps, uint32_t n_switches, uint32_t n_lrps, uint32_t n_routers, uint32_t n_nexthops,
	      uint32_t n_list)
{
	struct pw_tables *t = table(1, sizeof(*t));
	if (t == NULL)
		return NULL;
	t->n_lsps = n_lsps;
	t->n_switches = n_switches;
	t->n_lrps = n_lrps;
	t->n_routers = n_routers;
	t->n_nexthops = n_nexthops;
	t->lsps = table(n_lsps, sizeof(*t->lsps));
	t->switches = table(n_switches, sizeof(*t->switches));
	t->lrps = table(n_lrps, sizeof(*t->lrps));
	t->routers = table(n_routers, sizeof(*t->routers));
	t->nexthops = table(n_nexthops, sizeof(*t->nexthops));
	t->lists = table(n_list, sizeof(*t->lists));
	if (!t->lsps || !t->switches || !t->lrps || !t->routers || !t->nexthops || !t->lists) {
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
pw_tables_free(struct pw_tables *t)
{
	if (t == NULL)
		return;
	rte_free(t->lsps);
	rte_free(t->switches);
	rte_free(t->lrps);
	rte_free(t->routers);
	rte_free(t->nexthops);
	rte_free(t->lists);
	rte_free(t->storms);
	rte_free(t->secs);
	rte_free(t->sec4);
	rte_free(t->sec6);
	rte_free(t->rsp4);
	rte_free(t->rsp6);
	rte_free(t);
}
