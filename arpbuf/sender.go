// SPDX-License-Identifier: Apache-2.0

package arpbuf

import (
	"github.com/parkway-gw/parkway/arpbuf/neighbor"
	"github.com/parkway-gw/parkway/internal/topology"
	"github.com/parkway-gw/parkway/internal/wire"
)

// A station that speaks for a MAC sends from it: a claim in an ARP sender field or an ND
// link-layer address option that is not the frame's Ethernet source goes past whatever
// the network has checked of that source, as port security does (the lesson of
// CVE-2023-5366). So it is counted and teaches nothing, with two exceptions. A virtual
// router may speak from its own MAC for its virtual one (VRRP, RFC 5798 §7.3; CARP has the
// same), and Config.AcceptForeignSender is for what remains: proxies that answer with
// another's MAC, and clusters that hide theirs, like network load balancing in unicast
// mode.

// foreign reports a claim of a MAC that its sender may not speak for.
func (r *Resolver) foreign(claimed, ethSrc topology.MAC) bool {
	return claimed != ethSrc && !r.cfg.AcceptForeignSender && !virtualRouter(claimed)
}

// virtualRouter reports a MAC of VRRP's: 00:00:5e:00:01 for IPv4, 02 for IPv6, and the
// virtual router's number.
func virtualRouter(m topology.MAC) bool {
	return m[0] == 0 && m[1] == 0 && m[2] == 0x5e && m[3] == 0 && (m[4] == 1 || m[4] == 2)
}

// foreignARP and foreignND refuse such a frame about key, counted.
func (r *Resolver) foreignARP(key neighbor.Key, a *wire.ARP) bool {
	if r.foreign(a.SenderMAC, a.EthSrc) {
		r.refuse(wire.ReasonARPSenderForeign)
		r.foreignAnswer(key, a.SenderMAC, a.EthSrc)
		return true
	}
	return false
}

func (r *Resolver) foreignND(key neighbor.Key, claimed topology.MAC, nd *wire.ND) bool {
	if r.foreign(claimed, nd.EthSrc) {
		r.refuse(wire.ReasonNDLinkForeign)
		r.foreignAnswer(key, claimed, nd.EthSrc)
		return true
	}
	return false
}

// foreignAnswer tells the operator why a next hop fails although it answers.
func (r *Resolver) foreignAnswer(key neighbor.Key, claimed, ethSrc topology.MAC) {
	if n := r.known(key); n != nil && !n.entry.State().Usable() {
		r.warn("foreign sender", "what speaks for a next hop that is needed is not believed: it comes from another MAC than it tells; "+
			"if that is a proxy, or a bond or cluster that hides its MAC, set neighbors.foreign_sender: accept",
			"router_port", r.ports.get(key.RouterPort).name(), "ip", key.IP, "mac", claimed.String(), "ethernet_source", ethSrc.String())
	}
}

// ForeignSenders is how many frames were refused for that.
func (s *Stats) ForeignSenders() uint64 {
	return s.Refused[wire.ReasonARPSenderForeign] + s.Refused[wire.ReasonNDLinkForeign]
}
