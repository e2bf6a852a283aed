// SPDX-License-Identifier: Apache-2.0

package wire

import (
	"net/netip"

	"github.com/parkway-gw/parkway/internal/topology"
)

// Broadcast is ff:ff:ff:ff:ff:ff.
var Broadcast = topology.MAC{0xff, 0xff, 0xff, 0xff, 0xff, 0xff}

// AllNodes is ff02::1, every IPv6 node on the link (RFC 4291 §2.7.1).
var AllNodes = netip.AddrFrom16([16]byte{0: 0xff, 1: 0x02, 15: 0x01})

// AllRouters is ff02::2, every IPv6 router on the link (RFC 4291 §2.7.1).
var AllRouters = netip.AddrFrom16([16]byte{0: 0xff, 1: 0x02, 15: 0x02})

// solicitedNode is ff02::1:ff00:0/104 (RFC 4291 §2.7.1).
var solicitedNode = netip.PrefixFrom(netip.AddrFrom16([16]byte{0: 0xff, 1: 0x02, 11: 0x01, 12: 0xff}), 104)

// SolicitedNodeGroup returns the solicited-node multicast group of an IPv6
// address: ff02::1:ffXX:XXXX with its low 24 bits (RFC 4291 §2.7.1). It returns
// the zero Addr for anything but IPv6.
func SolicitedNodeGroup(addr netip.Addr) netip.Addr {
	if !isV6(addr) {
		return netip.Addr{}
	}
	g, a := solicitedNode.Addr().As16(), addr.As16()
	copy(g[13:], a[13:])
	return netip.AddrFrom16(g)
}

// MulticastMAC returns the Ethernet address of an IP group: 33:33 and the low
// 32 bits for IPv6 (RFC 2464 §7), 01:00:5e and the low 23 bits for IPv4
// (RFC 1112 §6.4), broadcast for 255.255.255.255. ok is false, and the MAC
// zero, for an address that is no group.
func MulticastMAC(group netip.Addr) (mac topology.MAC, ok bool) {
	group = group.Unmap()
	switch {
	case group == limitedBroadcast:
		return Broadcast, true
	case !group.IsMulticast():
		return topology.MAC{}, false
	case group.Is4():
		a := group.As4()
		return topology.MAC{0x01, 0x00, 0x5e, a[1] & 0x7f, a[2], a[3]}, true
	default:
		a := group.As16()
		return topology.MAC{0x33, 0x33, a[12], a[13], a[14], a[15]}, true
	}
}

// LinkLocalFromMAC returns fe80::/64 with the modified EUI-64 interface
// identifier of mac (RFC 4291 appendix A): the universal/local bit flipped and
// ff:fe in the middle. OVN gives a router port its link-local address this way.
func LinkLocalFromMAC(mac topology.MAC) netip.Addr {
	return mac.LinkLocal()
}

var limitedBroadcast = netip.AddrFrom4([4]byte{255, 255, 255, 255})

// isV6 reports a proper IPv6 address; ::ffff:a.b.c.d never is one on a wire.
func isV6(a netip.Addr) bool { return a.Is6() && !a.Is4In6() }

// notAHost reports an address that can't be the source of a packet that
// deserves an answer: unspecified ("this network" 0/8 for IPv4), multicast,
// loopback, and IPv4 class E with the limited broadcast (RFC 1812 §4.3.2.7,
// §5.3.7; RFC 4443 §2.4(e.6)).
func notAHost(a netip.Addr) bool {
	if a.Is4() {
		b := a.As4()
		return b[0] == 0 || b[0] == 127 || b[0] >= 224
	}
	return !a.IsValid() || a.IsUnspecified() || a.IsLoopback() || a.IsMulticast()
}

// unusable reports a MAC that no single station owns.
func unusable(m topology.MAC) bool { return m.IsZero() || m.IsMulticast() }
