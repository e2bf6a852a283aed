/* SPDX-License-Identifier: Apache-2.0 */

/* DPDK's log stream, written as records to a pipe that Go reads. */
#ifndef PW_SHIM_LOG_H
#define PW_SHIM_LOG_H

#include <stdint.h>

enum {
	PW_LOG_HEADER = 8,    /* bytes of struct pw_log_header */
	PW_LOG_MAX_TEXT = 4000 /* with the header below PIPE_BUF, so writes are atomic */
};

/* Starts each record in the pipe; len bytes of text follow. */
struct pw_log_header {
	uint32_t len;
	uint32_t level; /* RTE_LOG_EMERG (1) .. RTE_LOG_DEBUG (8) */
};

struct pw_log;

/* Makes a stream on the non-blocking pipe fd and gives it to rte_openlog_stream.
 * Never freed: EAL threads may log until the process ends. Returns NULL with errno. */
struct pw_log *pw_log_open(int fd);

/* From now on every message is thrown away. */
void pw_log_mute(struct pw_log *log);

/* Bytes written to the pipe since the start, headers included. */
uint64_t pw_log_written(struct pw_log *log);

/* Records lost because the pipe was full. */
uint64_t pw_log_lost(struct pw_log *log);

#endif
