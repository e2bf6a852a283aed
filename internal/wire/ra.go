// SPDX-License-Identifier: Apache-2.0

package wire

import (
	"encoding/binary"
	"net/netip"
	"strings"

	"github.com/parkway-gw/parkway/internal/topology"
)

const (
	ndOptionPrefix = 3  // RFC 4861 §4.6.2
	ndOptionMTU    = 5  // RFC 4861 §4.6.4
	ndOptionRoute  = 24 // RFC 4191 §2.3
	ndOptionRDNSS  = 25 // RFC 8106 §5.1
	ndOptionDNSSL  = 31 // RFC 8106 §5.2

	raManaged   = 0x80
	raOtherConf = 0x40

	prefixOnLink     = 0x80
	prefixAutonomous = 0x40

	// maxRA is the most octets of an advertisement's ICMP message: with the IPv6
	// header they fit every link, so that it is never fragmented (RFC 6980 §5).
	maxRA = 1280 - 40
)

// Forever is a lifetime without an end, in the options of a router advertisement.
const Forever = ^uint32(0)

// RAPrefix is a Prefix Information option. Lifetimes are in seconds.
type RAPrefix struct {
	Prefix             netip.Prefix
	OnLink, Autonomous bool
	Valid, Preferred   uint32
}

// RARoute is a Route Information option (RFC 4191 §2.3); the lifetime is in seconds.
type RARoute struct {
	Prefix     netip.Prefix
	Preference topology.RouterPreference
	Lifetime   uint32
}

// RA is what a router advertises of itself and its link (RFC 4861 §4.2). A zero field
// says nothing, or has its option left out; a RouterLifetime of 0 says that the sender
// is no default router, whatever else it says.
type RA struct {
	CurHopLimit        uint8
	Managed, OtherConf bool
	Preference         topology.RouterPreference // RFC 4191 §2.2
	RouterLifetime     uint16                    // seconds
	ReachableTime      uint32                    // milliseconds
	RetransTimer       uint32                    // milliseconds

	MTU         uint32
	Prefixes    []RAPrefix
	RDNSS       []netip.Addr // RFC 8106 §5.1
	DNSSL       []string     // RFC 8106 §5.2; domain names without a final dot
	DNSLifetime uint32       // seconds, of both
	Routes      []RARoute
}

// AppendRouterAdvertisement appends an advertisement frame from the link-local address
// src to dst, which is AllNodes or the host that asked (RFC 4861 §6.2.3, §6.2.6). It
// carries mac as source link-layer address. What is no IPv6, no domain name, or too much
// for one packet of 1,280 octets appends nothing.
func AppendRouterAdvertisement(b []byte, ethDst, mac topology.MAC, src, dst netip.Addr, ra *RA) []byte {
	if !isV6(src) || !isV6(dst) || !src.IsLinkLocalUnicast() {
		return b
	}
	msg, ok := ra.message(mac)
	if !ok || len(msg) > maxRA {
		return b
	}
	binary.BigEndian.PutUint16(msg[2:], Checksum(PseudoHeaderSum(src, dst, ProtoICMPv6, len(msg)), msg))
	b = appendEthernet(b, ethDst, mac, etherTypeIPv6)
	b = appendIPv6(b, 0, len(msg), ProtoICMPv6, ndHopLimit, src, dst)
	return append(b, msg...)
}

// message is the ICMP message without its checksum.
func (ra *RA) message(mac topology.MAC) (b []byte, ok bool) {
	flags := byte(0)
	if ra.Managed {
		flags |= raManaged
	}
	if ra.OtherConf {
		flags |= raOtherConf
	}
	if ra.RouterLifetime != 0 { // RFC 4191 §2.2: else the preference must be 0
		flags |= preferenceBits(ra.Preference)
	}
	b = append(b, byte(RouterAdvertisement), 0, 0, 0, ra.CurHopLimit, flags)
	b = binary.BigEndian.AppendUint16(b, ra.RouterLifetime)
	b = binary.BigEndian.AppendUint32(b, ra.ReachableTime)
	b = binary.BigEndian.AppendUint32(b, ra.RetransTimer)
	b = append(b, ndOptionSLLA, 1)
	b = append(b, mac[:]...)
	if ra.MTU != 0 {
		b = append(b, ndOptionMTU, 1, 0, 0)
		b = binary.BigEndian.AppendUint32(b, ra.MTU)
	}
	for _, p := range ra.Prefixes {
		if b, ok = p.append(b); !ok {
			return nil, false
		}
	}
	for _, r := range ra.Routes {
		if b, ok = r.append(b); !ok {
			return nil, false
		}
	}
	if len(ra.RDNSS) > 0 {
		b = append(b, ndOptionRDNSS, byte(1+2*len(ra.RDNSS)), 0, 0)
		b = binary.BigEndian.AppendUint32(b, ra.DNSLifetime)
		for _, a := range ra.RDNSS {
			if !isV6(a) || len(ra.RDNSS) > 127 {
				return nil, false
			}
			ip := a.As16()
			b = append(b, ip[:]...)
		}
	}
	return ra.appendDNSSL(b)
}

func (p RAPrefix) append(b []byte) ([]byte, bool) {
	if !isV6(p.Prefix.Addr()) || !p.Prefix.IsValid() {
		return b, false
	}
	flags := byte(0)
	if p.OnLink {
		flags |= prefixOnLink
	}
	if p.Autonomous {
		flags |= prefixAutonomous
	}
	b = append(b, ndOptionPrefix, 4, byte(p.Prefix.Bits()), flags)
	b = binary.BigEndian.AppendUint32(b, p.Valid)
	b = binary.BigEndian.AppendUint32(b, p.Preferred)
	b = append(b, 0, 0, 0, 0)
	ip := p.Prefix.Masked().Addr().As16()
	return append(b, ip[:]...), true
}

func (r RARoute) append(b []byte) ([]byte, bool) {
	if !isV6(r.Prefix.Addr()) || !r.Prefix.IsValid() {
		return b, false
	}
	units := 1 + (r.Prefix.Bits()+63)/64 // of 8 octets; as many of the prefix as have bits
	b = append(b, ndOptionRoute, byte(units), byte(r.Prefix.Bits()), preferenceBits(r.Preference))
	b = binary.BigEndian.AppendUint32(b, r.Lifetime)
	ip := r.Prefix.Masked().Addr().As16()
	return append(b, ip[:8*(units-1)]...), true
}

func (ra *RA) appendDNSSL(b []byte) ([]byte, bool) {
	if len(ra.DNSSL) == 0 {
		return b, true
	}
	start := len(b)
	b = append(b, ndOptionDNSSL, 0, 0, 0)
	b = binary.BigEndian.AppendUint32(b, ra.DNSLifetime)
	for _, name := range ra.DNSSL { // RFC 1035 §3.1, uncompressed
		if topology.CheckDomain(name) != "" {
			return b, false
		}
		for label := range strings.SplitSeq(name, ".") {
			b = append(b, byte(len(label)))
			b = append(b, label...)
		}
		b = append(b, 0)
	}
	for (len(b)-start)%ndOptionUnit != 0 {
		b = append(b, 0)
	}
	units := (len(b) - start) / ndOptionUnit
	b[start+1] = byte(units)
	return b, units <= 255
}

// preferenceBits places a preference as flags and route options have it.
func preferenceBits(p topology.RouterPreference) byte {
	switch p {
	case topology.PreferHigh:
		return 0x08
	case topology.PreferLow:
		return 0x18
	default:
		return 0
	}
}
