// SPDX-License-Identifier: Apache-2.0

package cgo_test

import (
	"bytes"
	"net/netip"
	"testing"

	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"

	"github.com/parkway-gw/parkway/cgo"
)

func secured(t *testing.T, list ...cgo.PortSecurity) lan {
	return newLAN(t, func(s *cgo.TableSpec) { s.SwitchPorts[lanA].Security = list })
}

func element(mac [6]byte, prefixes ...string) cgo.PortSecurity {
	s := cgo.PortSecurity{MAC: mac}
	for _, p := range prefixes {
		s.Prefixes = append(s.Prefixes, netip.MustParsePrefix(p))
	}
	return s
}

func udp4L2(t testing.TB, src, dst [6]byte, from, to netip.Addr, sport, dport layers.UDPPort) []byte {
	ip := ip4(from, to, 64)
	ip.Protocol = layers.IPProtocolUDP
	u := &layers.UDP{SrcPort: sport, DstPort: dport}
	_ = u.SetNetworkLayerForChecksum(ip)
	return frame(t, eth(src, dst, layers.EthernetTypeIPv4), ip, u, gopacket.Payload("0123456789"))
}

func plain6(t testing.TB, src, dst [6]byte, from, to netip.Addr) []byte {
	return frame(t, eth(src, dst, layers.EthernetTypeIPv6), ip6(from, to, 64), gopacket.Payload("x"))
}

// icmp6At is an ICMPv6 message of that type, its checksum left out: nobody here looks.
func icmp6At(t testing.TB, src, dst [6]byte, from, to netip.Addr, typ byte, body ...byte) []byte {
	ip := ip6(from, to, 255)
	ip.NextHeader = layers.IPProtocolICMPv6
	return frame(t, eth(src, dst, layers.EthernetTypeIPv6), ip, gopacket.Payload(append([]byte{typ, 0, 0, 0}, body...)))
}

// behindHopByHop puts a hop-by-hop header before what an IPv6 frame carries.
func behindHopByHop(f []byte) []byte {
	out := bytes.Clone(f[:54])
	out[20] = 0
	length := len(f) - 54 + 8
	out[18], out[19] = byte(length>>8), byte(length)
	return append(append(out, f[20], 0, 5, 2, 0, 0, 1, 0), f[54:]...)
}

func behind(headers int, f []byte) []byte {
	for range headers {
		f = behindHopByHop(f)
	}
	return f
}

// cutHeaders makes a first fragment of f whose last extension header has no place in it.
func cutHeaders(f []byte) []byte {
	f = behind(2, f)[:62]
	f[20], f[55], f[56], f[57] = 44, 0, 0, 1 // a fragment header with M set, and hop-by-hop options behind
	f[18], f[19] = 0, 8
	return f
}

// What a host may send, by the rules of ovn-nb(5).
func TestPortSecurityIngress(t *testing.T) {
	group, groupMAC := addr("ff02::1:ff00:a"), [6]byte{0x33, 0x33, 0xff, 0, 0, 0xa}
	allNodes := [6]byte{0x33, 0x33, 5: 1}
	both := element(macA, "10.0.1.10/24", "2001:db8:1::a/64")
	four, six, mac := element(macA, "10.0.1.10/24"), element(macA, "2001:db8:1::a/128"), element(macA)
	zero, anyA, anyB := addr("0.0.0.0"), addr("10.0.1.20"), addr("255.255.255.255")
	dad := nsFrame(t, macA, addr("::"), ip6A, [6]byte{})
	for _, c := range []struct {
		name   string
		rules  cgo.PortSecurity
		frame  []byte
		reason string
	}{
		{"own MAC", mac, plain(t, macA, macB), ""},
		{"other MAC", mac, plain(t, macW, macB), "port_sec_mac"},
		{"other MAC of ARP", both, arpFrame(t, macW, broadcast, 1, macW, ipA, anyA), "port_sec_mac"},
		{"RARP", both, frame(t, eth(macA, broadcast, 0x8035), gopacket.Payload(make([]byte, 46))), ""},

		{"any address with the MAC alone", mac, udp4L2(t, macA, macB, addr("10.9.9.9"), ipB, 1, 2), ""},
		{"own IPv4", both, udp4L2(t, macA, macB, ipA, ipB, 1, 2), ""},
		{"other IPv4 of the subnet", both, udp4L2(t, macA, macB, anyA, ipB, 1, 2), "port_sec_ip"},
		{"whole subnet", element(macA, "10.0.1.0/24"), udp4L2(t, macA, macB, anyA, ipB, 1, 2), ""},
		{"beyond the subnet", element(macA, "10.0.1.0/24"), udp4L2(t, macA, macB, addr("10.0.2.1"), ipB, 1, 2), "port_sec_ip"},
		{"second address", element(macA, "10.0.1.10/32", "10.0.1.20/32"), udp4L2(t, macA, macB, anyA, ipB, 1, 2), ""},
		{"IPv4 where only IPv6 is listed", six, udp4L2(t, macA, macB, ipA, ipB, 1, 2), "port_sec_ip"},
		{"IPv4 cut", four, udp4L2(t, macA, macB, ipA, ipB, 1, 2)[:30], "port_sec_ip"},
		{"DHCP request", four, udp4L2(t, macA, broadcast, zero, anyB, 68, 67), ""},
		{"other from nobody", four, udp4L2(t, macA, broadcast, zero, anyB, 68, 53), "port_sec_ip"},
		{"DHCP request to one", four, udp4L2(t, macA, macB, zero, ipB, 68, 67), "port_sec_ip"},

		{"own ARP", both, arpFrame(t, macA, broadcast, 1, macA, ipA, anyA), ""},
		{"ARP with the MAC alone", mac, arpFrame(t, macA, broadcast, 2, macA, anyA, anyA), ""},
		{"ARP for another MAC", mac, arpFrame(t, macA, broadcast, 2, macB, ipA, ipB), "port_sec_arp"},
		{"ARP for another IP", both, arpFrame(t, macA, broadcast, 2, macA, ipB, ipA), "port_sec_arp"},
		{"ARP probe of the own address", four, arpFrame(t, macA, broadcast, 1, macA, zero, ipA), ""},
		{"ARP probe of another's", four, arpFrame(t, macA, broadcast, 1, macA, zero, anyA), "port_sec_arp"},
		{"ARP where only IPv6 is listed", six, arpFrame(t, macA, broadcast, 1, macA, ipA, anyA), "port_sec_arp"},
		{"ARP cut", four, arpFrame(t, macA, broadcast, 1, macA, ipA, anyA)[:41], "port_sec_arp"},

		{"own IPv6", both, plain6(t, macA, macB, ip6A, ip6B), ""},
		{"own link-local", both, plain6(t, macA, macB, llA, ip6B), ""},
		{"other IPv6", both, plain6(t, macA, macB, ip6B, ip6A), "port_sec_ip"},
		{"other link-local", both, plain6(t, macA, macB, addr("fe80::1"), ip6A), "port_sec_ip"},
		{"IPv6 where only IPv4 is listed", four, plain6(t, macA, macB, ip6A, ip6B), "port_sec_ip"},
		{"IPv6 with the MAC alone", mac, plain6(t, macA, macB, ip6B, ip6A), ""},
		{"IPv6 cut", both, plain6(t, macA, macB, ip6A, ip6B)[:50], "port_sec_ip"},
		{"duplicate detection", both, dad, ""},
		{"duplicate detection where only IPv4 is listed", four, dad, "port_sec_ip"},
		{"joining a group", both, behindHopByHop(icmp6At(t, macA, groupMAC, addr("::"), group, 143, make([]byte, 8)...)), ""},
		{"echo from nobody", both, icmp6At(t, macA, allNodes, addr("::"), addr("ff02::1"), 128, make([]byte, 8)...), "port_sec_ip"},

		{"own solicitation", both, nsFrame(t, macA, ip6A, addr("2001:db8:1::77"), macA), ""},
		{"solicitation with another MAC", both, nsFrame(t, macA, ip6A, addr("2001:db8:1::77"), macB), "port_sec_nd"},
		{"solicitation with another MAC, MAC alone", mac, nsFrame(t, macA, ip6A, addr("2001:db8:1::77"), macB), "port_sec_nd"},
		{"solicitation from another address", both, nsFrame(t, macA, ip6B, addr("2001:db8:1::77"), macA), "port_sec_nd"},
		{"own advertisement", both, naFrame(t, macA, allNodes, ip6A, addr("ff02::1"), ip6A, macA), ""},
		{"advertisement of the link-local address", both, naFrame(t, macA, allNodes, llA, addr("ff02::1"), llA, macA), ""},
		{"advertisement of another's address", both, naFrame(t, macA, allNodes, ip6A, addr("ff02::1"), ip6B, macA), "port_sec_nd"},
		{"advertisement with another MAC", both, naFrame(t, macA, allNodes, ip6A, addr("ff02::1"), ip6A, macB), "port_sec_nd"},
		{"advertisement cut", both, naFrame(t, macA, allNodes, ip6A, addr("ff02::1"), ip6A, macA)[:70], "port_sec_nd"},
		{"hidden advertisement", both, behindHopByHop(naFrame(t, macA, allNodes, ip6A, addr("ff02::1"), ip6B, macB)), "port_sec_nd"},
		// Read where it would be without the header, it is in order.
		{"hidden solicitation", both, behindHopByHop(nsFrame(t, macA, ip6A, addr("2001:db8:1:0:301::77"), macA)), "port_sec_nd"},
		{"advertisement behind too many headers", both, behind(9, naFrame(t, macA, allNodes, ip6A, addr("ff02::1"), ip6B, macB)), "port_sec_nd"},
		{"echo behind too many headers", mac, behind(9, icmp6At(t, macA, macB, ip6A, ip6B, 128, make([]byte, 8)...)), "port_sec_nd"},
		{"echo behind many headers", both, behind(8, icmp6At(t, macA, macB, ip6A, ip6B, 128, make([]byte, 8)...)), ""},
		{"headers that end beyond the first fragment", mac, cutHeaders(naFrame(t, macA, allNodes, ip6A, addr("ff02::1"), ip6B, macB)), "port_sec_nd"},
		{"option without end", both, icmp6At(t, macA, allNodes, ip6A, addr("ff02::1"), 133, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0), "port_sec_nd"},
	} {
		t.Run(c.name, func(t *testing.T) {
			l := secured(t, c.rules)
			l.send(l.in, c.frame)
			_, b, w := l.reach()
			if c.reason == "" {
				if len(b)+len(w) == 0 {
					t.Errorf("it does not pass: %v", nonzero(l.dp.Counters()))
				}
				return
			}
			l.wantDrop(c.reason, 1)
			if len(b)+len(w) != 0 || l.dp.SwitchPortCounters(lanA).Security != 1 {
				t.Errorf("it leaves, or the port does not count it: %+v", l.dp.SwitchPortCounters(lanA))
			}
		})
	}
}

// Elements are alternatives, also those of one MAC; a port without any is free.
func TestPortSecurityElements(t *testing.T) {
	l := secured(t, element(macW), element(macA, "10.0.1.10/32"), element(macA, "10.0.1.20/32"))
	l.send(l.in, plain(t, macW, macB), udp4L2(t, macW, macB, addr("1.2.3.4"), ipB, 1, 2), udp4L2(t, macA, macB, ipA, ipB, 1, 2),
		udp4L2(t, macA, macB, addr("10.0.1.20"), ipB, 1, 2))
	if _, b, _ := l.reach(); len(b) != 4 {
		t.Errorf("%d of 4 pass: %v", len(b), nonzero(l.dp.Counters()))
	}
	l.send(l.in, udp4L2(t, macA, macB, addr("10.0.1.30"), ipB, 1, 2))
	l.wantDrop("port_sec_ip", 1)
	l.send(l.out, plain(t, strangeMAC, macA))
	if a, _, _ := l.reach(); len(a) != 1 {
		t.Error("a port without port_security is limited")
	}
}

// What a host may receive.
func TestPortSecurityEgress(t *testing.T) {
	both := element(macA, "10.0.1.10/24", "2001:db8:1::a/64")
	four, six, mac := element(macA, "10.0.1.10/24"), element(macA, "2001:db8:1::a/128"), element(macA)
	for _, c := range []struct {
		name   string
		rules  cgo.PortSecurity
		frame  []byte
		reason string
	}{
		{"own MAC", mac, plain(t, macB, macA), ""},
		{"other MAC", mac, plain(t, macB, strangeMAC), "port_sec_out_mac"},
		{"group", both, plain(t, macB, broadcast), ""},
		{"own IPv4", both, udp4L2(t, macB, macA, ipB, ipA, 1, 2), ""},
		{"other IPv4", both, udp4L2(t, macB, macA, ipB, addr("10.0.1.20"), 1, 2), "port_sec_out_ip"},
		{"other IPv4 with the MAC alone", mac, udp4L2(t, macB, macA, ipB, addr("10.0.1.20"), 1, 2), ""},
		{"broadcast of the subnet", both, udp4L2(t, macB, macA, ipB, addr("10.0.1.255"), 1, 2), ""},
		{"broadcast of another subnet", both, udp4L2(t, macB, macA, ipB, addr("10.0.2.255"), 1, 2), "port_sec_out_ip"},
		{"broadcast", both, udp4L2(t, macB, macA, ipB, addr("255.255.255.255"), 1, 2), ""},
		{"multicast", both, udp4L2(t, macB, macA, ipB, addr("239.1.2.3"), 1, 2), ""},
		{"no broadcast without a mask", element(macA, "10.0.1.10/32"), udp4L2(t, macB, macA, ipB, addr("10.0.1.255"), 1, 2), "port_sec_out_ip"},
		{"IPv4 where only IPv6 is listed", six, udp4L2(t, macB, macA, ipB, ipA, 1, 2), "port_sec_out_ip"},
		{"own IPv6", both, plain6(t, macB, macA, ip6B, ip6A), ""},
		{"own link-local", both, plain6(t, macB, macA, ip6B, llA), ""},
		{"IPv6 group", both, plain6(t, macB, macA, ip6B, addr("ff02::1")), ""},
		{"other IPv6", both, plain6(t, macB, macA, ip6B, addr("2001:db8:1::77")), "port_sec_out_ip"},
		{"IPv6 where only IPv4 is listed", four, plain6(t, macB, macA, ip6B, ip6A), "port_sec_out_ip"},
		{"ARP", six, arpFrame(t, macB, macA, 2, macB, ipB, ipA), ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			l := secured(t, c.rules)
			l.know(0, strangeMAC, lanA)
			l.send(l.out, c.frame)
			a, _, _ := l.reach()
			if c.reason == "" {
				if len(a) != 1 {
					t.Errorf("it does not pass: %v", nonzero(l.dp.Counters()))
				}
				return
			}
			l.wantDrop(c.reason, 1)
			if len(a) != 0 {
				t.Error("it leaves")
			}
		})
	}
}

// Damaged frames of every length: nothing crashes and the law holds.
func TestPortSecurityDamaged(t *testing.T) {
	l := secured(t, element(macA, "10.0.1.10/24", "2001:db8:1::a/64"))
	for _, f := range [][]byte{arpFrame(t, macA, broadcast, 1, macA, ipA, ipB), nsFrame(t, macA, ip6A, ip6B, macA),
		behindHopByHop(nsFrame(t, macA, ip6A, ip6B, macA)), udp4L2(t, macA, broadcast, addr("0.0.0.0"), addr("255.255.255.255"), 68, 67)} {
		for n := range len(f) {
			l.send(l.in, f[:n])
			bad := bytes.Clone(f)
			for _, v := range []byte{0, 0xff, f[n] ^ 0x80, f[n] + 1} {
				bad[n] = v
				l.send(l.in, bad)
			}
			l.consume(l.poll())
			l.balanced()
			l.reach()
		}
	}
}
