// SPDX-License-Identifier: Apache-2.0
// lr_in_policy: the router's policies look at what has been routed. They stand in the order
// of their priority; the first that matches acts. Packets for the router itself have been
// delivered before, and what the router makes itself is not asked about.
#include <string.h>

#include "flow.h"
#include "stages.h"

static bool
in_range(const struct pw_test *t, uint16_t value)
{
	return (t->lo <= value && value <= t->hi) != t->negate;
}

static bool
under_mask(const struct pw_test *t, const struct pw_flow *f, const uint8_t *ip)
{
	uint64_t lo[3], hi[3]; // address, value, mask
	if ((t->length == 4) != (f->family == 4))
		return false;
	if (f->family == 4) {
		uint32_t a, v, m;
		memcpy(&a, ip, 4);
		memcpy(&v, t->value, 4);
		memcpy(&m, t->mask, 4);
		return ((a & m) == v) != t->negate;
	}
	memcpy(&lo[0], ip, 8);
	memcpy(&hi[0], ip + 8, 8);
	memcpy(&lo[1], t->value, 8);
	memcpy(&hi[1], t->value + 8, 8);
	memcpy(&lo[2], t->mask, 8);
	memcpy(&hi[2], t->mask + 8, 8);
	return ((lo[0] & lo[2]) == lo[1] && (hi[0] & hi[2]) == hi[1]) != t->negate;
}

static bool
holds(const struct pw_test *t, const struct pw_flow *f, uint16_t lrp)
{
	switch ((enum pw_test_field)t->field) {
	case PW_TEST_FAMILY:
		return in_range(t, f->family);
	case PW_TEST_PROTO:
		return in_range(t, f->proto);
	case PW_TEST_SRC_PORT:
		return f->ports && in_range(t, f->src);
	case PW_TEST_DST_PORT:
		return f->ports && in_range(t, f->dst);
	case PW_TEST_INPORT:
		return in_range(t, lrp);
	case PW_TEST_SRC:
		return under_mask(t, f, f->src_ip);
	case PW_TEST_DST:
		return under_mask(t, f, f->dst_ip);
	}
	return false;
}

static bool
matches(const struct pw_tables *t, const struct pw_policy *policy, const struct pw_flow *f, uint16_t lrp)
{
	const struct pw_clause *c = &t->clauses[policy->clause], *end = c + policy->n;
	for (; c < end; c++) {
		const struct pw_test *test = &t->tests[c->test], *last = test + c->n;
		while (test < last && holds(test, f, lrp))
			test++;
		if (test == last)
			return true;
	}
	return false;
}

static const struct pw_policy *
first_match(const struct pw_tables *t, const struct pw_router *r, const struct rte_mbuf *m, uint16_t lrp)
{
	struct pw_flow f;
	pw_flow_of(m, &f);
	for (uint16_t i = 0; i < r->n_policies; i++) {
		const struct pw_policy *policy = &t->policies[r->policy + i];
		if (matches(t, policy, &f, lrp))
			return policy;
	}
	return NULL;
}

uint16_t
pw_lr_in_policy(struct pw_worker *w, struct pw_burst *b)
{
	const struct pw_tables *t = w->tables;
	uint16_t k = 0, ecmp = 0;

	for (uint16_t i = 0; i < b->n; i++) {
		struct pw_pkt *p = &b->p[i];
		const struct pw_router *r = &t->routers[t->lrps[p->lrp].router];
		const struct pw_policy *policy = NULL;
		if (r->n_policies > 0 && !(p->flags & PW_PKT_ORIGINATED))
			policy = first_match(t, r, b->m[i], p->lrp);
		if (policy != NULL) {
			w->policy_packets[policy->counter]++;
			if (policy->action == PW_POLICY_DROP) {
				pw_drop(w, b->m[i], PW_DROP_POLICY);
				continue;
			}
			if (policy->action == PW_POLICY_REROUTE)
				p->nh = policy->nh;
			if (policy->mark != 0) {
				pw_meta(b->m[i])->mark = policy->mark;
				p->flags |= PW_PKT_MARKED;
			}
		}
		ecmp += t->nexthops[p->nh].kind == PW_NH_ECMP;
		pw_burst_keep(b, k++, i);
	}
	b->n = k;
	return ecmp;
}
