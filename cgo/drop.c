// SPDX-License-Identifier: Apache-2.0
#include <stddef.h>

#include "drop.h"

static const struct pw_drop_info drops[PW_DROP_COUNT] = {
#define PW_DROP_ROW(id, name, stage, what, remedy) {name, stage, what, remedy},
	PW_DROP_REASONS(PW_DROP_ROW)
#undef PW_DROP_ROW
};

const struct pw_drop_info *
pw_drop_info(unsigned int reason)
{
	return reason < PW_DROP_COUNT ? &drops[reason] : NULL;
}
