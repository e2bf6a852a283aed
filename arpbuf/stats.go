// SPDX-License-Identifier: Apache-2.0

package arpbuf

import (
	"github.com/parkway-gw/parkway/arpbuf/neighbor"
	"github.com/parkway-gw/parkway/internal/wire"
)

// Stats counts what the control lcore did, ever. Packets themselves are in
// cgo.Counters.
type Stats struct {
	Asks          uint64 // next hops that workers asked for
	ARPRequests   uint64 // sent, multicast and unicast
	Solicitations uint64 // NS sent, likewise

	UnicastARPRequests, UnicastSolicitations uint64 // the share of the two above that was unicast

	ARPReplies     uint64 // sent, for our own addresses
	Advertisements uint64 // NA sent, likewise

	ARPAnnouncements uint64 // gratuitous ARP sent, for our own addresses
	NDAnnouncements  uint64 // unsolicited NA sent, likewise

	ARPProbes        uint64 // sent, to find others with an address of ours
	DADSolicitations uint64 // likewise

	ProxyReplies        uint64 // ARP replies sent for addresses of arp_proxy
	ProxyAdvertisements uint64 // NA sent, likewise

	RouterSolicitations  uint64 // received, where we advertise
	RouterAdvertisements uint64 // sent

	EchoReplies    uint64
	TCPResets      uint64
	ICMPErrors     uint64
	RateLimited    uint64 // reports of packets that waited in vain, held back by a token bucket
	Drained        uint64 // parked packets that control itself sent
	Abandoned      uint64 // drains given up at a full transmit queue
	Conflicts      uint64 // frames of others with an address of ours
	Defended       uint64 // of these, how many were answered with an announcement
	ProbesDeferred uint64 // probes that had to wait for Config.ProbeRate
	NoSource       uint64 // not sent: the router port has no address of the family
	NoMbuf         uint64 // not sent: the pool was empty
	NoAdjacency    uint64 // next hops refused: no adjacency left
	BuildFailures  uint64 // not sent: too long for an mbuf, or of the wrong family

	Resolutions map[string]uint64 // waits that ended, by Resolution.Result

	Refused   [wire.NumReasons]uint64 // frames not believed, errors not sent, by wire.Reason
	Neighbors neighbor.Stats
}

// ReportsHeldBack is how many of Stats.RateLimited were about packets that came in by a
// router port, IPv4's and IPv6's. Any goroutine.
func (r *Resolver) ReportsHeldBack(routerPort uint16) (ipv4, ipv6 uint64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if int(routerPort) >= len(r.vain) {
		return 0, 0
	}
	return r.vain[routerPort][0].refused, r.vain[routerPort][1].refused
}

// Stats returns the counters. Any goroutine.
func (r *Resolver) Stats() Stats {
	r.mu.Lock()
	defer r.mu.Unlock()
	s := r.stats
	s.Resolutions = r.history.resolutions()
	s.Neighbors = r.table.Stats()
	return s
}
