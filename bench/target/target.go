// SPDX-License-Identifier: Apache-2.0

package target

import (
	"context"
	"errors"
	"time"

	"github.com/parkway-gw/parkway/bench/traffic"
)

// Target is a system under test. The harness calls Start, then in turn with other
// targets Resume, Packets, Worker and Pause, then Check and Stop; all from one
// goroutine. After Stop, whatever Start returned, nothing of it is left: no process,
// file, namespace or hugepage.
type Target interface {
	Name() string // as it stands in results: "parkway", "testpmd mac"

	// Start returns when packets flow as the scenario says. An error that is Unavailable
	// means that this machine lacks the system; the harness says so and goes on without.
	Start(context.Context, Scenario) error

	// Packets returns how many packets it has forwarded since Start.
	Packets() (forwarded uint64, err error)

	// Stop ends it; Stop of one that is not running does nothing.
	Stop() error
}

// Worker is a target that says how much CPU time the thread that forwards has had.
// Where the harness knows it, a figure is packets per second of that time: what
// somebody else took of the worker's CPU does not count.
type Worker interface {
	Worker() (time.Duration, error)
}

// Pauser is a target that can stand still while another has the worker's CPU. Others
// are stopped and started anew between windows.
type Pauser interface {
	Pause() error
	Resume() error
}

// Checker is a target that knows whether it lost something. Check is called before Stop.
type Checker interface {
	Check(context.Context) error
}

// Unavailable is the error of a system that this machine lacks.
type Unavailable struct {
	What string // "dpdk-testpmd"
	Mend string // "apt-get install dpdk"
}

func (e *Unavailable) Error() string {
	if e.Mend == "" {
		return e.What + " is not available here"
	}
	return e.What + " is not available here: " + e.Mend
}

// IsUnavailable says whether an error is that of a system which this machine lacks.
func IsUnavailable(err error) bool {
	var u *Unavailable
	return errors.As(err, &u)
}

// Family is the packets' network protocol.
type Family string

// Families. Mixed is half and half, packet by packet.
const (
	IPv4  Family = "ipv4"
	IPv6  Family = "ipv6"
	Mixed Family = "mixed"
)

// V4 says whether the family has IPv4 packets.
func (f Family) V4() bool { return f != IPv6 }

// V6 says whether the family has IPv6 packets.
func (f Family) V6() bool { return f == IPv6 || f == Mixed }

// Distribution says how packets fall on flows.
type Distribution string

// Distributions. Zipf has exponent 1.1: of 1M flows the first ten have a third.
const (
	Uniform Distribution = "uniform"
	Zipf    Distribution = "zipf"
)

// Memory is where DPDK's memory comes from, for every target of a scenario alike.
type Memory string

// Memory modes.
const (
	Hugepages Memory = "hugepages"
	NoHuge    Memory = "no-huge"
)

// Scenario is what every target of an arm is given: the traffic, the logical network
// that it crosses, and the machine's part in it. The network itself is Network's.
type Scenario struct {
	Name   string // fit for a file name: "routes-ipv4-64k"
	Family Family
	Sizes  []traffic.Share // frame sizes without FCS, in shares; see traffic.Fixed and traffic.IMIX
	Flows  int             // different 5-tuples
	Spread Distribution

	Routes    int // static routes, of each family; 0: packets go to connected neighbors
	Neighbors int // next hops behind the out port, of each family, all with a static MAC: gateways of the routes, or the hosts themselves

	Burst  int // packets per receive call; 0: what the system does by itself
	Memory Memory
	Seed   uint64 // of flows and routes: the same gives the same octets

	// What the harness fills in before Start.
	Pcap    string // the input: a capture whose packets repeat for ever
	Packets int    // in it
	In, Out string // the ports as DPDK device arguments, without the name's number: "net_pcap,rx_pcap=...,infinite_rx=1", "net_null,no-rx=1"
	Control int    // CPU of everything but the worker
	Worker  int    // CPU of the one that forwards
	Dir     string // a folder for this run's files; the harness makes and removes it

	Warmup time.Duration // after Start, before the first window
	Window time.Duration // of one sample
}
