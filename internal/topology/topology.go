// SPDX-License-Identifier: Apache-2.0

package topology

import (
	"fmt"
	"net"
	"net/netip"
)

// MAC is an Ethernet address. Unlike net.HardwareAddr it compares with == and
// serves as a map key.
type MAC [6]byte

// ParseMAC reads six colon-separated octets, the form that OVN uses.
func ParseMAC(s string) (MAC, error) {
	hw, err := net.ParseMAC(s)
	if err != nil || len(hw) != 6 {
		return MAC{}, fmt.Errorf("%q is not an Ethernet address; write six octets such as 00:00:01:ff:00:01", s)
	}
	return MAC(hw), nil
}

func (m MAC) String() string { return net.HardwareAddr(m[:]).String() }

// LinkLocal is the IPv6 address that a router port makes of its MAC (RFC 4291 appendix A).
func (m MAC) LinkLocal() netip.Addr {
	return netip.AddrFrom16([16]byte{0: 0xfe, 1: 0x80, 8: m[0] ^ 2, 9: m[1], 10: m[2], 11: 0xff,
		12: 0xfe, 13: m[3], 14: m[4], 15: m[5]})
}

// IsMulticast reports the group bit, which broadcast has set too (IEEE 802).
func (m MAC) IsMulticast() bool { return m[0]&1 != 0 }

// IsZero reports 00:00:00:00:00:00.
func (m MAC) IsZero() bool { return m == MAC{} }

// PortType says what a switch port connects to (OVN's Logical_Switch_Port.type).
type PortType uint8

const (
	PortVIF      PortType = iota // "": a port of this node, bound by iface_id
	PortRouter                   // "router": one end of a cable to a router port
	PortLocalnet                 // "localnet": the physical network, bound by network_name
)

// String returns OVN's word for the type; a VIF's is the empty string.
func (t PortType) String() string {
	switch t {
	case PortRouter:
		return "router"
	case PortLocalnet:
		return "localnet"
	default:
		return ""
	}
}

// Topology is the whole logical network of one node.
type Topology struct {
	Switches          []Switch
	Routers           []Router
	StaticMACBindings []StaticMACBinding
	Meters            []Meter
	CoPP              []CoPP
	AddressSets       []AddressSet // that policies' matches may name
}

// Switch is a logical switch: one broadcast domain.
type Switch struct {
	Name  string
	Ports []SwitchPort

	// FDBAgeThreshold is after how many seconds a learned MAC that was not heard is
	// forgotten (other_config:fdb_age_threshold); 0 is never.
	FDBAgeThreshold uint32
}

// SwitchPort is a logical switch port (LSP). Names are unique over the whole
// topology, as in OVN.
type SwitchPort struct {
	Name      string
	Type      PortType
	Addresses []PortAddress // known hosts behind the port; never includes "unknown". Empty for PortRouter: the peer's MAC
	Unknown   bool          // "unknown" was listed: learn MACs here and flood unknown unicast to it

	// ParkUntilUp lets routed packets for Addresses wait until somebody behind the
	// port is heard (park_until: up). PortVIF only.
	ParkUntilUp bool

	PortSecurity []PortSecurity // what may be sent and received; empty is everything
	StormControl StormControl
	MACLimit     int  // MACs that may be learned here at a time (options:mac_limit); 0 is no limit
	NoARPNDRsp   bool // the switch does not answer for Addresses (options:disable_arp_nd_rsp)

	RouterPort  string // PortRouter: options.router-port, the peer's name
	NetworkName string // PortLocalnet: options.network_name
	Tag         uint16 // PortLocalnet: VLAN id 1..4094, 0 for untagged

	// ARPProxy are addresses that the router port answers ARP and ND questions for
	// (options.arp_proxy), masked; ARPProxyMAC the MAC written before them, zero for
	// none. PortRouter only.
	ARPProxy    []netip.Prefix
	ARPProxyMAC MAC
}

// PortAddress is one "MAC IP…" entry of a switch port's addresses.
type PortAddress struct {
	MAC MAC
	IPs []netip.Addr
}

// Router is a logical router.
type Router struct {
	Name         string
	Options      RouterOptions
	Ports        []RouterPort
	StaticRoutes []StaticRoute
	CoPP         string // name of a row of Topology.CoPP; empty is DefaultLimits
	Policies     []Policy
}

// RouterOptions are the router's options that Parkway reads, with OVN's names.
type RouterOptions struct {
	// AlwaysLearnFromARPRequest creates a neighbor from any ARP request or
	// neighbor solicitation seen on a router port, not only from those aimed
	// at the router. OVN's default, and ours, is true.
	AlwaysLearnFromARPRequest bool
	// LearnFromUnsolicitedNA creates a neighbor from the advertisement of a host that is
	// not known (RFC 9131 §6.1). OVN has no option for it; the default is that of
	// AlwaysLearnFromARPRequest.
	LearnFromUnsolicitedNA bool
	// MACBindingAgeThreshold says when an unused neighbor is forgotten, in OVN's own
	// syntax: seconds, or a ;-separated list of CIDR:seconds ending in a default.
	// Empty is off. See ParseAgeThreshold.
	MACBindingAgeThreshold string
	// ICMPErrorsFromEgress gives IPv4 errors the address of the port that they leave by,
	// instead of the one that the packet came in by: Linux's
	// icmp_errors_use_inbound_ifaddr, turned off.
	ICMPErrorsFromEgress bool
}

// RouterPort is a logical router port (LRP).
type RouterPort struct {
	Name       string
	MAC        MAC
	Networks   []netip.Prefix // the port's own addresses with their prefix lengths; bits are not masked
	GatewayMTU uint16         // options.gateway_mtu in octets of IP packet; 0 is unlimited
	RA         RAConfigs      // ipv6_ra_configs

	// RouteTable is options.route_table: packets that enter by this port look there
	// before they look into the main table. Empty is the main table alone.
	RouteTable string
}

// StaticMACBinding fixes a neighbor that must never be asked for or learned.
type StaticMACBinding struct {
	LogicalPort string // router port name
	IP          netip.Addr
	MAC         MAC
}
