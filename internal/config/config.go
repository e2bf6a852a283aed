// SPDX-License-Identifier: Apache-2.0

package config

import (
	"io/fs"
	"time"

	"github.com/parkway-gw/parkway/internal/topology"
)

// Config is a configuration file with every value parsed, every default
// applied and every check passed.
type Config struct {
	File      string // the name that was given to Load or Parse
	System    System
	DPDK      DPDK
	CPU       CPU
	Ports     []Port
	Topology  topology.Topology
	Arpbuf    Arpbuf
	Neighbors Neighbors
	Metrics   Metrics
	API       API
	Log       Log
	State     State

	Warnings []Problem // what is allowed but probably not meant; sorted by position
}

// System names this node.
type System struct {
	Name string // default: the host's name
}

// MemoryMode says where DPDK's memory comes from.
type MemoryMode string

const (
	MemoryAuto      MemoryMode = "auto"      // hugepages when there are enough, else ordinary pages
	MemoryHugepages MemoryMode = "hugepages" // hugepages or refuse
	MemoryNoHuge    MemoryMode = "no-huge"   // ordinary pages
)

// DPDK is what EAL is started with.
type DPDK struct {
	Memory   Memory
	Mbufs    int      // packets in the pool
	EALExtra []string // more EAL arguments, as they are
}

// Memory bounds DPDK's memory.
type Memory struct {
	Mode MemoryMode
	Size uint64 // octets, a whole number of MiB
}

// IdleMode says what a worker does when there are no packets.
type IdleMode string

const (
	IdlePoll     IdleMode = "poll"     // spin
	IdleAdaptive IdleMode = "adaptive" // sleep, at most MaxSleep at a time
)

// CPU says which CPUs do what.
type CPU struct {
	Control     int
	Workers     []int  // ascending
	WorkersText string // as written
	Idle        Idle
}

// Idle is the workers' idle behavior.
type Idle struct {
	Mode     IdleMode
	MaxSleep time.Duration
}

// Port is a DPDK port. Exactly one of Vdev, PCI and Netdev is set, and exactly
// one of IfaceID and NetworkName.
type Port struct {
	Name        string
	Vdev        string // EAL's name,key=value,… of a virtual device
	PCI         string // address with domain, and device arguments after a comma
	Netdev      string // the kernel's name of a NIC
	IfaceID     string // the switch port (type "") that this port is
	NetworkName string // the localnet network that this port leads to
	MTU         int    // octets of IP packet
	RxQueues    int
}

// Overflow says which packet goes when a park ring is full.
type Overflow string

const (
	OverflowDropOldest Overflow = "drop-oldest" // RFC 4861 §7.2.2's rule
	OverflowDropNewest Overflow = "drop-newest"
)

// AgeFrom says what starts the clock of Arpbuf.MaxAge.
type AgeFrom string

const (
	AgeFromArrival    AgeFrom = "arrival"     // each packet's own, never set back
	AgeFromLastPacket AgeFrom = "last-packet" // every packet sets it back for all that wait with it, as OVN does
)

// FailureAction says what the senders of parked packets hear when nobody
// answers.
type FailureAction string

const (
	FailureICMP   FailureAction = "icmp-unreachable"
	FailureSilent FailureAction = "silent"
)

// Arpbuf bounds parking.
type Arpbuf struct {
	Profile           string // "default" or "ovn": where the other defaults come from
	PacketsPerNexthop int    // per worker
	MaxNexthops       int
	MaxPackets        int // per worker
	MaxAge            time.Duration
	AgeFrom           AgeFrom
	Overflow          Overflow
	OnFailure         FailureAction
	Gated             Gated
}

// Gated bounds event-gated parking: packets for switch ports with park_until. They
// take nothing of what Arpbuf has for next hops. Each bound is per worker.
type Gated struct {
	PacketsPerNexthop int
	MaxNexthops       int // addresses of gated ports that packets wait for
	MaxPackets        int
	MaxAge            time.Duration // from each packet's arrival
}

// Neighbors sets the neighbor state machine (RFC 4861 §10).
type Neighbors struct {
	RetransTime       time.Duration
	McastSolicit      int
	UcastSolicit      int
	BaseReachableTime time.Duration
	FailedHoldoff     time.Duration // the first; it doubles
	MaxEntries        int
	Announcements     int  // rounds of gratuitous ARP and unsolicited NA at start and link up; 0 is none
	MaxMoves          int  // changes of a neighbor's MAC within 10 s that are believed; 0 is all
	ManageRoutes      bool // next hops of routes are resolved without traffic, and stay so
	ProbeRate         int  // multicast ARP requests and solicitations per second and router port

	DuplicateDetection DuplicateDetection // of the router's own addresses
	ForeignSender      ForeignSender
}

// DuplicateDetection says how own addresses are checked for others that have them.
type DuplicateDetection string

const (
	DetectOff    DuplicateDetection = "off"    // not at all
	DetectReport DuplicateDetection = "report" // while they are in use
	DetectStrict DuplicateDetection = "strict" // before they are used
)

// ForeignSender says what becomes of ARP and ND that speak for another MAC than the
// frame's source.
type ForeignSender string

const (
	ForeignRefuse ForeignSender = "refuse" // nothing is learned, but from virtual routers
	ForeignAccept ForeignSender = "accept"
)

// Metrics is the Prometheus endpoint.
type Metrics struct {
	Listen string // host:port; empty is off
}

// State is where the gateway keeps what it has learned from one run to the next.
type State struct {
	Dir string // one gateway's own; empty is off
}

// API is the unix socket that the command line talks to.
type API struct {
	Socket   string
	Mode     fs.FileMode
	FromFlag bool // Socket is the command line's, whatever the file says
}

// LogFormat is the form of log lines.
type LogFormat string

const (
	LogAuto LogFormat = "auto" // text on a terminal, else JSON
	LogText LogFormat = "text"
	LogJSON LogFormat = "json"
)

// LogLevel is the least severe level that is logged.
type LogLevel string

const (
	LogDebug LogLevel = "debug"
	LogInfo  LogLevel = "info"
	LogWarn  LogLevel = "warn"
	LogError LogLevel = "error"
)

// Log sets the daemon's log.
type Log struct {
	Format LogFormat
	Level  LogLevel
}
