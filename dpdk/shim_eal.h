/* SPDX-License-Identifier: Apache-2.0 */

/* EAL calls that cgo cannot make by itself. Those that fail with rte_errno copy
 * it to errno, which cgo hands to Go with the result: rte_errno is per thread
 * and could not be read safely in a second call. */
#ifndef PW_SHIM_EAL_H
#define PW_SHIM_EAL_H

#include <errno.h>
#include <stdlib.h>

#include <rte_eal.h>
#include <rte_errno.h>
#include <rte_lcore.h>

/* Returns a negative errno; 0 when the EAL is up. */
static inline int pw_eal_init(int argc, char **argv)
{
	/* EAL keeps pointers into argv to the end; so do we, in sight of leak checkers. */
	static char **volatile kept;
	kept = argv;
	(void)kept;
	rte_errno = 0;
	int ret = rte_eal_init(argc, argv);
	if (ret >= 0)
		return 0;
	return rte_errno > 0 ? -rte_errno : ret;
}

/* Returns the lcore id, or -1 with errno. */
static inline int pw_thread_register(void)
{
	if (rte_thread_register() != 0) {
		errno = rte_errno;
		return -1;
	}
	return (int)rte_lcore_id();
}

/* Has a result only because cgo's own wrapper of a function without parameter
 * and result does not compile under -Wextra -Werror. */
static inline int pw_thread_unregister(void)
{
	rte_thread_unregister();
	return 0;
}

#endif
