// SPDX-License-Identifier: Apache-2.0

package golden

import (
	"slices"

	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"
)

const (
	everybody = "ff:ff:ff:ff:ff:ff"
	routerA   = "02:00:00:ff:00:0a" // lrp-a, 10.0.1.1 and 2001:db8:1::1
	routerB   = "02:00:00:ff:00:0b" // lrp-b, 10.0.2.1 and 2001:db8:2::1
	hostA     = "02:00:00:00:0a:02" // 10.0.1.2 and 2001:db8:1::2
	hostB     = "02:00:00:00:0b:02" // 10.0.2.2 and 2001:db8:2::2
	a4, b4    = "10.0.1.2", "10.0.2.2"
	a6, b6    = "2001:db8:1::2", "2001:db8:2::2"
	world4    = "198.51.100.7"
	world6    = "2001:db8:ffff::7"
)

// cases are what arrives, by case and port. The folder of the same name below
// testdata has the configuration and what must come of it.
var cases = map[string]map[string][][]byte{
	"routed": {
		"p-a": {
			udp4(routerA, hostA, a4, b4),
			udp4(routerA, hostA, a4, b4, ttl(2)),
			udp4(routerA, hostA, a4, b4, func(h *layers.IPv4) { h.TOS, h.Flags = 0xb8, layers.IPv4DontFragment }),
			udp4(routerA, hostA, a4, b4, func(h *layers.IPv4) { // record route: forwarded untouched
				h.Options = []layers.IPv4Option{{OptionType: 7, OptionLength: 7, OptionData: []byte{4, 0, 0, 0, 0}}, {OptionType: 0, OptionLength: 1}}
			}),
			frame(ether(routerA, hostA, ip4), v4(a4, b4, func(h *layers.IPv4) { h.Flags, h.Id = layers.IPv4MoreFragments, 9 }), udp(1, 2), text(56)),
			frame(ether(routerA, hostA, ip4), v4(a4, b4, func(h *layers.IPv4) { h.FragOffset, h.Id = 8, 9 }), text(20)),
			frame(ether(routerA, hostA, ip4), v4(a4, b4, func(h *layers.IPv4) { h.Protocol = layers.IPProtocolTCP }),
				&layers.TCP{SrcPort: 4000, DstPort: 80, Seq: 1, SYN: true, Window: 65535}),
			slices.Concat(udp4(routerA, hostA, a4, b4), []byte("Ethernet padding")), // which ends here
			ping4(routerA, hostA, a4, b4, 1),
			udp4(routerA, hostA, a4, world4), // through the next hop
			udp6(routerA, hostA, a6, b6),
			udp6(routerA, hostA, a6, b6, hop(2), func(h *layers.IPv6) { h.TrafficClass, h.FlowLabel = 0xb8, 0xabcde }),
			frame(ether(routerA, hostA, ip6), v6(a6, b6, func(h *layers.IPv6) { h.NextHeader = layers.IPProtocolIPv6Fragment }),
				gopacket.Payload{17, 0, 2, 0, 0, 0, 0, 7}, text(24)),
			slices.Concat(udp6(routerA, hostA, a6, b6), []byte("Ethernet padding")),
			ping6(routerA, hostA, a6, b6, 1),
			udp6(routerA, hostA, a6, world6),
			frame(ether(routerA, hostA, ip4), v4(a4, b4), udp(4000, 9), text(1472)), // as long as the MTU lets
		},
		"p-ext": {
			udp4("02:00:00:ff:00:0e", "02:00:00:00:0e:fe", world4, a4),
			udp6("02:00:00:ff:00:0e", "02:00:00:00:0e:fe", world6, b6),
		},
	},
	// What a switch learns reaches its table through control, at its time, so no
	// frame here is for an address that another one taught.
	"switched": {
		"p-a": {
			udp4(hostB, hostA, "10.0.1.2", "10.0.1.3"),                                                  // known
			udp4("02:00:00:00:0c:99", hostA, "10.0.1.2", "10.0.1.4"),                                    // to where strangers live
			whoHas(everybody, hostA, "10.0.1.2", "10.0.1.3"),                                            // the switch answers
			udp4("01:00:5e:00:00:fb", hostA, "10.0.1.2", "224.0.0.251"),                                 // to all
			frame(ether("33:33:00:00:00:fb", hostA, ip6), v6(a6, "ff02::fb"), udp(5353, 5353), text(9)), // to all
			frame(ether(hostB, hostA, layers.EthernetType(0x88b5)), text(50)),                           // not even IP
		},
		"p-b": {udp4(hostA, hostB, "10.0.1.3", "10.0.1.2")},
		"p-c": {
			udp4(hostA, "02:00:00:00:0c:05", "10.0.1.5", "10.0.1.2"),
			whoHas(everybody, "02:00:00:00:0c:05", "10.0.1.5", "10.0.1.9"),
		},
	},
	"vlan": {
		"p-a": {
			udp4(routerA, hostA, a4, "192.0.2.9"),
			udp4(routerA, hostA, a4, "198.51.100.1"),
			udp6(routerA, hostA, a6, "2001:db8:64::9"),
		},
		"p-trunk": {
			frame(ether("02:00:00:ff:00:64", "02:00:00:00:64:09", vlan), tag(100, 0, ip4), v4("192.0.2.9", a4), udp(1, 2), text(20)),
			frame(ether("02:00:00:ff:00:64", "02:00:00:00:64:09", vlan), tag(100, 5, ip4), v4("192.0.2.9", "198.51.100.1"), udp(1, 2), text(20)), // from VLAN to VLAN; the priority is not carried over
			frame(ether("02:00:00:ff:00:c8", "02:00:00:00:c8:01", vlan), tag(200, 0, ip6), v6("2001:db8:c8::1", a6), udp(1, 2), text(20)),
			frame(ether(everybody, "02:00:00:00:64:09", vlan), tag(100, 0, arp), &layers.ARP{
				AddrType: layers.LinkTypeEthernet, Protocol: ip4, HwAddressSize: 6, ProtAddressSize: 4, Operation: layers.ARPRequest,
				SourceHwAddress: mac("02:00:00:00:64:09"), SourceProtAddress: ip("192.0.2.9"), DstHwAddress: make([]byte, 6), DstProtAddress: ip("192.0.2.1"),
			}),
		},
	},
	"drops": {
		"p-a": drops(),
		"p-d": {whoHas(everybody, "02:00:00:00:0d:04", "10.0.4.4", "10.0.4.5")}, // l2_no_receiver
	},
	// a may be 10.0.1.2 alone, and b speaks to it as who it is and as who it is not.
	"port-security": {
		"p-a": {
			udp4(hostB, hostA, a4, "10.0.1.3"),
			udp4(hostB, "02:00:00:00:0a:09", a4, "10.0.1.3"), // port_sec_mac
			udp4(hostB, hostA, "10.0.1.9", "10.0.1.3"),       // port_sec_ip
			whoHas(everybody, hostA, "10.0.1.9", "10.0.1.3"), // port_sec_arp
			whoHas(everybody, hostA, a4, "10.0.1.3"),         // which the switch answers
			solicit(hostA, a6, "2001:db8:1::99"),
			changed(solicit(hostA, a6, "2001:db8:1::99"), 14+40+24+7, 9),                                              // port_sec_nd: for another MAC
			frame(ether(hostB, hostA, vlan), tag(0, 0, vlan), tag(9, 0, ip4), v4(a4, "10.0.1.3"), udp(1, 2), text(9)), // l2_inner_tag
			frame(ether(hostB, hostA, ip4), v4(a4, "10.0.1.3"), udp(1, 2), text(1473)),                                // out_mtu
		},
		"p-b": {
			udp4(hostA, hostB, "10.0.1.3", a4),
			udp4(hostA, hostB, "10.0.1.3", "10.0.1.9"),       // port_sec_out_ip
			udp4("02:00:00:00:0a:08", hostB, "10.0.1.3", a4), // port_sec_out_mac
		},
	},
	"answers": {
		"p-a": {
			whoHas(everybody, hostA, a4, "10.0.1.1"),
			whoHas(routerA, hostA, a4, "10.0.1.1"),   // confirming what it has
			whoHas(everybody, hostA, a4, "10.0.1.7"), // somebody else's to answer
			solicit(hostA, a6, "2001:db8:1::1"),
			solicit(hostA, "fe80::ff:fe00:a02", "fe80::ff:feff:a"),
			ping4(routerA, hostA, a4, "10.0.1.1", 1),
			ping4(routerA, hostA, a4, "10.0.2.1", 2), // the far side
			ping4(routerA, hostA, a4, "10.0.1.1", 3, ttl(1)),
			ping6(routerA, hostA, a6, "2001:db8:1::1", 1),
			ping6(routerA, hostA, a6, "2001:db8:2::1", 2),
			ping6(routerA, hostA, "fe80::ff:fe00:a02", "fe80::ff:feff:a", 3),
			udp4(routerA, hostA, a4, "10.0.2.1"), // port unreachable, from there
			udp6(routerA, hostA, a6, "2001:db8:1::1"),
			tcp4(a4, "10.0.1.1"), // resets
			tcp6(a6, "2001:db8:2::1"),
			tcp4(a4, "10.0.2.1", func(s *layers.TCP) { s.SYN, s.ACK, s.Ack = false, true, 4711 }),
			tcp4(a4, "10.0.1.1", func(s *layers.TCP) { s.SYN, s.RST = false, true }),                                   // local_unsupported: never a reset for a reset
			frame(ether(routerA, hostA, ip4), v4(a4, "10.0.1.1", func(h *layers.IPv4) { h.Protocol = 132 }), text(24)), // protocol unreachable
			frame(ether(routerA, hostA, ip6), v6(a6, "2001:db8:1::1", func(h *layers.IPv6) { h.NextHeader = 132 }), text(24)), // unrecognized next header, pointer 6
			frame(ether(routerA, hostA, ip6), v6(a6, "2001:db8:1::1", func(h *layers.IPv6) { h.NextHeader = 60 }),
				gopacket.Payload{17, 0, 0x9e, 4, 0, 0, 0, 0}, text(24)), // unrecognized option, pointer 42
			frame(ether(routerA, hostA, ip4), v4(a4, "10.0.1.1", func(h *layers.IPv4) { h.Flags = layers.IPv4MoreFragments }), udp(1, 2), text(56)), // local_fragment
		},
		"p-b": {
			whoHas(everybody, hostB, b4, "10.0.2.1"),
			ping4(routerB, hostB, b4, "10.0.1.1", 9),
		},
	},
	"icmp-errors": {
		"p-a": {
			udp4(routerA, hostA, a4, b4, ttl(1)),
			udp4(routerA, hostA, a4, world4), // no route
			frame(ether(routerA, hostA, ip4), v4(a4, b4, func(h *layers.IPv4) { h.Flags = layers.IPv4DontFragment }), udp(1, 2), text(1373)),
			udp4(routerA, hostA, a4, "10.0.2.77"), // nobody there: host unreachable, after the probes, for one of them
			udp4(routerA, hostA, a4, "10.0.2.77"),
			udp4(routerA, hostA, a4, b4, ttl(1), func(h *layers.IPv4) { h.FragOffset = 8 }), // about a later fragment: nothing
			frame(ether(routerA, hostA, ip4), v4(a4, b4, ttl(1), func(h *layers.IPv4) { h.Protocol = layers.IPProtocolICMPv4 }),
				&layers.ICMPv4{TypeCode: layers.CreateICMPv4TypeCode(layers.ICMPv4TypeDestinationUnreachable, 1)}, text(28)), // about an error: nothing
			udp6(routerA, hostA, a6, b6, hop(1)),
			udp6(routerA, hostA, a6, world6),
			frame(ether(routerA, hostA, ip6), v6(a6, b6), udp(1, 2), text(1353)),
			udp6(routerA, hostA, a6, "2001:db8:2::77"), // address unreachable, for each of them
			udp6(routerA, hostA, a6, "2001:db8:2::77"),
		},
	},
	// Through a router port with an MTU of 576.
	"fragments": {
		"p-a": {
			frame(ether(routerA, hostA, ip4), v4(a4, b4), udp(1, 2), text(548)), // fits
			frame(ether(routerA, hostA, ip4), v4(a4, b4), udp(1, 2), text(549)),
			frame(ether(routerA, hostA, ip4), v4(a4, b4), udp(1, 2), text(1472)),
			frame(ether(routerA, hostA, ip4), v4(a4, b4), udp(1, 2), text(5000)), // comes in a chain of mbufs
			frame(ether(routerA, hostA, ip4), v4(a4, b4, func(h *layers.IPv4) { h.Flags, h.FragOffset = layers.IPv4MoreFragments, 64 }), text(800)),
			frame(ether(routerA, hostA, ip4), v4(a4, b4, func(h *layers.IPv4) { // record route stays behind, router alert goes with all
				h.Options = []layers.IPv4Option{{OptionType: 7, OptionLength: 7, OptionData: []byte{4, 0, 0, 0, 0}}, {OptionType: 1, OptionLength: 1},
					{OptionType: 148, OptionLength: 4, OptionData: []byte{0, 0}}}
			}), udp(1, 2), text(1200)),
			frame(ether(routerA, hostA, ip4), v4(a4, b4, func(h *layers.IPv4) { h.FragOffset = 8190 }), text(600)), // ip_unfragmentable
			udp4(routerA, hostA, a4, b4),
		},
	},
	"ecmp":   {"p-a": flows()},
	"routes": {"p-a": routeChoices()},
	"two-routers": {
		"p-a": {
			udp4(routerA, hostA, a4, b4), // east to west: two routers, TTL 62
			udp6(routerA, hostA, a6, b6),
			udp4(routerA, hostA, a4, b4, ttl(2)), // ends at the second, which says so
			udp6(routerA, hostA, a6, b6, hop(2)),
			ping4(routerA, hostA, a4, "100.64.0.2", 1), // the second router's own
			ping6(routerA, hostA, a6, "2001:db8:ff::2", 1),
			udp4(routerA, hostA, a4, "203.0.113.5"), // each takes the other for the way
			udp6(routerA, hostA, a6, "2001:db8:dead::5"),
		},
		"p-b": {udp4(routerB, hostB, b4, a4)},
	},
}

// flows are 64 of each family, and each again: equal flows go one way.
func flows() (out [][]byte) {
	for range 2 {
		for port := range uint16(64) {
			out = append(out,
				frame(ether(routerA, hostA, ip4), v4(a4, world4), udp(4000+port, 53), text(8)),
				frame(ether(routerA, hostA, ip6), v6(a6, world6), udp(4000+port, 53), text(8)))
		}
	}
	return out
}

// drops has a frame for every reason that one frame alone can meet and that no
// other case has.
func drops() [][]byte {
	good4, good6 := udp4(routerA, hostA, a4, b4), udp6(routerA, hostA, a6, b6)
	to := func(dst string) []byte { return udp4(routerA, hostA, a4, dst) }
	from := func(src string) []byte { return udp4(routerA, hostA, src, b4) }
	to6 := func(dst string) []byte { return udp6(routerA, hostA, a6, dst) }
	from6 := func(src string) []byte { return udp6(routerA, hostA, src, b6) }
	const l3 = 14 // where the IP header begins
	return [][]byte{
		good4[:10],                               // l2_truncated
		changed(good4, 6, 0, 0, 0, 0, 0, 0),      // l2_bad_source: nobody
		changed(good4, 6, 1),                     // l2_bad_source: a group
		udp4("01:80:c2:00:00:0e", hostA, a4, b4), // l2_reserved_group: LLDP's
		frame(ether(routerA, hostA, vlan), tag(7, 0, ip4), v4(a4, b4), udp(1, 2), text(9)), // l2_unknown_vlan
		udp4("02:00:00:00:99:99", hostA, a4, b4),                                           // l2_unknown_destination
		udp4(hostA, hostA, a4, a4),                                                         // l2_same_port
		udp4(routerA, hostA, a4, "10.0.3.3"),                                               // out_port_unbound: that host's port is elsewhere
		frame(ether(routerA, hostA, layers.EthernetType(0x88b5)), text(50)),                // lr_ethertype

		good4[:l3+19],                     // ip4_truncated
		changed(good4, l3, 0x65),          // ip4_bad_version
		changed(good4, l3, 0x44),          // ip4_bad_header_length
		changed(good4, l3+2, 0, 19),       // ip4_bad_total_length: less than the header
		changed(good4, l3+2, 0, 200),      // ip4_bad_total_length: more than there is
		changed(good4, l3+10, 0xde, 0xad), // ip4_bad_checksum
		good6[:l3+39],                     // ip6_truncated
		changed(good6, l3, 0x40),          // ip6_bad_version
		changed(good6, l3+4, 1, 0),        // ip6_bad_payload_length

		from("127.0.0.1"), from("224.0.0.1"), from("255.255.255.255"), from("0.0.0.1"), // ip_martian_source
		from6("::1"), from6("ff02::1"), from6("::"),
		from("10.0.1.1"), from6("2001:db8:1::1"), // ip_source_is_own
		to("127.0.0.1"), to("0.0.0.0"), to6("::1"), to6("::"), // ip_martian_destination
		from6("fe80::7"), // ip_link_local, and the sender hears that it is beyond its scope
		options4([]byte{131, 7, 4, 192, 0, 2, 9, 0}),  // ip4_source_route
		options4([]byte{1, 7, 99, 0}),                 // ip4_bad_options, and the sender hears where
		changed(changed(good6, l3+6, 58), l3+40, 135), // ip_nd_not_forwarded: a solicitation for another link
		to("224.0.0.5"), to6("ff05::1:3"), // ip_multicast
		to("10.9.9.9"), to6("2001:db8:dead::1"), // ip_route_discard
		to("10.0.2.255"), to("10.0.2.0"), // ip_subnet_broadcast

		changed(whoHas(everybody, hostA, a4, "10.0.1.1"), l3, 0, 9),  // control_invalid: not Ethernet's ARP
		changed(whoHas(everybody, hostA, a4, "10.0.1.1"), l3+4, 250), // control_invalid: a hardware address of 250 octets
		changed(solicit(hostA, a6, "2001:db8:1::1"), l3+7, 64),       // control_invalid: hop limit 64 has crossed a router
		whoHas(everybody, hostA, "10.99.0.1", "10.0.1.7"),            // control_not_for_us: a stranger asks for somebody else
	}
}
