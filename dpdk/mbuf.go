// SPDX-License-Identifier: Apache-2.0

package dpdk

/*
#cgo noescape rte_pktmbuf_alloc_bulk
#cgo nocallback rte_pktmbuf_alloc_bulk
#cgo noescape rte_pktmbuf_free_bulk
#cgo nocallback rte_pktmbuf_free_bulk
#include "shim_mbuf.h"
*/
import "C"

import (
	"fmt"
	"syscall"
	"unsafe"
)

// Mbuf is a packet in DPDK memory, a struct rte_mbuf: one segment or the head
// of a chain of them. *Mbuf is the C pointer itself, so the garbage collector
// knows nothing of it and its owner must free it. Only the owner may call its
// methods.
type Mbuf C.struct_rte_mbuf

// MbufFromPtr takes the struct rte_mbuf that C code handed over. Ownership is
// as the handover said.
func MbufFromPtr(p unsafe.Pointer) *Mbuf { return (*Mbuf)(p) }

// Ptr returns the struct rte_mbuf, for C code.
func (m *Mbuf) Ptr() unsafe.Pointer { return unsafe.Pointer(m) }

func (m *Mbuf) c() *C.struct_rte_mbuf { return (*C.struct_rte_mbuf)(m) }

// Bytes returns the data of the first segment. The slice is a borrowed view of
// the mbuf's memory: it is invalid once the mbuf is freed, sent or resized.
func (m *Mbuf) Bytes() []byte {
	return unsafe.Slice((*byte)(unsafe.Add(m.buf_addr, m.data_off)), int(m.data_len))
}

// Len returns the length of the whole packet in bytes, over all segments.
func (m *Mbuf) Len() int { return int(m.pkt_len) }

// Segments returns of how many segments the packet consists.
func (m *Mbuf) Segments() int { return int(m.nb_segs) }

// PortID returns the port that the packet was received on.
func (m *Mbuf) PortID() PortID { return PortID(m.port) }

// SetPortID records the port that the packet belongs to.
func (m *Mbuf) SetPortID(p PortID) { m.port = C.uint16_t(p) }

// Headroom returns how many bytes Prepend can still add.
func (m *Mbuf) Headroom() int { return int(m.data_off) }

// Tailroom returns how many bytes Append can still add to the last segment.
func (m *Mbuf) Tailroom() int {
	return int(C.rte_pktmbuf_tailroom(C.rte_pktmbuf_lastseg(m.c())))
}

// Append adds n bytes at the end of the last segment and returns them, not
// zeroed, as a borrowed view (rte_pktmbuf_append). It returns nil, and changes
// nothing, if the tailroom is smaller than n.
func (m *Mbuf) Append(n int) []byte {
	if n < 0 || n > 1<<16-1 {
		return nil
	}
	return view(unsafe.Pointer(C.rte_pktmbuf_append(m.c(), C.uint16_t(n))), n)
}

// AppendBytes adds a copy of data at the end; EMSGSIZE if there is no room.
func (m *Mbuf) AppendBytes(data []byte) error {
	room := m.Append(len(data))
	if room == nil {
		return refused("rte_pktmbuf_append", fmt.Sprintf("%d bytes", len(data)), syscall.EMSGSIZE,
			fmt.Sprintf("the tailroom is %d bytes", m.Tailroom()))
	}
	copy(room, data)
	return nil
}

// Prepend adds n bytes in front and returns them, not zeroed, as a borrowed
// view (rte_pktmbuf_prepend). It returns nil, and changes nothing, if the
// headroom is smaller than n.
func (m *Mbuf) Prepend(n int) []byte {
	if n < 0 || n > 1<<16-1 {
		return nil
	}
	return view(unsafe.Pointer(C.rte_pktmbuf_prepend(m.c(), C.uint16_t(n))), n)
}

// Adj takes n bytes away in front (rte_pktmbuf_adj); false, and nothing
// changes, if the first segment is shorter.
func (m *Mbuf) Adj(n int) bool {
	return n >= 0 && n < 1<<16 && C.rte_pktmbuf_adj(m.c(), C.uint16_t(n)) != nil
}

// Trim takes n bytes away at the end (rte_pktmbuf_trim); false, and nothing
// changes, if the last segment is shorter.
func (m *Mbuf) Trim(n int) bool {
	return n >= 0 && n < 1<<16 && C.rte_pktmbuf_trim(m.c(), C.uint16_t(n)) == 0
}

// Priv returns the mbuf's private area, MempoolConfig.PrivSize bytes
// (rte_mbuf_to_priv).
func (m *Mbuf) Priv() unsafe.Pointer {
	return unsafe.Add(unsafe.Pointer(m), C.sizeof_struct_rte_mbuf)
}

// Free takes the packet, all its segments, and puts it back into its pool
// (rte_pktmbuf_free). nil is fine.
func (m *Mbuf) Free() { C.rte_pktmbuf_free(m.c()) }

// FreeBulk takes the packets and puts them back into their pools
// (rte_pktmbuf_free_bulk). nil entries are skipped.
func FreeBulk(mbufs []*Mbuf) {
	if len(mbufs) > 0 {
		C.rte_pktmbuf_free_bulk(mbufArray(mbufs), C.uint(len(mbufs)))
	}
}

// mbufArray is the slice as C sees it. It must not be empty.
func mbufArray(mbufs []*Mbuf) **C.struct_rte_mbuf {
	return (**C.struct_rte_mbuf)(unsafe.Pointer(unsafe.SliceData(mbufs)))
}

// view makes a slice of C memory; nil stays nil.
func view(p unsafe.Pointer, n int) []byte {
	if p == nil {
		return nil
	}
	return unsafe.Slice((*byte)(p), n)
}
