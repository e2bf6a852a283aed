// SPDX-License-Identifier: Apache-2.0

package topology

import (
	"fmt"
	"slices"
	"strings"
)

// Protocol is a kind of packets that meets a router's control plane, by OVN's CoPP names.
type Protocol uint8

const (
	ProtocolARP         Protocol = iota // ARP received; requests and replies have a bucket each
	ProtocolARPResolve                  // ARP requests sent to everybody
	ProtocolNDNS                        // neighbor solicitations received
	ProtocolNDNA                        // neighbor advertisements received
	ProtocolNDNSResolve                 // neighbor solicitations sent to everybody
	ProtocolNDRAOpts                    // router solicitations and advertisements received, redirects
	ProtocolICMP4Error                  // packets that an ICMP error is due for; each kind of error has a bucket
	ProtocolICMP6Error                  // the same for ICMPv6
	ProtocolTCPReset                    // TCP segments to the router itself
	ProtocolICMP4Echo                   // ICMP to the router itself; Parkway's own, OVN has no name for it
	ProtocolICMP6Echo                   // the same for ICMPv6
	NumProtocols
)

var protocolNames = [NumProtocols]string{
	ProtocolARP: "arp", ProtocolARPResolve: "arp-resolve", ProtocolNDNS: "nd-ns", ProtocolNDNA: "nd-na",
	ProtocolNDNSResolve: "nd-ns-resolve", ProtocolNDRAOpts: "nd-ra-opts", ProtocolICMP4Error: "icmp4-error",
	ProtocolICMP6Error: "icmp6-error", ProtocolTCPReset: "tcp-reset", ProtocolICMP4Echo: "icmp4-echo", ProtocolICMP6Echo: "icmp6-echo",
}

func (p Protocol) String() string { return protocolNames[p] }

// foreignProtocols are OVN's, of functions that Parkway does not have.
var foreignProtocols = []string{"bfd", "dhcpv4-opts", "dhcpv4-relay", "dhcpv6-opts", "dns", "event-elb", "igmp", "reject", "svc-monitor"}

// Limit is a token bucket's values: Rate packets per second, Burst at once. Rate 0 is no
// limit; in ProtocolARPResolve and ProtocolNDNSResolve it leaves the rate to
// neighbors.probe_rate.
type Limit struct {
	Rate, Burst uint32
}

// Limits are the limits of each of a router's ports.
type Limits [NumProtocols]Limit

// DefaultLimits apply where no meter is named. What is received of ARP and ND is bounded
// well below what control can handle and well above what 65,536 neighbors cause; errors
// are few, as RFC 4443 §2.4(f) suggests.
var DefaultLimits = Limits{
	ProtocolARP:        {10000, 1000},
	ProtocolNDNS:       {10000, 1000},
	ProtocolNDNA:       {10000, 1000},
	ProtocolNDRAOpts:   {100, 100},
	ProtocolICMP4Error: {100, 50},
	ProtocolICMP6Error: {100, 50},
	ProtocolTCPReset:   {1000, 500},
	ProtocolICMP4Echo:  {10000, 1000},
	ProtocolICMP6Echo:  {10000, 1000},
}

// MaxRate bounds rates and bursts.
const MaxRate = 1_000_000

// Meter is a row of OVN's Meter table: packets per second, one band that drops.
type Meter struct {
	Name        string
	Rate, Burst uint32
}

// CoPP is a row of OVN's Copp table: which meter counts for which protocol.
type CoPP struct {
	Name   string
	Meters []CoPPMeter
}

// CoPPMeter gives the packets of Protocol the values of a Meter.
type CoPPMeter struct {
	Protocol string
	Meter    string
}

// ParseProtocol reads a name.
func ParseProtocol(s string) (Protocol, bool) {
	i := slices.Index(protocolNames[:], s)
	return Protocol(max(0, i)), i >= 0
}

// LimitsOf returns the limits of a router's ports: those that its Copp row names, and the
// defaults. t must be valid.
func (t *Topology) LimitsOf(r *Router) Limits {
	limits := DefaultLimits
	for i := range t.CoPP {
		if t.CoPP[i].Name != r.CoPP || r.CoPP == "" {
			continue
		}
		for _, cm := range t.CoPP[i].Meters {
			p, ok := ParseProtocol(cm.Protocol)
			m := slices.IndexFunc(t.Meters, func(m Meter) bool { return m.Name == cm.Meter })
			if ok && m >= 0 {
				limits[p] = Limit{t.Meters[m].Rate, t.Meters[m].Burst}
			}
		}
	}
	return limits
}

func (v *validator) copp() {
	meters, rows := map[string]Path{}, map[string]Path{}
	var meterNames, rowNames []string
	named := func(seen map[string]Path, names *[]string, at Path, what, name string) {
		if !v.name(at, what, name) {
			return
		}
		at = append(at[:len(at):len(at)], "name")
		if first, dup := seen[name]; dup {
			v.clash(at, first, "give one of them another name", "%s name %q is used twice", what, name)
			return
		}
		seen[name] = at
		*names = append(*names, name)
	}
	for i, m := range v.t.Meters {
		at := At("meters", i)
		named(meters, &meterNames, at, "meter", m.Name)
		if m.Rate < 1 || m.Rate > MaxRate {
			v.errorf(append(at, "bands", 0, "rate"), fmt.Sprintf("choose a value from 1 to %d", MaxRate), "meter %q has the rate %d", m.Name, m.Rate)
		}
		if m.Burst < 1 || m.Burst > MaxRate {
			v.errorf(append(at, "bands", 0, "burst_size"), fmt.Sprintf("choose a value from 1 to %d", MaxRate), "meter %q has the burst_size %d", m.Name, m.Burst)
		}
	}
	for i, c := range v.t.CoPP {
		at := At("copp", i)
		named(rows, &rowNames, at, "copp", c.Name)
		seen := map[string]Path{}
		for j, m := range c.Meters {
			at := At("copp", i, "meters", j)
			protocol := append(slices.Clone(at), "protocol")
			if _, ok := ParseProtocol(m.Protocol); !ok {
				v.errorf(protocol, protocolHint(m.Protocol), "copp %q: protocol %.60q is none of Parkway's", c.Name, m.Protocol)
			} else if first, dup := seen[m.Protocol]; dup {
				v.clash(protocol, first, "keep one of them", "copp %q names protocol %s twice", c.Name, m.Protocol)
			} else {
				seen[m.Protocol] = protocol
			}
			if _, ok := meters[m.Meter]; !ok {
				v.errorf(append(slices.Clone(at), "meter"), near(m.Meter, meterNames, "give the name of a meter in meters"), "copp %q: there is no meter %.60q", c.Name, m.Meter)
			}
		}
	}
	for i, r := range v.t.Routers {
		if _, ok := rows[r.CoPP]; !ok && r.CoPP != "" {
			v.errorf(At("logical_routers", i, "copp"), near(r.CoPP, rowNames, "give the name of a row in copp"), "router %q: there is no copp %.60q", r.Name, r.CoPP)
		}
	}
}

func near(word string, candidates []string, otherwise string) string {
	if n := Nearest(word, candidates); n != "" {
		return fmt.Sprintf("did you mean %q?", n)
	}
	return otherwise
}

func protocolHint(s string) string {
	if slices.Contains(foreignProtocols, s) {
		return "OVN has it but Parkway doesn't; remove it"
	}
	return near(s, protocolNames[:], "choose one of "+strings.Join(protocolNames[:], ", "))
}
