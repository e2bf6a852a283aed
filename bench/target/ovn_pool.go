// SPDX-License-Identifier: Apache-2.0

package target

import (
	"fmt"
	"regexp"
	"strconv"
)

// OVS 3.1 sizes the memory pool of a port by itself. Ports with the usual MTU share one
// of 262,144 packets; with other_config:per-port-memory each has its own, sized by the
// queues and descriptors that were asked for, whether the device has as many or not.
// net_pcap with infinite_rx keeps every packet of its capture in that pool.
const (
	ovsShared      = 262144
	ovsDescriptors = 4096  // of a queue, at most
	ovsSpare       = 16384 // packets of a pool beyond those of queues
	ovsPacket      = 3008  // octets of a packet in the pool, headers of OVS and DPDK included
	ovsPort        = 32768 // packets at most of the pool of a port that asks for nothing
	ovsOther       = 384   // MiB of OVS's DPDK beyond the packets of pools
)

// ovsPool is what a port that repeats a capture asks for.
type ovsPool struct {
	queues  int // asked for; 0: the shared pool suffices
	packets int // in all pools
}

func ovsPoolFor(capture int) ovsPool {
	if capture+ovsSpare <= ovsShared {
		return ovsPool{packets: ovsShared}
	}
	queues := (capture + ovsDescriptors - 1) / ovsDescriptors
	return ovsPool{queues: queues, packets: queues*ovsDescriptors + 2*ovsPort}
}

// options are Interface's.
func (p ovsPool) options() []string {
	if p.queues == 0 {
		return nil
	}
	return []string{fmt.Sprintf("n_rxq=%d", p.queues), fmt.Sprintf("n_rxq_desc=%d", ovsDescriptors)}
}

// MiB is how much memory DPDK needs for it.
func (p ovsPool) MiB() int { return p.packets*ovsPacket/mib + 1 + ovsOther }

var poolSize = regexp.MustCompile(`(?m)^\s*size=(\d+)`)

// check demands that the pool is as large as was asked for (`netdev-dpdk/get-mempool-info`).
// OVS says nothing when it has made a smaller one for want of memory, and a port whose
// capture takes the whole pool then receives nothing.
func (p ovsPool) check(info string, capture int) error {
	m := poolSize.FindStringSubmatch(info)
	if m == nil {
		return fmt.Errorf("get-mempool-info names no size: %q", info)
	}
	if size, err := strconv.Atoi(m[1]); err != nil || size < capture+ovsSpare {
		return fmt.Errorf("OVS made a pool of %s packets, and a capture of %d needs %d; DPDK has too little memory", m[1], capture, capture+ovsSpare)
	}
	return nil
}
