/* SPDX-License-Identifier: Apache-2.0 */

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "shim_log.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/uio.h>

#include <rte_log.h>

_Static_assert(sizeof(struct pw_log_header) == PW_LOG_HEADER, "record header");

/* written and lost: writer is whichever thread logs, under the FILE's lock;
 * reader is Go. muted: writer is Go. */
struct pw_log {
	int fd;
	int muted;
	uint64_t written;
	uint64_t lost;
};

/* Never blocks: a full pipe loses the record, because a worker may be logging. */
static ssize_t log_write(void *cookie, const char *text, size_t size)
{
	struct pw_log *log = cookie;
	int saved = errno;

	for (size_t done = 0; done < size && !__atomic_load_n(&log->muted, __ATOMIC_ACQUIRE);) {
		size_t len = size - done < PW_LOG_MAX_TEXT ? size - done : PW_LOG_MAX_TEXT;
		struct pw_log_header header = {
			.len = (uint32_t)len,
			.level = (uint32_t)rte_log_cur_msg_loglevel(),
		};
		struct iovec iov[2] = {
			{.iov_base = &header, .iov_len = sizeof(header)},
			{.iov_base = (void *)(uintptr_t)(text + done), .iov_len = len},
		};
		ssize_t ret = writev(log->fd, iov, 2);
		if (ret < 0 && errno == EINTR)
			continue;
		if (ret < 0)
			__atomic_add_fetch(&log->lost, 1, __ATOMIC_RELAXED);
		else
			__atomic_add_fetch(&log->written, (uint64_t)ret, __ATOMIC_RELEASE);
		done += len;
	}
	errno = saved;
	return (ssize_t)size;
}

// Kept to the end of the process: EAL's own threads may still be within log_write
// when the log is closed, so it is muted and never freed.
static struct pw_log *volatile kept;

struct pw_log *pw_log_open(int fd)
{
	struct pw_log *log = calloc(1, sizeof(*log));
	if (log == NULL)
		return NULL;
	log->fd = fd;
	FILE *stream = fopencookie(log, "w", (cookie_io_functions_t){.write = log_write});
	if (stream == NULL || rte_openlog_stream(stream) != 0) {
		free(log);
		return NULL;
	}
	kept = log;
	return kept;
}

void pw_log_mute(struct pw_log *log)
{
	__atomic_store_n(&log->muted, 1, __ATOMIC_RELEASE);
}

uint64_t pw_log_written(struct pw_log *log)
{
	return __atomic_load_n(&log->written, __ATOMIC_ACQUIRE);
}

uint64_t pw_log_lost(struct pw_log *log)
{
	return __atomic_load_n(&log->lost, __ATOMIC_RELAXED);
}
