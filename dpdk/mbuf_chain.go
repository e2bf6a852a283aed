// SPDX-License-Identifier: Apache-2.0

package dpdk

/*
#include <rte_mbuf.h>
*/
import "C"

// Chain puts tail behind m, as more segments of one packet. Takes tail, unless it returns
// false: then the packet would have too many segments.
func (m *Mbuf) Chain(tail *Mbuf) bool { return C.rte_pktmbuf_chain(m.c(), tail.c()) == 0 }

// Flags returns the offload flags of the packet (RTE_MBUF_F_*).
func (m *Mbuf) Flags() uint64 { return uint64(m.ol_flags) }

// SetFlags sets them.
func (m *Mbuf) SetFlags(flags uint64) { m.ol_flags = C.uint64_t(flags) }

// Next returns the segment behind m, nil behind the last.
func (m *Mbuf) Next() *Mbuf { return (*Mbuf)(m.next) }
