// SPDX-License-Identifier: Apache-2.0

package dpdk

/*
#include "shim_port.h"
*/
import "C"

import (
	"fmt"
	"syscall"
)

// PortStats are a port's counters since its start or ResetStats.
type PortStats struct {
	RxPackets, TxPackets uint64
	RxBytes, TxBytes     uint64 // whole frames, mostly without the frame check sequence
	RxMissed             uint64 // dropped by the device: the rx queues were full
	RxErrors, TxErrors   uint64
	RxNoMbuf             uint64 // not received because the mempool was empty
}

// Stats reads the counters (rte_eth_stats_get). Any thread.
func (p PortID) Stats() (PortStats, error) {
	var s C.struct_rte_eth_stats
	if err := p.call("rte_eth_stats_get", func(id C.uint16_t) C.int { return C.rte_eth_stats_get(id, &s) }); err != nil {
		return PortStats{}, err
	}
	return PortStats{
		RxPackets: uint64(s.ipackets), TxPackets: uint64(s.opackets),
		RxBytes: uint64(s.ibytes), TxBytes: uint64(s.obytes),
		RxMissed: uint64(s.imissed),
		RxErrors: uint64(s.ierrors), TxErrors: uint64(s.oerrors),
		RxNoMbuf: uint64(s.rx_nombuf),
	}, nil
}

// ResetStats sets the counters to zero (rte_eth_stats_reset).
func (p PortID) ResetStats() error {
	return p.call("rte_eth_stats_reset", func(id C.uint16_t) C.int { return C.rte_eth_stats_reset(id) })
}

// XStat is one of a driver's own counters.
type XStat struct {
	Name  string
	Value uint64
}

// XStats reads all counters the driver has, in its order
// (rte_eth_xstats_get_names, rte_eth_xstats_get).
func (p PortID) XStats() ([]XStat, error) {
	const fn = "rte_eth_xstats_get"
	if err := running(fn, fmt.Sprintf("port %d", uint16(p))); err != nil {
		return nil, err
	}
	mark := markLog()
	id := C.uint16_t(p)
	n := C.rte_eth_xstats_get_names(id, nil, 0)
	if n < 0 {
		return nil, failed(fn, p.String(), errnoOf(n), mark, "")
	}
	if n == 0 {
		return nil, nil
	}
	names, values := make([]C.struct_rte_eth_xstat_name, n), make([]C.struct_rte_eth_xstat, n)
	if C.rte_eth_xstats_get_names(id, &names[0], C.uint(n)) != n || C.rte_eth_xstats_get(id, &values[0], C.uint(n)) != n {
		return nil, failed(fn, p.String(), syscall.EAGAIN, mark, "the set of counters changed meanwhile")
	}
	stats := make([]XStat, n)
	for i, v := range values {
		stats[i] = XStat{C.GoString(&names[v.id].name[0]), uint64(v.value)}
	}
	return stats, nil
}
