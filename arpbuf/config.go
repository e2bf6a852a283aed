// SPDX-License-Identifier: Apache-2.0

package arpbuf

import (
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/parkway-gw/parkway/dpdk"
)

// OnFailure says what senders hear of packets that waited in vain.
type OnFailure uint8

const (
	// ICMPUnreachable reports: IPv4 host unreachable for one parked packet
	// (RFC 1812 §3.3.2), ICMPv6 address unreachable for each (RFC 4861 §7.2.2).
	ICMPUnreachable OnFailure = iota
	// Silent reports nothing.
	Silent
)

// Clock tells the time. It must be monotonic; time.Now is.
type Clock interface {
	Now() time.Time
}

type systemClock struct{}

func (systemClock) Now() time.Time { return time.Now() }

// Config says how a Resolver behaves. DefaultConfig has DESIGN's values; only EAL
// and CPUs have no default, and only Run needs them.
type Config struct {
	EAL  *dpdk.EAL
	CPUs dpdk.CPUSet // of the control lcore

	MaxAge      time.Duration // longest time in a park ring, from arrival; 0 is unlimited
	GatedMaxAge time.Duration // the same for packets that wait for a switch port
	RearmAge    bool          // ages count from the arrival of the ring's newest packet, as OVN's do
	OnFailure   OnFailure

	RetransTime       time.Duration // between probes
	McastSolicit      int           // probes before a next hop is FAILED
	UcastSolicit      int           // unicast probes before a stale one is
	BaseReachableTime time.Duration // how long an answer holds, × U(0.5, 1.5)
	FailedHoldoff     time.Duration // FAILED lasts this long, doubling
	MaxFailedHoldoff  time.Duration // up to this
	MaxEntries        int           // learned neighbors
	Remember          time.Duration // how long an unused neighbor is remembered to have answered
	Announcements     int           // rounds of gratuitous ARP and unsolicited NA at start and link up, a second apart; 0 is none
	ManageRoutes      bool          // next hops of routes are resolved without traffic, and stay so
	MaxMoves          int           // changes of a neighbor's MAC within 10 s that are believed; 0 is all
	ProbeRate         float64       // multicast ARP requests and NS per second and router port, and their burst

	DuplicateDetection  DuplicateDetection // of the router's own addresses
	AcceptForeignSender bool               // ARP and ND may speak for another MAC than the frame's source

	UnreachableBurst int // reports of packets that waited in vain, at once: a full ring's worth

	Saved []SavedNeighbor // what an earlier life has left: Resolver.Save

	MaxSleep time.Duration // half of the longest sleep between two looks at a drain that its worker has yet to end

	Logger *slog.Logger
	Clock  Clock
}

// DefaultConfig returns the values of DESIGN §5.
func DefaultConfig() Config {
	return Config{
		MaxAge:             3 * time.Second,
		GatedMaxAge:        time.Minute,
		RetransTime:        time.Second,
		McastSolicit:       3,
		UcastSolicit:       3,
		BaseReachableTime:  30 * time.Second,
		FailedHoldoff:      5 * time.Second,
		MaxFailedHoldoff:   60 * time.Second,
		MaxEntries:         65536,
		Remember:           10 * time.Minute,
		Announcements:      3,
		ProbeRate:          1000,
		ManageRoutes:       true,
		MaxMoves:           5,
		DuplicateDetection: DetectReport,
		UnreachableBurst:   64,
		MaxSleep:           50 * time.Microsecond,
		Logger:             slog.Default(),
		Clock:              systemClock{},
	}
}

// complete fills in what has a default and refuses what can't work.
func (c *Config) complete() error {
	if c.Logger == nil {
		c.Logger = slog.Default()
	}
	if c.Clock == nil {
		c.Clock = systemClock{}
	}
	if c.MaxSleep <= 0 {
		c.MaxSleep = 50 * time.Microsecond
	}
	if c.MaxFailedHoldoff == 0 {
		c.MaxFailedHoldoff = max(60*time.Second, c.FailedHoldoff)
	}
	for _, f := range []struct {
		name string
		ok   bool
	}{
		{"MaxAge", c.MaxAge >= 0},
		{"GatedMaxAge", c.GatedMaxAge >= 0},
		{"RetransTime", c.RetransTime > 0},
		{"McastSolicit", c.McastSolicit > 0},
		{"UcastSolicit", c.UcastSolicit > 0},
		{"BaseReachableTime", c.BaseReachableTime > 0},
		{"FailedHoldoff", c.FailedHoldoff > 0},
		{"MaxFailedHoldoff", c.MaxFailedHoldoff >= c.FailedHoldoff},
		{"MaxEntries", c.MaxEntries > 0},
		{"Remember", c.Remember > 0},
		{"Announcements", c.Announcements >= 0},
		{"ProbeRate", c.ProbeRate > 0},
		{"MaxMoves", c.MaxMoves >= 0},
		{"DuplicateDetection", c.DuplicateDetection <= DetectStrict},
		{"UnreachableBurst", c.UnreachableBurst >= 0},
	} {
		if !f.ok {
			return fmt.Errorf("arpbuf: Config.%s is out of range; start from DefaultConfig", f.name)
		}
	}
	if c.OnFailure > Silent {
		return errors.New("arpbuf: Config.OnFailure is neither ICMPUnreachable nor Silent")
	}
	return nil
}
