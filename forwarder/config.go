// SPDX-License-Identifier: Apache-2.0

package forwarder

import (
	"errors"
	"fmt"
	"log/slog"
	"math/bits"
	"slices"
	"time"

	"github.com/parkway-gw/parkway/cgo"
	"github.com/parkway-gw/parkway/dpdk"
	"github.com/parkway-gw/parkway/internal/topology"
)

// Port is a DPDK port and what it is bound to.
type Port struct {
	Name   string
	Device string // DPDK devargs: "net_tap0,iface=vm1", "0000:03:00.0"

	// Attached is an existing port, such as one of rings, to use instead of
	// Device. New takes it: it is closed by Stop, or by New when that fails. It
	// must be stopped.
	Attached *dpdk.PortID

	IfaceID     string // name of the VIF switch port; or
	NetworkName string // network_name of localnet switch ports

	MTU uint16 // octets of IP packet; 0 leaves it to the port

	// RxQueues is how many receive queues to ask for; 0 is one per worker. A port
	// that has fewer gives what it has. net_tap always gets as many as it has
	// transmit queues.
	RxQueues int
}

// Config says what a Forwarder forwards, and with what. The zero value of a field
// means its default, where one is named.
type Config struct {
	EAL      *dpdk.EAL // running; required
	Ports    []Port
	Topology Topology // not to be changed while the Forwarder lives

	Workers []int // one worker for each CPU number; default: one, on the last allowed CPU

	// Adaptive lets an idle worker sleep until a packet comes; where a port of its own
	// can't wake it, which all but taps can't, MaxSleep at most (default 50 µs, below 1 s).
	// Otherwise workers poll without pause.
	Adaptive bool
	MaxSleep time.Duration

	Mbufs          int    // packets of the pool; default 16384, at least 1024
	RxDesc, TxDesc uint16 // descriptors per queue; default: the driver's wish

	// Park bounds each worker's parking; default 1024 next hops, 64 packets each, 4096 in
	// all. Gated takes effect when a switch port has ParkUntilUp; default 256, 256, 1024.
	Park         ParkConfig
	RingSize     int // of each ring to and from control, a power of two; default 1024
	MaxNeighbors int // beside those that the topology names; default 65536
	MaxMACs      int // MACs learned on ports that list unknown; default 65536

	Logger *slog.Logger // default slog.Default()
}

const (
	minMbufs   = 1024
	maxEntries = 1 << 24
	minMTU     = topology.MinMTU
	// Beyond this a frame with two VLAN tags exceeds an mbuf's 65,535 octets.
	maxMTU = 1<<16 - 1 - dpdk.Headroom - frameOverhead
	// frameOverhead is what a frame has beyond the IP packet: Ethernet header, two
	// VLAN tags and the frame check sequence.
	frameOverhead = 14 + 8 + 4
)

// Defaults returns the configuration that lacks only EAL, Ports and Topology.
func Defaults() Config {
	cfg := Config{Adaptive: true}
	return cfg.withDefaults()
}

func (c Config) withDefaults() Config {
	set := func(p *int, value int) {
		if *p == 0 {
			*p = value
		}
	}
	if len(c.Workers) == 0 {
		if cpus, err := dpdk.AllowedCPUs(); err == nil && cpus.Len() > 0 {
			c.Workers = cpus.List()[cpus.Len()-1:]
		}
	}
	if c.MaxSleep == 0 {
		c.MaxSleep = 50 * time.Microsecond
	}
	if c.Logger == nil {
		c.Logger = slog.Default()
	}
	set(&c.Mbufs, 16384)
	set(&c.Park.NextHops, 1024)
	set(&c.Park.PacketsPerNextHop, 64)
	set(&c.Park.MaxPackets, 4096)
	if c.gated() {
		set(&c.Park.Gated.NextHops, 256)
		set(&c.Park.Gated.PacketsPerNextHop, 256)
		set(&c.Park.Gated.MaxPackets, 1024)
	} else {
		c.Park.Gated = ParkLimits{}
	}
	set(&c.RingSize, 1024)
	set(&c.MaxNeighbors, 65536)
	set(&c.MaxMACs, 65536)
	return c
}

// gated reports whether packets may wait for a switch port.
func (c *Config) gated() bool {
	for i := range c.Topology.Switches {
		for j := range c.Topology.Switches[i].Ports {
			if c.Topology.Switches[i].Ports[j].ParkUntilUp {
				return true
			}
		}
	}
	return false
}

// check finds what no machine could run. What depends on the ports and on the
// topology comes later.
func (c *Config) check() error {
	if c.EAL == nil {
		return errors.New("forwarder: Config.EAL is missing; start one with dpdk.Start")
	}
	if len(c.Ports) > cgo.MaxPorts {
		return fmt.Errorf("forwarder: %d ports, %d at most", len(c.Ports), cgo.MaxPorts)
	}
	if n := len(c.Workers); n < 1 || n > cgo.MaxWorkers {
		return fmt.Errorf("forwarder: %d workers; 1 to %d are possible", n, cgo.MaxWorkers)
	}
	if c.MaxSleep < 0 || c.MaxSleep >= time.Second {
		return fmt.Errorf("forwarder: MaxSleep is %v; it must be below 1s", c.MaxSleep)
	}
	for _, b := range []struct {
		what           string
		is, least, max int
	}{
		{"Mbufs", c.Mbufs, minMbufs, maxEntries},
		{"Park.NextHops", c.Park.NextHops, 1, maxEntries},
		{"Park.PacketsPerNextHop", c.Park.PacketsPerNextHop, 1, maxEntries},
		{"Park.MaxPackets", c.Park.MaxPackets, 1, maxEntries},
		{"Park.Gated.NextHops", c.Park.Gated.NextHops, 0, maxEntries},
		{"Park.Gated.PacketsPerNextHop", c.Park.Gated.PacketsPerNextHop, 0, maxEntries},
		{"Park.Gated.MaxPackets", c.Park.Gated.MaxPackets, 0, maxEntries},
		{"RingSize", c.RingSize, cgo.Burst, maxEntries},
		{"MaxNeighbors", c.MaxNeighbors, 8, maxEntries},
		{"MaxMACs", c.MaxMACs, 8, maxEntries},
	} {
		if b.is < b.least || b.is > b.max {
			return fmt.Errorf("forwarder: %s is %d; %d to %d are possible", b.what, b.is, b.least, b.max)
		}
	}
	if bits.OnesCount(uint(c.RingSize)) != 1 {
		return fmt.Errorf("forwarder: RingSize is %d; it must be a power of two", c.RingSize)
	}
	return checkPorts(c.Ports)
}

// checkPorts finds ports that contradict themselves or each other.
func checkPorts(ports []Port) error {
	for i, p := range ports {
		if why := topology.CheckName(p.Name); why != "" {
			return fmt.Errorf("port %d: the name %s", i, why)
		}
		switch {
		case (p.Device == "") == (p.Attached == nil):
			return fmt.Errorf("port %q: give either Device or Attached", p.Name)
		case p.IfaceID != "" && p.NetworkName != "":
			return fmt.Errorf("port %q: it has both the iface_id %q and the network_name %q; a port is bound to one of them",
				p.Name, p.IfaceID, p.NetworkName)
		case p.MTU != 0 && (p.MTU < minMTU || int(p.MTU) > maxMTU):
			return fmt.Errorf("port %q: an MTU of %d; %d to %d are possible", p.Name, p.MTU, minMTU, maxMTU)
		case p.RxQueues < 0 || p.RxQueues > 1<<10:
			return fmt.Errorf("port %q: %d receive queues", p.Name, p.RxQueues)
		}
		for _, q := range ports[:i] {
			switch {
			case q.Name == p.Name:
				return fmt.Errorf("port %q: the name is used twice", p.Name)
			case p.IfaceID != "" && q.IfaceID == p.IfaceID:
				return fmt.Errorf("port %q: the iface_id %q is bound to port %q already", p.Name, p.IfaceID, q.Name)
			case p.NetworkName != "" && q.NetworkName == p.NetworkName:
				return fmt.Errorf("port %q: the network_name %q is bound to port %q already", p.Name, p.NetworkName, q.Name)
			case p.Attached != nil && q.Attached != nil && *p.Attached == *q.Attached:
				return fmt.Errorf("port %q: the attached port is that of port %q", p.Name, q.Name)
			}
		}
	}
	return nil
}

// sharedCPUs names the CPUs that have more than one worker.
func sharedCPUs(workers []int) []int {
	sorted := slices.Sorted(slices.Values(workers))
	var shared []int
	for i := 1; i < len(sorted); i++ {
		if sorted[i] == sorted[i-1] && !slices.Contains(shared, sorted[i]) {
			shared = append(shared, sorted[i])
		}
	}
	return shared
}
