// SPDX-License-Identifier: Apache-2.0

package dpdk

/*
#cgo noescape pw_hash_lookup
#cgo nocallback pw_hash_lookup
#include <stdlib.h>
#include "shim_table.h"
*/
import "C"

import (
	"fmt"
	"syscall"
	"unsafe"
)

// HashConfig says how large a hash table is.
type HashConfig struct {
	Entries  int   // keys at most, 8 to 2^30
	KeyLen   int   // bytes of a key
	QSBR     *QSBR // when a deleted key's slot may be used again; nil: at once, so readers must not run during Delete
	ExtTable bool  // chain buckets, so that Entries keys fit for certain (RTE_HASH_EXTRA_FLAGS_EXT_TABLE)
	Socket   int   // NUMA socket, or SocketAny
}

// Hash is a hash table from keys of fixed length to 8 bytes of data (rte_hash
// with RTE_HASH_EXTRA_FLAGS_RW_CONCURRENCY_LF). One writer at a time; any
// number of readers, also while it writes, and without locks. With a QSBR the
// slot of a deleted key is used again when all readers have been quiescent;
// readers online on that QSBR must report it.
type Hash struct {
	c    *C.struct_rte_hash
	name string
	cfg  HashConfig
}

// NewHash makes a table (rte_hash_create, rte_hash_rcu_qsbr_add with a defer
// queue). The name is unique in the process.
func NewHash(name string, cfg HashConfig) (*Hash, error) {
	const fn = "rte_hash_create"
	object := fmt.Sprintf("hash %s, %d entries", name, cfg.Entries)
	if err := running(fn, object); err != nil {
		return nil, err
	}
	if cfg.Entries < 8 || cfg.Entries > 1<<30 || cfg.KeyLen < 1 || cfg.KeyLen > 1<<16 {
		return nil, refused(fn, object, syscall.EINVAL,
			fmt.Sprintf("a table has 8 to 2^30 entries, a key 1 to 65536 bytes (here %d)", cfg.KeyLen))
	}
	var qsbr *C.struct_rte_rcu_qsbr
	if cfg.QSBR != nil {
		qsbr = cfg.QSBR.c
	}
	ext := C.int(0)
	if cfg.ExtTable {
		ext = 1
	}
	cName := C.CString(name)
	defer C.free(unsafe.Pointer(cName))
	mark := markLog()
	c, err := C.pw_hash_create(cName, C.int(cfg.Socket), C.uint32_t(cfg.Entries), C.uint32_t(cfg.KeyLen), ext, qsbr)
	if c == nil {
		hint := ""
		if errnoFrom(err) == syscall.EEXIST {
			hint = "a table of that name exists"
		}
		return nil, failed(fn, object, errnoFrom(err), mark, hint)
	}
	return &Hash{c, name, cfg}, nil
}

// Name returns the table's name.
func (h *Hash) Name() string { return h.name }

// Add sets the data of a key, new or known (rte_hash_add_key_data). ENOSPC:
// the table is full, or with a QSBR too many deleted keys wait for a reader.
func (h *Hash) Add(key []byte, data uint64) error {
	const fn = "rte_hash_add_key_data"
	p, err := h.key(fn, key)
	if err != nil {
		return err
	}
	mark := markLog()
	if ret := C.pw_hash_add(h.c, p, C.uint64_t(data)); ret != 0 {
		hint := ""
		if errnoOf(ret) == syscall.ENOSPC {
			hint = fmt.Sprintf("%d slots are taken in a table for %d", h.Len(), h.cfg.Entries)
		}
		return failed(fn, h.object(key), errnoOf(ret), mark, hint)
	}
	return nil
}

// Delete takes a key out (rte_hash_del_key). ENOENT: it was not in.
func (h *Hash) Delete(key []byte) error {
	const fn = "rte_hash_del_key"
	p, err := h.key(fn, key)
	if err != nil {
		return err
	}
	hasQSBR := C.int(0)
	if h.cfg.QSBR != nil {
		hasQSBR = 1
	}
	mark := markLog()
	if ret := C.pw_hash_delete(h.c, p, hasQSBR); ret != 0 {
		return failed(fn, h.object(key), errnoOf(ret), mark, "")
	}
	return nil
}

// Lookup returns the data of a key (rte_hash_lookup_data). Any thread; a key
// of the wrong length is in no table. One crossing.
func (h *Hash) Lookup(key []byte) (data uint64, ok bool) {
	if len(key) != h.cfg.KeyLen {
		return 0, false
	}
	var d C.uint64_t
	ret := C.pw_hash_lookup(h.c, unsafe.Pointer(&key[0]), &d)
	return uint64(d), ret == 0
}

// Len returns how many slots are taken (rte_hash_count). With a QSBR that
// includes deleted keys whose slots wait to be used again.
func (h *Hash) Len() int { return int(C.rte_hash_count(h.c)) }

// Iterate calls f for every key until it returns false (rte_hash_iterate), in
// no order. The key is a borrowed view, valid during the call. Writer's thread:
// keys added or deleted meanwhile may be seen, missed or, when a key is moved,
// seen twice.
func (h *Hash) Iterate(f func(key []byte, data uint64) bool) {
	var key unsafe.Pointer
	var data C.uint64_t
	var next C.uint32_t
	for C.pw_hash_iterate(h.c, &key, &data, &next) == 0 {
		if !f(unsafe.Slice((*byte)(key), h.cfg.KeyLen), uint64(data)) {
			return
		}
	}
}

// Ptr returns the struct rte_hash, for C code.
func (h *Hash) Ptr() unsafe.Pointer { return unsafe.Pointer(h.c) }

// Close frees the table (rte_hash_free); no reader may be in it. Its QSBR must
// still exist.
func (h *Hash) Close() error {
	if h.c == nil {
		return nil
	}
	if err := running("rte_hash_free", "hash "+h.name); err != nil {
		return err
	}
	if h.cfg.QSBR != nil && h.cfg.QSBR.c == nil {
		return refused("rte_hash_free", "hash "+h.name, syscall.EINVAL, "its QSBR was closed before it")
	}
	C.rte_hash_free(h.c)
	h.c = nil
	return nil
}

func (h *Hash) object(key []byte) string { return fmt.Sprintf("hash %s, key %x", h.name, key) }

func (h *Hash) key(fn string, key []byte) (unsafe.Pointer, error) {
	if len(key) != h.cfg.KeyLen {
		return nil, refused(fn, h.object(key), syscall.EINVAL,
			fmt.Sprintf("the key has %d bytes, keys of this table have %d", len(key), h.cfg.KeyLen))
	}
	return unsafe.Pointer(&key[0]), nil
}
