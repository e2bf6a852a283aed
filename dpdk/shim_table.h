/* SPDX-License-Identifier: Apache-2.0 */

/* FIB, hash and RCU calls for Go. Constructors return NULL with errno; int
 * results are 0 or a negative errno. */
#ifndef PW_SHIM_TABLE_H
#define PW_SHIM_TABLE_H

#include <stdint.h>

#include <rte_fib.h>
#include <rte_fib6.h>
#include <rte_hash.h>
#include <rte_rcu_qsbr.h>

/* The counters of tbl8 groups at the head of the private data of DIR24_8
 * (struct dir24_8_tbl). */
struct pw_tbl8 {
	uint32_t total, reserved, used;
};

/* 1 if dp, of a new and empty table, looks like a struct pw_tbl8. */
int pw_tbl8_known(const struct pw_tbl8 *dp, uint32_t total, uint32_t used);

/* Works around DPDK 22.11: adding a prefix that needs a tbl8 but has the next
 * hop of the prefix around it reserves none, deleting it gives one back all the
 * same. The counter wraps, and every longer prefix is refused with ENOSPC. */
void pw_tbl8_mend(struct pw_tbl8 *dp);

struct rte_fib *pw_fib4_create(const char *name, int socket, int routes, int nh_bytes, uint32_t tbl8,
			       uint64_t nh);
struct rte_fib6 *pw_fib6_create(const char *name, int socket, int routes, int nh_bytes, uint32_t tbl8,
				uint64_t nh);

struct rte_hash *pw_hash_create(const char *name, int socket, uint32_t entries, uint32_t key_len,
				int ext_table, struct rte_rcu_qsbr *qsbr);
int pw_hash_add(struct rte_hash *hash, const void *key, uint64_t data);
int pw_hash_delete(struct rte_hash *hash, const void *key, int has_qsbr);
int pw_hash_lookup(struct rte_hash *hash, const void *key, uint64_t *data);
int pw_hash_iterate(struct rte_hash *hash, const void **key, uint64_t *data, uint32_t *next);

struct rte_rcu_qsbr *pw_qsbr_create(uint32_t threads, int socket);
void pw_qsbr_free(struct rte_rcu_qsbr *qsbr);
int pw_qsbr_register(struct rte_rcu_qsbr *qsbr, unsigned int id);
int pw_qsbr_unregister(struct rte_rcu_qsbr *qsbr, unsigned int id);
void pw_qsbr_online(struct rte_rcu_qsbr *qsbr, unsigned int id);
void pw_qsbr_offline(struct rte_rcu_qsbr *qsbr, unsigned int id);
void pw_qsbr_quiescent(struct rte_rcu_qsbr *qsbr, unsigned int id);
uint64_t pw_qsbr_start(struct rte_rcu_qsbr *qsbr);
int pw_qsbr_check(struct rte_rcu_qsbr *qsbr, uint64_t token, int wait);

#endif
