/* SPDX-License-Identifier: Apache-2.0 */

#include "shim_table.h"

#include <errno.h>
#include <string.h>

#include <rte_errno.h>
#include <rte_malloc.h>

int pw_tbl8_known(const struct pw_tbl8 *dp, uint32_t total, uint32_t used)
{
	return dp->total == total && dp->reserved == used && dp->used == used;
}

void pw_tbl8_mend(struct pw_tbl8 *dp)
{
	if (dp->reserved < dp->used || dp->reserved > dp->total)
		dp->reserved = dp->used;
}

struct rte_fib *pw_fib4_create(const char *name, int socket, int routes, int nh_bytes, uint32_t tbl8,
			       uint64_t nh)
{
	struct rte_fib_conf conf;
	memset(&conf, 0, sizeof(conf));
	conf.type = RTE_FIB_DIR24_8;
	conf.default_nh = nh;
	conf.max_routes = routes;
	conf.dir24_8.nh_sz = nh_bytes == 8   ? RTE_FIB_DIR24_8_8B
			     : nh_bytes == 2 ? RTE_FIB_DIR24_8_2B
					     : RTE_FIB_DIR24_8_4B;
	conf.dir24_8.num_tbl8 = tbl8;
	struct rte_fib *fib = rte_fib_create(name, socket, &conf);
	if (fib == NULL)
		errno = rte_errno;
	return fib;
}

struct rte_fib6 *pw_fib6_create(const char *name, int socket, int routes, int nh_bytes, uint32_t tbl8,
				uint64_t nh)
{
	struct rte_fib6_conf conf;
	memset(&conf, 0, sizeof(conf));
	conf.type = RTE_FIB6_TRIE;
	conf.default_nh = nh;
	conf.max_routes = routes;
	conf.trie.nh_sz = nh_bytes == 8   ? RTE_FIB6_TRIE_8B
			  : nh_bytes == 2 ? RTE_FIB6_TRIE_2B
					  : RTE_FIB6_TRIE_4B;
	conf.trie.num_tbl8 = tbl8;
	struct rte_fib6 *fib = rte_fib6_create(name, socket, &conf);
	if (fib == NULL)
		errno = rte_errno;
	return fib;
}

struct rte_hash *pw_hash_create(const char *name, int socket, uint32_t entries, uint32_t key_len,
				int ext_table, struct rte_rcu_qsbr *qsbr)
{
	struct rte_hash_parameters params = {
		.name = name,
		.entries = entries,
		.key_len = key_len,
		.socket_id = socket,
		.extra_flag = RTE_HASH_EXTRA_FLAGS_RW_CONCURRENCY_LF |
			      (ext_table ? RTE_HASH_EXTRA_FLAGS_EXT_TABLE : 0),
	};
	struct rte_hash *hash = rte_hash_create(&params);
	if (hash == NULL) {
		errno = rte_errno;
		return NULL;
	}
	if (qsbr == NULL)
		return hash;
	struct rte_hash_rcu_config rcu = {.v = qsbr, .mode = RTE_HASH_QSBR_MODE_DQ};
	if (rte_hash_rcu_qsbr_add(hash, &rcu) != 0) {
		int saved = rte_errno;
		rte_hash_free(hash);
		errno = saved;
		return NULL;
	}
	return hash;
}

int pw_hash_add(struct rte_hash *hash, const void *key, uint64_t data)
{
	return rte_hash_add_key_data(hash, key, (void *)(uintptr_t)data);
}

/* Without RCU a lock-free table leaves the freed slot to its caller. */
int pw_hash_delete(struct rte_hash *hash, const void *key, int has_qsbr)
{
	int32_t position = rte_hash_del_key(hash, key);
	if (position < 0)
		return position;
	return has_qsbr ? 0 : rte_hash_free_key_with_position(hash, position);
}

int pw_hash_lookup(struct rte_hash *hash, const void *key, uint64_t *data)
{
	void *value = NULL;
	int ret = rte_hash_lookup_data(hash, key, &value);
	*data = (uint64_t)(uintptr_t)value;
	return ret < 0 ? ret : 0;
}

int pw_hash_iterate(struct rte_hash *hash, const void **key, uint64_t *data, uint32_t *next)
{
	void *value = NULL;
	int ret = rte_hash_iterate(hash, key, &value, next);
	*data = (uint64_t)(uintptr_t)value;
	return ret < 0 ? ret : 0;
}

struct rte_rcu_qsbr *pw_qsbr_create(uint32_t threads, int socket)
{
	size_t size = rte_rcu_qsbr_get_memsize(threads);
	struct rte_rcu_qsbr *qsbr = rte_zmalloc_socket("qsbr", size, RTE_CACHE_LINE_SIZE, socket);
	if (qsbr == NULL) {
		errno = ENOMEM;
		return NULL;
	}
	if (rte_rcu_qsbr_init(qsbr, threads) != 0) {
		int saved = rte_errno;
		rte_free(qsbr);
		errno = saved;
		return NULL;
	}
	return qsbr;
}

void pw_qsbr_free(struct rte_rcu_qsbr *qsbr)
{
	rte_free(qsbr);
}

int pw_qsbr_register(struct rte_rcu_qsbr *qsbr, unsigned int id)
{
	return rte_rcu_qsbr_thread_register(qsbr, id) == 0 ? 0 : -rte_errno;
}

int pw_qsbr_unregister(struct rte_rcu_qsbr *qsbr, unsigned int id)
{
	return rte_rcu_qsbr_thread_unregister(qsbr, id) == 0 ? 0 : -rte_errno;
}

void pw_qsbr_online(struct rte_rcu_qsbr *qsbr, unsigned int id)
{
	rte_rcu_qsbr_thread_online(qsbr, id);
}

void pw_qsbr_offline(struct rte_rcu_qsbr *qsbr, unsigned int id)
{
	rte_rcu_qsbr_thread_offline(qsbr, id);
}

void pw_qsbr_quiescent(struct rte_rcu_qsbr *qsbr, unsigned int id)
{
	rte_rcu_qsbr_quiescent(qsbr, id);
}

uint64_t pw_qsbr_start(struct rte_rcu_qsbr *qsbr)
{
	return rte_rcu_qsbr_start(qsbr);
}

int pw_qsbr_check(struct rte_rcu_qsbr *qsbr, uint64_t token, int wait)
{
	return rte_rcu_qsbr_check(qsbr, token, wait != 0);
}
