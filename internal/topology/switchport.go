// SPDX-License-Identifier: Apache-2.0

package topology

import (
	"net/netip"
	"strings"
)

// DefaultFDBAge is the aging time of IEEE 802.1Q-2022 8.8.3, in seconds. OVN's default is
// never, which lets a table of bounded size fill up for good.
const DefaultFDBAge = 300

// DefaultBroadcast is the storm control of broadcast frames where nothing else is said, in
// frames per second. There is no use for more; multicast and unknown unicast may be a
// stream that somebody wants, so these have no limit unless one is set.
const DefaultBroadcast = 10000

// MaxPortSecurity bounds the elements of a port's port_security, and the addresses of one.
const MaxPortSecurity = 64

// MaxPortSecurityInAll is what the datapath has room for, over all ports.
const MaxPortSecurityInAll = 1<<16 - 1

// PortSecurity is one element of port_security: "MAC [IP[/LEN]…]". A host part that is not
// zero makes a prefix one address, whose network's broadcast address may be received.
type PortSecurity struct {
	MAC      MAC
	Prefixes []netip.Prefix // as written, not masked; a plain address has all its bits
}

// String is OVN's form of it.
func (s PortSecurity) String() string {
	words := []string{s.MAC.String()}
	for _, p := range s.Prefixes {
		if p.IsSingleIP() {
			words = append(words, p.Addr().String())
		} else {
			words = append(words, p.String())
		}
	}
	return strings.Join(words, " ")
}

// StormControl is how many frames per second a port may bring that go to many; 0 is
// without limit.
type StormControl struct {
	Broadcast, Multicast, UnknownUnicast uint32
}
