// SPDX-License-Identifier: Apache-2.0

package topology

import (
	"fmt"
	"net/netip"
	"strings"
	"time"
)

// AddressMode says how hosts behind a router port get their IPv6 addresses (OVN's
// ipv6_ra_configs:address_mode). Without one the port sends no router advertisements.
type AddressMode string

const (
	NoRA            AddressMode = ""
	SLAAC           AddressMode = "slaac"            // they make them from the prefixes (RFC 4862)
	DHCPv6Stateful  AddressMode = "dhcpv6_stateful"  // DHCPv6 gives addresses: the M flag
	DHCPv6Stateless AddressMode = "dhcpv6_stateless" // they make them, DHCPv6 gives the rest: the O flag
)

// RouterPreference is a default router's or route's (RFC 4191 §2.1); the zero value is
// medium.
type RouterPreference string

const (
	PreferMedium RouterPreference = ""
	PreferHigh   RouterPreference = "HIGH"
	PreferLow    RouterPreference = "LOW"
)

// RAConfigs says what a router port advertises of itself (OVN's
// Logical_Router_Port.ipv6_ra_configs). The prefixes are those of the port's networks.
type RAConfigs struct {
	AddressMode  AddressMode
	SendPeriodic bool          // unasked too; without it solicitations alone are answered
	MaxInterval  time.Duration // between periodic ones; 0 is 600 s (RFC 4861 §6.2.1)
	MinInterval  time.Duration // 0 is a third of MaxInterval
	MTU          uint32        // of the link, in octets; 0 says nothing
	RDNSS        []netip.Addr
	DNSSL        []string // domain names without a final dot
	Preference   RouterPreference
	Routes       []RARoute // route_info
}

// RARoute is a more specific route that hosts are told (RFC 4191).
type RARoute struct {
	Prefix     netip.Prefix // masked
	Preference RouterPreference
}

// The default interval and the bounds (RFC 4861 §6.2.1, which OVN keeps to).
const (
	DefaultRAInterval = 600 * time.Second
	MinRAInterval     = 3 * time.Second
	MaxRAInterval     = 1800 * time.Second
)

// Intervals returns the bounds between two periodic advertisements, defaults filled in.
func (c *RAConfigs) Intervals() (lowest, highest time.Duration) {
	lowest, highest = c.MinInterval, c.MaxInterval
	if highest == 0 {
		highest = DefaultRAInterval
	}
	if lowest == 0 {
		lowest = max(MinRAInterval, (highest / 3).Truncate(time.Second))
	}
	return lowest, highest
}

// CheckDomain says what is wrong with a domain name; empty is nothing (RFC 1035 §2.3.4,
// letters, digits, hyphens and underscores).
func CheckDomain(name string) string {
	if len(name) == 0 || len(name) > 253 {
		return "is not 1 to 253 characters long"
	}
	for label := range strings.SplitSeq(name, ".") {
		if len(label) == 0 || len(label) > 63 {
			return "has a label that is not 1 to 63 characters long"
		}
		for _, c := range []byte(label) {
			if !('a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c == '-' || c == '_') {
				return "has a character other than letters, digits, - and _"
			}
		}
	}
	return ""
}

// raOctets is how long the ICMP message is.
func raOctets(p *RouterPort) int {
	n := 16 + 8 + 32*len(prefixes6(p))
	if p.RA.MTU != 0 {
		n += 8
	}
	for _, r := range p.RA.Routes {
		n += 8 + (r.Prefix.Bits()+63)/64*8
	}
	if len(p.RA.RDNSS) > 0 {
		n += 8 + 16*len(p.RA.RDNSS)
	}
	if len(p.RA.DNSSL) > 0 {
		n += 8
		for _, d := range p.RA.DNSSL {
			n += len(d) + 2
		}
		n = (n + 7) / 8 * 8
	}
	return n
}

func prefixes6(p *RouterPort) (out []netip.Prefix) {
	for _, n := range p.Networks {
		if n.IsValid() && n.Addr().Is6() {
			out = append(out, n.Masked())
		}
	}
	return out
}

// maxRAOctets keeps an advertisement within 1,280 octets: it must not be fragmented
// (RFC 6980 §5).
const maxRAOctets = 1280 - 40

func (v *validator) routerAdvertisements(p *RouterPort, at func(...any) Path, what string) {
	c := &p.RA
	path := func(key string) Path { return at("ipv6_ra_configs", key) }
	switch c.AddressMode {
	case NoRA:
		return
	case SLAAC, DHCPv6Stateful, DHCPv6Stateless:
	default:
		v.errorf(path("address_mode"), "choose one of slaac, dhcpv6_stateful, dhcpv6_stateless", "%s has the address_mode %q", what, c.AddressMode)
		return
	}
	nets := prefixes6(p)
	if len(nets) == 0 {
		v.errorf(at("ipv6_ra_configs"), "add an IPv6 network such as 2001:db8:1::1/64, or remove ipv6_ra_configs", "%s has ipv6_ra_configs and no IPv6 network", what)
		return
	}
	if c.AddressMode != DHCPv6Stateful {
		for _, n := range nets {
			if n.Bits() != 64 {
				v.warnf(at("ipv6_ra_configs"), "hosts make addresses in a /64 (RFC 4862 §5.5.3)", "%s: no host makes itself an address in %s", what, n)
			}
		}
	}
	lowest, highest := c.Intervals()
	if highest < MinRAInterval+time.Second || highest > MaxRAInterval {
		v.errorf(path("max_interval"), "choose 4 to 1800 seconds (RFC 4861 §6.2.1)", "%s has the max_interval %s", what, seconds(highest))
	} else if lowest < MinRAInterval || 4*lowest > 3*highest {
		v.errorf(path("min_interval"), fmt.Sprintf("choose 3 to %d seconds, three quarters of max_interval (RFC 4861 §6.2.1)", int(highest.Seconds()*0.75)), "%s has the min_interval %s", what, seconds(lowest))
	}
	if c.MTU != 0 && (c.MTU < 1280 || c.MTU > 65535) {
		v.errorf(path("mtu"), "choose 1280 to 65535; IPv6 needs a link MTU of 1280 (RFC 8200 §5)", "%s advertises the mtu %d", what, c.MTU)
	}
	for _, a := range c.RDNSS {
		if !a.Is6() || a.Is4In6() || a.IsMulticast() || a.IsUnspecified() {
			v.errorf(path("rdnss"), "list IPv6 addresses of DNS servers", "%s: rdnss %s is no host's IPv6 address", what, a)
		}
	}
	for _, d := range c.DNSSL {
		if msg := CheckDomain(d); msg != "" {
			v.errorf(path("dnssl"), "list domain names such as example.com, separated by commas", "%s: dnssl %.60q %s", what, d, msg)
		}
	}
	for _, r := range c.Routes {
		if !r.Prefix.IsValid() || !r.Prefix.Addr().Is6() || r.Prefix.Addr().Is4In6() {
			v.errorf(path("route_info"), "list IPv6 networks", "%s: route_info %s is no IPv6 network", what, r.Prefix)
		}
	}
	if n := raOctets(p); n > maxRAOctets {
		v.errorf(at("ipv6_ra_configs"), "advertise fewer networks, routes, servers or domains", "%s: its router advertisement would have %d octets, and %d fit into a packet that no link must fragment", what, n, maxRAOctets)
	}
}

func seconds(d time.Duration) string { return fmt.Sprintf("%ds", int(d/time.Second)) }
