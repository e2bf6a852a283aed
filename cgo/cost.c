// SPDX-License-Identifier: Apache-2.0
#include "cost.h"

#include <string.h>

static const char *const names[PW_STAGE_COUNT] = {
#define PW_STAGE_ROW(id, name) name,
	PW_STAGES(PW_STAGE_ROW)
#undef PW_STAGE_ROW
};

const char *
pw_stage_name(unsigned int stage)
{
	return stage < PW_STAGE_COUNT ? names[stage] : NULL;
}

bool
pw_cost_due(struct pw_cost *c, uint32_t order)
{
	if (c->order != order) {
		memset(c, 0, sizeof(*c));
		c->order = order;
	}
	if (c->left > 0) {
		c->left--;
		return false;
	}
	c->left = pw_cost_every(order) - 1;
	return true;
}

void
pw_cost_end(struct pw_cost *c, uint64_t began, uint64_t longest)
{
	if (c->last == began) // nothing was marked
		return;
	if (c->last - began > longest) {
		c->interrupted++;
	} else {
		c->polls++;
		for (int i = 0; i < PW_STAGE_COUNT; i++) {
			c->stages[i].cycles += c->poll[i].cycles;
			c->stages[i].packets += c->poll[i].packets;
			c->stages[i].calls += c->poll[i].calls;
		}
	}
	memset(c->poll, 0, sizeof(c->poll));
}
