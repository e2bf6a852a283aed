// SPDX-License-Identifier: Apache-2.0

package target

import "fmt"

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
	ovsOther       = 192   // MiB of OVS's DPDK beyond pools
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
