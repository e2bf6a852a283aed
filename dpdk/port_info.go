// SPDX-License-Identifier: Apache-2.0

package dpdk

/*
#include "shim_port.h"
*/
import "C"

import (
	"fmt"
	"math/bits"
	"strings"
)

// RxOffload is a set of receive offloads, RTE_ETH_RX_OFFLOAD_ bits.
type RxOffload uint64

// Receive offloads that this project has a use for.
const (
	RxVLANStrip RxOffload = C.RTE_ETH_RX_OFFLOAD_VLAN_STRIP
	RxIPv4Cksum RxOffload = C.RTE_ETH_RX_OFFLOAD_IPV4_CKSUM
	RxUDPCksum  RxOffload = C.RTE_ETH_RX_OFFLOAD_UDP_CKSUM
	RxTCPCksum  RxOffload = C.RTE_ETH_RX_OFFLOAD_TCP_CKSUM
	RxScatter   RxOffload = C.RTE_ETH_RX_OFFLOAD_SCATTER
	RxTimestamp RxOffload = C.RTE_ETH_RX_OFFLOAD_TIMESTAMP
	RxRSSHash   RxOffload = C.RTE_ETH_RX_OFFLOAD_RSS_HASH
)

// TxOffload is a set of transmit offloads, RTE_ETH_TX_OFFLOAD_ bits.
type TxOffload uint64

// Transmit offloads that this project has a use for.
const (
	TxVLANInsert TxOffload = C.RTE_ETH_TX_OFFLOAD_VLAN_INSERT
	TxIPv4Cksum  TxOffload = C.RTE_ETH_TX_OFFLOAD_IPV4_CKSUM
	TxUDPCksum   TxOffload = C.RTE_ETH_TX_OFFLOAD_UDP_CKSUM
	TxTCPCksum   TxOffload = C.RTE_ETH_TX_OFFLOAD_TCP_CKSUM
	TxMultiSegs  TxOffload = C.RTE_ETH_TX_OFFLOAD_MULTI_SEGS
	// TxMbufFastFree lets the driver free without looking at each mbuf. Only
	// sound if all mbufs sent on a queue come from one pool and have a
	// reference count of 1.
	TxMbufFastFree TxOffload = C.RTE_ETH_TX_OFFLOAD_MBUF_FAST_FREE
)

// String names the offloads as DPDK does, "VLAN_STRIP|SCATTER"; "none" for 0.
func (o RxOffload) String() string {
	return bitNames(uint64(o), func(bit uint64) string { return C.GoString(C.rte_eth_dev_rx_offload_name(C.uint64_t(bit))) })
}

// String names the offloads as DPDK does, "MULTI_SEGS|MBUF_FAST_FREE"; "none" for 0.
func (o TxOffload) String() string {
	return bitNames(uint64(o), func(bit uint64) string { return C.GoString(C.rte_eth_dev_tx_offload_name(C.uint64_t(bit))) })
}

func bitNames(set uint64, name func(bit uint64) string) string {
	if set == 0 {
		return "none"
	}
	names := make([]string, 0, bits.OnesCount64(set))
	for ; set != 0; set &= set - 1 {
		names = append(names, name(set&-set))
	}
	return strings.Join(names, "|")
}

// RSSTypes is a set of packet types that receive-side scaling spreads over the
// queues, RTE_ETH_RSS_ bits.
type RSSTypes uint64

// RSSFlows spreads by IP addresses and by TCP, UDP and SCTP ports, so a flow
// stays on one queue.
const RSSFlows RSSTypes = C.RTE_ETH_RSS_IP | C.RTE_ETH_RSS_TCP | C.RTE_ETH_RSS_UDP | C.RTE_ETH_RSS_SCTP

// DescLimits bounds the number of descriptors of a queue.
type DescLimits struct {
	Min, Max uint16
	Align    uint16 // a multiple of this
	Default  uint16 // what the driver recommends; 0: nothing
}

// PortInfo is what a port is and can do (rte_eth_dev_info_get).
type PortInfo struct {
	ID           PortID
	Driver       string // "net_tap"
	Device       string // "net_tap0", "0000:03:00.0"
	Socket       int    // NUMA socket, or SocketAny
	IfIndex      uint   // the kernel interface bound to it, or 0
	MaxRxQueues  uint16
	MaxTxQueues  uint16
	RxQueues     uint16 // configured now
	TxQueues     uint16
	RxDesc       DescLimits
	TxDesc       DescLimits
	MinMTU       uint16
	MaxMTU       uint16
	MinRxBufSize uint32 // bytes of data room, without headroom, that a pool must offer
	MaxRxPktLen  uint32
	RxOffloads   RxOffload // capabilities
	TxOffloads   TxOffload
	RSSTypes     RSSTypes // 0: no RSS
	RETASize     uint16   // entries of the redirection table
	HashKeySize  uint8    // bytes of the RSS key
}

// Info returns what the port is and can do (rte_eth_dev_info_get).
func (p PortID) Info() (PortInfo, error) {
	var c C.struct_rte_eth_dev_info
	if err := p.call("rte_eth_dev_info_get", func(id C.uint16_t) C.int { return C.pw_port_info(id, &c) }); err != nil {
		return PortInfo{}, err
	}
	info := PortInfo{
		ID:           p,
		Driver:       C.GoString(c.driver_name),
		Socket:       int(C.rte_eth_dev_socket_id(C.uint16_t(p))),
		IfIndex:      uint(c.if_index),
		MaxRxQueues:  uint16(c.max_rx_queues),
		MaxTxQueues:  uint16(c.max_tx_queues),
		RxQueues:     uint16(c.nb_rx_queues),
		TxQueues:     uint16(c.nb_tx_queues),
		RxDesc:       descLimits(c.rx_desc_lim, c.default_rxportconf),
		TxDesc:       descLimits(c.tx_desc_lim, c.default_txportconf),
		MinMTU:       uint16(c.min_mtu),
		MaxMTU:       uint16(c.max_mtu),
		MinRxBufSize: uint32(c.min_rx_bufsize),
		MaxRxPktLen:  uint32(c.max_rx_pktlen),
		RxOffloads:   RxOffload(c.rx_offload_capa),
		TxOffloads:   TxOffload(c.tx_offload_capa),
		RSSTypes:     RSSTypes(c.flow_type_rss_offloads),
		RETASize:     uint16(c.reta_size),
		HashKeySize:  uint8(c.hash_key_size),
	}
	if c.device != nil {
		info.Device = C.GoString(C.rte_dev_name(c.device))
	}
	return info, nil
}

func descLimits(lim C.struct_rte_eth_desc_lim, def C.struct_rte_eth_dev_portconf) DescLimits {
	return DescLimits{
		Min: uint16(lim.nb_min), Max: uint16(lim.nb_max),
		Align: uint16(lim.nb_align), Default: uint16(def.ring_size),
	}
}

// queueLimits says how many queues the port offers.
func (i *PortInfo) queueLimits() string {
	return fmt.Sprintf("%s offers at most %d rx and %d tx queues", i.Driver, i.MaxRxQueues, i.MaxTxQueues)
}
