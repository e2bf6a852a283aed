// SPDX-License-Identifier: Apache-2.0

package target

// What DPDK memory a scenario takes. Every target gets as much, so that none has larger
// pages or a better place than another.
const (
	mib = 1 << 20

	mbufSize    = 2560  // octets of one packet of a pool: 2,048 of data, and what describes it
	spareMbufs  = 16384 // descriptors, caches, bursts, and what may be parked
	routeSize4  = 512
	routeSize6  = 4096
	tableSize   = 80 * mib // two FIBs of one family
	neighborMem = 512
	reserveMem  = 160 * mib
)

// Mbufs is how many packets the pool needs: net_pcap with infinite_rx keeps one for each
// of the capture, for ever.
func (s Scenario) Mbufs() int { return s.packets() + spareMbufs }

func (s Scenario) packets() int {
	if s.Packets > 0 {
		return s.Packets
	}
	return s.Network().Traffic().Packets()
}

// MemorySize is the DPDK memory of one target, in octets, in whole hugepages of 2 MiB.
func (s Scenario) MemorySize() uint64 {
	n := uint64(s.Mbufs())*mbufSize + uint64(s.Neighbors)*neighborMem + reserveMem
	if s.Family.V4() {
		n += tableSize + uint64(s.Routes)*routeSize4
	}
	if s.Family.V6() {
		n += tableSize + uint64(s.Routes)*routeSize6
	}
	return (n + 2*mib - 1) / (2 * mib) * (2 * mib)
}
