// SPDX-License-Identifier: Apache-2.0

package config

import (
	"fmt"
	"math/bits"
	"net/netip"
	"strings"

	"github.com/parkway-gw/parkway/internal/topology"
)

// What the datapath is built with. Whoever sets these up uses these constants,
// so that the sums below are about the real thing.
const (
	RxDescriptors = 512 // per rx queue
	TxDescriptors = 512 // per tx queue
	MbufCache     = 256 // mempool cache per lcore; it may grow to one and a half times that before it flushes

	mbufReserve = 1024 // packets on their way through workers and control, and room for bursts
)

// Mbufs is where the packets of the pool can be, all at the same time, in
// packets. A pool that holds them all can't run out for receive, however many
// packets wait for a neighbor (DESIGN §5.3).
type Mbufs struct {
	Rx      int // rx descriptors
	Tx      int // tx descriptors
	Caches  int // mempool caches of workers and control
	Parked  int // arpbuf.max_packets of every worker; and gated.max_packets, if any port is gated
	Reserve int
	Pool    int // dpdk.mbufs
}

// MbufBudget does the sums for a configuration. Each worker and the control
// lcore have one tx queue on every port, and the port the rx queues that
// rx_queues says. A net_tap port has one queue of each kind per worker.
func MbufBudget(c *Config) Mbufs {
	lcores := len(c.CPU.Workers) + 1
	b := Mbufs{
		Caches:  lcores * MbufCache * 3 / 2,
		Parked:  len(c.CPU.Workers) * c.Arpbuf.MaxPackets,
		Reserve: mbufReserve,
		Pool:    c.DPDK.Mbufs,
	}
	if c.HasGates() {
		b.Parked += len(c.CPU.Workers) * c.Arpbuf.Gated.MaxPackets
	}
	for _, p := range c.Ports {
		rx, tx := p.RxQueues, lcores
		if strings.HasPrefix(p.Vdev, "net_tap") {
			rx, tx = len(c.CPU.Workers), len(c.CPU.Workers)
		}
		b.Rx += rx * RxDescriptors
		b.Tx += tx * TxDescriptors
	}
	return b
}

// Need is the smallest pool that holds everything.
func (b Mbufs) Need() int { return b.Rx + b.Tx + b.Caches + b.Parked + b.Reserve }

// Fits reports whether the pool is large enough.
func (b Mbufs) Fits() bool { return b.Need() <= b.Pool }

// Suggest is Need rounded up to whole thousands (of 1,024).
func (b Mbufs) Suggest() int { return (b.Need() + 1023) &^ 1023 }

func (b Mbufs) String() string {
	verb := "is enough for"
	if !b.Fits() {
		verb = "is too small: it must hold"
	}
	return fmt.Sprintf("a pool of %d mbufs %s %d = %d rx descriptors + %d tx descriptors + %d in caches + %d parked + %d reserve",
		b.Pool, verb, b.Need(), b.Rx, b.Tx, b.Caches, b.Parked, b.Reserve)
}

// Sizes of what lies in DPDK memory, in octets.
const (
	fibSize       = 32 * mib // rte_fib or rte_fib6 of one route table: DIR24_8's first table alone takes 16 to 32 MiB
	route4Size    = 320      // an IPv4 route in a large table: its node, and room to grow
	route6Size    = 3200     // likewise IPv6, which sets second-stage tables aside for each
	fewRoutes     = 1000     // fit into what fibSize has to spare
	neighborSize  = 256      // adjacency, hash entry and key
	parkEntrySize = 20       // one packet's place in a park ring, and its sender's
	parkRingSize  = 768      // a ring's state and key, its worker's way to find it, and control's hold on its drain
	memoryReserve = 32 * mib // EAL, ports, rings, counters

	mbufOverhead = 64 + 128 + 128 + 128 // mempool header, rte_mbuf, private area, headroom
	mbufDataRoom = 2048                 // RTE_MBUF_DEFAULT_DATAROOM
	frameExtra   = 14 + 2*4 + 4         // Ethernet, two VLAN tags, FCS
)

// Memory sums, in octets.
type MemorySums struct {
	Packets   uint64 // the mbuf pool
	Tables    uint64 // FIBs: one for each route table and family, and one for those with src-ip routes
	Neighbors uint64
	Parking   uint64 // park rings
	Reserve   uint64
	Size      uint64 // dpdk.memory.size
}

// MemoryBudget estimates what a configuration takes of dpdk.memory.size.
func MemoryBudget(c *Config) MemorySums {
	room := mbufDataRoom
	for _, p := range c.Ports {
		room = max(room, p.MTU+frameExtra)
	}
	b := MemorySums{
		Packets:   uint64(c.DPDK.Mbufs) * uint64(mbufOverhead+(room+63)&^63),
		Neighbors: uint64(c.Neighbors.MaxEntries) * neighborSize,
		Parking:   uint64(len(c.CPU.Workers)) * ringsSize(c.Arpbuf.MaxNexthops, c.Arpbuf.PacketsPerNexthop),
		Reserve:   memoryReserve,
		Size:      c.DPDK.Memory.Size,
	}
	if c.HasGates() {
		b.Parking += uint64(len(c.CPU.Workers)) * ringsSize(c.Arpbuf.Gated.MaxNexthops, c.Arpbuf.Gated.PacketsPerNexthop)
	}
	for i := range c.Topology.Routers {
		r := &c.Topology.Routers[i]
		b.Tables += uint64(r.FIBs())*fibSize + largeTables(r)
	}
	return b
}

// ringsSize is what so many park rings take. A ring's storage is a power of two.
func ringsSize(rings, packets int) uint64 {
	storage := uint64(1) << bits.Len(uint(packets-1))
	return uint64(rings) * (storage*parkEntrySize + parkRingSize)
}

// Need is the sum.
func (b MemorySums) Need() uint64 {
	return b.Packets + b.Tables + b.Neighbors + b.Parking + b.Reserve
}

// Reload is Need while a reload changes all routes: the tables are there twice.
func (b MemorySums) Reload() uint64 { return b.Need() + b.Tables }

// Fits reports whether dpdk.memory.size is large enough.
func (b MemorySums) Fits() bool { return b.Need() <= b.Size }

// Suggest is Need rounded up to 64 MiB.
func (b MemorySums) Suggest() uint64 { return (b.Need() + 64*mib - 1) &^ (64*mib - 1) }

func (b MemorySums) String() string {
	verb := "is enough for"
	if !b.Fits() {
		verb = "is too small: it must hold"
	}
	return fmt.Sprintf("DPDK memory of %s %s %s = %s packets + %s route tables + %s neighbors + %s park rings + %s reserve",
		sizeText(b.Size), verb, sizeText(b.Need()), sizeText(b.Packets), sizeText(b.Tables), sizeText(b.Neighbors), sizeText(b.Parking), sizeText(b.Reserve))
}

// largeTables is what many routes take beyond fibSize. Each may stand in every table that
// the router's ports look into.
func largeTables(r *topology.Router) (size uint64) {
	tables := map[string]bool{"": true}
	for i := range r.Ports {
		tables[r.Ports[i].RouteTable] = true
	}
	for _, v6 := range []bool{false, true} {
		each := uint64(route4Size)
		if v6 {
			each = route6Size
		}
		for table := range tables {
			n := uint64(0)
			for i := range r.StaticRoutes {
				if s := &r.StaticRoutes[i]; isIPv6(s.Prefix) == v6 && (s.RouteTable == "" || s.RouteTable == table) {
					n++
				}
			}
			if n > fewRoutes {
				size += n * each
			}
		}
	}
	return size
}

func isIPv6(p netip.Prefix) bool { return p.Addr().Is6() }
